#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxWordBytes = 1000;

std::string ParticipantJson(const model::Participant& participant) {
  JsonObject object;
  object.Text("id", participant.id).Text("code", participant.code).Text("status", participant.status);
  object.Raw("attributes", participant.attributes.empty() ? "{}" : std::string_view(participant.attributes));
  object.Time("created_at", participant.created_at).Time("updated_at", participant.updated_at);
  return object.Finish();
}

Result<model::Participant> ReadParticipant(Call& call) {
  model::Participant participant;
  participant.id = call.Part("participant");
  if (!IsRecordId(participant.id))
    return Fail(ErrorCode::kBadId, "A participant's id has 1 to 255 bytes of UTF-8 without control characters.");
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto id, body.Text("id", kMaxWordBytes));
  if (id && *id != participant.id) return Fail(ErrorCode::kBadMember, "\"id\" is not the one in the address.", body.Place("id"));
  SHEAF_ASSIGN(auto code, body.Text("code", kMaxWordBytes));
  SHEAF_ASSIGN(auto status, body.Text("status", kMaxWordBytes));
  SHEAF_ASSIGN(auto attributes, body.ObjectText("attributes"));
  body.Ignore("created_at");
  body.Ignore("updated_at");
  SHEAF_TRY(body.Finish());
  participant.code = std::move(code).value_or("");
  participant.status = std::move(status).value_or("");
  participant.attributes = std::move(attributes).value_or("{}");
  return participant;
}

Answer ListParticipants(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kViewStudy));
  SHEAF_ASSIGN(ListQuery query, ReadListQuery(call, ListSearch::kYes));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  vault::ListOptions options;
  options.after = std::move(query.after);
  options.limit = query.limit;
  options.search = std::move(query.search);
  SHEAF_ASSIGN(const auto page, privacy::ListParticipants(*vault, reader, options));
  JsonArray items;
  for (const model::Participant& participant : page.items) items.Raw(ParticipantJson(participant));
  call.audit.rows = page.items.size();
  return ListResponse("participants", items.Finish(), page.next, page.total);
}

Answer GetParticipant(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kViewStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const privacy::Reader reader, call.Reader(access));
  SHEAF_ASSIGN(const model::Participant participant, privacy::FindParticipant(*vault, reader, call.Part("participant")));
  call.audit.rows = 1;
  return JsonResponse(ParticipantJson(participant));
}

Answer PutParticipant(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.WritableStudy(access::Action::kManageStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(model::Participant participant, ReadParticipant(call));
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  bool created = false;
  SHEAF_ASSIGN(const model::Participant kept, vault->PutParticipant(std::move(participant), &created));
  http::Response response = JsonResponse(ParticipantJson(kept), created ? 201 : 200);
  const std::string path = "/api/v1/studies/" + study.id + "/participants/" + http::PercentEncode(kept.id);
  if (created) response.headers.emplace_back("Location", call.Address(path));
  return response;
}

}  // namespace

void AddParticipantRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/participants", ListParticipants);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/participants/{participant}", GetParticipant);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/participants/{participant}", PutParticipant, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
