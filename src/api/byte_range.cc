#include "api/byte_range.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sheaf::api {
namespace {

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::uint64_t> Digits(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool HasUnit(std::string_view range) {
  constexpr std::string_view kUnit = "bytes=";
  if (range.size() < kUnit.size()) return false;
  return std::equal(kUnit.begin(), kUnit.end(), range.begin(),
                    [](char want, char got) { return want == got || (got >= 'A' && got <= 'Z' && want == got - 'A' + 'a'); });
}

ByteRange LastBytes(std::uint64_t count, std::uint64_t size) {
  if (count == 0 || size == 0) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
  const std::uint64_t length = std::min(count, size);
  return {ByteRange::Kind::kPart, size - length, length};
}

}  // namespace

ByteRange ResolveRange(std::string_view range, std::uint64_t size) {
  const ByteRange whole{ByteRange::Kind::kWhole, 0, size};
  range = Trimmed(range);
  if (!HasUnit(range)) return whole;
  const std::string_view spec = Trimmed(range.substr(6));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return whole;
  const std::string_view first_text = Trimmed(spec.substr(0, dash));
  const std::string_view last_text = Trimmed(spec.substr(dash + 1));
  const auto first = Digits(first_text);
  const auto last = Digits(last_text);
  if (first_text.empty()) return last ? LastBytes(*last, size) : whole;
  if (!first || (!last_text.empty() && !last) || (last && *last < *first)) return whole;
  if (*first >= size) return {ByteRange::Kind::kUnsatisfiable, 0, 0};
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {ByteRange::Kind::kPart, *first, end - *first + 1};
}

bool ListsEtag(std::string_view list, std::string_view etag, bool weak) {
  list = Trimmed(list);
  if (list == "*") return true;
  while (!list.empty()) {
    const bool is_weak = list.substr(0, 2) == "W/";
    if (is_weak) list.remove_prefix(2);
    const std::size_t close = list.empty() || list.front() != '"' ? std::string_view::npos : list.find('"', 1);
    if (close == std::string_view::npos) return false;
    if (list.substr(0, close + 1) == etag && (weak || !is_weak)) return true;
    list = Trimmed(list.substr(close + 1));
    if (!list.empty() && list.front() == ',') list = Trimmed(list.substr(1));
    else if (!list.empty()) return false;
  }
  return false;
}

bool RangeStillValid(std::string_view if_range, std::string_view etag) {
  if_range = Trimmed(if_range);
  return if_range.empty() || if_range == etag;
}

}  // namespace sheaf::api
