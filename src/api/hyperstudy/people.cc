// Participants and rooms.

#include "api/hyperstudy/people.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>
#include <unordered_map>
#include <utility>

#include "api/hyperstudy/table.h"
#include "export/rows.h"
#include "model/strict_json.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostRooms = 5000;

json::object ObjectOf(const std::string& attributes) {
  json::value value;
  return model::ParseDataJson(attributes.empty() ? "{}" : attributes, value) && value.is_object() ? std::move(value.as_object())
                                                                                                  : json::object();
}

//! The attendance of those rooms that have none, from their records: two narrow columns of each dataset.
Status AddFromRecords(const native::Call& call, const Target& target, std::vector<model::Session>& sessions) {
  std::unordered_map<std::string, model::Session*> lacking;
  for (model::Session& session : sessions) {
    if (session.attendance.empty()) lacking.emplace(session.id, &session);
  }
  if (lacking.empty()) return {};
  std::set<std::pair<std::int32_t, std::int32_t>> met;
  std::shared_ptr<const vault::PeopleView> people;
  for (const RecordType& type : RecordTypes()) {
    const auto dataset = DatasetOf(target, type);
    if (!dataset) continue;
    exporting::ExportOptions options;
    options.format = exporting::Format::kJson;
    options.columns = "record.participant,record.session";
    if (!target.room.empty()) options.sessions = {target.room};
    exporting::ApplyConsent(options, target.access.study.settings);
    SHEAF_ASSIGN(const auto plan, exporting::MakePlan(*target.vault, options, dataset->id, 0, call.Viewer(target.access)));
    SHEAF_ASSIGN(const auto cursor, exporting::ReadRows(*target.vault, plan, plan.select));
    people = plan.people;
    std::pair<std::int32_t, std::int32_t> last{-1, -1};
    while (true) {
      SHEAF_ASSIGN(const auto batch, cursor->Next());
      if (batch == nullptr) break;
      for (std::size_t row = 0; row < batch->rows; ++row) {
        if (batch->columns[1].IsNull(row)) continue;
        const std::pair pair{batch->columns[1].At<std::int32_t>(row), batch->columns[0].At<std::int32_t>(row)};
        if (pair != last) met.insert(pair);
        last = pair;
      }
    }
  }
  const auto nobody = target.vault->ParticipantNumber(kNobody).value_or(-1);
  for (const auto& [session, participant] : met) {
    const auto found = lacking.find(std::string(people->SessionId(session)));
    if (found == lacking.end() || participant == nobody) continue;
    found->second->attendance.push_back({std::string(people->ParticipantId(participant)), "", {}, {}});
  }
  return {};
}

Result<std::vector<model::Participant>> ParticipantsOf(const native::Call& call, const Target& target) {
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(target.access));
  std::vector<model::Participant> participants;
  vault::ListOptions options;
  options.limit = 1000;
  while (true) {
    SHEAF_ASSIGN(auto page, privacy::ListParticipants(*target.vault, reader, options));
    const auto nobody = target.vault->ParticipantNumber(kNobody);
    for (model::Participant& participant : page.items) {
      if (!nobody || participant.number != *nobody) participants.push_back(std::move(participant));
    }
    if (page.next.empty()) return participants;
    options.after = page.next;
  }
}

//! A member of the attributes, which leaves them; null where there is none.
std::string TakeJson(json::object& attributes, std::string_view name) {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return "null";
  std::string text = model::CompactJson(found->value());
  attributes.erase(found);
  return text;
}

//! Times as everywhere: three decimals, UTC.
std::string TimeJson(const std::string& taken, const std::optional<Micros>& otherwise) {
  if (taken.size() > 2 && taken.front() == '"') {
    if (const auto time = ParseIsoTime(taken.substr(1, taken.size() - 2))) return InstantJson(time->instant);
  }
  return taken == "null" ? InstantJson(otherwise) : taken;
}

bool OfDeployment(const model::Session* session, const DataQuery& query, const model::Study& study) {
  if (query.deployment.empty()) return true;
  return (session != nullptr ? DeploymentOf(*session, study) : study.id) == query.deployment;
}

Result<Table> ParticipantTable(const native::Call& call, const Target& target, const DataQuery& query) {
  SHEAF_ASSIGN(const auto participants, ParticipantsOf(call, target));
  SHEAF_ASSIGN(const auto sessions, RoomsWithPeople(call, target, static_cast<std::size_t>(-1)));
  std::unordered_map<std::string_view, const model::Participant*> by_id;
  for (const model::Participant& participant : participants) by_id.emplace(participant.id, &participant);
  Table table{ParticipantColumns(), {}};
  const model::Study& study = target.access.study;
  std::set<std::string_view> placed;
  for (const model::Session& session : sessions) {
    const bool wanted = (target.room.empty() || session.id == target.room) && OfDeployment(&session, query, study);
    for (const model::Attendance& attendance : session.attendance) {
      const auto found = by_id.find(attendance.participant);
      if (found == by_id.end()) continue;
      placed.insert(found->first);
      if (wanted) table.rows.push_back(ParticipantRow(*found->second, &session, &attendance, study));
    }
  }
  if (target.room.empty() && OfDeployment(nullptr, query, study)) {
    for (const model::Participant& participant : participants) {
      if (placed.count(participant.id) == 0) table.rows.push_back(ParticipantRow(participant, nullptr, nullptr, study));
    }
  }
  if (!query.completion_code.empty()) {
    const std::string wanted = QuotedJson(query.completion_code);
    std::erase_if(table.rows, [&](const auto& row) { return row[10] != wanted; });
  }
  return table;
}

Answer GetParticipants(native::Call& call, Service& service) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "joinedAt"));
  if (!call.Part("participant").empty()) return Fail(ErrorCode::kBadParameter, "Participants are listed by experiment or room.", "scope");
  const auto intent = query.format == DataFormat::kJson ? access::Intent::kView : access::Intent::kExport;
  SHEAF_ASSIGN(const Target target, FindTarget({call, service, access::Topic::kParticipants, intent}, query));
  SHEAF_ASSIGN(Table table, ParticipantTable(call, target, query));
  SHEAF_TRY(SortTable(table, "id", false));
  SHEAF_TRY(SortTable(table, query.sort == "onset" ? "joinedAt" : query.sort, query.descending));
  Envelope envelope = EnvelopeFor(target, "participants", query, began);
  SHEAF_ASSIGN(envelope.experiment_started_at, StartOf(call, target));
  return TableResponse(std::move(envelope), table, &call.audit.rows);
}

std::vector<std::string> RoomRow(const model::Session& session, const model::Study& study) {
  const std::string id = QuotedJson(session.id);
  std::string duration = "null";
  if (session.start && session.end) duration = std::to_string((*session.end - *session.start) / 1000);
  const std::string status = !session.status.empty() ? session.status : session.end ? "completed" : "active";
  const std::string start = InstantJson(session.start);
  return {id,
          id,
          id,
          QuotedJson(study.id),
          QuotedJson(DeploymentOf(session, study)),
          QuotedJson(DeploymentNameOf(session, study)),
          TextOrNull(session.name),
          QuotedJson(status),
          std::to_string(session.attendance.size()),
          InstantJson(session.created_at),
          InstantJson(session.updated_at),
          start,
          InstantJson(session.end),
          duration,
          start};
}

Answer GetRooms(native::Call& call, Service& service) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(const DataQuery query, ReadDataQuery(call.request, "startTime"));
  const auto intent = query.format == DataFormat::kJson ? access::Intent::kView : access::Intent::kExport;
  SHEAF_ASSIGN(const Target target, FindTarget({call, service, access::Topic::kRooms, intent}, query));
  SHEAF_ASSIGN(const Table rooms, RoomTable(call, target, query));
  Envelope envelope = EnvelopeFor(target, "rooms", query, began);
  if (rooms.rows.size() == kMostRooms) envelope.warnings.push_back("ROOMS_TRUNCATED: at most 5000 rooms are returned.");
  SHEAF_ASSIGN(envelope.experiment_started_at, StartOf(call, target));
  return TableResponse(std::move(envelope), rooms, &call.audit.rows);
}

}  // namespace

const std::vector<std::string>& ParticipantColumns() {
  static const std::vector<std::string> kColumns = {
      "id",   "participantId", "experimentId",   "roomId",   "sessionId",   "deploymentId", "name",      "email",
      "role", "status",        "completionCode", "joinedAt", "completedAt", "isAgent",      "timestamp", "attributes"};
  return kColumns;
}

std::vector<std::string> ParticipantRow(const model::Participant& participant, const model::Session* session,
                                        const model::Attendance* attendance, const model::Study& study) {
  json::object attributes = ObjectOf(participant.attributes);
  const std::string id = QuotedJson(participant.id);
  const std::string room = session != nullptr ? QuotedJson(session->id) : TakeJson(attributes, "roomId");
  attributes.erase("roomId");
  std::string deployment = TakeJson(attributes, "deploymentId");
  if (deployment == "null" && session != nullptr) deployment = QuotedJson(DeploymentOf(*session, study));
  std::string role = TakeJson(attributes, "role");
  if (attendance != nullptr && !attendance->role.empty()) role = QuotedJson(attendance->role);
  const auto joined = attendance != nullptr ? attendance->joined_at : std::nullopt;
  const auto left = attendance != nullptr ? attendance->left_at : std::nullopt;
  const std::string joined_at = TimeJson(TakeJson(attributes, "joinedAt"), joined);
  std::string name = TakeJson(attributes, "name");
  std::string email = TakeJson(attributes, "email");
  std::string code = TakeJson(attributes, "completionCode");
  std::string completed_at = TimeJson(TakeJson(attributes, "completedAt"), left);
  std::string agent = TakeJson(attributes, "isAgent");
  if (agent == "null") agent = "false";
  return {id,
          id,
          QuotedJson(study.id),
          room,
          room,
          deployment,
          std::move(name),
          std::move(email),
          role,
          TextOrNull(participant.status),
          std::move(code),
          joined_at,
          std::move(completed_at),
          std::move(agent),
          joined_at,
          model::CompactJson(attributes)};
}

Result<std::vector<model::Session>> RoomsWithPeople(const native::Call& call, const Target& target, std::size_t most) {
  SHEAF_ASSIGN(auto sessions, SessionsOf(call, target, most));
  SHEAF_TRY(AddFromRecords(call, target, sessions));
  return sessions;
}

Result<Table> RoomTable(const native::Call& call, const Target& target, const DataQuery& query) {
  SHEAF_ASSIGN(const auto sessions, RoomsWithPeople(call, target, kMostRooms));
  Table table{{"id", "roomId", "sessionId", "experimentId", "deploymentId", "deploymentName", "name", "status", "participantCount",
               "createdAt", "updatedAt", "startTime", "endTime", "duration", "timestamp"},
              {}};
  for (const model::Session& session : sessions) {
    if (!target.room.empty() && session.id != target.room) continue;
    if (!OfDeployment(&session, query, target.access.study)) continue;
    table.rows.push_back(RoomRow(session, target.access.study));
  }
  SHEAF_TRY(SortTable(table, "id", false));
  SHEAF_TRY(SortTable(table, query.sort == "onset" ? "startTime" : query.sort, query.descending));
  return table;
}

std::optional<std::string> TextAttribute(const std::string& attributes, std::string_view name) {
  const json::object object = ObjectOf(attributes);
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->as_string().empty()) return std::nullopt;
  return std::string(value->as_string());
}

std::string DeploymentOf(const model::Session& session, const model::Study& study) {
  return TextAttribute(session.attributes, "deploymentId").value_or(study.id);
}

std::string DeploymentNameOf(const model::Session& session, const model::Study& study) {
  const auto deployment = TextAttribute(session.attributes, "deploymentId");
  return TextAttribute(session.attributes, "deploymentName").value_or(deployment ? *deployment : study.name);
}

void AddPeopleRoutes(const Routes& routes) {
  AddScopes(routes, "participants", "participants.list", GetParticipants);
  AddScopes(routes, "rooms", "sessions.list", GetRooms);
}

}  // namespace sheaf::api::hyperstudy
