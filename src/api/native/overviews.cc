// What there is of a study, a participant, a session: counts and times by dataset.

#include "api/json_text.h"
#include "api/native/call.h"
#include "privacy/seen.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;
using Summarize = std::function<Result<vault::Summary>(const model::Dataset&)>;

void Earlier(std::optional<Micros>& kept, const std::optional<Micros>& other) {
  if (other && (!kept || *other < *kept)) kept = other;
}
void Later(std::optional<Micros>& kept, const std::optional<Micros>& other) {
  if (other && (!kept || *other > *kept)) kept = other;
}

std::string DatasetOverview(const model::Dataset& dataset, const vault::Summary& summary) {
  JsonObject object;
  object.Text("dataset", dataset.id).Text("name", dataset.name).Text("kind", model::Name(dataset.kind));
  object.Count("records", summary.records).Count("participants", summary.participants).Count("sessions", summary.sessions);
  object.OptionalTime("first_time", summary.first_time).OptionalTime("last_time", summary.last_time);
  object.OptionalTime("first_received", summary.first_received).OptionalTime("last_received", summary.last_received);
  return object.Finish();
}

//! Adds "datasets" and what they come to together.
Status AddDatasets(vault::StudyVault& study, const model::ViewRights& rights, const Summarize& summarize, JsonObject& object,
                   std::uint64_t& records) {
  JsonArray items;
  vault::Summary all;
  for (const auto& dataset : study.Datasets()) {
    if (!model::MaySeeDataset(rights, dataset->id)) continue;
    SHEAF_ASSIGN(const vault::Summary summary, summarize(*dataset));
    items.Raw(DatasetOverview(*dataset, summary));
    all.records += summary.records;
    Earlier(all.first_time, summary.first_time);
    Later(all.last_time, summary.last_time);
    Earlier(all.first_received, summary.first_received);
    Later(all.last_received, summary.last_received);
  }
  records = all.records;
  object.Count("records", all.records);
  object.OptionalTime("first_time", all.first_time).OptionalTime("last_time", all.last_time);
  object.OptionalTime("first_received", all.first_received).OptionalTime("last_received", all.last_received);
  object.Raw("datasets", items.Finish());
  return {};
}

model::Predicate Is(model::ColumnKind kind, std::string_view id) {
  model::Predicate predicate;
  predicate.op = model::Operator::kEqual;
  predicate.column = {kind, -1, {}};
  predicate.values = {std::string(id)};
  return predicate;
}

Answer GetParticipantOverview(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kReadRecords));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  SHEAF_ASSIGN(const model::Participant participant, privacy::FindParticipant(*vault, reader, call.Part("participant")));
  // The answer has the id that was asked for; the records know the other.
  const auto people = vault->People();
  const auto whose = Is(model::ColumnKind::kParticipantId, people->ParticipantId(participant.number));
  JsonObject object;
  object.Text("participant", participant.id);
  std::uint64_t records = 0;
  SHEAF_TRY(AddDatasets(
      *vault, access.rights, [&](const model::Dataset& dataset) { return privacy::SummarizePart(*vault, reader, dataset.id, whose); },
      object, records));
  call.audit.rows = records;
  return JsonResponse(object.Finish());
}

Answer GetSessionOverview(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kReadRecords));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  SHEAF_ASSIGN(const model::Session session, privacy::FindSession(*vault, reader, call.Part("session")));
  const auto people = vault->People();
  const auto which = Is(model::ColumnKind::kSessionId, people->SessionId(session.number));
  JsonObject object;
  object.Text("session", session.id).OptionalTime("start", session.start).OptionalTime("end", session.end);
  std::uint64_t records = 0;
  SHEAF_TRY(AddDatasets(
      *vault, access.rights, [&](const model::Dataset& dataset) { return privacy::SummarizePart(*vault, reader, dataset.id, which); },
      object, records));
  call.audit.rows = records;
  return JsonResponse(object.Finish());
}

Answer GetStudyOverview(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kReadRecords));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  vault::ListOptions one;
  one.limit = 1;
  SHEAF_ASSIGN(const auto participants, privacy::ListParticipants(*vault, reader, one));
  SHEAF_ASSIGN(const auto sessions, privacy::ListSessions(*vault, reader, one));
  JsonObject object;
  object.Text("study", access.study.id).Count("participants", participants.total).Count("sessions", sessions.total);
  // Of what others have, the size would tell.
  if (access.rights == model::ViewRights{}) object.Count("bytes", vault->Bytes());
  else object.Raw("bytes", "null");
  std::uint64_t records = 0;
  SHEAF_TRY(AddDatasets(
      *vault, access.rights, [&](const model::Dataset& dataset) { return privacy::Summarize(*vault, reader, dataset.id); }, object,
      records));
  return JsonResponse(object.Finish());
}

}  // namespace

void AddOverviewRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/overview", GetStudyOverview);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/participants/{participant}/overview", GetParticipantOverview);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/sessions/{session}/overview", GetSessionOverview);
}

}  // namespace sheaf::api::native
