#pragma once
//! What an address is about: the experiment, the room or the participant, found among what the caller may see.

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/hyperstudy/data_query.h"
#include "api/hyperstudy/places.h"
#include "api/hyperstudy/record_types.h"
#include "api/native/call.h"

namespace sheaf::api::hyperstudy {

//! In which studies rooms of an id were found. What it says is looked at again each time; it only says where to look first.
class RoomDirectory {
 public:
  using Clock = std::chrono::steady_clock;
  //! Empty: not known, or not any more.
  std::vector<std::string> Find(const std::string& who, std::string_view room, Clock::time_point now);
  //! `took`: how long it was looked for.
  void Put(const std::string& who, std::string_view room, std::vector<std::string> studies, Clock::time_point now, Clock::duration took);

 private:
  struct Entry {
    std::vector<std::string> studies;
    Clock::time_point until;
  };
  std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

//! What the routes share beside the rooms of the server.
struct Service {
  std::shared_ptr<const native::Rooms> rooms;
  Places places;
  RoomDirectory directory;
};

//! Who is asking for what.
struct Asking {
  const native::Call& call;
  Service& service;
  access::Topic topic;
  access::Intent purpose = access::Intent::kView;
};

struct Target {
  access::StudyAccess access;
  std::shared_ptr<vault::StudyVault> vault;
  std::string scope;        //!< experiment, room, participant
  std::string scope_id;     //!< as asked for
  std::string room;         //!< id as the caller knows it; empty: all
  std::string participant;  //!< the same

  const std::string& Experiment() const { return access.study.id; }
};

//! By the parts of the address: {study}, {session}, {participant}, and `roomId` where that is asked for. kNotFound, kForbidden,
//! kBadParameter (roomId missing; rooms of this id in several experiments and no experimentId).
Result<Target> FindTarget(const Asking& asking, const DataQuery& query);
//! The study alone.
Result<Target> OpenExperiment(const Asking& asking, std::string_view study);
//! The study that has the room.
Result<Target> FindRoom(const Asking& asking, std::string_view room, std::string_view experiment);

//! Whether the target's viewer sees such a session or participant.
Result<bool> HasRoom(const native::Call& call, const Target& target, std::string_view room);
Result<bool> HasParticipant(const native::Call& call, const Target& target, std::string_view participant);
//! Sessions as the viewer sees them, at most `most`.
Result<std::vector<model::Session>> SessionsOf(const native::Call& call, const Target& target, std::size_t most);
//! When the room started, or the first of the experiment's.
Result<std::optional<Micros>> StartOf(const native::Call& call, const Target& target);
//! The dataset of a type: by its id, else the first of its kind; nullptr where the study has none that the viewer sees.
std::shared_ptr<const model::Dataset> DatasetOf(const Target& target, const RecordType& type);

}  // namespace sheaf::api::hyperstudy
