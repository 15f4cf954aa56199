#include "demo/experiment.h"

#include <algorithm>
#include <array>

namespace sheaf::demo {
namespace {

constexpr std::array<std::string_view, 20> kNames = {"Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove",
                                                     "Haven", "Iris",  "Juno",  "Koi",   "Lark",  "Moss",  "Nova",
                                                     "Opal",  "Pine",  "Quill", "Reed",  "Sage",  "Tide"};
constexpr std::array<std::string_view, 3> kRoles = {"host", "viewer", "viewer"};

model::Session SessionOf(const Room& room) {
  model::Session session;
  session.id = room.id;
  session.name = "Room " + room.id.substr(room.id.size() - 3);
  session.start = room.start;
  if (room.completed) session.end = room.end;
  session.status = room.completed ? "completed" : "active";
  session.attributes = R"({"condition":")" + std::string(room.actors.size() == 3 ? "triad" : "dyad") + R"(","version":2})";
  for (const Actor& actor : room.actors) session.attendance.push_back({actor.id, actor.role, actor.joined, actor.left});
  return session;
}

model::Participant ParticipantOf(const Room& room, const Actor& actor) {
  const bool stayed = actor.left >= room.end;
  model::Participant participant;
  participant.id = actor.id;
  participant.code = actor.name;
  participant.status = !stayed ? "disconnected" : room.completed ? "completed" : "active";
  const std::string_view code = !stayed ? "TECHNICAL" : room.completed ? "SUCCESS" : "IN_PROGRESS";
  participant.attributes = R"({"completionCode":")" + std::string(code) + R"("})";
  return participant;
}

}  // namespace

const std::vector<Stage>& Stages() {
  static const std::vector<Stage> kStages = {
      {"state-welcome", "Welcome", "ShowText", "", 0, 20'000},
      {"state-clip-1", "First clip", "ShowVideo", "clip-harbour", 20'000, 140'000},
      {"state-rate-1", "Rating of the first clip", "VasRating", "", 140'000, 165'000},
      {"state-clip-2", "Second clip", "ShowVideo", "clip-argument", 165'000, 315'000},
      {"state-rate-2", "Rating of the second clip", "VasRating", "", 315'000, 340'000},
      {"state-talk", "Conversation", "TextChat", "", 340'000, 520'000},
      {"state-questions", "Questions", "Questionnaire", "", 520'000, 600'000},
  };
  return kStages;
}

std::vector<Room> MakeRooms(const Scale& scale) {
  std::vector<Room> rooms(static_cast<std::size_t>(Scaled(scale, 8000, 4, 200)));
  Random random(scale.seed, "rooms");
  Micros next = kBeginning;
  for (std::size_t i = 0; i < rooms.size(); ++i) {
    Room& room = rooms[i];
    room.id = Numbered("room-", static_cast<std::int64_t>(i) + 1, 3);
    next += random.Seconds(25 * 60, 90 * 60);
    room.start = next;
    room.end = room.start + Stages().back().end_ms * 1000;
    // The last room is still going on.
    room.completed = i + 1 < rooms.size();
    const std::int64_t size = random.Between(2, 3);
    for (std::int64_t place = 0; place < size; ++place) {
      Actor actor;
      actor.id = random.Token(28);
      actor.name = std::string(random.Pick(kNames)) + "-";
      actor.name += std::to_string(random.Between(10, 99));
      actor.role = kRoles[static_cast<std::size_t>(place)];
      actor.joined = room.start - random.Seconds(60, 280);
      actor.left = room.end + random.Between(2, 40) * kSecond;
      if (random.Chance(60)) actor.left = room.start + random.Between(100, 560) * kSecond;
      actor.liking = random.Normal(0, 1000);
      room.actors.push_back(std::move(actor));
    }
  }
  return rooms;
}

RowHead HeadAt(const Room& room, const Actor& actor, std::string_view id, std::int64_t onset_ms) {
  return RowHead{id, actor.id, room.id, room.start + onset_ms * 1000, model::kNoOffset, static_cast<double>(onset_ms)};
}

bool Present(const Room& room, const Actor& actor, std::int64_t onset_ms) {
  const Micros time = room.start + onset_ms * 1000;
  return time >= actor.joined && time <= actor.left;
}

StudyPlan PlanExperiment(const Scale& scale) {
  StudyPlan plan;
  plan.study = NewStudy("demo-experiment", "Watching together",
                        "Small groups watch two clips in online rooms. Synthetic data: none of these people exist.");
  const auto rooms = MakeRooms(scale);
  for (const Room& room : rooms) {
    for (const Actor& actor : room.actors) plan.participants.push_back(ParticipantOf(room, actor));
    plan.sessions.push_back(SessionOf(room));
  }
  using Make = Status (*)(std::uint64_t, const std::vector<Room>&, const model::Dataset&, const BatchSink&);
  for (const auto& [id, make] : {std::pair<std::string_view, Make>{"events", MakeEvents},
                                 {"recordings", MakeRecordings},
                                 {"chat", MakeChat},
                                 {"continuous_ratings", MakeContinuousRatings},
                                 {"sparse_ratings", MakeSparseRatings},
                                 {"sync_metrics", MakeSyncMetrics},
                                 {"components", MakeComponents}}) {
    plan.datasets.push_back(
        {ExperimentDefinition(id), [seed = scale.seed, rooms, make = make](const model::Dataset& dataset, const BatchSink& sink) {
           return make(seed, rooms, dataset, sink);
         }});
  }
  plan.files = RecordingFiles(scale.seed, rooms);
  return plan;
}

}  // namespace sheaf::demo
