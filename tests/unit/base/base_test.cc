#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/error.h"
#include "base/ids.h"
#include "base/log.h"

namespace sheaf {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ErrorCatalogue, IsInOrderAndUnique) {
  std::set<std::string_view> slugs;
  int last = 0;
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    EXPECT_GT(entry.number, last) << entry.slug;
    last = entry.number;
    EXPECT_TRUE(slugs.insert(entry.slug).second) << entry.slug;
    EXPECT_TRUE(IsSlug(entry.slug)) << entry.slug;
    EXPECT_GE(entry.http_status, 400) << entry.slug;
    EXPECT_LT(entry.http_status, 600) << entry.slug;
    EXPECT_FALSE(entry.title.empty()) << entry.slug;
    EXPECT_FALSE(entry.advice.empty()) << entry.slug;
  }
}

TEST(ErrorCatalogue, DescribesEveryCode) {
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    EXPECT_EQ(Describe(entry.code).number, entry.number);
    EXPECT_EQ(static_cast<int>(entry.code), entry.number);
  }
  EXPECT_EQ(Describe(ErrorCode::kUnknownField).slug, "unknown-field");
}

Result<int> Half(int number) {
  if (number % 2 != 0) return Fail(ErrorCode::kBadParameter, "odd", "number");
  return number / 2;
}
Result<int> Quarter(int number) {
  SHEAF_ASSIGN(const int half, Half(number));
  SHEAF_TRY(Half(half));
  return half / 2;
}

TEST(Results, HandTheFirstErrorOn) {
  EXPECT_EQ(Quarter(12).value(), 3);
  ASSERT_FALSE(Quarter(3));
  ASSERT_FALSE(Quarter(6));
  EXPECT_EQ(Quarter(6).error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(Quarter(6).error().place, "number");
}

TEST(Ids, Slugs) {
  for (const char* good : {"a", "Z", "0", "_", "-", "mood_1-b"}) EXPECT_TRUE(IsSlug(good)) << good;
  EXPECT_TRUE(IsSlug(std::string(64, 'x')));
  EXPECT_FALSE(IsSlug(std::string(65, 'x')));
  for (const char* bad : {"", " ", "a b", "a.b", "../a", "a/b", "ä", "a\n", "a;b", "a'b"}) EXPECT_FALSE(IsSlug(bad)) << bad;
  EXPECT_FALSE(IsSlug(std::string_view("a\0b", 3)));
}

TEST(Ids, RecordIds) {
  for (const char* good : {"a", "P 01", "a/b", "Zoë", "参加者-7", "...", "a'b\"c"}) EXPECT_TRUE(IsRecordId(good)) << good;
  EXPECT_TRUE(IsRecordId(std::string(255, 'x')));
  EXPECT_FALSE(IsRecordId(std::string(256, 'x')));
  for (const char* bad : {"", ".", "..", "a\nb", "\t", "a\x7f", "\xff", "a\xc3", "\xed\xa0\x80", "\xc2\x85", "a\xc2\x9fz"}) {
    EXPECT_FALSE(IsRecordId(bad)) << bad;
  }
  EXPECT_TRUE(IsRecordId("\xc2\xa0"));
  EXPECT_FALSE(IsRecordId(std::string_view("a\0b", 3)));
}

TEST(Ids, Utf8) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8(std::string_view{}));
  EXPECT_TRUE(IsUtf8("日本語 \xf0\x9f\x98\x80"));
  for (const char* bad : {"\x80", "\xc0\xaf", "\xe2\x82", "\xf4\x90\x80\x80", "abc\xff"}) EXPECT_FALSE(IsUtf8(bad));
}

TEST(Ids, TokensAreOfTheAlphabetAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string token = RandomToken(20);
    EXPECT_EQ(token.size(), 20u);
    EXPECT_TRUE(IsSlug(token));
    EXPECT_EQ(token.find_first_of("_-"), std::string::npos);
    EXPECT_TRUE(seen.insert(token).second);
  }
  EXPECT_EQ(RandomToken(0), "");
  EXPECT_EQ(NewId("exp_").size(), 24u);
  EXPECT_EQ(NewId("exp_").substr(0, 4), "exp_");
}

std::string Logged(const std::function<void()>& action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

TEST(Logging, WritesOneLineWithFields) {
  ASSERT_TRUE(SetLogLevel("info"));
  const std::string line = Logged([] { LogInfo("export finished", {{"export", "exp_1"}, {"file name", "a b.csv"}}); });
  EXPECT_THAT(line, HasSubstr("Z info export finished export=exp_1 file name=\"a b.csv\"\n"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST(Logging, ValuesCannotForgeLinesOrFields) {
  ASSERT_TRUE(SetLogLevel("info"));
  const std::string line = Logged([] {
    LogWarning("refused", {{"path", "x\n2026-01-01T00:00:00.000Z info all is well"}, {"agent", "a\" b=\"c\\"}, {"empty", ""}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr("path=\"x?2026"));
  EXPECT_THAT(line, HasSubstr("agent=\"a\\\" b=\\\"c\\\\\""));
  EXPECT_THAT(line, HasSubstr("empty=\"\""));
}

TEST(Logging, BracesAreText) {
  ASSERT_TRUE(SetLogLevel("info"));
  EXPECT_THAT(Logged([] { LogInfo("{} {0} %s", {{"value", "{}"}}); }), HasSubstr("{} {0} %s value={}\n"));
}

TEST(Logging, ObeysItsLevel) {
  const auto all = [] {
    LogDebug("one");
    LogInfo("two");
    LogWarning("three");
    LogError("four");
  };
  ASSERT_TRUE(SetLogLevel("warning"));
  EXPECT_THAT(Logged(all), AllOf(Not(HasSubstr("two")), HasSubstr("three"), HasSubstr("four")));
  ASSERT_TRUE(SetLogLevel("debug"));
  EXPECT_THAT(Logged(all), AllOf(HasSubstr("one"), HasSubstr("two")));
  ASSERT_TRUE(SetLogLevel("off"));
  EXPECT_EQ(Logged(all), "");
  EXPECT_FALSE(SetLogLevel("loud"));
  EXPECT_FALSE(SetLogLevel(""));
  EXPECT_EQ(Logged(all), "") << "an unknown word must not change the level";
  ASSERT_TRUE(SetLogLevel("info"));
}

}  // namespace
}  // namespace sheaf
