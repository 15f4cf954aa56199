#include "schedule/cron.h"

#include <gtest/gtest.h>

#include <vector>

namespace sheaf::schedule {
namespace {

Micros At(std::string_view text) { return ParseIsoTime(text)->instant; }

//! The next times after `from`, in UTC without decimals.
std::vector<std::string> Times(std::string_view cron, std::string_view zone, std::string_view from, std::size_t count) {
  const auto timetable = Timetable::Make(cron, zone);
  EXPECT_TRUE(timetable) << cron;
  std::vector<std::string> times;
  std::optional<Micros> next = At(from);
  while (timetable && times.size() < count) {
    next = timetable->Next(*next);
    if (!next) break;
    times.push_back(FormatIsoUtc(*next).substr(0, 16));
  }
  return times;
}
using List = std::vector<std::string>;

std::string Refusal(std::string_view cron) {
  const auto parsed = Cron::Parse(cron);
  return parsed ? "" : parsed.error().detail;
}

TEST(Cron, Fields) {
  EXPECT_EQ(Times("5 4 * * *", "UTC", "2026-01-01T00:00:00Z", 2), (List{"2026-01-01T04:05", "2026-01-02T04:05"}));
  EXPECT_EQ(Times("*/20 9-10 * * *", "UTC", "2026-01-01T09:00:00Z", 6),
            (List{"2026-01-01T09:20", "2026-01-01T09:40", "2026-01-01T10:00", "2026-01-01T10:20", "2026-01-01T10:40", "2026-01-02T09:00"}));
  EXPECT_EQ(Times("0 0 1,15 * *", "UTC", "2026-01-01T00:00:00Z", 3), (List{"2026-01-15T00:00", "2026-02-01T00:00", "2026-02-15T00:00"}));
  EXPECT_EQ(Times("5/20 * * * *", "UTC", "2026-01-01T00:00:00Z", 3), (List{"2026-01-01T00:05", "2026-01-01T00:25", "2026-01-01T00:45"}));
  EXPECT_EQ(Times("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2), (List{"2028-02-29T00:00", "2032-02-29T00:00"}));
}

TEST(Cron, Names) {
  // 2026-01-01 is a Thursday.
  EXPECT_EQ(Times("0 6 * * MON", "UTC", "2026-01-01T00:00:00Z", 2), (List{"2026-01-05T06:00", "2026-01-12T06:00"}));
  EXPECT_EQ(Times("0 6 * jul-aug mon", "UTC", "2026-01-01T00:00:00Z", 1), (List{"2026-07-06T06:00"}));
  EXPECT_EQ(Times("0 6 * * 7", "UTC", "2026-01-01T00:00:00Z", 1), (List{"2026-01-04T06:00"}));
  EXPECT_EQ(Times("0 6 * * 0", "UTC", "2026-01-01T00:00:00Z", 1), (List{"2026-01-04T06:00"}));
  EXPECT_EQ(Times("0 6 * * fri-sun", "UTC", "2026-01-01T00:00:00Z", 4),
            (List{"2026-01-02T06:00", "2026-01-03T06:00", "2026-01-04T06:00", "2026-01-09T06:00"}));
  EXPECT_EQ(Times("0 6 * * 5-7", "UTC", "2026-01-01T00:00:00Z", 3), (List{"2026-01-02T06:00", "2026-01-03T06:00", "2026-01-04T06:00"}));
}

TEST(Cron, EitherDayWillDoWhenBothAreRestricted) {
  EXPECT_EQ(Times("0 0 13 * fri", "UTC", "2026-01-01T00:00:00Z", 4),
            (List{"2026-01-02T00:00", "2026-01-09T00:00", "2026-01-13T00:00", "2026-01-16T00:00"}));
  EXPECT_EQ(Times("0 0 */10 * *", "UTC", "2026-01-01T00:00:00Z", 3), (List{"2026-01-11T00:00", "2026-01-21T00:00", "2026-01-31T00:00"}));
}

TEST(Cron, Macros) {
  EXPECT_EQ(Times("@daily", "UTC", "2026-01-01T00:00:00Z", 1), (List{"2026-01-02T00:00"}));
  EXPECT_EQ(Times("@Weekly", "UTC", "2026-01-01T00:00:00Z", 1), (List{"2026-01-04T00:00"}));
  EXPECT_EQ(Times("@hourly", "UTC", "2026-01-01T00:30:00Z", 1), (List{"2026-01-01T01:00"}));
  EXPECT_EQ(Times("@yearly", "UTC", "2026-01-01T00:00:00Z", 1), (List{"2027-01-01T00:00"}));
}

TEST(Cron, WhatIsRefused) {
  for (const char* wrong :
       {"",           "* * * *",         "* * * * * *", "60 * * * *",     "* 24 * * *",    "* * 0 * *",    "* * 32 * *",
        "* * * 13 *", "* * * * 8",       "-1 * * * *",  "+1 * * * *",     "5-3 * * * *",   "*/0 * * * *",  "*/99 * * * *",
        "a * * * *",  "1, * * * *",      ",1 * * * *",  "* * * * monday", "1-2-3 * * * *", "1//2 * * * *", "@reboot",
        "@",          "* * * jan-foo *", "1 2 3 4 5;"}) {
    EXPECT_NE(Refusal(wrong), "") << wrong;
  }
  EXPECT_NE(Refusal("0 0 30 2 *"), "");
  EXPECT_NE(Refusal("0 0 31 4,6,9,11 *"), "");
  EXPECT_EQ(Refusal("0 0 30 2 mon"), "");
  EXPECT_NE(Refusal(std::string(300, ' ') + "* * * * *"), "");
  for (const char* zone : {"", "Mars/Olympus", "../etc/passwd", "localtime", "/usr/share/zoneinfo/UTC", "right/UTC"}) {
    const auto made = Timetable::Make("@daily", zone);
    ASSERT_FALSE(made) << zone;
    EXPECT_EQ(made.error().place, "timezone");
  }
}

// Berlin: 2026-03-29 02:00 becomes 03:00 (01:00Z); 2026-10-25 03:00 becomes 02:00 (01:00Z).
TEST(ClocksPutForward, ATimeThatIsLeftOutComesAtThatMoment) {
  EXPECT_EQ(Times("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
            (List{"2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"}));
  // Once, however many are left out.
  EXPECT_EQ(Times("0,20,40 2 * * *", "Europe/Berlin", "2026-03-28T22:00:00Z", 3),
            (List{"2026-03-29T01:00", "2026-03-30T00:00", "2026-03-30T00:20"}));
  // And once when the moment is a time of the expression itself.
  EXPECT_EQ(Times("0 2,3 * * *", "Europe/Berlin", "2026-03-28T22:00:00Z", 2), (List{"2026-03-29T01:00", "2026-03-30T00:00"}));
}

TEST(ClocksPutForward, EveryHourGoesByTheMinutesThatPass) {
  EXPECT_EQ(Times("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
            (List{"2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"}));
}

TEST(ClocksPutBack, ATimeThatComesTwiceCountsTheFirstTime) {
  EXPECT_EQ(Times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2), (List{"2026-10-25T00:30", "2026-10-26T01:30"}));
  // Also when asked between the two.
  EXPECT_EQ(Times("30 2 * * *", "Europe/Berlin", "2026-10-25T00:45:00Z", 1), (List{"2026-10-26T01:30"}));
}

TEST(ClocksPutBack, EveryHourComesTwice) {
  EXPECT_EQ(Times("30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 4),
            (List{"2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30", "2026-10-25T03:30"}));
}

TEST(ClocksPutBack, OverMidnight) {
  // Azores: 2026-10-25 01:00 becomes 00:00; Beirut puts its clock back from midnight to 23:00 of the day before.
  EXPECT_EQ(Times("30 0 * * *", "Atlantic/Azores", "2026-10-24T12:00:00Z", 2), (List{"2026-10-25T00:30", "2026-10-26T01:30"}));
  EXPECT_EQ(Times("30 * * * *", "Asia/Beirut", "2026-10-24T19:45:00Z", 3),
            (List{"2026-10-24T20:30", "2026-10-24T21:30", "2026-10-24T22:30"}));
}

TEST(ClocksPutForward, AWholeDay) {
  // Samoa had no 30 December 2011.
  EXPECT_EQ(Times("0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
            (List{"2011-12-29T22:00", "2011-12-30T10:00", "2011-12-30T22:00"}));
}

TEST(Timetable, CountsWhatWasMissed) {
  const auto timetable = Timetable::Make("0 * * * *", "UTC");
  ASSERT_TRUE(timetable);
  EXPECT_EQ(timetable->CountBetween(At("2026-01-01T00:00:00Z"), At("2026-01-01T05:30:00Z"), 100), 5);
  EXPECT_EQ(timetable->CountBetween(At("2026-01-01T00:00:00Z"), At("2026-01-01T05:00:00Z"), 100), 5);
  EXPECT_EQ(timetable->CountBetween(At("2026-01-01T00:00:00Z"), At("2027-01-01T05:00:00Z"), 100), 100);
}

}  // namespace
}  // namespace sheaf::schedule
