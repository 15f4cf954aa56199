#include "api/byte_range.h"

#include <gtest/gtest.h>

#include <string_view>

namespace sheaf::api {
namespace {

using Kind = ByteRange::Kind;

void ExpectRange(std::string_view header, std::uint64_t size, Kind kind, std::uint64_t offset = 0, std::uint64_t length = 0) {
  const ByteRange range = ResolveRange(header, size);
  EXPECT_EQ(range.kind, kind) << header;
  if (kind != Kind::kPart) return;
  EXPECT_EQ(range.offset, offset) << header;
  EXPECT_EQ(range.length, length) << header;
}

TEST(ResolveRange, ReadsTheThreeForms) {
  ExpectRange("bytes=0-9", 100, Kind::kPart, 0, 10);
  ExpectRange("bytes=90-", 100, Kind::kPart, 90, 10);
  ExpectRange("bytes=-10", 100, Kind::kPart, 90, 10);
  ExpectRange("bytes=99-99", 100, Kind::kPart, 99, 1);
  ExpectRange("bytes=0-", 100, Kind::kPart, 0, 100);
  ExpectRange(" Bytes= 5 - 6 ", 100, Kind::kPart, 5, 2);
}

TEST(ResolveRange, CutsWhatGoesPastTheEnd) {
  ExpectRange("bytes=95-1000", 100, Kind::kPart, 95, 5);
  ExpectRange("bytes=-1000", 100, Kind::kPart, 0, 100);
  ExpectRange("bytes=0-18446744073709551615", 100, Kind::kPart, 0, 100);
}

TEST(ResolveRange, RefusesWhatLiesOutside) {
  ExpectRange("bytes=100-", 100, Kind::kUnsatisfiable);
  ExpectRange("bytes=100-200", 100, Kind::kUnsatisfiable);
  ExpectRange("bytes=-0", 100, Kind::kUnsatisfiable);
  ExpectRange("bytes=0-", 0, Kind::kUnsatisfiable);
  ExpectRange("bytes=-5", 0, Kind::kUnsatisfiable);
}

TEST(ResolveRange, LooksPastWhatItCannotRead) {
  for (const std::string_view header : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=1-2,5-6", "items=0-5",
                                        "bytes=0x1-5", "bytes=--5", "bytes=1-2-3", "bytes=99999999999999999999-", "bytes=+1-2", "0-5"}) {
    ExpectRange(header, 100, Kind::kWhole);
  }
}

TEST(ListsEtag, FindsATagInAList) {
  EXPECT_TRUE(ListsEtag("\"abc\"", "\"abc\"", false));
  EXPECT_TRUE(ListsEtag("\"x\", \"abc\" ,\"y\"", "\"abc\"", false));
  EXPECT_TRUE(ListsEtag("\"a,b\", \"abc\"", "\"abc\"", false));
  EXPECT_TRUE(ListsEtag(" * ", "\"abc\"", false));
  EXPECT_FALSE(ListsEtag("\"abcd\"", "\"abc\"", false));
  EXPECT_FALSE(ListsEtag("", "\"abc\"", false));
}

TEST(ListsEtag, TellsWeakFromStrong) {
  EXPECT_TRUE(ListsEtag("W/\"abc\"", "\"abc\"", true));
  EXPECT_FALSE(ListsEtag("W/\"abc\"", "\"abc\"", false));
}

TEST(ListsEtag, StopsAtWhatIsNoTag) {
  EXPECT_FALSE(ListsEtag("abc", "\"abc\"", true));
  EXPECT_FALSE(ListsEtag("\"abc", "\"abc\"", true));
  EXPECT_FALSE(ListsEtag("W/", "\"abc\"", true));
  EXPECT_FALSE(ListsEtag("\"x\" \"abc\"", "\"abc\"", true));
}

TEST(RangeStillValid, TakesOnlyTheSameStrongTag) {
  EXPECT_TRUE(RangeStillValid("", "\"abc\""));
  EXPECT_TRUE(RangeStillValid("\"abc\"", "\"abc\""));
  EXPECT_FALSE(RangeStillValid("W/\"abc\"", "\"abc\""));
  EXPECT_FALSE(RangeStillValid("Sat, 31 Jan 2026 08:15:00 GMT", "\"abc\""));
}

}  // namespace
}  // namespace sheaf::api
