// Consent, withdrawal, erasure of a participant.

#include "vault/care.h"

#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "privacy/erasure.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr access::Action kCare = access::Action::kManagePeople;
constexpr access::Action kErase = access::Action::kErase;
constexpr std::size_t kMaxWordBytes = 255;
constexpr std::size_t kMaxReasonBytes = 500;
// Clocks of those who record consent may go ahead of the server's.
constexpr Micros kClockSlack = 86'400'000'000;

std::string ConsentJson(const vault::Consent& consent) {
  JsonObject object;
  object.Text("purpose", consent.purpose).Flag("given", consent.given).Text("version", consent.version);
  object.Text("source", consent.source).Time("at", consent.at).Time("recorded_at", consent.recorded_at);
  return object.Finish();
}

Result<vault::PeopleCare*> CareOf(vault::StudyVault& study) {
  auto* const care = study.Care();
  if (care == nullptr) return Fail(ErrorCode::kInternal, "This store of records knows nothing of consent.");
  return care;
}

Result<std::string> ParticipantPart(const Call& call) {
  const std::string_view id = call.Part("participant");
  if (!IsRecordId(id)) return Fail(ErrorCode::kBadId, "A participant's id has 1 to 255 bytes of UTF-8 without control characters.");
  return std::string(id);
}

Result<vault::Consent> ReadConsent(Call& call) {
  vault::Consent consent;
  consent.purpose = call.Part("purpose");
  if (!IsRecordId(consent.purpose)) return Fail(ErrorCode::kBadId, "A purpose has 1 to 255 bytes of UTF-8 without control characters.");
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto given, body.Flag("given"));
  if (!given) return Fail(ErrorCode::kBadMember, "\"given\" is true or false.", body.Place("given"));
  SHEAF_ASSIGN(auto version, body.Text("version", kMaxWordBytes));
  SHEAF_ASSIGN(auto source, body.Text("source", kMaxWordBytes));
  SHEAF_ASSIGN(const auto at, body.Time("at"));
  const Micros now = Now();
  if (at && *at > now + kClockSlack) return Fail(ErrorCode::kBadMember, "Consent cannot be given in the future.", body.Place("at"));
  SHEAF_TRY(body.Finish());
  consent.given = *given;
  consent.version = std::move(version).value_or("");
  consent.source = std::move(source).value_or("");
  consent.at = at.value_or(now);
  return consent;
}

Answer PutConsent(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string participant, ParticipantPart(call));
  SHEAF_ASSIGN(vault::Consent consent, ReadConsent(call));
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  SHEAF_ASSIGN(auto* const care, CareOf(*vault));
  SHEAF_ASSIGN(const vault::Consent kept, care->RecordConsent(participant, std::move(consent)));
  return JsonResponse(ConsentJson(kept));
}

Answer ListConsents(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  SHEAF_ASSIGN(auto* const care, CareOf(*vault));
  SHEAF_ASSIGN(const auto consents, care->Consents(call.Part("participant")));
  JsonArray items;
  for (const auto& consent : consents) items.Raw(ConsentJson(consent));
  return ListResponse("consents", items.Finish(), "", consents.size());
}

std::string WithdrawalJson(const std::optional<vault::Withdrawal>& withdrawal) {
  JsonObject object;
  object.Flag("withdrawn", withdrawal.has_value());
  object.OptionalTime("at", withdrawal ? std::optional<Micros>(withdrawal->at) : std::nullopt);
  object.Text("reason", withdrawal ? withdrawal->reason : "");
  return object.Finish();
}

Answer GetWithdrawal(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto vault, call.Vault(study));
  SHEAF_ASSIGN(auto* const care, CareOf(*vault));
  SHEAF_ASSIGN(const auto withdrawal, care->WithdrawalOf(call.Part("participant")));
  return JsonResponse(WithdrawalJson(withdrawal));
}

Answer PostWithdrawal(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string participant, ParticipantPart(call));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto reason, body.Text("reason", kMaxReasonBytes));
  SHEAF_TRY(body.Finish());
  SHEAF_ASSIGN(const auto withdrawal, call.rooms->eraser->Withdraw(study.id, participant, reason.value_or("")));
  return JsonResponse(WithdrawalJson(withdrawal));
}

Answer DeleteWithdrawal(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kCare));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(call.rooms->eraser->TakeBack(study.id, call.Part("participant")));
  return NoContent();
}

Answer PostErasure(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(kErase));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string participant, ParticipantPart(call));
  SHEAF_ASSIGN(const auto report, call.rooms->eraser->Erase(study.id, participant, call.principal.account));
  return JsonResponse(privacy::ErasureReportJson(report));
}

}  // namespace

void AddCareRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  const std::string participant = "/api/v1/studies/{study}/participants/{participant}";
  AddRoute(router, rooms, "GET", participant + "/consents", ListConsents);
  AddRoute(router, rooms, "PUT", participant + "/consents/{purpose}", PutConsent, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", participant + "/withdrawal", GetWithdrawal);
  AddRoute(router, rooms, "POST", participant + "/withdrawal", PostWithdrawal, kMaxSettingsBody);
  AddRoute(router, rooms, "DELETE", participant + "/withdrawal", DeleteWithdrawal);
  AddRoute(router, rooms, "POST", participant + "/erasure", PostErasure);
}

}  // namespace sheaf::api::native
