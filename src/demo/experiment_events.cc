//! The event log of the demo experiment: what happened, in order, room by room.

#include <algorithm>
#include <array>
#include <string>

#include "demo/experiment.h"

namespace sheaf::demo {
namespace {

// Numbers of the options of `category`.
enum Category : std::int64_t {
  kPreExperiment,
  kSystem,
  kState,
  kComponent,
  kMedia,
  kCommunication,
  kSparseRating,
  kQuestionnaire,
  kPostExperiment,
};

struct Event {
  const Actor* actor;
  std::int64_t onset_ms;
  Category category;
  std::string type;
  const Stage* stage = nullptr;
  std::int64_t duration_ms = -1;
  std::string content = {};
  std::string response = {};  // JSON
  std::string value = {};     // JSON
};

class RoomLog {
 public:
  RoomLog(const Room& room, Random& random) : room_(room), random_(random) {}

  std::vector<Event> Take() {
    for (const Actor& actor : room_.actors) {
      Arrival(actor);
      for (const Stage& stage : Stages()) Through(actor, stage);
      if (room_.completed) Add({&actor, Stages().back().end_ms, kSystem, "experiment.end"});
      if (room_.completed) Add({&actor, Stages().back().end_ms + random_.Between(900, 2000), kPostExperiment, "debriefing.view"});
    }
    std::stable_sort(events_.begin(), events_.end(), [](const Event& left, const Event& right) { return left.onset_ms < right.onset_ms; });
    return std::move(events_);
  }

 private:
  void Add(Event event) {
    if (Present(room_, *event.actor, event.onset_ms)) events_.push_back(std::move(event));
  }

  // Consent and instructions come before the room's start: their onsets are negative.
  void Arrival(const Actor& actor) {
    std::int64_t at = (actor.joined - room_.start) / 1000 + random_.Between(800, 3000);
    const auto step = [&](std::string type, std::int64_t least, std::int64_t most, std::string value = {}) {
      Add({&actor, std::min<std::int64_t>(at, -1), kPreExperiment, std::move(type), nullptr, -1, {}, {}, std::move(value)});
      at += random_.Between(least, most);
    };
    step("consent.accepted", 2000, 6000, R"({"formVersion":3,"items":["participation","recording"]})");
    step("instructions.page_view", 6000, 12000, R"({"pageIndex":0})");
    step("instructions.page_view", 5000, 9000, R"({"pageIndex":1})");
    const bool passed = random_.Chance(850);
    if (!passed) step("instructions.comprehension_failed", 4000, 8000, R"({"attemptNumber":1,"score":1,"totalQuestions":2})");
    step("instructions.comprehension_passed", 1000, 2000,
         passed ? R"({"attemptNumber":1,"score":2,"totalQuestions":2})" : R"({"attemptNumber":2,"score":2,"totalQuestions":2})");
    step("instructions.completed", 1000, 2000);
    Add({&actor, 0, kSystem, "experiment.start"});
  }

  void Through(const Actor& actor, const Stage& stage) {
    const std::int64_t begin = stage.begin_ms + random_.Between(0, 60);
    Add({&actor, begin, kState, "state.transition", &stage});
    Add({&actor, begin + random_.Between(20, 120), kComponent, "component.start", &stage});
    if (!stage.stimulus.empty()) Watch(actor, stage, begin);
    if (stage.component == "VasRating") Rate(actor, stage, begin);
    if (stage.component == "TextChat") Talk(actor, stage);
    if (stage.component == "Questionnaire") Answer(actor, stage, begin);
    const std::int64_t complete = stage.end_ms - random_.Between(100, 2500);
    Add({&actor, complete, kComponent, "component.complete", &stage, complete - begin});
  }

  void Watch(const Actor& actor, const Stage& stage, std::int64_t begin) {
    const std::string url = "https://media.example.org/" + std::string(stage.stimulus) + ".mp4";
    std::int64_t at = begin + random_.Between(200, 1500);
    Add({&actor, at, kMedia, "media.loaded", &stage, -1, url});
    Add({&actor, at += random_.Between(50, 400), kMedia, "media.play", &stage, -1, url});
    if (random_.Chance(150)) {
      Add({&actor, at += random_.Between(5000, 60000), kMedia, "media.pause", &stage, -1, url});
      Add({&actor, at + random_.Between(800, 5000), kMedia, "media.play", &stage, -1, url});
    }
    Add({&actor, stage.end_ms - random_.Between(2600, 4000), kMedia, "media.ended", &stage, -1, url});
  }

  void Rate(const Actor& actor, const Stage& stage, std::int64_t begin) {
    const std::int64_t taken = random_.NormalIn(4200, 1500, 700, 18000);
    const std::int64_t value = random_.NormalIn(50000 + actor.liking * 15, 18000, 0, 100000);
    const std::string number = std::to_string(value / 1000) + "." + std::to_string(value / 100 % 10);
    Add({&actor,
         begin + taken,
         kSparseRating,
         "sparse_rating_response",
         &stage,
         -1,
         "How much did you like the clip?",
         "{\"value\":" + number + ",\"responseTime\":" + std::to_string(taken) + "}",
         {}});
  }

  void Talk(const Actor& actor, const Stage& stage) {
    std::int64_t at = stage.begin_ms + random_.Between(4000, 20000);
    while (at < stage.end_ms - 3000) {
      Add({&actor, at, kCommunication, "communication.message", &stage});
      at += random_.Between(6000, 32000);
    }
  }

  void Answer(const Actor& actor, const Stage& stage, std::int64_t begin) {
    static constexpr std::array<std::string_view, 4> kQuestions = {"How close did you feel to the others?", "Had you seen a clip before?",
                                                                   "Did the sound work well?", "What do you remember best?"};
    static constexpr std::array<std::string_view, 4> kTypes = {"likert", "multiple-choice", "multiple-choice", "text-long"};
    static constexpr std::array<std::string_view, 4> kWords = {"\"the boats\"", "\"the quarrel in the kitchen\"", "\"l'orage à la fin\"",
                                                               "null"};
    std::int64_t at = begin;
    for (std::size_t question = 0; question < kQuestions.size(); ++question) {
      const std::int64_t taken = random_.NormalIn(9000, 3500, 1200, 17000);
      at += taken;
      const std::string answer = question == 0   ? std::to_string(random_.Between(1, 7))
                                 : question == 3 ? std::string(random_.Pick(kWords))
                                                 : std::string(random_.Chance(800) == (question == 2) ? "\"yes\"" : "\"no\"");
      std::string value = "{\"questionId\":\"q" + std::to_string(question + 1) + "\",\"questionText\":\"";
      value.append(kQuestions[question]).append("\",\"questionType\":\"").append(kTypes[question]).append("\",\"answer\":");
      value.append(answer).append(",\"pageIndex\":0,\"responseTime\":").append(std::to_string(taken)).append("}");
      Add({&actor, at, kQuestionnaire, "questionnaire.response", &stage, -1, {}, {}, std::move(value)});
    }
    Add({&actor,
         at + 400,
         kQuestionnaire,
         "questionnaire.completed",
         &stage,
         -1,
         {},
         {},
         "{\"totalPages\":1,\"totalQuestions\":4,\"totalResponseTime\":" + std::to_string(at - begin) + "}"});
  }

  const Room& room_;
  Random& random_;
  std::vector<Event> events_;
};

struct EventFields {
  explicit EventFields(const Rows& rows)
      : category(rows.Field("category")),
        type(rows.Field("eventType")),
        component_type(rows.Field("componentType")),
        component(rows.Field("componentId")),
        content(rows.Field("content")),
        state(rows.Field("stateId")),
        state_name(rows.Field("stateName")),
        role(rows.Field("participantRole")),
        duration(rows.Field("duration")),
        response(rows.Field("response")),
        value(rows.Field("value")) {}
  int category, type, component_type, component, content, state, state_name, role, duration, response, value;
};

void Write(const Room& room, const Event& event, std::int64_t number, const EventFields& fields, Rows& rows) {
  rows.Begin(HeadAt(room, *event.actor, Numbered("evt-", number, 7), event.onset_ms));
  rows.Integer(fields.category, event.category);
  rows.Text(fields.type, event.type);
  rows.Text(fields.component_type, event.stage == nullptr ? "unknown" : event.stage->component);
  rows.Text(fields.content, event.content);
  if (event.stage != nullptr) {
    rows.Text(fields.component, "component-" + std::string(event.stage->id.substr(6)));
    rows.Text(fields.state, event.stage->id);
    rows.Text(fields.state_name, event.stage->name);
  }
  rows.Text(fields.role, event.actor->role);
  if (event.duration_ms >= 0) rows.Integer(fields.duration, event.duration_ms);
  if (!event.response.empty()) rows.Text(fields.response, event.response);
  if (!event.value.empty()) rows.Text(fields.value, event.value);
  rows.End();
}

}  // namespace

Status MakeEvents(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const EventFields fields(rows);
  Random random(seed, "events");
  std::int64_t number = 0;
  for (const Room& room : rooms) {
    for (const Event& event : RoomLog(room, random).Take()) Write(room, event, ++number, fields, rows);
  }
  return rows.Finish();
}

}  // namespace sheaf::demo
