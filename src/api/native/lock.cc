#include "api/native/call.h"
#include "base/log.h"
#include "secrets/passphrase.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxBody = 16u << 10;

//! A passphrase is its owner's alone: an administrator can neither give nor take it.
Result<model::Study> OwnStudy(const Call& call) {
  SHEAF_ASSIGN(model::Study study, call.Study(access::Action::kManageStudy));
  SHEAF_TRY(call.OnlyParameters({}));
  if (study.owner != call.principal.account) return Fail(ErrorCode::kForbidden, "Only its owner locks and unlocks a study.");
  return study;
}

Result<std::string> ReadPassphrase(Call& call) {
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  SHEAF_ASSIGN(auto passphrase, body.Text("passphrase", secrets::kMostPassphraseBytes));
  if (!passphrase) return Fail(ErrorCode::kBadMember, "\"passphrase\" is missing.", body.Place("passphrase"));
  SHEAF_TRY(body.Finish());
  return *std::move(passphrase);
}

Answer PutLock(Call& call) {
  SHEAF_ASSIGN(const model::Study study, OwnStudy(call));
  SHEAF_ASSIGN(const std::string passphrase, ReadPassphrase(call));
  SHEAF_TRY(call.rooms->keys->Lock(study.id, passphrase));
  LogInfo("study locked", {{"study", study.id}});
  return NoContent();
}

Answer DeleteLock(Call& call) {
  SHEAF_ASSIGN(const model::Study study, OwnStudy(call));
  SHEAF_ASSIGN(const std::string passphrase, ReadPassphrase(call));
  const Status unlocked = call.rooms->keys->Unlock(study.id, passphrase);
  if (!unlocked && unlocked.error().code == ErrorCode::kStudyLocked) SHEAF_TRY(call.rooms->limits->OfFailures(call.Client()));
  SHEAF_TRY(unlocked);
  LogInfo("study unlocked", {{"study", study.id}});
  return NoContent();
}

}  // namespace

void AddLockRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/lock", PutLock);
  AddRoute(router, rooms, "DELETE", "/api/v1/studies/{study}/lock", DeleteLock);
}

}  // namespace sheaf::api::native
