#include "access/secret.h"

#include <sodium.h>

#include <array>

#include "base/ids.h"

namespace sheaf::access {
namespace {
struct Shape {
  std::string_view prefix;
  std::size_t characters;
};
constexpr Shape kSheafShape{"sheaf_", 43};
constexpr Shape kHyperStudyShape{"hst_live_", 64};
constexpr std::size_t kDigestSize = 32;
}  // namespace

Result<std::string> NewSecret(KeyStyle style) {
  const Shape& shape = style == KeyStyle::kHyperStudy ? kHyperStudyShape : kSheafShape;
  const std::string token = RandomToken(shape.characters);
  if (token.size() != shape.characters) return Fail(ErrorCode::kInternal, "The system gives no random numbers.");
  return std::string(shape.prefix) + token;
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
