// What a study's owner has to do with personal links: issuing them, and deciding on what participants ask for.

#include "access/links.h"

#include "api/json_text.h"
#include "api/native/call.h"
#include "api/native/request_json.h"
#include "base/ids.h"
#include "privacy/erasure.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr access::Action kCare = access::Action::kManagePeople;
constexpr access::Action kErase = access::Action::kErase;
constexpr std::size_t kMaxNoteBytes = 2000;
constexpr const char* kDefaultLifetime = "30d";

std::string LinkJson(const catalog::ParticipantLink& link, const std::string& token, const Call& call) {
  JsonObject object;
  object.Text("id", link.id).Text("participant", link.participant).Time("created_at", link.created_at);
  object.OptionalTime("expires_at", link.expires_at)
      .OptionalTime("revoked_at", link.revoked_at)
      .OptionalTime("last_used_at", link.last_used_at);
  // Behind the hash, so that no server's log gets it.
  if (!token.empty()) object.Text("token", token).Text("url", call.Address("/me") + "#" + token);
  return object.Finish();
}

Answer PostLink(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto expires, body.Text("expires", kMaxNoteBytes));
  SHEAF_TRY(body.Finish());
  const auto lifetime = access::ParseExpiry(expires.value_or(kDefaultLifetime));
  if (!lifetime) return Fail(ErrorCode::kBadMember, "\"expires\" is a time such as 12h, 30d or 1y, or never.", body.Place("expires"));
  if (!study.settings.participant_access) {
    return Fail(ErrorCode::kParticipantAccessOff, "`settings.participant_access` of the study is false.");
  }
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  SHEAF_ASSIGN(const model::Participant participant, vault->FindParticipant(call.Part("participant")));
  std::optional<Micros> expires_at;
  if (*lifetime) expires_at = Now() + **lifetime * 1'000'000;
  SHEAF_ASSIGN(const auto made, access::CreateLink(*call.rooms->catalog, study.id, participant.id, call.principal.account, expires_at));
  return JsonResponse(LinkJson(made.link, made.token, call), 201);
}

Answer ListLinks(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto links, call.rooms->catalog->Care().Links(study.id, call.Part("participant")));
  JsonArray items;
  for (const auto& link : links) items.Raw(LinkJson(link, "", call));
  return ListResponse("links", items.Finish(), "", links.size());
}

Answer DeleteLink(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(call.rooms->catalog->Care().RevokeLink(study.id, call.Part("participant"), call.Part("link")));
  return NoContent();
}

Answer ListRequests(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto requests, call.rooms->catalog->Care().Requests(study.id, ""));
  JsonArray items;
  for (const auto& request : requests) items.Raw(RequestJson(request, true));
  return ListResponse("requests", items.Finish(), "", requests.size());
}

Answer DecideRequest(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto decision, body.Text("decision", kMaxNoteBytes));
  SHEAF_ASSIGN(const auto note, body.Text("note", kMaxNoteBytes));
  SHEAF_TRY(body.Finish());
  const bool approve = decision == "approve";
  if (!approve && decision != "reject") return Fail(ErrorCode::kBadMember, "\"decision\" is approve or reject.", body.Place("decision"));
  auto& care = call.rooms->catalog->Care();
  SHEAF_ASSIGN(catalog::ParticipantRequest request, care.FindRequest(study.id, call.Part("request")));
  if (request.state != "open") return Fail(ErrorCode::kRequestDecided, "The request was " + request.state + ".");
  const bool erase = approve && request.kind == "erasure";
  if (erase) SHEAF_TRY(call.Study(kErase));
  if (approve && request.kind == "withdrawal")
    SHEAF_TRY(call.rooms->eraser->Withdraw(study.id, request.participant, "asked for by the participant"));
  SHEAF_TRY(care.DecideRequest(study.id, request.id, approve ? "approved" : "rejected", note.value_or(""), call.principal.account));
  SHEAF_ASSIGN(request, care.FindRequest(study.id, request.id));
  // The last, as the request goes with the participant.
  if (erase) SHEAF_TRY(call.rooms->eraser->Erase(study.id, request.participant, call.principal.account));
  return JsonResponse(RequestJson(request, true));
}

}  // namespace

std::string RequestJson(const catalog::ParticipantRequest& request, bool for_owner) {
  JsonObject object;
  object.Text("id", request.id);
  if (for_owner) object.Text("participant", request.participant);
  object.Text("kind", request.kind).Text("message", request.message).Text("state", request.state).Text("note", request.note);
  object.Time("created_at", request.created_at).OptionalTime("decided_at", request.decided_at);
  return object.Finish();
}

void AddLinkRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  const std::string links = "/api/v1/studies/{study}/participants/{participant}/links";
  AddRoute(router, rooms, "GET", links, ListLinks);
  AddRoute(router, rooms, "POST", links, PostLink, kMaxSettingsBody);
  AddRoute(router, rooms, "DELETE", links + "/{link}", DeleteLink);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/requests", ListRequests);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/requests/{request}", DecideRequest, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
