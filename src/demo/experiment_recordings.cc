//! Recordings of the demo experiment: what somebody says at the beginning, as sound that can be played.

#include "demo/experiment.h"
#include "demo/tone.h"

namespace sheaf::demo {
namespace {

struct Clip {
  const Room* room = nullptr;
  const Actor* actor = nullptr;
  std::string id, name;
  std::int64_t begin_ms = 0, length_ms = 0;  // from the room's start
  bool failed = false;
};

std::vector<Clip> MakeClips(std::uint64_t seed, const std::vector<Room>& rooms) {
  std::vector<Clip> clips;
  Random random(seed, "recordings");
  for (const Room& room : rooms) {
    for (const Actor& actor : room.actors) {
      Clip& clip = clips.emplace_back();
      clip.room = &room;
      clip.actor = &actor;
      clip.id = Numbered("rec-", static_cast<std::int64_t>(clips.size()), 6);
      clip.name = actor.name + "_audio_" + clip.id + ".wav";
      clip.begin_ms = random.Between(-4000, 3000);
      clip.length_ms = random.Between(5000, 9000);
      clip.failed = random.Chance(40);
    }
  }
  return clips;
}

}  // namespace

Status MakeRecordings(std::uint64_t seed, const std::vector<Room>& rooms, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  Random random(seed, "egress");
  for (const Clip& clip : MakeClips(seed, rooms)) {
    const Micros start = clip.room->start + clip.begin_ms * 1000;
    rows.Begin(HeadAt(*clip.room, *clip.actor, clip.id, clip.begin_ms));
    rows.Text(rows.Field("egressId"), "EG_" + random.Token(12));
    rows.Text(rows.Field("participantName"), clip.actor->name);
    rows.Integer(rows.Field("startTime"), start);
    rows.Integer(rows.Field("endTime"), start + clip.length_ms * 1000);
    rows.Integer(rows.Field("duration"), clip.length_ms);
    rows.Integer(rows.Field("videoOffset"), clip.begin_ms);
    if (!clip.failed) rows.Integer(rows.Field("fileSize"), WaveBytes(clip.length_ms));
    rows.Integer(rows.Field("format"), 2);
    rows.Integer(rows.Field("status"), clip.failed ? 1 : 0);
    rows.Text(rows.Field("fileName"), clip.name);
    rows.Text(rows.Field("metadata"), R"({"type":"audio","recordingType":"audio","roomName":")" + clip.room->id + R"("})");
    rows.End();
  }
  return rows.Finish();
}

std::vector<FilePlan> RecordingFiles(std::uint64_t seed, const std::vector<Room>& rooms) {
  std::vector<FilePlan> files;
  for (const Clip& clip : MakeClips(seed, rooms)) {
    if (clip.failed) continue;
    const Micros start = clip.room->start + clip.begin_ms * 1000;
    FilePlan file;
    file.id = "fil_" + clip.id;
    file.kind = "recording";
    file.name = clip.name;
    file.media_type = "audio/wav";
    file.participant = clip.actor->id;
    file.session = clip.room->id;
    file.dataset = "recordings";
    file.record = clip.id;
    file.started_at = start;
    file.ended_at = start + clip.length_ms * 1000;
    file.duration_ms = clip.length_ms;
    file.bytes = [seed, voice = clip.actor->id, length = clip.length_ms] { return Wave(Random(seed, voice), length); };
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace sheaf::demo
