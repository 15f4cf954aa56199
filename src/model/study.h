#pragma once
//! Studies and the people and sessions in them. Plain values, no I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/study_settings.h"

namespace sheaf::model {

enum class StudyStatus : std::uint8_t { kActive, kCompleted, kArchived };
std::string_view Name(StudyStatus status);
std::optional<StudyStatus> StudyStatusFrom(std::string_view name);

struct Study {
  std::string id;  //!< [A-Za-z0-9_-]{1,64}
  std::string name;
  std::string description;
  StudyStatus status = StudyStatus::kActive;
  std::string owner;  //!< account id
  StudySettings settings;
  std::optional<Micros> ends_at;  //!< when collecting ends; retention may count from it
  bool locked = false;            //!< its content opens only with the owner's passphrase; changed through its keys alone
  Micros created_at = 0;
  Micros updated_at = 0;
};

struct Participant {
  std::string id;          //!< 1 to 255 bytes
  std::string code;        //!< another name the study uses; may be empty
  std::string status;      //!< for example "completed"; may be empty
  std::string attributes;  //!< a JSON object; "{}" when there is none
  Micros created_at = 0;
  Micros updated_at = 0;
  std::int32_t number = 0;  //!< the vault's; records refer to it
};

struct Attendance {
  std::string participant;  //!< id
  std::string role;         //!< may be empty
  std::optional<Micros> joined_at;
  std::optional<Micros> left_at;
};

struct Session {
  std::string id;  //!< 1 to 255 bytes
  std::string name;
  std::optional<Micros> start;
  std::optional<Micros> end;
  std::string status;  //!< for example "active", "completed"; may be empty
  std::string attributes;
  std::vector<Attendance> attendance;
  Micros created_at = 0;
  Micros updated_at = 0;
  std::int32_t number = 0;
};

}  // namespace sheaf::model
