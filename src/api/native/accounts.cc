// Accounts, for administrators.

#include "api/native/accounts.h"

#include "access/door.h"
#include "api/json_text.h"
#include "api/native/call.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxBody = 256u << 10;
constexpr std::size_t kMaxWordBytes = 1000;
constexpr std::size_t kMaxPasswordBytes = 65536;

Result<std::string> Json(const Call& call, const catalog::Account& account) {
  SHEAF_ASSIGN(const bool second_factor, call.rooms->door->HasSecondFactor(account.id));
  return AccountJson(account, second_factor);
}

//! As a member of the body and not as a parameter.
Error InBody(Error error, const JsonBody& body) {
  if (error.code != ErrorCode::kBadParameter) return error;
  error.code = ErrorCode::kBadMember;
  error.place = body.Place(error.place);
  return error;
}

Answer ListAccounts(Call& call) {
  SHEAF_TRY(call.rooms->gate->AllowAdmin(call.principal, access::Action::kReadAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto accounts, call.rooms->catalog->Accounts());
  JsonArray items;
  for (const catalog::Account& account : accounts) {
    SHEAF_ASSIGN(const std::string json, Json(call, account));
    items.Raw(json);
  }
  return ListResponse("accounts", items.Finish(), "", accounts.size());
}

Answer PostAccount(Call& call) {
  SHEAF_TRY(call.rooms->gate->AllowAdmin(call.principal, access::Action::kManageAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  SHEAF_ASSIGN(const auto email, body.Text("email", kMaxWordBytes));
  SHEAF_ASSIGN(const auto name, body.Text("name", kMaxWordBytes));
  SHEAF_ASSIGN(const auto admin, body.Flag("admin"));
  SHEAF_ASSIGN(const auto password, body.Text("password", kMaxPasswordBytes));
  SHEAF_TRY(body.Finish());
  if (!email) return Fail(ErrorCode::kBadMember, "\"email\" is missing.", body.Place("email"));
  if (!name || name->empty()) return Fail(ErrorCode::kBadMember, "\"name\" is missing.", body.Place("name"));
  if (!password) return Fail(ErrorCode::kBadMember, "\"password\" is missing.", body.Place("password"));
  const auto hash = access::HashPassword(*password);
  if (!hash) return Fail(InBody(hash.error(), body));
  const auto account = call.rooms->catalog->AddAccount(*email, *name, admin.value_or(false), *hash);
  if (!account) return Fail(InBody(account.error(), body));
  call.audit.target = account->id;
  SHEAF_ASSIGN(std::string json, Json(call, *account));
  http::Response response = JsonResponse(std::move(json), 201);
  response.headers.emplace_back("Location", call.Address("/api/v1/accounts/" + account->id));
  return response;
}

Answer GetAccount(Call& call) {
  SHEAF_TRY(call.rooms->gate->AllowAdmin(call.principal, access::Action::kReadAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::Account account, FindAccount(*call.rooms->catalog, call.Part("account")));
  SHEAF_ASSIGN(std::string json, Json(call, account));
  return JsonResponse(std::move(json));
}

Answer PatchAccount(Call& call) {
  SHEAF_TRY(call.rooms->gate->AllowAdmin(call.principal, access::Action::kManageAccess));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::Account account, FindAccount(*call.rooms->catalog, call.Part("account")));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  catalog::AccountChange change;
  SHEAF_ASSIGN(change.name, body.Text("name", kMaxWordBytes));
  SHEAF_ASSIGN(change.admin, body.Flag("admin"));
  SHEAF_ASSIGN(change.disabled, body.Flag("disabled"));
  SHEAF_ASSIGN(const auto second_factor, body.Flag("second_factor"));
  SHEAF_TRY(body.Finish());
  if (change.name && change.name->empty()) return Fail(ErrorCode::kBadMember, "A name cannot be empty.", body.Place("name"));
  if (second_factor.value_or(false)) {
    return Fail(ErrorCode::kBadMember, "Only the account itself can set up a second factor; false takes it away.",
                body.Place("second_factor"));
  }
  const auto changed = call.rooms->catalog->ChangeAccount(account.id, change);
  if (!changed) return Fail(InBody(changed.error(), body));
  if (second_factor) {
    const Status removed = call.rooms->catalog->RemoveSecondFactor(account.id);
    if (!removed && removed.error().code != ErrorCode::kNotFound) return Fail(removed.error());
  }
  call.audit.target = account.id;
  if (changed->disabled_at) SHEAF_TRY(call.rooms->catalog->RemoveSessions(account.id, ""));
  SHEAF_ASSIGN(std::string json, Json(call, *changed));
  return JsonResponse(std::move(json));
}

}  // namespace

Result<catalog::Account> FindAccount(catalog::Catalog& catalog, std::string_view name) {
  return name.find('@') == std::string_view::npos ? catalog.FindAccount(name) : catalog.FindAccountByEmail(name);
}

std::string AccountNameJson(catalog::Catalog& catalog, std::string_view id) {
  JsonObject object;
  object.Text("id", id);
  if (const auto account = catalog.FindAccount(id)) object.Text("email", account->email).Text("name", account->name);
  return object.Finish();
}

std::string AccountJson(const catalog::Account& account, bool second_factor) {
  JsonObject object;
  object.Text("id", account.id).Text("email", account.email).Text("name", account.name);
  object.Flag("admin", account.admin).Flag("disabled", account.disabled_at.has_value()).Flag("second_factor", second_factor);
  object.Time("created_at", account.created_at);
  return object.Finish();
}

void AddAccountRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/accounts", ListAccounts);
  AddRoute(router, rooms, "POST", "/api/v1/accounts", PostAccount, kMaxBody);
  AddRoute(router, rooms, "GET", "/api/v1/accounts/{account}", GetAccount);
  AddRoute(router, rooms, "PATCH", "/api/v1/accounts/{account}", PatchAccount, kMaxBody);
}

}  // namespace sheaf::api::native
