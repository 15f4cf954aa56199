#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxWordBytes = 1000;

std::string AttendanceJson(const std::vector<model::Attendance>& attendance) {
  JsonArray array;
  for (const model::Attendance& one : attendance) {
    JsonObject object;
    object.Text("participant", one.participant).Text("role", one.role);
    object.OptionalTime("joined_at", one.joined_at).OptionalTime("left_at", one.left_at);
    array.Raw(object.Finish());
  }
  return array.Finish();
}

std::string SessionJson(const model::Session& session) {
  JsonObject object;
  object.Text("id", session.id).Text("name", session.name);
  object.OptionalTime("start", session.start).OptionalTime("end", session.end);
  object.Text("status", session.status);
  object.Raw("attributes", session.attributes.empty() ? "{}" : std::string_view(session.attributes));
  object.Raw("attendance", AttendanceJson(session.attendance));
  object.Time("created_at", session.created_at).Time("updated_at", session.updated_at);
  return object.Finish();
}

Result<model::Attendance> ReadAttendance(JsonBody& body) {
  model::Attendance attendance;
  SHEAF_ASSIGN(auto participant, body.Text("participant", kMaxWordBytes));
  if (!participant) return Fail(ErrorCode::kBadMember, "\"participant\" is missing.", body.Place("participant"));
  if (!IsRecordId(*participant)) return Fail(ErrorCode::kBadId, "This cannot be a participant's id.", body.Place("participant"));
  attendance.participant = std::move(*participant);
  SHEAF_ASSIGN(auto role, body.Text("role", kMaxWordBytes));
  attendance.role = std::move(role).value_or("");
  SHEAF_ASSIGN(attendance.joined_at, body.Time("joined_at"));
  SHEAF_ASSIGN(attendance.left_at, body.Time("left_at"));
  SHEAF_TRY(body.Finish());
  return attendance;
}

//! The members beside id and attendance.
Status ReadSettings(JsonBody& body, model::Session& session) {
  SHEAF_ASSIGN(auto name, body.Text("name", kMaxWordBytes));
  SHEAF_ASSIGN(auto status, body.Text("status", kMaxWordBytes));
  SHEAF_ASSIGN(auto attributes, body.ObjectText("attributes"));
  SHEAF_ASSIGN(session.start, body.Time("start"));
  SHEAF_ASSIGN(session.end, body.Time("end"));
  if (session.start && session.end && *session.end < *session.start) {
    return Fail(ErrorCode::kBadMember, "The session ends before it starts.", body.Place("end"));
  }
  session.name = std::move(name).value_or("");
  session.status = std::move(status).value_or("");
  session.attributes = std::move(attributes).value_or("{}");
  return {};
}

Result<model::Session> ReadSession(Call& call) {
  model::Session session;
  session.id = call.Part("session");
  if (!IsRecordId(session.id)) return Fail(ErrorCode::kBadId, "A session's id has 1 to 255 bytes of UTF-8 without control characters.");
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto id, body.Text("id", kMaxWordBytes));
  if (id && *id != session.id) return Fail(ErrorCode::kBadMember, "\"id\" is not the one in the address.", body.Place("id"));
  SHEAF_TRY(ReadSettings(body, session));
  SHEAF_ASSIGN(auto attendance, body.Objects("attendance"));
  if (attendance) {
    for (JsonBody& one : *attendance) {
      SHEAF_ASSIGN(model::Attendance read, ReadAttendance(one));
      session.attendance.push_back(std::move(read));
    }
  }
  body.Ignore("created_at");
  body.Ignore("updated_at");
  SHEAF_TRY(body.Finish());
  return session;
}

Answer ListSessions(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kViewStudy));
  SHEAF_ASSIGN(ListQuery query, ReadListQuery(call, ListSearch::kYes));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  vault::ListOptions options;
  options.after = std::move(query.after);
  options.limit = query.limit;
  options.search = std::move(query.search);
  SHEAF_ASSIGN(const auto page, privacy::ListSessions(*vault, reader, options));
  JsonArray items;
  for (const model::Session& session : page.items) items.Raw(SessionJson(session));
  call.audit.rows = page.items.size();
  return ListResponse("sessions", items.Finish(), page.next, page.total);
}

Answer GetSession(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  SHEAF_ASSIGN(const model::Session session, privacy::FindSession(*vault, reader, call.Part("session")));
  call.audit.rows = 1;
  return JsonResponse(SessionJson(session));
}

Answer PutSession(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.WritableStudy(access::Action::kManageStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(model::Session session, ReadSession(call));
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  bool created = false;
  SHEAF_ASSIGN(const model::Session kept, vault->PutSession(std::move(session), &created));
  http::Response response = JsonResponse(SessionJson(kept), created ? 201 : 200);
  const std::string path = "/api/v1/studies/" + study.id + "/sessions/" + http::PercentEncode(kept.id);
  if (created) response.headers.emplace_back("Location", call.Address(path));
  return response;
}

}  // namespace

void AddSessionRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/sessions", ListSessions);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/sessions/{session}", GetSession);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/sessions/{session}", PutSession, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
