// Who may do what in a study: grants, and handing it over.

#include <algorithm>

#include "api/json_text.h"
#include "api/native/accounts.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "base/time.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxWordBytes = 1000;
constexpr std::size_t kMaxDatasets = 4000;
constexpr std::size_t kMaxSites = 1000;
constexpr std::size_t kMaxRights = 16;

std::string TextsOrNull(const std::vector<std::string>& texts) {
  if (texts.empty()) return "null";
  JsonArray array;
  for (const std::string& text : texts) array.Text(text);
  return array.Finish();
}

std::string GrantJson(catalog::Catalog& catalog, const catalog::Grant& grant) {
  JsonArray rights;
  rights.Text("view");
  if (grant.may_export) rights.Text("export");
  if (grant.may_manage) rights.Text("manage");
  if (grant.may_delete) rights.Text("delete");
  JsonObject object;
  object.Raw("account", AccountNameJson(catalog, grant.account)).Raw("rights", rights.Finish());
  object.Raw("datasets", TextsOrNull(grant.datasets)).Raw("sites", TextsOrNull(grant.sites));
  object.Flag("identifiers", grant.identifiers).OptionalTime("expires_at", grant.expires_at);
  object.Flag("expired", grant.expires_at && *grant.expires_at <= Now());
  object.Time("created_at", grant.created_at).Time("updated_at", grant.updated_at);
  return object.Finish();
}

Status ReadRights(JsonBody& body, catalog::Grant& grant) {
  SHEAF_ASSIGN(const auto rights, body.Texts("rights", kMaxRights, kMaxWordBytes));
  if (!rights || rights->empty()) return Fail(ErrorCode::kBadMember, "\"rights\" names at least one right.", body.Place("rights"));
  for (const std::string& right : *rights) {
    if (right == "export") grant.may_export = true;
    else if (right == "manage") grant.may_manage = true;
    else if (right == "delete") grant.may_delete = true;
    else if (right != "view") return Fail(ErrorCode::kBadMember, "A right is view, export, manage or delete.", body.Place("rights"));
  }
  return {};
}

//! An empty list would read as "none" and mean all.
Result<std::vector<std::string>> ReadLimit(JsonBody& body, std::string_view name, std::size_t most) {
  if (!body.Has(name) || body.IsNull(name)) {
    body.Ignore(name);
    return std::vector<std::string>();
  }
  SHEAF_ASSIGN(auto texts, body.Texts(name, most, kMaxWordBytes));
  if (!texts || texts->empty()) return Fail(ErrorCode::kBadMember, "Leave it out, or send null, for all.", body.Place(name));
  std::sort(texts->begin(), texts->end());
  texts->erase(std::unique(texts->begin(), texts->end()), texts->end());
  return *std::move(texts);
}

Result<catalog::Grant> ReadGrant(Call& call) {
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  catalog::Grant grant;
  SHEAF_TRY(ReadRights(body, grant));
  SHEAF_ASSIGN(grant.datasets, ReadLimit(body, "datasets", kMaxDatasets));
  if (!std::all_of(grant.datasets.begin(), grant.datasets.end(), IsSlug)) {
    return Fail(ErrorCode::kBadMember, "This cannot be a dataset's id.", body.Place("datasets"));
  }
  SHEAF_ASSIGN(grant.sites, ReadLimit(body, "sites", kMaxSites));
  if (!std::all_of(grant.sites.begin(), grant.sites.end(), IsRecordId)) {
    return Fail(ErrorCode::kBadMember, "A site has 1 to 255 bytes in one line.", body.Place("sites"));
  }
  SHEAF_ASSIGN(const auto identifiers, body.Flag("identifiers"));
  grant.identifiers = identifiers.value_or(true);
  SHEAF_ASSIGN(grant.expires_at, body.Time("expires_at"));
  SHEAF_TRY(body.Finish());
  return grant;
}

Answer ListGrants(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kReadAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto grants, call.rooms->catalog->Grants(study.id));
  JsonArray items;
  for (const catalog::Grant& grant : grants) items.Raw(GrantJson(*call.rooms->catalog, grant));
  JsonObject object;
  object.Raw("owner", AccountNameJson(*call.rooms->catalog, study.owner)).Raw("grants", items.Finish());
  return JsonResponse(object.Finish());
}

Answer PutGrant(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kManageAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(catalog::Grant grant, ReadGrant(call));
  SHEAF_ASSIGN(const catalog::Account account, FindAccount(*call.rooms->catalog, call.Part("account")));
  if (account.id == study.owner) return Fail(ErrorCode::kConflict, "The owner has every right in the study.");
  grant.study = study.id;
  grant.account = account.id;
  SHEAF_ASSIGN(const catalog::Grant kept, call.rooms->catalog->PutGrant(grant));
  call.audit.target = account.id;
  call.audit.options = GrantJson(*call.rooms->catalog, kept);
  return JsonResponse(call.audit.options);
}

Answer DeleteGrant(Call& call) {
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kManageAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::Account account, FindAccount(*call.rooms->catalog, call.Part("account")));
  call.audit.target = account.id;
  SHEAF_TRY(call.rooms->catalog->RemoveGrant(study.id, account.id));
  return NoContent();
}

Answer PutOwner(Call& call) {
  SHEAF_TRY(call.Study(access::Action::kManageAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto name, body.Text("account", kMaxWordBytes));
  if (!name) return Fail(ErrorCode::kBadMember, "\"account\" is missing.", body.Place("account"));
  SHEAF_TRY(body.Finish());
  SHEAF_ASSIGN(const catalog::Account account, FindAccount(*call.rooms->catalog, *name));
  if (account.disabled_at) return Fail(ErrorCode::kConflict, "The account is disabled.");
  const std::lock_guard lock(StudyChanges());
  SHEAF_ASSIGN(const model::Study study, call.Study(access::Action::kManageAccess));
  SHEAF_TRY(call.rooms->catalog->HandOverStudy(study.id, account.id));
  call.audit.target = account.id;
  JsonObject object;
  object.Text("study", study.id).Raw("owner", AccountNameJson(*call.rooms->catalog, account.id));
  return JsonResponse(object.Finish());
}

}  // namespace

void AddGrantRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/grants", ListGrants);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/grants/{account}", PutGrant, kMaxSettingsBody);
  AddRoute(router, rooms, "DELETE", "/api/v1/studies/{study}/grants/{account}", DeleteGrant);
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/owner", PutOwner, kMaxSettingsBody);
}

}  // namespace sheaf::api::native
