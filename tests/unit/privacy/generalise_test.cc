#include "privacy/generalise.h"

#include <gtest/gtest.h>

namespace sheaf::privacy {
namespace {

Coarsening Rule(std::string_view json) {
  auto rules = ParseGeneralisation(R"({"f":)" + std::string(json) + "}", "");
  EXPECT_TRUE(rules) << rules.error().detail;
  return rules ? rules->at("f") : Coarsening{};
}

TEST(GeneraliseTest, BandsWithEnds) {
  const Coarsening rule = Rule(R"({"band":10,"top":80,"bottom":18})");
  const std::pair<std::int64_t, std::int64_t> cases[] = {{17, 18}, {18, 18}, {19, 18},   {20, 20}, {29, 20},
                                                         {79, 70}, {80, 80}, {1000, 80}, {-5, 18}};
  for (const auto& [from, to] : cases) {
    EXPECT_EQ(Coarse(from, rule), to) << from;
    EXPECT_EQ(Coarse(static_cast<double>(from), rule), static_cast<double>(to)) << from;
  }
  EXPECT_EQ(Coarse(std::int64_t{-1}, Rule(R"({"band":10})")), -10);
  EXPECT_EQ(Coarse(0.74, Rule(R"({"band":0.5})")), 0.5);
}

TEST(GeneraliseTest, LargeIntegersStay) {
  const std::int64_t large = 9007199254740993;
  EXPECT_EQ(Coarse(large, Rule(R"({"bottom":0})")), large);
}

TEST(GeneraliseTest, CutsTimes) {
  const Micros time = ParseIsoTime("1991-05-17T10:20:30.5Z")->instant;
  const auto cut = [&](const char* to) { return FormatIsoUtc(CutOff(time, *Rule(std::string(R"({"to":")") + to + R"("})").cut)); };
  EXPECT_EQ(cut("year"), "1991-01-01T00:00:00.000Z");
  EXPECT_EQ(cut("month"), "1991-05-01T00:00:00.000Z");
  EXPECT_EQ(cut("day"), "1991-05-17T00:00:00.000Z");
  EXPECT_EQ(cut("hour"), "1991-05-17T10:00:00.000Z");
  EXPECT_EQ(FormatIsoUtc(CutOff(ParseIsoTime("1969-12-31T23:59:59Z")->instant, CutTo::kMonth)), "1969-12-01T00:00:00.000Z");
  EXPECT_EQ(CutOff(kMinMicros, CutTo::kYear), kMinMicros);
}

TEST(GeneraliseTest, TextsByWhatTheyAre) {
  EXPECT_EQ(CoarseText("34", Rule(R"({"band":10})")), "30");
  EXPECT_EQ(CoarseText("old", Rule(R"({"band":10})")), "old");
  EXPECT_EQ(CoarseText("1991-05-17", Rule(R"({"to":"year"})")), "1991-01-01T00:00:00.000Z");
}

TEST(GeneraliseTest, OneTextForEqualRules) {
  const auto one = ParseGeneralisation(R"({"b":{"to":"day"},"a":{"top":8,"band":1e1}})", "");
  const auto two = ParseGeneralisation(R"({"a":{"band":10,"top":8.0},"b":{"to":"day"}})", "");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(GeneralisationJson(*one), GeneralisationJson(*two));
  EXPECT_EQ(*ParseGeneralisation(GeneralisationJson(*one), ""), *one);
  EXPECT_EQ(GeneralisationJson({}), "");
}

}  // namespace
}  // namespace sheaf::privacy
