#include "export/time_text.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sheaf::exporting {
namespace {

std::string Write(TimeText& writer, Micros instant) {
  char text[64];
  return {text, writer.Write(instant, text)};
}
Micros At(std::string_view text) { return ParseIsoTime(text)->instant; }

TEST(TimeText, UtcIsAsFormatIsoUtc) {
  TimeText writer(nullptr);
  std::mt19937_64 random(1);
  Micros instant = 0;
  for (int i = 0; i < 300'000; ++i) {
    // Mostly a step, as records have it; sometimes anywhere.
    if (random() % 8 == 0) instant = kMinMicros + static_cast<Micros>(random() % static_cast<std::uint64_t>(kMaxMicros - kMinMicros));
    else instant = std::min(kMaxMicros, instant + static_cast<Micros>(random() % 40'000'000'000));
    ASSERT_EQ(Write(writer, instant), FormatIsoUtc(instant));
  }
  for (const Micros edge : {kMinMicros, kMaxMicros, Micros{0}, Micros{-1}, kMinMicros + 1, kMaxMicros - 1}) {
    EXPECT_EQ(Write(writer, edge), FormatIsoUtc(edge));
  }
}

TEST(TimeText, KeepsInsideItsBufferForWhatIsNoInstant) {
  TimeText writer(nullptr);
  for (const Micros wrong : {kMinMicros - 1, kMaxMicros + 1, std::numeric_limits<Micros>::min(), std::numeric_limits<Micros>::max()}) {
    EXPECT_LE(Write(writer, wrong).size(), kIsoTimeSize);
  }
}

TEST(TimeText, ZonesChangeTheirOffsetToTheMicrosecond) {
  const auto berlin = FindTimeZone("Europe/Berlin");
  ASSERT_NE(berlin, nullptr);
  TimeText writer(berlin.get());
  EXPECT_EQ(Write(writer, At("2026-03-29T00:59:59.999999Z")), "2026-03-29T01:59:59.999999+01:00");
  EXPECT_EQ(Write(writer, At("2026-03-29T01:00:00Z")), "2026-03-29T03:00:00.000+02:00");
  EXPECT_EQ(Write(writer, At("2026-03-28T23:00:00Z")), "2026-03-29T00:00:00.000+01:00");
  EXPECT_EQ(Write(writer, At("2026-10-25T00:59:59Z")), "2026-10-25T02:59:59.000+02:00");
  EXPECT_EQ(Write(writer, At("2026-10-25T01:00:00Z")), "2026-10-25T02:00:00.000+01:00");
  EXPECT_EQ(Write(writer, At("2026-10-25T00:59:59Z")), "2026-10-25T02:59:59.000+02:00");
  // The rules go on beyond the table of transitions.
  EXPECT_EQ(Write(writer, At("2080-07-01T00:00:00Z")), "2080-07-01T02:00:00.000+02:00");
}

TEST(TimeText, ZonesReadBackAsTheSameInstant) {
  std::mt19937_64 random(2);
  for (const char* name : {"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
                           "Africa/Casablanca", "Pacific/Apia", "America/St_Johns", "UTC", "Etc/GMT+12", "Europe/Amsterdam"}) {
    const auto zone = FindTimeZone(name);
    ASSERT_NE(zone, nullptr) << name;
    TimeText writer(zone.get());
    for (int i = 0; i < 30'000; ++i) {
      const Micros instant = kMinMicros + static_cast<Micros>(random() % static_cast<std::uint64_t>(kMaxMicros - kMinMicros));
      const std::string text = Write(writer, instant);
      const auto parsed = ParseIsoTime(text);
      ASSERT_TRUE(parsed) << text;
      ASSERT_EQ(parsed->instant, instant) << name << " " << text;
    }
  }
}

TEST(TimeText, AfterAnyOtherInstantTheTextIsTheSame) {
  const auto zone = FindTimeZone("Australia/Lord_Howe");
  TimeText kept(zone.get());
  std::mt19937_64 random(3);
  const Micros begin = At("2026-04-03T00:00:00Z");
  for (int i = 0; i < 50'000; ++i) {
    const Micros instant = begin + static_cast<Micros>(random() % (4ull * 86'400'000'000));
    TimeText fresh(zone.get());
    ASSERT_EQ(Write(kept, instant), Write(fresh, instant));
  }
}

TEST(TimeZoneNames, OnlyZonesOfTzdata) {
  for (const char* name : {"Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT-14", "GMT0"})
    EXPECT_NE(FindTimeZone(name), nullptr) << name;
  for (const char* name :
       {"", "Mars/Olympus", "europe/berlin", "/usr/share/zoneinfo/Europe/Berlin", "../../../etc/passwd", "Europe/../Europe/Berlin",
        "Europe", "Europe/", "localtime", "posixrules", "right/Europe/Berlin", "posix/UTC", "tzdata.zi", "zone.tab", "Europe//Berlin",
        "Fixed/UTC+01:00:00", "file:Europe/Berlin", "Europe/Berlin ", "UTC+1"}) {
    EXPECT_EQ(FindTimeZone(name), nullptr) << name;
  }
  EXPECT_EQ(FindTimeZone(std::string(100000, 'A')), nullptr);
  EXPECT_EQ(FindTimeZone(std::string_view("UTC\0x", 5)), nullptr);
}

}  // namespace
}  // namespace sheaf::exporting
