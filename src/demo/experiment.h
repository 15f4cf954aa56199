#pragma once
//! The demo experiment, shared by the files that make its records: small groups meet in online rooms, watch two
//! clips, rate them while and after watching, and talk.

#include <string>
#include <vector>

#include "demo/random.h"
#include "demo/studies.h"

namespace sheaf::demo {

struct Actor {
  std::string id;
  std::string name;
  std::string role;
  Micros joined;        //!< before the room's start
  Micros left;          //!< after its end, or when the connection was lost
  std::int64_t liking;  //!< thousandths: how much they take to things
};

struct Room {
  std::string id;
  Micros start;
  Micros end;
  bool completed;
  std::vector<Actor> actors;
};

//! A stretch of the experiment that everyone in a room is in at the same time. Times in ms from the room's start.
struct Stage {
  std::string_view id;
  std::string_view name;
  std::string_view component;  //!< component type
  std::string_view stimulus;   //!< media, or empty
  std::int64_t begin_ms;
  std::int64_t end_ms;
};
const std::vector<Stage>& Stages();

std::vector<Room> MakeRooms(const Scale& scale);

//! The head of a record at `onset_ms` from the room's start.
RowHead HeadAt(const Room& room, const Actor& actor, std::string_view id, std::int64_t onset_ms);
//! True while the actor is there.
bool Present(const Room& room, const Actor& actor, std::int64_t onset_ms);

Status MakeEvents(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink);
Status MakeRecordings(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink);
//! Of those recordings that did not fail.
std::vector<FilePlan> RecordingFiles(std::uint64_t seed, const std::vector<Room>& rooms);
Status MakeChat(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink);
Status MakeContinuousRatings(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink);
Status MakeSparseRatings(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink);
Status MakeSyncMetrics(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink);
Status MakeComponents(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink);

//! The definition of one of the seven datasets, by its id, which is the word of its kind.
model::Dataset ExperimentDefinition(std::string_view id);

}  // namespace sheaf::demo
