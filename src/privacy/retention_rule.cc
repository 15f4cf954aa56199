// Rules of retention as JSON, and the dates that follow from them.

#include <algorithm>
#include <boost/json.hpp>

#include "model/strict_json.h"
#include "privacy/retention.h"

namespace sheaf::privacy {
namespace {

namespace json = boost::json;

constexpr std::int64_t kMostDays = 36500;
constexpr std::size_t kMaxReasonBytes = 500;
constexpr Micros kDay = 86'400'000'000;

tl::unexpected<Error> Bad(std::string sentence, const std::string& place) {
  return Fail(ErrorCode::kBadMember, std::move(sentence), place);
}

Result<std::optional<std::int64_t>> Days(const json::value& value, std::int64_t least, const std::string& place) {
  if (value.is_null()) return std::optional<std::int64_t>();
  const auto* number = value.if_int64();
  if (number == nullptr || *number < least || *number > kMostDays) return Bad("It must be a whole number of days up to 36500.", place);
  return std::optional(*number);
}

Status ReadMember(std::string_view name, const json::value& value, const std::string& place, RetentionRule& rule) {
  if (name == "archive_after_days") {
    SHEAF_ASSIGN(rule.archive_after_days, Days(value, 0, place));
  } else if (name == "delete_after_days") {
    SHEAF_ASSIGN(rule.delete_after_days, Days(value, 1, place));
  } else if (name == "notice_days") {
    SHEAF_ASSIGN(const auto days, Days(value, 0, place));
    rule.notice_days = days.value_or(RetentionRule().notice_days);
  } else if (name == "delete_on") {
    if (value.is_null()) return {};
    const auto time = value.is_string() ? ParseIsoTime(std::string_view(value.get_string())) : std::nullopt;
    if (!time) return Fail(ErrorCode::kBadTime, "It must be a date such as 2030-01-31.", place);
    rule.delete_on = time->instant;
  } else if (name == "counted_from") {
    const auto* word = value.if_string();
    if (word == nullptr || (*word != "last_record" && *word != "study_end")) return Bad("It is last_record or study_end.", place);
    rule.counted_from = *word == "study_end" ? RetentionRule::From::kStudyEnd : RetentionRule::From::kLastRecord;
  } else if (name == "hold") {
    if (!value.is_bool()) return Bad("It must be true or false.", place);
    rule.hold = value.get_bool();
  } else if (name == "hold_reason") {
    const auto* text = value.if_string();
    if (text == nullptr || text->size() > kMaxReasonBytes) return Bad("It must be a text of at most 500 bytes.", place);
    rule.hold_reason = std::string(*text);
  } else {
    return Fail(ErrorCode::kUnknownMember, "There is no such member.", place);
  }
  return {};
}

json::value OrNull(const std::optional<std::int64_t>& number) { return number ? json::value(*number) : json::value(nullptr); }

}  // namespace

Result<RetentionRule> ParseRetentionRule(std::string_view text) {
  json::value value;
  SHEAF_TRY(model::ParseStrictJson(text, {}, value));
  const json::object* object = value.if_object();
  if (object == nullptr) return Bad("The rule must be an object.", "/");
  RetentionRule rule;
  for (const auto& member : *object) SHEAF_TRY(ReadMember(member.key(), member.value(), model::PointerTo("", member.key()), rule));
  return rule;
}

std::string RetentionRuleJson(const RetentionRule& rule) {
  return json::serialize(json::object{{"archive_after_days", OrNull(rule.archive_after_days)},
                                      {"delete_on", rule.delete_on ? json::value(FormatIsoUtc(*rule.delete_on)) : json::value(nullptr)},
                                      {"delete_after_days", OrNull(rule.delete_after_days)},
                                      {"counted_from", rule.counted_from == RetentionRule::From::kStudyEnd ? "study_end" : "last_record"},
                                      {"notice_days", rule.notice_days},
                                      {"hold", rule.hold},
                                      {"hold_reason", rule.hold_reason}});
}

RetentionDates DatesOf(const RetentionRule& rule, std::optional<Micros> last_record, std::optional<Micros> study_end) {
  const auto from = rule.counted_from == RetentionRule::From::kStudyEnd ? study_end : last_record;
  RetentionDates dates;
  dates.delete_at = rule.delete_on;
  if (!from) return dates;
  const auto later = [&](std::int64_t days) { return *from > kMaxMicros - days * kDay ? kMaxMicros : *from + days * kDay; };
  if (rule.archive_after_days) dates.archive_at = later(*rule.archive_after_days);
  if (rule.delete_after_days) dates.delete_at = std::min(dates.delete_at.value_or(kMaxMicros), later(*rule.delete_after_days));
  return dates;
}

std::string RetentionStepJson(const RetentionStep& step) {
  return json::serialize(json::object{{"study", step.study},
                                      {"dataset", step.dataset.empty() ? json::value(nullptr) : json::value(step.dataset)},
                                      {"action", step.action},
                                      {"due_at", FormatIsoUtc(step.due_at)},
                                      {"held", step.held},
                                      {"done", step.done}});
}

}  // namespace sheaf::privacy
