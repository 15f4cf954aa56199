#pragma once
//! The files that a DDM server hands out, read.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::cli {

struct DdmDonation {
  std::string participant;
  std::int64_t blueprint = 0;
  std::string blueprint_name;
  Micros time = 0;
  std::string consent;  //!< true, false, null
  std::string status;
  std::string data;  //!< JSON; empty: not known
};

struct DdmPerson {
  std::string id;
  std::string start_time, end_time;  //!< ISO; empty: none
  std::string current_step;          //!< a number; empty: none
  bool completed = false;
  std::string extra_data;  //!< JSON
};

struct DdmAnswers {
  std::string participant;
  Micros time = 0;
  std::vector<std::pair<std::string, std::string>> values;
};

struct DdmContent {
  std::vector<DdmPerson> people;
  std::vector<DdmDonation> donations;
  std::vector<DdmAnswers> answers;
  std::vector<std::string> variables;              //!< in the order of the CSV
  std::map<std::int64_t, std::string> blueprints;  //!< by id, with the name where one is known
};

//! Adds what the file holds, whichever of the three it is. kBadCsv, kBadJson, kBadTime, kBadCompression, kPayloadTooLarge, kBadMember; the place names the file.
Status ReadDdmFile(const std::string& path, DdmContent& content);

//! Python's repr() of a dictionary as JSON; nullopt when it is none.
std::optional<std::string> JsonOfRepr(std::string_view repr);

}  // namespace sheaf::cli
