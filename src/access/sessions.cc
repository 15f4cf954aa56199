#include "access/sessions.h"

#include <sodium.h>

#include <array>

namespace sheaf::access {
namespace {

constexpr std::string_view kCsrfPurpose = "sheaf csrf token";
constexpr std::size_t kTokenBytes = 32;

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::string_view SessionSecret(std::string_view cookie) {
  std::string_view found;
  while (!cookie.empty()) {
    const std::size_t end = cookie.find(';');
    const std::string_view pair = Trim(cookie.substr(0, end));
    cookie = end == std::string_view::npos ? std::string_view() : cookie.substr(end + 1);
    if (pair.substr(0, kSessionCookie.size()) != kSessionCookie || pair.substr(kSessionCookie.size(), 1) != "=") continue;
    const std::string_view value = pair.substr(kSessionCookie.size() + 1);
    if (!found.empty() && value != found) return {};
    found = value;
  }
  return found;
}

Result<std::string> CsrfToken(std::string_view secret) {
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "The cryptographic library does not start.");
  if (secret.empty() || secret.size() > crypto_generichash_KEYBYTES_MAX) return Fail(ErrorCode::kInternal, "This is no session's secret.");
  std::array<unsigned char, kTokenBytes> token{};
  crypto_generichash(token.data(), token.size(), reinterpret_cast<const unsigned char*>(kCsrfPurpose.data()), kCsrfPurpose.size(),
                     reinterpret_cast<const unsigned char*>(secret.data()), secret.size());
  std::string hex(2 * kTokenBytes + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), token.data(), token.size());
  hex.pop_back();
  return hex;
}

bool SameToken(std::string_view expected, std::string_view given) {
  return !expected.empty() && expected.size() == given.size() && sodium_memcmp(expected.data(), given.data(), expected.size()) == 0;
}

}  // namespace sheaf::access
