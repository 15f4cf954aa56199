//! The other record types of the demo experiment: chat, ratings, synchronisation, components.

#include <algorithm>
#include <array>
#include <string>

#include "demo/experiment.h"
#include "model/strict_json.h"

namespace sheaf::demo {
namespace {

double Milli(std::int64_t value) { return static_cast<double>(value) / 1000.0; }

const Stage& StageCalled(std::string_view id) {
  return *std::find_if(Stages().begin(), Stages().end(), [&](const Stage& stage) { return stage.id == id; });
}

std::string ComponentOf(const Stage& stage) { return "component-" + std::string(stage.id.substr(6)); }

constexpr std::array<std::string_view, 16> kMessages = {
    "hi everyone",
    "hey :)",
    "what did you think of the second one?",
    "the harbour was calming",
    "I thought they would never stop arguing",
    "same!",
    "lol",
    "I felt sorry for the older brother",
    "Wirklich? Ich fand ihn unmöglich",
    "did you notice the dog in the background?",
    "no!! where?",
    "at the very end, \"blink and you miss it\"",
    "haha ok",
    "my sound was a bit late",
    "👍",
    "nice talking to you all",
};

}  // namespace

Status MakeChat(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  Random random(seed, "chat");
  const Stage& talk = StageCalled("state-talk");
  std::int64_t number = 0;
  for (const Room& room : rooms) {
    for (std::int64_t at = talk.begin_ms + random.Between(2000, 8000); at < talk.end_ms; at += random.Between(2500, 14000)) {
      const Actor& actor = random.Pick(room.actors);
      if (!Present(room, actor, at)) continue;
      rows.Begin(HeadAt(room, actor, Numbered("msg-", ++number, 6), at));
      rows.Text(rows.Field("senderId"), actor.id);
      rows.Text(rows.Field("senderName"), actor.name);
      rows.Text(rows.Field("content"), random.Pick(kMessages));
      std::string recipients;
      for (const Actor& other : room.actors) {
        if (&other == &actor) continue;
        recipients += recipients.empty() ? "[" : ",";
        model::AppendJsonString(recipients, other.id);
      }
      rows.Text(rows.Field("recipientIds"), recipients + "]");
      rows.Integer(rows.Field("messageType"), 0);
      rows.Integer(rows.Field("deleted"), random.Chance(15) ? 1 : 0);
      rows.End();
    }
  }
  return rows.Finish();
}

Status MakeContinuousRatings(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const int component = rows.Field("componentId"), value_field = rows.Field("value"), normalized = rows.Field("normalizedValue");
  const int raw = rows.Field("rawValue"), low = rows.Field("scaleMin"), high = rows.Field("scaleMax");
  Random random(seed, "continuous ratings");
  std::int64_t number = 0;
  for (const Room& room : rooms) {
    for (const Stage& stage : Stages()) {
      if (stage.stimulus.empty()) continue;
      const std::string component_id = ComponentOf(stage);
      for (const Actor& actor : room.actors) {
        std::int64_t value = 50000;  // thousandths of a point
        for (std::int64_t at = stage.begin_ms + 1500; at < stage.end_ms - 2600; at += random.Between(480, 530)) {
          // The clip's own course, the person's taste, and a hand that follows slowly.
          const std::int64_t target = 50000 + 22 * SineMilli((at - stage.begin_ms) / 300) + actor.liking * 12;
          value = std::clamp(value + (target - value) / 12 + random.Normal(0, 900), std::int64_t{0}, std::int64_t{100000});
          if (!Present(room, actor, at)) break;
          rows.Begin(HeadAt(room, actor, Numbered("rate-", ++number, 8), at));
          rows.Text(component, component_id);
          const std::int64_t shown = value / 10 * 10;
          rows.Double(value_field, Milli(shown));
          rows.Double(normalized, static_cast<double>(shown) / 100000.0);
          rows.Double(raw, Milli(shown));
          rows.Double(low, 0);
          rows.Double(high, 100);
          rows.End();
        }
      }
    }
  }
  return rows.Finish();
}

namespace {

void MakeSparseRating(const Room& room, const Actor& actor, const Stage& clip, const Stage& stage, std::int64_t sample, Random& random,
                      Rows& rows, std::int64_t number) {
  static constexpr std::array<std::string_view, 3> kDimensions = {"valence", "arousal", "closeness"};
  const std::int64_t taken = random.NormalIn(3600, 1400, 500, 12000), skew = random.Between(-45, 45);
  const std::int64_t at = stage.begin_ms + 2000 + sample * 7000, done = at + taken;
  if (!Present(room, actor, done)) return;
  const std::int64_t raw = random.NormalIn(5000 + actor.liking, 1700, 1000, 9000) / 100 * 100;  // thousandths on 1 to 9
  rows.Begin(HeadAt(room, actor, Numbered("sparse-", number, 6), done));
  rows.Text(rows.Field("componentId"), ComponentOf(stage));
  rows.Double(rows.Field("value"), static_cast<double>((raw - 1000) * 100 / 80) / 100.0);
  rows.Double(rows.Field("rawValue"), Milli(raw));
  rows.Integer(rows.Field("responseTime"), taken);
  rows.Double(rows.Field("scaleMin"), 1);
  rows.Double(rows.Field("scaleMax"), 9);
  rows.Text(rows.Field("labels"), R"({"min":"not at all","max":"very much"})");
  rows.Text(rows.Field("scale"), R"({"min":1,"max":9})");
  rows.Text(rows.Field("type"), "sparse");
  rows.Text(rows.Field("stateId"), stage.id);
  rows.Text(rows.Field("stimulusId"), clip.stimulus);
  rows.Double(rows.Field("stimulusTime"), Milli(clip.end_ms - clip.begin_ms - 3000));
  // Confidence is asked after some ratings only, and may be declined.
  if (sample == 0) {
    if (random.Chance(200)) rows.Skip(rows.Field("confidence"));
    else rows.Double(rows.Field("confidence"), static_cast<double>(random.Between(2, 10)) / 10.0);
  }
  rows.Integer(rows.Field("rawOnset"), done + skew);
  rows.Integer(rows.Field("clockOffsetApplied"), skew);
  rows.Integer(rows.Field("ratingEndOnset"), done + random.Between(50, 300));
  rows.Integer(rows.Field("stateStartTime"), stage.begin_ms);
  rows.Integer(rows.Field("stateDuration"), stage.end_ms - stage.begin_ms);
  rows.Text(rows.Field("metadata"), R"({"question":"How do you feel?","dimension":")" +
                                        std::string(kDimensions[static_cast<std::size_t>(sample)]) +
                                        R"(","componentType":"VasRating","sampleIndex":)" + std::to_string(sample) + "}");
  rows.Text(rows.Field("sparseRatingData"), R"({"videoId":")" + std::string(clip.stimulus) + R"(","pauseIndex":)" + std::to_string(sample) +
                                                R"(,"previousRatings":null,"actualPauseDuration":)" + std::to_string(taken) + "}");
  rows.End();
}

}  // namespace

Status MakeSparseRatings(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  Random random(seed, "sparse ratings");
  std::int64_t number = 0;
  for (const Room& room : rooms) {
    for (const auto& [clip, rating] : {std::pair{"state-clip-1", "state-rate-1"}, std::pair{"state-clip-2", "state-rate-2"}}) {
      for (std::int64_t sample = 0; sample < 3; ++sample) {
        for (const Actor& actor : room.actors) {
          MakeSparseRating(room, actor, StageCalled(clip), StageCalled(rating), sample, random, rows, ++number);
        }
      }
    }
  }
  return rows.Finish();
}

Status MakeSyncMetrics(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const int drift_field = rows.Field("timeDrift"), rate = rows.Field("playbackRate"), quality = rows.Field("syncQuality");
  const int latency_field = rows.Field("latency"), buffer = rows.Field("bufferHealth");
  Random random(seed, "sync metrics");
  for (const Room& room : rooms) {
    for (const Stage& stage : Stages()) {
      if (stage.stimulus.empty()) continue;
      for (const Actor& actor : room.actors) {
        // The host's clock is the measure; the others drift and are pulled back.
        const bool host = actor.role == "host";
        std::int64_t drift = host ? 0 : random.Normal(0, 60);
        for (std::int64_t at = stage.begin_ms + 2000; at < stage.end_ms - 2600 && Present(room, actor, at); at += 2000) {
          if (!host) drift = drift * 3 / 4 + random.Normal(0, 22);
          if (!host && random.Chance(8)) drift += random.Between(-400, 400);
          const std::int64_t off = drift < 0 ? -drift : drift;
          rows.Begin(HeadAt(room, actor, {}, at + random.Below(90)));
          rows.Integer(drift_field, drift);
          rows.Double(rate, off < 50 ? 1.0 : drift < 0 ? 1.02 : 0.98);
          rows.Double(quality, Milli(std::max<std::int64_t>(0, 1000 - off * 2)));
          rows.Integer(latency_field, random.NormalIn(48, 22, 6, 600));
          rows.Double(buffer, Milli(random.NormalIn(940, 70, 0, 1000)));
          rows.End();
        }
      }
    }
  }
  return rows.Finish();
}

Status MakeComponents(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  Random random(seed, "components");
  for (const Room& room : rooms) {
    for (const Stage& stage : Stages()) {
      for (const Actor& actor : room.actors) {
        if (!Present(room, actor, stage.begin_ms)) continue;
        const bool completed = room.completed && Present(room, actor, stage.end_ms);
        rows.Begin(HeadAt(room, actor, {}, stage.begin_ms + random.Between(20, 120)));
        rows.Text(rows.Field("componentId"), ComponentOf(stage));
        rows.Text(rows.Field("componentType"), stage.component);
        rows.Text(rows.Field("stateId"), stage.id);
        rows.Text(rows.Field("config"), R"({"duration":)" + std::to_string(stage.end_ms - stage.begin_ms) + R"(,"required":true})");
        rows.Text(rows.Field("variableSnapshot"),
                  R"({"group_size":)" + std::to_string(room.actors.size()) + R"(,"role":")" + actor.role + R"("})");
        if (completed && stage.component == "VasRating") {
          rows.Text(rows.Field("response"), R"({"value":)" + std::to_string(random.Between(0, 100)) + "}");
        }
        rows.Integer(rows.Field("completed"), completed ? 1 : 0);
        rows.Text(rows.Field("content"), std::string(stage.name) + (stage.stimulus.empty() ? "" : " [+stimulus]"));
        if (!stage.stimulus.empty()) {
          rows.Text(rows.Field("stimulusUrl"), "https://media.example.org/" + std::string(stage.stimulus) + ".mp4");
          rows.Text(rows.Field("stimulusCaption"), stage.stimulus == "clip-harbour" ? "A harbour at dawn" : "An argument, then rain");
        }
        rows.End();
      }
    }
  }
  return rows.Finish();
}

}  // namespace sheaf::demo
