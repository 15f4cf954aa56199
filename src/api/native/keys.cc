// Keys of an account.

#include <algorithm>

#include "access/scopes.h"
#include "api/json_text.h"
#include "api/native/accounts.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "base/time.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxBody = 256u << 10;
constexpr std::size_t kMaxWordBytes = 255;
constexpr std::size_t kMaxScopes = 64;
constexpr std::size_t kMaxStudies = 1000;
constexpr std::string_view kSuggestedExpiry = "90d";

struct Wanted {
  std::string name;
  std::vector<std::string> scopes;
  std::vector<std::string> studies;
  std::optional<Micros> expires_at;
  access::KeyStyle style = access::KeyStyle::kSheaf;
};

JsonObject KeyObject(const catalog::Key& key) {
  JsonArray scopes;
  for (const std::string& scope : key.scopes) scopes.Text(scope);
  JsonArray studies;
  for (const std::string& study : key.studies) studies.Text(study);
  JsonObject object;
  object.Text("id", key.id).Text("name", key.name).Raw("scopes", scopes.Finish());
  if (key.studies.empty()) object.Raw("studies", "null");
  else object.Raw("studies", studies.Finish());
  object.Time("created_at", key.created_at).OptionalTime("expires_at", key.expires_at).OptionalTime("revoked_at", key.revoked_at);
  object.OptionalTime("last_used_at", key.last_used_at).Count("uses", key.uses);
  return object;
}

//! Of whose keys it is about: one's own, for an administrator also another's.
Result<std::string> KeyOwner(const Call& call, access::Action action) {
  SHEAF_TRY(call.OnlyParameters({"account"}));
  SHEAF_TRY(call.rooms->gate->Allow(call.principal, action));
  const auto name = call.request.QueryParameter("account");
  if (!name) return call.principal.account;
  SHEAF_TRY(call.rooms->gate->AllowAdmin(call.principal, action));
  SHEAF_ASSIGN(const catalog::Account account, FindAccount(*call.rooms->catalog, *name));
  return account.id;
}

//! A key for some studies deals with keys for no others.
bool Within(const access::Principal& principal, const std::vector<std::string>& studies) {
  if (principal.studies.empty()) return true;
  const auto among = [&](const std::string& study) {
    return std::find(principal.studies.begin(), principal.studies.end(), study) != principal.studies.end();
  };
  return !studies.empty() && std::all_of(studies.begin(), studies.end(), among);
}

Result<Wanted> ReadWanted(Call& call) {
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  Wanted wanted;
  SHEAF_ASSIGN(auto name, body.Text("name", kMaxWordBytes));
  if (!name || name->empty()) return Fail(ErrorCode::kBadMember, "\"name\" is missing.", body.Place("name"));
  if (!IsRecordId(*name)) return Fail(ErrorCode::kBadMember, "A name is one line.", body.Place("name"));
  wanted.name = *std::move(name);
  SHEAF_ASSIGN(auto scopes, body.Texts("scopes", kMaxScopes, kMaxWordBytes));
  if (!scopes || scopes->empty()) return Fail(ErrorCode::kBadMember, "\"scopes\" names at least one scope.", body.Place("scopes"));
  wanted.scopes = *std::move(scopes);
  if (body.Has("studies") && !body.IsNull("studies")) {
    SHEAF_ASSIGN(auto studies, body.Texts("studies", kMaxStudies, kMaxWordBytes));
    if (studies->empty()) return Fail(ErrorCode::kBadMember, "Leave it out, or send null, for all.", body.Place("studies"));
    wanted.studies = *std::move(studies);
  }
  body.Ignore("studies");
  SHEAF_ASSIGN(const auto expires, body.Text("expires", kMaxWordBytes));
  SHEAF_ASSIGN(const auto style, body.Text("style", kMaxWordBytes));
  const auto known_style = access::KeyStyleFrom(style.value_or("sheaf"));
  if (!known_style) return Fail(ErrorCode::kBadMember, "A style is sheaf or hyperstudy.", body.Place("style"));
  wanted.style = *known_style;
  SHEAF_TRY(body.Finish());
  const auto lifetime = access::ParseExpiry(expires.value_or(std::string(kSuggestedExpiry)));
  if (!lifetime) return Fail(ErrorCode::kBadMember, lifetime.error().detail, body.Place("expires"));
  if (*lifetime) wanted.expires_at = Now() + **lifetime * 1'000'000;
  // What was not asked for is not refused.
  const auto& last = call.principal.key_expires;
  if (!expires && last) wanted.expires_at = std::min(*wanted.expires_at, *last);
  return wanted;
}

//! A key makes no key that can do more, elsewhere, or for longer.
Status RequireNoMore(const access::Principal& principal, const Wanted& wanted) {
  for (const std::string& scope : wanted.scopes) {
    if (!access::IsScope(scope)) {
      return Fail(ErrorCode::kBadMember, "There is no scope \"" + scope + "\". Known: " + access::KnownScopes() + ".", "/scopes");
    }
    if (!access::Includes(principal.scopes, scope)) return Fail(ErrorCode::kForbidden, "The key itself lacks the scope " + scope + ".");
  }
  if (!Within(principal, wanted.studies)) return Fail(ErrorCode::kForbidden, "The key itself is for some studies only.");
  if (principal.key_expires && (!wanted.expires_at || *wanted.expires_at > *principal.key_expires)) {
    return Fail(ErrorCode::kForbidden, "The key itself expires before.");
  }
  return {};
}

Answer ListKeys(Call& call) {
  SHEAF_ASSIGN(const std::string account, KeyOwner(call, access::Action::kReadAccess));
  SHEAF_ASSIGN(const auto keys, call.rooms->catalog->Keys(account));
  JsonArray items;
  std::uint64_t shown = 0;
  for (const catalog::Key& key : keys) {
    if (!Within(call.principal, key.studies)) continue;
    items.Raw(KeyObject(key).Finish());
    ++shown;
  }
  return ListResponse("keys", items.Finish(), "", shown);
}

Answer PostKey(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(call.rooms->gate->Allow(call.principal, access::Action::kManageAccess));
  SHEAF_ASSIGN(const Wanted wanted, ReadWanted(call));
  SHEAF_TRY(RequireNoMore(call.principal, wanted));
  for (const std::string& study : wanted.studies) {
    // As everywhere, what may not be seen is not there.
    const access::Principal asking{call.principal.account, "", call.principal.admin, {"*"}, call.principal.studies, "", {}, 0};
    const auto seen = call.rooms->gate->AllowStudy(asking, access::Action::kViewStudy, study);
    if (!seen) return Fail(ErrorCode::kBadMember, "There is no study \"" + study + "\".", "/studies");
  }
  SHEAF_ASSIGN(const access::NewKey made, access::CreateKey(*call.rooms->catalog, call.principal.account, wanted.name, wanted.scopes,
                                                            wanted.expires_at, wanted.studies, wanted.style));
  call.audit.target = made.key.id;
  call.audit.options = KeyObject(made.key).Finish();
  JsonObject object = KeyObject(made.key);
  object.Text("key", made.secret);
  http::Response response = JsonResponse(object.Finish(), 201);
  response.headers.emplace_back("Location", call.Address("/api/v1/keys/" + made.key.id));
  return response;
}

Answer DeleteKey(Call& call) {
  SHEAF_ASSIGN(const std::string account, KeyOwner(call, access::Action::kManageAccess));
  const tl::unexpected<Error> missing = Fail(ErrorCode::kNotFound, "There is no such key.");
  const auto key = call.rooms->catalog->FindKey(call.Part("key"));
  if (!key && key.error().code != ErrorCode::kNotFound) return Fail(key.error());
  if (!key || key->account != account || !Within(call.principal, key->studies)) return missing;
  SHEAF_TRY(call.rooms->catalog->RevokeKey(key->id));
  return NoContent();
}

}  // namespace

void AddKeyRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/keys", ListKeys);
  AddRoute(router, rooms, "POST", "/api/v1/keys", PostKey, kMaxBody);
  AddRoute(router, rooms, "DELETE", "/api/v1/keys/{key}", DeleteKey);
}

}  // namespace sheaf::api::native
