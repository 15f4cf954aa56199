// POST /data/events/batch: up to a hundred events of one experiment, all or none.

#include <boost/json.hpp>
#include <future>
#include <map>
#include <set>

#include "api/hyperstudy/routes.h"
#include "api/hyperstudy/translate.h"
#include "api/json_text.h"
#include "base/ids.h"
#include "ingest/ingest.h"
#include "model/definition_json.h"
#include "model/strict_json.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostEvents = 100;
constexpr std::size_t kMostBytes = 8u << 20;

tl::unexpected<Error> Invalid(std::string detail, std::string place) {
  return Fail(ErrorCode::kBadMember, std::move(detail), std::move(place));
}

struct Batch {
  std::string experiment;
  json::array events;
};

std::string TextOf(const json::object& object, std::string_view name) {
  const json::value* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
}

Result<Batch> ReadBatch(native::Call& call) {
  SHEAF_ASSIGN(const std::string text, call.JsonText(kMostBytes));
  json::value value;
  model::JsonLimits limits;
  limits.bytes = kMostBytes;
  SHEAF_TRY(model::ParseStrictJson(text, limits, value));
  Batch batch;
  if (value.is_object()) {
    json::value* const events = value.as_object().if_contains("events");
    if (events == nullptr || !events->is_array()) return Invalid("\"events\" is a list of events.", "/events");
    batch.experiment = TextOf(value.as_object(), "experimentId");
    batch.events = std::move(events->as_array());
  } else if (value.is_array()) {
    batch.events = std::move(value.as_array());
  } else {
    return Invalid("The body is {\"events\":[…]}.", "/");
  }
  if (batch.events.empty() || batch.events.size() > kMostEvents) return Invalid("A batch has 1 to 100 events.", "/events");
  for (std::size_t i = 0; i < batch.events.size(); ++i) {
    const std::string place = "/events/" + std::to_string(i);
    if (!batch.events[i].is_object()) return Invalid("An event is an object.", place);
    const std::string experiment = TextOf(batch.events[i].as_object(), "experimentId");
    if (experiment.empty()) continue;
    if (batch.experiment.empty()) batch.experiment = experiment;
    if (experiment != batch.experiment) return Invalid("All events of a batch are of one experiment.", place + "/experimentId");
  }
  return batch;
}

//! The experiment that the events name, or that has the room of the first.
Result<Target> TargetOf(native::Call& call, Service& service, const Batch& batch) {
  const Asking asking{call, service, access::Topic::kWriteEvents, access::Intent::kWrite};
  if (!batch.experiment.empty()) return OpenExperiment(asking, batch.experiment);
  const json::object& first = batch.events.front().as_object();
  const std::string room = TextOf(first, "roomId").empty() ? TextOf(first, "sessionId") : TextOf(first, "roomId");
  if (room.empty()) return Invalid("An event names its experimentId.", "/events/0/experimentId");
  return FindRoom(asking, room, "");
}

//! The dataset, made or completed at the first write.
Result<std::shared_ptr<const model::Dataset>> Prepare(const Target& target, const RecordType& type) {
  auto current = target.vault->FindDataset(type.dataset);
  if (!current && current.error().code != ErrorCode::kNotFound) return current;
  const model::Dataset wanted = DefinitionOf(type, current ? current->get() : nullptr);
  if (current && wanted.fields.size() == (*current)->fields.size()) return current;
  bool created = false;
  return target.vault->PutDataset(wanted, &created);
}

//! When rooms began, as the events say.
std::map<std::string, Micros> StartsIn(const std::vector<RecordHead>& heads) {
  std::map<std::string, Micros> starts;
  for (const RecordHead& head : heads) {
    if (!head.session.empty() && head.event_type == "experiment.start" && head.time) starts.emplace(head.session, *head.time);
  }
  return starts;
}

//! Who was there: rooms and participants that the events name are put together.
Status NoteAttendance(const Target& target, const std::vector<RecordHead>& heads) {
  std::map<std::string, std::map<std::string, std::optional<Micros>>> rooms;
  const std::map<std::string, Micros> starts = StartsIn(heads);
  for (const RecordHead& head : heads) {
    if (head.session.empty()) continue;
    auto& people = rooms[head.session];
    if (head.participant == kNobody) continue;
    const auto [place, added] = people.emplace(head.participant, head.time);
    if (!added && head.time && (!place->second || *head.time < *place->second)) place->second = head.time;
  }
  const std::lock_guard lock(native::StudyChanges());
  for (const auto& [room, people] : rooms) {
    auto session = target.vault->FindSession(room);
    if (!session) continue;
    bool changed = false;
    if (const auto start = starts.find(room); start != starts.end() && !session->start) {
      session->start = start->second;
      changed = true;
    }
    for (const auto& [participant, joined] : people) {
      const bool there = std::any_of(session->attendance.begin(), session->attendance.end(),
                                     [&, name = participant](const model::Attendance& one) { return one.participant == name; });
      if (there) continue;
      session->attendance.push_back({participant, "", joined, {}});
      changed = true;
    }
    bool created = false;
    if (changed) SHEAF_TRY(target.vault->PutSession(*session, &created));
  }
  return {};
}

Result<ingest::IngestResult> Commit(const native::Call& call, const Target& target, const model::Dataset& dataset,
                                    const std::string& lines) {
  ingest::IngestOptions options;
  options.dataset = dataset.id;
  options.spool_directory = call.rooms->temporary;
  options.refused = call.rooms->refused;
  SHEAF_ASSIGN(const std::string key, call.IdempotencyKey());
  if (!key.empty()) options.idempotency_key = call.principal.account + "/" + target.Experiment() + "/" + dataset.id + "/" + key;
  ingest::IngestRequest request(target.vault, options);
  SHEAF_TRY(request.Begin());
  SHEAF_TRY(request.Feed(lines));
  std::promise<Result<ingest::IngestResult>> promise;
  auto future = promise.get_future();
  request.Commit([&promise](const Status& status, const ingest::IngestResult& result) {
    if (status) return promise.set_value(result);
    Error error = status.error();
    if (!result.rejected.empty()) {
      const ingest::Rejection& first = result.rejected.front();
      error.code = ErrorCode::kBadMember;
      error.detail = first.error;
      error.place = "/events/" + std::to_string(first.line - 1) + (first.field.empty() ? "" : "/" + first.field);
    }
    promise.set_value(Fail(std::move(error)));
  });
  return future.get();
}

//! The events as records. Onsets count from the start of the room, also where it is in the batch that brings the start.
Result<std::string> Translate(const Target& target, const Batch& batch, const RecordType& type, const model::Dataset& dataset,
                              std::vector<RecordHead>& heads) {
  std::map<std::string, Micros> starts;
  const StartOfRoom start = [&](const std::string& room) -> std::optional<Micros> {
    if (target.vault->SessionNumber(room)) {
      const auto session = target.vault->FindSession(room);
      if (session && session->start) return session->start;
    }
    const auto said = starts.find(room);
    return said == starts.end() ? std::nullopt : std::optional<Micros>(said->second);
  };
  heads.resize(batch.events.size());
  const auto translate = [&]() -> Result<std::string> {
    std::string lines;
    for (std::size_t i = 0; i < batch.events.size(); ++i) {
      auto line = TranslateRecord(batch.events[i].as_object(), type, dataset, start, &heads[i]);
      if (!line) return Invalid(line.error().detail, "/events/" + std::to_string(i) + line.error().place);
      lines += *line;
    }
    return lines;
  };
  SHEAF_ASSIGN(std::string lines, translate());
  starts = StartsIn(heads);
  if (!starts.empty()) return translate();
  return lines;
}

Answer PostBatch(native::Call& call, Service& service) {
  SHEAF_TRY(service.rooms->gate->AllowTopic(call.principal, access::Topic::kWriteEvents));
  SHEAF_ASSIGN(const Batch batch, ReadBatch(call));
  SHEAF_ASSIGN(const Target target, TargetOf(call, service, batch));
  const RecordType& type = *FindRecordType("events");
  call.audit.study = target.Experiment();
  call.audit.dataset = type.dataset;
  call.seen_study = true;
  const bool retired = call.rooms->retention && call.rooms->retention->IsArchived(target.Experiment(), type.dataset);
  if (target.access.study.status == model::StudyStatus::kArchived || retired)
    return Fail(ErrorCode::kStudyReadOnly, "The experiment is archived.");
  if (!model::MaySeeDataset(target.access.rights, type.dataset))
    return Fail(ErrorCode::kForbidden, "The experiment's owner has not granted this.");
  SHEAF_ASSIGN(const auto dataset, Prepare(target, type));
  std::vector<RecordHead> heads;
  SHEAF_ASSIGN(const std::string lines, Translate(target, batch, type, *dataset, heads));
  SHEAF_ASSIGN(const auto result, Commit(call, target, *dataset, lines));
  SHEAF_TRY(NoteAttendance(target, heads));
  call.audit.rows = result.accepted;
  Envelope envelope = EnvelopeFor(target, "events", DataQuery{}, MonotonicNow());
  envelope.total = result.accepted;
  return Enveloped(JsonObject().Count("recorded", result.accepted).Finish(), MetadataJson(envelope, result.accepted), 201);
}

}  // namespace

void AddBatchRoutes(const Routes& routes) { routes.Add("POST", "/data/events/batch", "records.write", PostBatch, kMostBytes); }

}  // namespace sheaf::api::hyperstudy
