// POST /oauth2/token: a key of Sheaf's is the client (its id the client_id, its secret the client_secret).

#include <sodium.h>

#include <algorithm>
#include <vector>

#include "api/alida/errors.h"
#include "api/alida/route.h"
#include "api/content_headers.h"
#include "base/ids.h"

namespace sheaf::api::alida {
namespace {

constexpr std::uint64_t kMostFormBytes = 64u << 10;
constexpr Micros kSecond = 1'000'000;

struct Client {
  std::string id, secret;
};

//! A refusal in OAuth's words besides the protocol's own.
struct OAuthError {
  std::string_view word;
  ErrorCode code;
  std::string detail;
  int retry_after_s = 0;
};
using Granted = tl::expected<http::Response, OAuthError>;

OAuthError Invalid(std::string detail) { return {"invalid_request", ErrorCode::kBadRequest, std::move(detail)}; }
OAuthError BadClient() { return {"invalid_client", ErrorCode::kUnauthenticated, "The client is not known, or its secret is another."}; }
OAuthError BadGrant(std::string detail) { return {"invalid_grant", ErrorCode::kBadRequest, std::move(detail)}; }
OAuthError Inside(const Error& error) {
  const int status = Describe(error.code).http_status;
  return {status == 429 || status == 503 ? "temporarily_unavailable" : "server_error", error.code, error.detail, error.retry_after_s};
}

using Form = std::vector<std::pair<std::string, std::string>>;

tl::expected<Form, OAuthError> ReadForm(native::Call& call) {
  const auto type = MediaType(call.request.Header("content-type"));
  if (!type || *type != "application/x-www-form-urlencoded")
    return tl::unexpected(Invalid("The body is application/x-www-form-urlencoded."));
  const auto text = call.request.body->ReadAll(kMostFormBytes);
  if (!text) return tl::unexpected(OAuthError{"invalid_request", text.error().code, text.error().detail});
  Form form;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t sign = pair.find('=');
    auto name = http::PercentDecode(pair.substr(0, sign), true);
    auto value = http::PercentDecode(sign == std::string_view::npos ? std::string_view() : pair.substr(sign + 1), true);
    if (!name || !value) return tl::unexpected(Invalid("The body has a broken escape."));
    const bool twice = std::any_of(form.begin(), form.end(), [&](const auto& other) { return other.first == *name; });
    if (twice) return tl::unexpected(Invalid("The body names \"" + (IsUtf8(*name) ? *name : "?") + "\" twice."));
    form.emplace_back(*std::move(name), *std::move(value));
  }
  return form;
}

std::string_view Item(const Form& form, std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) return value;
  }
  return {};
}

//! `Basic` of RFC 7617, its parts encoded as in a form (RFC 6749, 2.3.1). nullopt when it cannot be read.
std::optional<Client> BasicClient(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() < kScheme.size()) return std::nullopt;
  for (std::size_t place = 0; place + 1 < kScheme.size(); ++place) {
    if ((authorization[place] | 0x20) != kScheme[place]) return std::nullopt;
  }
  std::string_view coded = authorization.substr(kScheme.size());
  while (coded.starts_with(' ')) coded.remove_prefix(1);
  std::string plain(coded.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(plain.data()), plain.size(), coded.data(), coded.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
    return std::nullopt;
  plain.resize(size);
  const std::size_t colon = plain.find(':');
  if (colon == std::string::npos) return std::nullopt;
  auto id = http::PercentDecode(std::string_view(plain).substr(0, colon), true);
  auto secret = http::PercentDecode(std::string_view(plain).substr(colon + 1), true);
  if (!id || !secret) return std::nullopt;
  return Client{*std::move(id), *std::move(secret)};
}

tl::expected<Client, OAuthError> ReadClient(const native::Call& call, const Form& form) {
  const std::string_view authorization = call.request.Header("authorization");
  const Client in_form{std::string(Item(form, "client_id")), std::string(Item(form, "client_secret"))};
  if (authorization.empty()) {
    if (in_form.id.empty() || in_form.secret.empty()) return tl::unexpected(BadClient());
    return in_form;
  }
  const auto basic = BasicClient(authorization);
  if (!basic) return tl::unexpected(BadClient());
  const bool other = (!in_form.id.empty() && in_form.id != basic->id) || !in_form.secret.empty();
  if (other) return tl::unexpected(Invalid("The client comes twice: as Basic and in the body."));
  return *basic;
}

tl::expected<access::Principal, OAuthError> Authenticate(native::Call& call, const Client& client) {
  const native::Rooms& rooms = *call.rooms;
  const auto principal = rooms.gate->Authenticate(std::string_view(), client.secret);
  const bool own = principal && principal->key.size() == client.id.size() &&
                   sodium_memcmp(principal->key.data(), client.id.data(), client.id.size()) == 0;
  if (own) {
    if (const Status allowed = rooms.limits->OfKey(principal->key); !allowed) return tl::unexpected(Inside(allowed.error()));
    return *principal;
  }
  if (!principal && principal.error().code != ErrorCode::kUnauthenticated) return tl::unexpected(Inside(principal.error()));
  const Error stranger{ErrorCode::kUnauthenticated, "", "", 0};
  native::AuditStranger(rooms, call.request, stranger);
  if (const Status allowed = rooms.limits->OfFailures(call.Client()); !allowed) return tl::unexpected(Inside(allowed.error()));
  return tl::unexpected(BadClient());
}

//! The password of the account that the key is of; its session ends at once.
tl::expected<void, OAuthError> CheckPassword(native::Call& call, const Form& form, const access::Principal& principal) {
  const std::string email(Item(form, "username")), password(Item(form, "password"));
  if (email.empty() || password.empty()) return tl::unexpected(Invalid("The body has no username or no password."));
  const auto in = call.rooms->door->SignIn({email, password, "", call.Client()});
  if (!in && in.error().code == ErrorCode::kTooManyRequests) return tl::unexpected(Inside(in.error()));
  if (!in) return tl::unexpected(BadGrant("User name or password is wrong, or the account has a second factor."));
  access::Principal session;
  session.account = in->account.id;
  session.session = in->session.id;
  if (const Status out = call.rooms->door->SignOut(session); !out) return tl::unexpected(Inside(out.error()));
  if (in->account.id != principal.account) return tl::unexpected(BadGrant("The client is another account's."));
  return {};
}

//! The application that `x-api-key` names, if it does: the token is for that one alone.
std::string ApplicationOf(const native::Call& call, const access::Principal& principal) {
  const std::string_view name = call.request.Header("x-api-key");
  return IsSlug(name) && call.rooms->gate->AllowStudy(principal, access::Action::kExport, name) ? std::string(name) : std::string();
}

Granted Grant(native::Call& call, const Service& service) {
  const Options& options = service.options;
  const auto form = ReadForm(call);
  if (!form) return tl::unexpected(form.error());
  const std::string_view grant = Item(*form, "grant_type");
  if (grant.empty()) return tl::unexpected(Invalid("The body has no grant_type."));
  const bool password = grant == "password" && options.password_grant;
  if (grant != "client_credentials" && !password) {
    return tl::unexpected(OAuthError{"unsupported_grant_type", ErrorCode::kBadRequest, "The grant is client_credentials."});
  }
  if (options.require_api_key && call.request.Header("x-api-key").empty()) return tl::unexpected(Invalid("The request has no x-api-key."));
  const auto client = ReadClient(call, *form);
  if (!client) return tl::unexpected(client.error());
  const auto principal = Authenticate(call, *client);
  if (!principal) return tl::unexpected(principal.error());
  if (password) {
    if (const auto checked = CheckPassword(call, *form, *principal); !checked) return tl::unexpected(checked.error());
  }
  const Micros now = Now();
  Micros expires_at = now + options.token_lifetime_s * kSecond;
  if (principal->key_expires) expires_at = std::min(expires_at, *principal->key_expires);
  const auto token =
      call.rooms->tokens->Issue(kBearerPurpose, {principal->key, principal->account, ApplicationOf(call, *principal), expires_at});
  if (!token) return tl::unexpected(Inside(token.error()));
  call.audit.actor = principal->account;
  call.audit.target = principal->key;
  JsonObject object;
  object.Text("access_token", *token).Text("token_type", "Bearer").Integer("expires_in", (expires_at - now) / kSecond);
  http::Response response = Json(object.Finish());
  response.headers.emplace_back("Pragma", "no-cache");
  return response;
}

Answer PostToken(native::Call& call, Service& service) {
  Granted granted = Grant(call, service);
  if (granted) return *std::move(granted);
  const OAuthError& error = granted.error();
  call.audit.written = true;  // a refusal is none to be recorded as done; wrong clients were noted
  const Refusal refusal = RefusalOf(Error{error.code, error.detail, "", error.retry_after_s}, call.request.id);
  JsonObject object;
  object.Text("error", error.word).Text("error_description", refusal.message);
  AddRefusal(object, refusal);
  http::Response response = RefusalResponse(refusal, object.Finish());
  for (auto& [name, value] : response.headers) {
    if (name == "WWW-Authenticate") value = "Basic realm=\"sheaf\"";
  }
  return response;
}

}  // namespace

void AddTokenRoutes(http::Router& router, const std::shared_ptr<Service>& service) {
  AddRoute(router, service, {"POST", "/oauth2/token", "token.create", PostToken, Caller::kAnyone, kMostFormBytes});
}

}  // namespace sheaf::api::alida
