#include "api/ddm/caller.h"

#include "access/secret.h"
#include "access/sessions.h"
#include "api/native/client_address.h"
#include "base/ids.h"

namespace sheaf::api::ddm {
namespace {

tl::unexpected<Error> NoEntry(const char* sentence) { return Fail(ErrorCode::kUnauthenticated, sentence); }

bool IsToken(std::string_view word) {
  constexpr std::string_view kScheme = "token";
  if (word.size() != kScheme.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if ((word[i] | 0x20) != kScheme[i]) return false;
  }
  return true;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

void Relate(Caller& caller, const Project* project) {
  caller.superuser = caller.principal.admin;
  caller.owner = project != nullptr && !caller.principal.account.empty() && project->study.owner == caller.principal.account;
}

}  // namespace

Result<Caller> ByToken(const native::Rooms& rooms, const http::Request& request, const Project* project) {
  Caller caller;
  const auto words = Words(request.Header("authorization"));
  if (words.empty() || !IsToken(words[0])) return caller;
  if (words.size() == 1) return NoEntry("Invalid token header. No credentials provided.");
  if (words.size() > 2) return NoEntry("Invalid token header. Token string should not contain spaces.");
  if (!IsUtf8(words[1])) return NoEntry("Invalid token header. Token string should not contain invalid characters.");
  SHEAF_ASSIGN(const std::string digest, access::Digest(words[1]));
  SHEAF_ASSIGN(const auto token, rooms.catalog->Donations().FindTokenByDigest(digest));
  if (!token) return NoEntry("Invalid token.");
  if (token->expires_at && Now() > *token->expires_at) return NoEntry("Token has expired. You can create a new one in the admin backend.");
  if (project == nullptr || token->study != project->study.id)
    return NoEntry("The provided token does not belong to the requested project.");
  // The token acts as the project's owner, in this project alone; an owner whose account is disabled has no tokens.
  SHEAF_ASSIGN(const catalog::Account account, rooms.catalog->FindAccount(project->study.owner));
  if (account.disabled_at) return NoEntry("Invalid token.");
  caller.way = Way::kToken;
  caller.principal.account = account.id;
  caller.principal.scopes = {"*"};
  caller.principal.studies = {project->study.id};
  Relate(caller, project);
  return caller;
}

Result<Caller> BySession(const native::Rooms& rooms, const http::Request& request, const Project* project, std::string_view form_token) {
  Caller caller;
  const std::string_view secret = CookieValue(request, kSessionCookieName);
  if (secret.empty()) return caller;
  const std::string cookie = std::string(access::kSessionCookie) + "=" + std::string(secret);
  const std::string_view header = request.Header("x-csrftoken");
  const access::Credentials credentials{{}, {}, cookie, header.empty() ? form_token : header, request.method};
  auto principal = rooms.gate->Authenticate(credentials);
  if (!principal && principal.error().code == ErrorCode::kCsrf) {
    return Fail(ErrorCode::kCsrf, header.empty() ? "CSRF Failed: CSRF token missing."
                                                 : "CSRF Failed: CSRF token from the 'X-Csrftoken' HTTP header incorrect.");
  }
  if (!principal && principal.error().code == ErrorCode::kUnauthenticated) return caller;
  if (!principal) return Fail(principal.error());
  caller.way = Way::kSession;
  caller.principal = *std::move(principal);
  Relate(caller, project);
  return caller;
}

std::string_view CookieValue(const http::Request& request, std::string_view name) {
  std::string_view cookie = request.Header("cookie");
  while (!cookie.empty()) {
    const std::size_t end = cookie.find(';');
    std::string_view pair = cookie.substr(0, end);
    cookie = end == std::string_view::npos ? std::string_view() : cookie.substr(end + 1);
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    if (pair.substr(0, name.size()) == name && pair.substr(name.size(), 1) == "=") return pair.substr(name.size() + 1);
  }
  return {};
}

std::string SessionCsrf(const http::Request& request) {
  const std::string_view secret = CookieValue(request, kSessionCookieName);
  if (secret.empty()) return {};
  return access::CsrfToken(secret).value_or("");
}

}  // namespace sheaf::api::ddm
