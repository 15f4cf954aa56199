#pragma once
//! Options of a protocol that are set by name: `--alida NAME=VALUE`. Each protocol lists its own; this reads the text.

#include <charconv>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::api {

//! One of two words.
template <class Options>
struct NamedSwitch {
  std::string_view name, off, on;
  bool Options::*member;
};
//! A whole number from `least` to kMostNamed.
template <class Options>
struct NamedNumber {
  std::string_view name;
  std::int64_t Options::*member;
  std::int64_t least;
};
inline constexpr std::int64_t kMostNamed = 1'000'000'000;

//! Sets one by "name=value". kUsage with what is wrong, in the words of the option `option` ("--alida").
template <class Options>
Status SetNamedOption(std::string_view option, std::span<const NamedSwitch<Options>> switches,
                      std::span<const NamedNumber<Options>> numbers, Options& options, std::string_view assignment) {
  const std::string said(option);
  const auto bad = [](std::string detail) { return Fail(ErrorCode::kUsage, std::move(detail)); };
  const std::size_t sign = assignment.find('=');
  if (sign == std::string_view::npos) return bad(said + " takes NAME=VALUE.");
  const std::string name(assignment.substr(0, sign));
  const std::string_view value = assignment.substr(sign + 1);
  std::string names;
  for (const auto& known : switches) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
    if (known.name != name) continue;
    if (value != known.off && value != known.on) {
      return bad(said + " " + name + " is " + std::string(known.off) + " or " + std::string(known.on) + ".");
    }
    options.*known.member = value == known.on;
    return {};
  }
  for (const auto& known : numbers) {
    names += (names.empty() ? "" : ", ") + std::string(known.name);
    if (known.name != name) continue;
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc{} || end != value.data() + value.size() || number < known.least || number > kMostNamed) {
      return bad(said + " " + name + " is a whole number from " + std::to_string(known.least) + " to " + std::to_string(kMostNamed) + ".");
    }
    options.*known.member = number;
    return {};
  }
  return bad(said + " knows no " + name + ". It knows " + names + ".");
}

}  // namespace sheaf::api
