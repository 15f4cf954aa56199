#include "privacy/retention.h"

#include <gtest/gtest.h>

namespace sheaf::privacy {
namespace {

constexpr Micros kDay = 86'400'000'000;

RetentionRule Rule(const char* json) {
  auto rule = ParseRetentionRule(json);
  EXPECT_TRUE(rule) << rule.error().detail;
  return rule.value_or(RetentionRule());
}

TEST(Retention, NothingIsCountedFromWhatHasNotBeen) {
  const auto rule = Rule(R"({"archive_after_days":1,"delete_after_days":2})");
  EXPECT_FALSE(DatesOf(rule, std::nullopt, 5 * kDay).archive_at);
  EXPECT_FALSE(DatesOf(rule, std::nullopt, 5 * kDay).delete_at);
  EXPECT_EQ(DatesOf(rule, 10 * kDay, std::nullopt).archive_at, 11 * kDay);
  EXPECT_EQ(DatesOf(rule, 10 * kDay, std::nullopt).delete_at, 12 * kDay);
}

TEST(Retention, CountsFromTheEndWhereAsked) {
  const auto rule = Rule(R"({"delete_after_days":2,"counted_from":"study_end"})");
  EXPECT_EQ(DatesOf(rule, 10 * kDay, 20 * kDay).delete_at, 22 * kDay);
  EXPECT_FALSE(DatesOf(rule, 10 * kDay, std::nullopt).delete_at);
}

TEST(Retention, TheEarlierOfTwoDatesCounts) {
  const auto rule = Rule(R"({"delete_after_days":100,"delete_on":"1970-01-31"})");
  EXPECT_EQ(DatesOf(rule, 10 * kDay, std::nullopt).delete_at, 30 * kDay);
  EXPECT_EQ(DatesOf(rule, std::nullopt, std::nullopt).delete_at, 30 * kDay);
  EXPECT_EQ(DatesOf(rule, -90 * kDay, std::nullopt).delete_at, 10 * kDay);
}

TEST(Retention, DoesNotRunOverTheEndOfTime) {
  EXPECT_EQ(DatesOf(Rule(R"({"delete_after_days":36500})"), kMaxMicros - kDay, std::nullopt).delete_at, kMaxMicros);
}

TEST(Retention, ReadsBackWhatItWrites) {
  const char* text = R"({"archive_after_days":3,"delete_on":null,"delete_after_days":null,"counted_from":"last_record","notice_days":30,)"
                     R"("hold":true,"hold_reason":"a \"court\""})";
  EXPECT_EQ(RetentionRuleJson(Rule(text)), text);
}

TEST(Retention, RefusesWhatIsNoRule) {
  for (const char* text :
       {"[]", R"({"hold":1})", R"({"delete_on":5})", R"({"delete_after_days":0})", R"({"archive_after_days":36501})", R"({"x":1})"}) {
    EXPECT_FALSE(ParseRetentionRule(text)) << text;
  }
}

}  // namespace
}  // namespace sheaf::privacy
