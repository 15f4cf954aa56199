// Making keys.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "access/access.h"
#include "access/scopes.h"
#include "access/secret.h"

namespace sheaf::access {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kYear = 365 * kDay;
constexpr std::int64_t kLongest = 100 * kYear;

std::int64_t SecondsOf(char unit) {
  switch (unit) {
    case 's': return 1;
    case 'h': return kHour;
    case 'd': return kDay;
    case 'w': return 7 * kDay;
    case 'y': return kYear;
    default: return 0;
  }
}

tl::unexpected<Error> NoExpiry() {
  return Fail(ErrorCode::kBadParameter, "An expiry is a number and s, h, d, w or y (90d, 12h, 1y; at most 100y), or never.", "expires");
}

}  // namespace

std::optional<KeyStyle> KeyStyleFrom(std::string_view name) {
  if (name == "sheaf") return KeyStyle::kSheaf;
  if (name == "hyperstudy") return KeyStyle::kHyperStudy;
  return std::nullopt;
}

Result<NewKey> CreateKey(catalog::Catalog& catalog, std::string_view account, std::string_view name, std::vector<std::string> scopes,
                         std::optional<Micros> expires_at, std::vector<std::string> studies, KeyStyle style) {
  if (scopes.empty()) scopes.emplace_back("*");
  for (const std::string& scope : scopes) {
    if (!IsScope(scope)) { return Fail(ErrorCode::kBadParameter, "There is no such scope. Known: " + KnownScopes() + ".", "scope"); }
  }
  std::sort(scopes.begin(), scopes.end());
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  std::sort(studies.begin(), studies.end());
  studies.erase(std::unique(studies.begin(), studies.end()), studies.end());
  SHEAF_ASSIGN(std::string secret, NewSecret(style));
  SHEAF_ASSIGN(const std::string digest, Digest(secret));
  SHEAF_ASSIGN(catalog::Key key, catalog.AddKey(account, name, scopes, expires_at, digest, studies));
  return NewKey{std::move(key), std::move(secret)};
}

Result<std::optional<std::int64_t>> ParseExpiry(std::string_view text) {
  if (text == "never") return std::optional<std::int64_t>();
  if (text.size() < 2) return NoExpiry();
  std::int64_t count = 0;
  const char* const end = text.data() + text.size() - 1;
  const auto [stop, problem] = std::from_chars(text.data(), end, count);
  const std::int64_t unit = SecondsOf(text.back());
  if (problem != std::errc() || stop != end || unit == 0 || count <= 0 || count > kLongest / unit) return NoExpiry();
  return std::optional<std::int64_t>(count * unit);
}

}  // namespace sheaf::access
