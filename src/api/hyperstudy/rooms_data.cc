// What is asked about one room beside its records: counts, variables, and agents, of which Sheaf keeps nothing.

#include <algorithm>
#include <boost/json.hpp>

#include "api/hyperstudy/people.h"
#include "api/hyperstudy/routes.h"
#include "api/hyperstudy/row_encoder.h"
#include "api/hyperstudy/selection.h"
#include "api/json_text.h"
#include "export/rows.h"
#include "model/strict_json.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;

// A room's variables are its state; more writes than these are no state any more.
constexpr std::uint64_t kMostWrites = 200'000;

Answer GetCounts(native::Call& call, Service& service) {
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "timestamp"));
  SHEAF_ASSIGN(const Target target, FindTarget({call, service, access::Topic::kEvents}, query));
  JsonObject counts, has;
  for (const RecordType& type : RecordTypes()) {
    std::uint64_t count = 0;
    if (const auto dataset = DatasetOf(target, type)) {
      SHEAF_ASSIGN(const auto options, SelectRecords(target, type, *dataset, DataQuery{}));
      SHEAF_ASSIGN(const auto plan, exporting::MakePlan(*target.vault, options, dataset->id, 0, call.Viewer(target.access)));
      SHEAF_ASSIGN(count, exporting::CountRows(*target.vault, plan));
    }
    counts.Count(type.count_key, count);
    has.Flag(type.count_key, count > 0);
  }
  JsonObject row;
  row.Text("participantId", target.participant).Text("roomId", target.room).Raw("counts", counts.Finish()).Raw("hasData", has.Finish());
  Envelope envelope = EnvelopeFor(target, "counts", query, MonotonicNow());
  envelope.total = 1;
  return ListResponse(envelope, {row.Finish()});
}

//! All writes of the room in order of time, as rows of the protocol.
Result<std::vector<json::object>> WritesOf(const native::Call& call, const Target& target, const DataQuery& query) {
  std::vector<json::object> writes;
  const RecordType& type = *FindRecordType("variables");
  const auto dataset = DatasetOf(target, type);
  if (!dataset) return writes;
  SHEAF_ASSIGN(const auto options, SelectRecords(target, type, *dataset, query));
  SHEAF_ASSIGN(auto plan, exporting::MakePlan(*target.vault, options, dataset->id, 0, call.Viewer(target.access)));
  plan.select.limit = kMostWrites;
  SHEAF_ASSIGN(const auto cursor, exporting::ReadRows(*target.vault, plan, plan.select));
  const auto nobody = target.vault->ParticipantNumber(kNobody).value_or(-1);
  const auto encoder = MakeRowEncoder(RowStyle{plan, type, target.Experiment(), DataFormat::kNdjson, nobody, {}, {}});
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) return writes;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      std::string line;
      encoder->Encode(*batch, row, row + 1, true, line);
      json::value value;
      if (model::ParseDataJson(line, value) && value.is_object()) writes.push_back(std::move(value.as_object()));
    }
  }
}

//! What each variable held at the end of each state, in the order in which the states were entered.
struct Replay {
  json::array timeline, names, dropped, kept;
};
Replay ReplayWrites(std::vector<json::object> writes) {
  Replay replay;
  json::object now;
  std::vector<std::pair<json::value, json::object>> states;
  for (json::object& write : writes) {
    if (!write["reason"].is_null()) {
      replay.dropped.push_back({{"variable", write["variable"]}, {"reason", write["reason"]}});
      continue;
    }
    if (write["variable"].is_string()) {
      const std::string_view name = write["variable"].as_string();
      if (now.if_contains(name) == nullptr) replay.names.emplace_back(name);
      now[name] = write["value"];
    }
    const json::value& state = write["stateId"];
    if (!state.is_null() || states.empty()) {
      if (states.empty() || states.back().first != state) states.emplace_back(state, json::object());
    }
    states.back().second = now;
    replay.kept.push_back(std::move(write));
  }
  for (auto& [state, values] : states) {
    json::object row{{"stateId", state}};
    for (const json::value& name : replay.names) {
      const json::value* const value = values.if_contains(name.as_string());
      row[name.as_string()] = value != nullptr ? *value : json::value();
    }
    replay.timeline.push_back(std::move(row));
  }
  return replay;
}

Answer GetVariables(native::Call& call, Service& service) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(DataQuery query, ReadDataQuery(call.request, "timestamp"));
  SHEAF_ASSIGN(const Target target, FindTarget({call, service, access::Topic::kEvents}, query));
  query.sort = "timestamp";
  query.descending = false;
  SHEAF_ASSIGN(auto writes, WritesOf(call, target, query));
  Envelope envelope = EnvelopeFor(target, "variables", query, began);
  if (writes.size() == kMostWrites) envelope.warnings.push_back("VARIABLES_TRUNCATED: results may be incomplete.");
  const Replay replay = ReplayWrites(std::move(writes));
  // The log is one list: a matrix of a part of it would be of no state.
  envelope.query.offset = 0;
  envelope.total = replay.kept.size();
  envelope.query.limit = std::max<std::uint64_t>(envelope.query.limit, envelope.total);
  call.audit.rows = replay.kept.size();
  call.audit.dataset = "variables";
  SHEAF_ASSIGN(envelope.experiment_started_at, StartOf(call, target));
  JsonObject more;
  more.Raw("timeline", model::CompactJson(replay.timeline)).Raw("variableNames", json::serialize(replay.names));
  more.Raw("matrixColumns", json::serialize(replay.names)).Raw("droppedWrites", json::serialize(replay.dropped)).Text("mode", "replay");
  const std::string members = more.Finish();
  envelope.more = "," + members.substr(1, members.size() - 2);
  return Enveloped(model::CompactJson(replay.kept), MetadataJson(envelope, replay.kept.size()));
}

//! An empty list: no agents take part in what Sheaf keeps.
Answer GetNoAgents(native::Call& call, Service& service, const std::string& data_type) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "timestamp"));
  SHEAF_ASSIGN(const Target target, FindTarget({call, service, access::Topic::kEvents}, query));
  Envelope envelope = EnvelopeFor(target, data_type, query, began);
  envelope.more = R"(,"truncated":false)";
  return ListResponse(envelope, {});
}

Answer GetNoDecision(native::Call& call, Service& service) {
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "timestamp"));
  SHEAF_TRY(FindTarget({call, service, access::Topic::kEvents}, query));
  return Fail(ErrorCode::kNotFound, "Decision not found");
}

}  // namespace

void AddRoomDataRoutes(const Routes& routes) {
  routes.Add("GET", "/data/counts/participant/{participant}", "records.count", GetCounts);
  routes.Add("GET", "/data/variables/room/{session}", "records.read", GetVariables);
  const auto decisions = [](native::Call& call, Service& service) { return GetNoAgents(call, service, "agentDecisions"); };
  routes.Add("GET", "/data/agent-decisions/experiment/{study}", "", decisions);
  routes.Add("GET", "/data/agent-decisions/room/{session}", "", decisions);
  routes.Add("GET", "/data/agent-decisions/room/{session}/decision/{decision}", "", GetNoDecision);
  routes.Add("GET", "/data/agent-runs/experiment/{study}", "",
             [](native::Call& call, Service& service) { return GetNoAgents(call, service, "agentRuns"); });
}

}  // namespace sheaf::api::hyperstudy
