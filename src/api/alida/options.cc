#include "api/alida/options.h"

#include <array>
#include <charconv>
#include <limits>
#include <string>

namespace sheaf::api::alida {
namespace {

struct Switch {
  std::string_view name, off, on;
  bool Options::*member;
};
constexpr std::array kSwitches = std::to_array<Switch>({
    {"single_choice_type", "enum", "set", &Options::single_choice_as_set},
    {"file_delivery", "redirect", "inline", &Options::inline_files},
    {"option_visibility", "hidden", "always", &Options::all_visibility},
    {"api_key", "optional", "required", &Options::require_api_key},
    {"password_grant", "off", "on", &Options::password_grant},
    {"api_key_access", "off", "on", &Options::api_key_only},
});

struct Number {
  std::string_view name;
  std::int64_t Options::*member;
  std::int64_t least;
};
constexpr std::array kNumbers = std::to_array<Number>({
    {"token_lifetime_s", &Options::token_lifetime_s, 1},
    {"requests_per_minute", &Options::requests_per_minute, 0},
    {"request_burst", &Options::request_burst, 1},
    {"batches_per_hour", &Options::batches_per_hour, 0},
    {"unfinished_batches", &Options::unfinished_batches, 1},
    {"field_ids", &Options::field_ids, 1},
    {"run_time_s", &Options::run_time_s, 1},
    {"status_lifetime_s", &Options::status_lifetime_s, 1},
    {"file_lifetime_s", &Options::file_lifetime_s, 1},
    {"link_lifetime_s", &Options::link_lifetime_s, 1},
});
constexpr std::int64_t kMost = 1'000'000'000;

tl::unexpected<Error> Bad(std::string detail) { return Fail(ErrorCode::kUsage, std::move(detail)); }

std::string KnownNames() {
  std::string names;
  for (const Switch& known : kSwitches) names += (names.empty() ? "" : ", ") + std::string(known.name);
  for (const Number& known : kNumbers) names += ", " + std::string(known.name);
  return names;
}

}  // namespace

Status SetOption(Options& options, std::string_view assignment) {
  const std::size_t sign = assignment.find('=');
  if (sign == std::string_view::npos) return Bad("--alida takes NAME=VALUE.");
  const std::string_view name = assignment.substr(0, sign), value = assignment.substr(sign + 1);
  for (const Switch& known : kSwitches) {
    if (known.name != name) continue;
    if (value != known.off && value != known.on) {
      return Bad("--alida " + std::string(name) + " is " + std::string(known.off) + " or " + std::string(known.on) + ".");
    }
    options.*known.member = value == known.on;
    return {};
  }
  for (const Number& known : kNumbers) {
    if (known.name != name) continue;
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (problem != std::errc{} || end != value.data() + value.size() || number < known.least || number > kMost) {
      return Bad("--alida " + std::string(name) + " is a whole number from " + std::to_string(known.least) + " to " +
                 std::to_string(kMost) + ".");
    }
    options.*known.member = number;
    return {};
  }
  return Bad("--alida knows no " + std::string(name) + ". It knows " + KnownNames() + ".");
}

}  // namespace sheaf::api::alida
