// Signing in and out, and one's own account.

#include "access/door.h"
#include "access/sessions.h"
#include "api/json_text.h"
#include "api/native/accounts.h"
#include "api/native/call.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxBody = 256u << 10;
constexpr std::size_t kMaxEmailBytes = 254;
constexpr std::size_t kMaxPasswordBytes = 65536;
constexpr std::size_t kMaxCodeBytes = 100;

//! "https://data.example.org:8443/x" → "data.example.org:8443"
std::string_view Authority(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return url.substr(0, url.find('/'));
}

//! Another site must not sign its visitor in, as somebody else.
Status RefuseOtherSites(const Call& call) {
  const tl::unexpected<Error> refused = Fail(ErrorCode::kCsrf, "The request comes from another site.");
  if (call.request.Header("sec-fetch-site") == "cross-site") return refused;
  const std::string_view origin = call.request.Header("origin");
  if (origin.empty()) return {};
  const std::string_view from = Authority(origin);
  const bool same = !from.empty() && (from == call.request.Header("host") || from == Authority(call.rooms->public_url));
  if (same) return {};
  return refused;
}

std::string Cookie(const Rooms& rooms, std::string_view value, std::int64_t seconds) {
  std::string cookie = std::string(access::kSessionCookie) + "=" + std::string(value) + "; HttpOnly; SameSite=Lax; Path=/";
  if (rooms.public_url.rfind("https://", 0) == 0) cookie += "; Secure";
  return cookie + "; Max-Age=" + std::to_string(seconds);
}

std::string SessionJson(const catalog::Account& account, bool second_factor, std::string_view csrf_token, Micros expires_at) {
  JsonObject object;
  object.Raw("account", AccountJson(account, second_factor)).Text("csrf_token", csrf_token).Time("expires_at", expires_at);
  return object.Finish();
}

Answer SignIn(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(RefuseOtherSites(call));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  SHEAF_ASSIGN(auto email, body.Text("email", kMaxEmailBytes));
  SHEAF_ASSIGN(auto password, body.Text("password", kMaxPasswordBytes));
  SHEAF_ASSIGN(auto code, body.Text("code", kMaxCodeBytes));
  SHEAF_TRY(body.Finish());
  if (!email) return Fail(ErrorCode::kBadMember, "\"email\" is missing.", body.Place("email"));
  if (!password) return Fail(ErrorCode::kBadMember, "\"password\" is missing.", body.Place("password"));
  access::SignInRequest request{*std::move(email), *std::move(password), std::move(code).value_or(""), call.Client()};
  call.audit.options = JsonObject().Text("email", request.email).Finish();
  SHEAF_ASSIGN(const access::SignedIn signed_in, call.rooms->door->SignIn(request));
  call.audit.actor = signed_in.account.id;
  http::Response response =
      JsonResponse(SessionJson(signed_in.account, signed_in.second_factor, signed_in.csrf_token, signed_in.session.expires_at));
  response.headers.emplace_back("Set-Cookie", Cookie(*call.rooms, signed_in.secret, access::kSessionLongest / 1'000'000));
  return response;
}

//! What a key cannot do, so that who finds one cannot take the account over.
Status RequireSession(const Call& call) {
  if (!call.principal.session.empty()) return {};
  return Fail(ErrorCode::kUnauthenticated, "This is for somebody who signed in; a key does not do.");
}

Answer GetSession(Call& call) {
  SHEAF_TRY(RequireSession(call));
  SHEAF_TRY(call.OnlyParameters({}));
  const std::string_view secret = access::SessionSecret(call.request.Header("cookie"));
  SHEAF_ASSIGN(const std::string token, access::CsrfToken(secret));
  SHEAF_ASSIGN(const catalog::Account account, call.rooms->catalog->FindAccount(call.principal.account));
  SHEAF_ASSIGN(const bool second_factor, call.rooms->door->HasSecondFactor(account.id));
  return JsonResponse(SessionJson(account, second_factor, token, call.principal.session_expires));
}

Answer SignOut(Call& call) {
  SHEAF_TRY(RequireSession(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(call.rooms->door->SignOut(call.principal));
  http::Response response = NoContent();
  response.headers.emplace_back("Set-Cookie", Cookie(*call.rooms, "", 0));
  return response;
}

Answer GetOwnAccount(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::Account account, call.rooms->catalog->FindAccount(call.principal.account));
  SHEAF_ASSIGN(const bool second_factor, call.rooms->door->HasSecondFactor(account.id));
  return JsonResponse(AccountJson(account, second_factor));
}

Answer PutPassword(Call& call) {
  SHEAF_TRY(RequireSession(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  SHEAF_ASSIGN(const auto current, body.Text("current", kMaxPasswordBytes));
  SHEAF_ASSIGN(const auto next, body.Text("new", kMaxPasswordBytes));
  SHEAF_TRY(body.Finish());
  if (!current) return Fail(ErrorCode::kBadMember, "\"current\" is missing.", body.Place("current"));
  if (!next) return Fail(ErrorCode::kBadMember, "\"new\" is missing.", body.Place("new"));
  SHEAF_TRY(call.rooms->door->ChangePassword(call.principal, *current, *next, call.Client()));
  return NoContent();
}

Answer PostSecondFactor(Call& call) {
  SHEAF_TRY(RequireSession(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const access::NewFactor factor, call.rooms->door->BeginSecondFactor(call.principal));
  JsonObject object;
  object.Text("secret", factor.secret).Text("uri", factor.uri);
  return JsonResponse(object.Finish(), 201);
}

Answer PutSecondFactor(Call& call) {
  SHEAF_TRY(RequireSession(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  SHEAF_ASSIGN(const auto code, body.Text("code", kMaxCodeBytes));
  SHEAF_TRY(body.Finish());
  if (!code) return Fail(ErrorCode::kBadMember, "\"code\" is missing.", body.Place("code"));
  SHEAF_ASSIGN(const auto codes, call.rooms->door->ConfirmSecondFactor(call.principal, *code, call.Client()));
  JsonArray array;
  for (const std::string& one : codes) array.Text(one);
  JsonObject object;
  object.Raw("recovery_codes", array.Finish());
  return JsonResponse(object.Finish());
}

Answer DeleteSecondFactor(Call& call) {
  SHEAF_TRY(RequireSession(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxBody));
  SHEAF_ASSIGN(const auto password, body.Text("password", kMaxPasswordBytes));
  SHEAF_ASSIGN(const auto code, body.Text("code", kMaxCodeBytes));
  SHEAF_TRY(body.Finish());
  if (!password) return Fail(ErrorCode::kBadMember, "\"password\" is missing.", body.Place("password"));
  SHEAF_TRY(call.rooms->door->RemoveSecondFactor(call.principal, *password, code.value_or(""), call.Client()));
  return NoContent();
}

}  // namespace

void AddSignInRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddOpenRoute(router, rooms, "POST", "/api/v1/session", SignIn, kMaxBody);
  AddRoute(router, rooms, "GET", "/api/v1/session", GetSession);
  AddRoute(router, rooms, "DELETE", "/api/v1/session", SignOut);
  AddRoute(router, rooms, "GET", "/api/v1/account", GetOwnAccount);
  AddRoute(router, rooms, "PUT", "/api/v1/account/password", PutPassword, kMaxBody);
  AddRoute(router, rooms, "POST", "/api/v1/account/second-factor", PostSecondFactor);
  AddRoute(router, rooms, "PUT", "/api/v1/account/second-factor", PutSecondFactor, kMaxBody);
  AddRoute(router, rooms, "DELETE", "/api/v1/account/second-factor", DeleteSecondFactor, kMaxBody);
}

}  // namespace sheaf::api::native
