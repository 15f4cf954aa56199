#include "base/time.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sheaf {
namespace {

constexpr Micros kDay = 86'400'000'000;

std::string AtOffset(Micros instant, int minutes) {
  char buffer[kIsoTimeSize];
  return std::string(buffer, FormatIsoOffset(instant, minutes, buffer));
}

TEST(FormatIsoUtc, WritesThreeOrSixDecimals) {
  EXPECT_EQ(FormatIsoUtc(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatIsoUtc(1'769'847'300'250'000), "2026-01-31T08:15:00.250Z");
  EXPECT_EQ(FormatIsoUtc(1'769'847'300'250'001), "2026-01-31T08:15:00.250001Z");
  EXPECT_EQ(FormatIsoUtc(1'769'847'300'000'010), "2026-01-31T08:15:00.000010Z");
  EXPECT_EQ(FormatIsoUtc(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(FormatIsoUtc(kMinMicros), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatIsoUtc(kMaxMicros), "9999-12-31T23:59:59.999999Z");
}

TEST(FormatIsoUtc, StaysInItsBufferForInstantsThatCannotBe) {
  EXPECT_EQ(FormatIsoUtc(std::numeric_limits<Micros>::min()), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatIsoUtc(std::numeric_limits<Micros>::max()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(AtOffset(std::numeric_limits<Micros>::min(), 60), "0001-01-01T01:00:00.000+01:00");
}

TEST(FormatIsoOffset, WritesLocalTimeAndOffset) {
  const Micros instant = 1'769'847'300'250'000;
  EXPECT_EQ(AtOffset(instant, 120), "2026-01-31T10:15:00.250+02:00");
  EXPECT_EQ(AtOffset(instant, -570), "2026-01-30T22:45:00.250-09:30");
  EXPECT_EQ(AtOffset(instant, 0), "2026-01-31T08:15:00.250+00:00");
  EXPECT_EQ(AtOffset(instant + 1, 345), "2026-01-31T14:00:00.250001+05:45");
}

TEST(FormatIsoOffset, FallsBackToUtcWhereLocalTimeCannotBeWritten) {
  EXPECT_EQ(AtOffset(kMinMicros, -1), "0001-01-01T00:00:00.000Z");
  EXPECT_EQ(AtOffset(kMaxMicros, 1), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(AtOffset(0, 1440), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(AtOffset(0, -100000), "1970-01-01T00:00:00.000Z");
}

// The standard library's calendar is the second opinion, for every day there is.
TEST(IsoTime, AgreesWithTheCalendarOnEveryDay) {
  for (Micros instant = kMinMicros; instant < kMaxMicros; instant += kDay) {
    const std::chrono::sys_days day{std::chrono::days{instant / kDay}};
    const std::chrono::year_month_day date{day};
    char buffer[kIsoTimeSize];
    const std::string_view text(buffer, static_cast<std::size_t>(FormatIsoUtc(instant, buffer) - buffer));
    const int year = (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
    const int month = (text[5] - '0') * 10 + (text[6] - '0');
    const int month_day = (text[8] - '0') * 10 + (text[9] - '0');
    ASSERT_EQ(year, static_cast<int>(date.year())) << text;
    ASSERT_EQ(month, static_cast<int>(static_cast<unsigned>(date.month()))) << text;
    ASSERT_EQ(month_day, static_cast<int>(static_cast<unsigned>(date.day()))) << text;
    const auto back = ParseIsoTime(text);
    ASSERT_TRUE(back) << text;
    ASSERT_EQ(back->instant, instant) << text;
  }
}

TEST(IsoTime, ReadsBackWhatItWrites) {
  // A step that is prime in microseconds walks through all times of day.
  for (Micros instant = kMinMicros; instant < kMaxMicros - 999'999'999'989; instant += 999'999'999'989) {
    const auto utc = ParseIsoTime(FormatIsoUtc(instant));
    ASSERT_TRUE(utc);
    ASSERT_EQ(utc->instant, instant);
    const int offset = static_cast<int>(instant % 1440);
    const auto local = ParseIsoTime(AtOffset(instant, offset));
    ASSERT_TRUE(local) << AtOffset(instant, offset);
    ASSERT_EQ(local->instant, instant) << AtOffset(instant, offset);
  }
}

struct GoodTime {
  const char* text;
  const char* utc;
  int offset;  // -9999: none
};
class GoodTimes : public testing::TestWithParam<GoodTime> {};

TEST_P(GoodTimes, AreRead) {
  const auto parsed = ParseIsoTime(GetParam().text);
  ASSERT_TRUE(parsed) << GetParam().text;
  EXPECT_EQ(FormatIsoUtc(parsed->instant), GetParam().utc);
  EXPECT_EQ(parsed->offset_minutes.value_or(-9999), GetParam().offset);
}

INSTANTIATE_TEST_SUITE_P(Iso, GoodTimes,
                         testing::Values(GoodTime{"2026-01-31", "2026-01-31T00:00:00.000Z", -9999},
                                         GoodTime{"2026-01-31T08:15", "2026-01-31T08:15:00.000Z", -9999},
                                         GoodTime{"2026-01-31t08:15:30", "2026-01-31T08:15:30.000Z", -9999},
                                         GoodTime{"2026-01-31 08:15:30.5", "2026-01-31T08:15:30.500Z", -9999},
                                         GoodTime{"2026-01-31T08:15Z", "2026-01-31T08:15:00.000Z", 0},
                                         GoodTime{"2026-01-31T08:15:00z", "2026-01-31T08:15:00.000Z", 0},
                                         GoodTime{"2026-01-31T08:15:00.123456789Z", "2026-01-31T08:15:00.123456Z", 0},
                                         GoodTime{"2026-01-31T08:15:00.9999999Z", "2026-01-31T08:15:00.999999Z", 0},
                                         GoodTime{"2026-01-31T08:15:00.25+02:00", "2026-01-31T06:15:00.250Z", 120},
                                         GoodTime{"2026-01-31T08:15:00-0930", "2026-01-31T17:45:00.000Z", -570},
                                         GoodTime{"2026-01-31T08:15:00+14", "2026-01-30T18:15:00.000Z", 840},
                                         GoodTime{"2026-01-31T08:15-00:00", "2026-01-31T08:15:00.000Z", 0},
                                         GoodTime{"2024-02-29T00:00Z", "2024-02-29T00:00:00.000Z", 0},
                                         GoodTime{"2000-02-29", "2000-02-29T00:00:00.000Z", -9999},
                                         GoodTime{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z", 0},
                                         GoodTime{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", 0},
                                         GoodTime{"9999-12-31T23:59:59+23:59", "9999-12-31T00:00:59.000Z", 1439}));

class BadTimes : public testing::TestWithParam<const char*> {};

TEST_P(BadTimes, AreRefused) { EXPECT_FALSE(ParseIsoTime(GetParam())) << GetParam(); }

INSTANTIATE_TEST_SUITE_P(Iso, BadTimes,
                         testing::Values("", " ", "2026", "2026-01", "2026-1-31", "26-01-31", "2026/01/31", "20260131", "02026-01-31",
                                         "-2026-01-31", "2026-00-10", "2026-13-10", "2026-01-00", "2026-01-32", "2026-04-31", "2023-02-29",
                                         "1900-02-29", "0000-01-01", "2026-01-31T", "2026-01-31 ", "2026-01-31T8:15", "2026-01-31T08",
                                         "2026-01-31T08:1", "2026-01-31T08:15:", "2026-01-31T24:00", "2026-01-31T08:60",
                                         "2026-01-31T23:59:60Z", "2026-01-31T08:15:00.", "2026-01-31T08:15:00.Z", "2026-01-31T08:15:00,5Z",
                                         "2026-01-31T08:15.5Z", "2026-01-31  08:15", "2026-01-31_08:15", " 2026-01-31",
                                         "2026-01-31T08:15:00ZZ", "2026-01-31T08:15:00Z ", "2026-01-31T08:15:00 Z", "2026-01-31Z",
                                         "2026-01-31+02:00", "2026-01-31T08:15:00+2", "2026-01-31T08:15:00+02:", "2026-01-31T08:15:00+02:0",
                                         "2026-01-31T08:15:00+020", "2026-01-31T08:15:00+24:00", "2026-01-31T08:15:00+02:60",
                                         "2026-01-31T08:15:00+02:00x", "2026-01-31T08:15:00 +02:00", "0001-01-01T00:00:00+00:01",
                                         "9999-12-31T23:59:59-00:01", "２０２６-01-31", "now", "1769847300"));

TEST(ParseIsoTime, StopsAtNulBytes) {
  EXPECT_FALSE(ParseIsoTime(std::string_view("2026-01-31\0", 11)));
  EXPECT_FALSE(ParseIsoTime(std::string_view("2026-01-31T08:15\0Z", 18)));
}

TEST(ParseIsoTime, NeverReadsBeyondItsText) {
  const std::string full = "2026-01-31T08:15:00.123456+02:00";
  for (std::size_t size = 0; size < full.size(); ++size) {
    const std::string exact(full, 0, size);  // its own allocation, so that a sanitizer sees an overrun
    ParseIsoTime(exact);
  }
  EXPECT_TRUE(ParseIsoTime(full));
}

TEST(Clocks, Run) {
  EXPECT_GT(Now(), 1'700'000'000'000'000);
  const Micros before = MonotonicNow();
  EXPECT_GE(MonotonicNow(), before);
}

}  // namespace
}  // namespace sheaf
