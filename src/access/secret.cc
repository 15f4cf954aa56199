#include "access/secret.h"

#include <sodium.h>

#include <array>

#include "base/ids.h"

namespace sheaf::access {
namespace {
constexpr std::string_view kPrefix = "sheaf_";
constexpr std::size_t kSecretSize = 43;
constexpr std::size_t kDigestSize = 32;
}  // namespace

Result<std::string> NewSecret() {
  const std::string token = RandomToken(kSecretSize);
  if (token.size() != kSecretSize) return Fail(ErrorCode::kInternal, "The system gives no random numbers.");
  return std::string(kPrefix) + token;
}

Result<std::string> Digest(std::string_view secret) {
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "The cryptographic library does not start.");
  std::array<unsigned char, kDigestSize> digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), nullptr, 0);
  std::string hex(2 * kDigestSize + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  hex.pop_back();
  return hex;
}

}  // namespace sheaf::access
