#include "privacy/generalise.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <utility>

#include "model/strict_json.h"

namespace sheaf::privacy {
namespace {

namespace json = boost::json;
using model::PointerTo;

constexpr std::size_t kMaxRules = 1000;
constexpr std::array<std::pair<std::string_view, CutTo>, 4> kCuts = {
    {{"year", CutTo::kYear}, {"month", CutTo::kMonth}, {"day", CutTo::kDay}, {"hour", CutTo::kHour}}};

tl::unexpected<Error> Bad(std::string detail, std::string place) {
  return Fail(ErrorCode::kBadMember, std::move(detail), std::move(place));
}

Status ReadMember(std::string_view name, const json::value& value, const std::string& place, Coarsening& rule) {
  if (name == "to") {
    const auto* word = value.if_string();
    for (const auto& [text, cut] : kCuts) {
      if (word != nullptr && std::string_view(*word) == text) rule.cut = cut;
    }
    if (!rule.cut) return Bad("It must be year, month, day or hour.", place);
    return {};
  }
  auto* number = name == "band" ? &rule.band : name == "top" ? &rule.top : name == "bottom" ? &rule.bottom : nullptr;
  if (number == nullptr) return Fail(ErrorCode::kUnknownMember, "A rule has band, top and bottom, or to.", place);
  if (!value.is_number() || !std::isfinite(value.to_number<double>())) return Bad("It must be a number.", place);
  *number = value.to_number<double>();
  if (name == "band" && **number <= 0) return Bad("A band is wider than 0.", place);
  return {};
}

Result<Coarsening> ReadRule(const json::value& value, const std::string& place) {
  const auto* object = value.if_object();
  if (object == nullptr) return Bad("It must be an object.", place);
  Coarsening rule;
  for (const auto& member : *object) {
    SHEAF_TRY(ReadMember(member.key(), member.value(), PointerTo(place, std::string(member.key())), rule));
  }
  const bool numeric = rule.band || rule.top || rule.bottom;
  if (numeric == rule.cut.has_value()) return Bad("A rule has band, top and bottom for numbers, or to for times.", place);
  if (rule.top && rule.bottom && *rule.top < *rule.bottom) return Bad("The top lies below the bottom.", place);
  return rule;
}

}  // namespace

Result<Generalisation> ParseGeneralisation(std::string_view text, std::string_view pointer) {
  const std::string place(pointer);
  json::value document;
  if (Status parsed = model::ParseStrictJson(text, {1u << 20, 8}, document); !parsed) {
    Error error = std::move(parsed).error();
    error.place = place;
    return Fail(std::move(error));
  }
  const auto* object = document.if_object();
  if (object == nullptr || object->size() > kMaxRules) return Bad("It must be an object of up to 1,000 rules.", place);
  Generalisation rules;
  for (const auto& member : *object) {
    SHEAF_ASSIGN(rules[std::string(member.key())], ReadRule(member.value(), PointerTo(place, std::string(member.key()))));
  }
  return rules;
}

std::string GeneralisationJson(const Generalisation& generalisation) {
  if (generalisation.empty()) return {};
  json::object object;
  for (const auto& [name, rule] : generalisation) {
    json::object members;
    if (rule.band) members["band"] = *rule.band;
    if (rule.bottom) members["bottom"] = *rule.bottom;
    if (rule.top) members["top"] = *rule.top;
    for (const auto& [word, cut] : kCuts) {
      if (rule.cut == cut) members["to"] = word;
    }
    object[name] = std::move(members);
  }
  return json::serialize(object);
}

double Coarse(double number, const Coarsening& rule) {
  if (!std::isfinite(number)) return number;
  if (rule.top && number >= *rule.top) return *rule.top;
  if (rule.bottom && number < *rule.bottom) return *rule.bottom;
  if (!rule.band) return number;
  const double lower = std::floor(number / *rule.band) * *rule.band;
  return rule.bottom ? std::max(lower, *rule.bottom) : lower;
}

std::int64_t Coarse(std::int64_t number, const Coarsening& rule) {
  const double coarse = Coarse(static_cast<double>(number), rule);
  // Without a band a number between the ends stays to the last digit.
  if (coarse == static_cast<double>(number)) return number;
  if (coarse >= 9223372036854775807.0 || coarse <= -9223372036854775808.0) return number;
  return static_cast<std::int64_t>(std::floor(coarse));
}

Micros CutOff(Micros instant, CutTo to) {
  using namespace std::chrono;
  const sys_time<microseconds> time{microseconds(instant)};
  if (to == CutTo::kHour) return duration_cast<microseconds>(floor<hours>(time).time_since_epoch()).count();
  const auto day = floor<days>(time);
  if (to == CutTo::kDay) return duration_cast<microseconds>(day.time_since_epoch()).count();
  const year_month_day date(day);
  const sys_days start = to == CutTo::kYear ? sys_days(date.year() / January / 1) : sys_days(date.year() / date.month() / 1);
  return duration_cast<microseconds>(start.time_since_epoch()).count();
}

std::string CoarseText(std::string_view text, const Coarsening& rule) {
  if (rule.cut) {
    const auto time = ParseIsoTime(text);
    return time ? FormatIsoUtc(CutOff(time->instant, *rule.cut)) : std::string(text);
  }
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::string(text);
  std::array<char, 32> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), Coarse(number, rule));
  return std::string(buffer.data(), written.ptr);
}

}  // namespace sheaf::privacy
