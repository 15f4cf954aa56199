#pragma once
//! Participants and rooms of a HyperStudy export, put together from their own lists and from the records.

#include <map>
#include <optional>
#include <string>

#include "base/time.h"
#include "cli/import_client.h"

namespace boost::json {
class object;
}

namespace sheaf::cli {

class ImportPeople {
 public:
  explicit ImportPeople(ImportClient& client) : client_(client) {}

  //! A row of the list of rooms, of participants.
  void TakeRoom(const boost::json::object& row);
  //! The same from elsewhere: nothing where the list has the room.
  void TakeUnlistedRoom(const boost::json::object& row);
  void TakeParticipant(const boost::json::object& row);
  //! A record of a participant in a room.
  void TakeAttendance(const std::string& room, const std::string& participant, std::optional<Micros> time);
  std::optional<Micros> StartOf(const std::string& room);
  //! After the records. What the server has already stays beside it.
  Status Send();

 private:
  struct Attended {
    std::string role;
    std::optional<Micros> joined, left;
    bool listed = false;  //!< the list of participants has it, which counts more than records
  };
  struct Room {
    std::string settings;    //!< the body of the session, as JSON; empty: not in the list
    std::string deployment;  //!< as its participants' rows say
    std::optional<Micros> start;
    bool asked = false;  //!< the server was asked for its start
    std::map<std::string, Attended> people;
  };
  Status SendRoom(const std::string& id, const Room& room);

  ImportClient& client_;
  std::map<std::string, std::string> participants_;  // body as JSON, by id
  std::map<std::string, Room> rooms_;
};

}  // namespace sheaf::cli
