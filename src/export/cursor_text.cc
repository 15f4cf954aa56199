// "c" + seq in hexadecimal + two check characters: short, safe in an address, and a mistyped one is noticed.

#include <charconv>
#include <limits>

#include "export/options.h"

namespace sheaf::exporting {
namespace {

constexpr char kHex[] = "0123456789abcdef";

std::string CheckOf(std::int64_t seq) {
  const std::uint64_t mixed = (static_cast<std::uint64_t>(seq) + 1) * 0x9E3779B97F4A7C15u;
  return {kHex[mixed >> 60], kHex[mixed >> 56 & 15]};
}

}  // namespace

std::string CursorText(std::int64_t seq) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof(digits), static_cast<std::uint64_t>(seq), 16).ptr;
  return "c" + std::string(digits, end) + CheckOf(seq);
}

std::optional<std::int64_t> ParseCursor(std::string_view text) {
  if (text.size() < 4 || text.size() > 19 || text.front() != 'c') return std::nullopt;
  const std::string_view digits = text.substr(1, text.size() - 3);
  std::uint64_t seq = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seq, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (seq > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  // One text for one seq: no leading zeros, no capitals.
  const auto found = static_cast<std::int64_t>(seq);
  return CursorText(found) == text ? std::optional(found) : std::nullopt;
}

}  // namespace sheaf::exporting
