#include "ingest/number.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

namespace sheaf::ingest {
namespace {

using Kind = Number::Kind;

TEST(Number, JsonGrammar) {
  for (const char* text : {"0", "-0", "1", "-1", "10", "0.5", "-0.5e3", "1e5", "1E+5", "1e-5", "123.456e-7", "1e999"}) {
    EXPECT_NE(ParseJsonNumber(text).kind, Kind::kInvalid) << text;
  }
  for (const char* text : {"",    "-",  "+1", "01",  "-01", "00",  "1.",  ".5",       "-.5",  "1.e5",  "e5",  "1e", "1e+",   "1e5.5",
                           "0x1", "1 ", " 1", "1,5", "NaN", "nan", "inf", "Infinity", "-inf", "1_000", "--1", "1-", "1.2.3", "\xD9\xA1"}) {
    EXPECT_EQ(ParseJsonNumber(text).kind, Kind::kInvalid) << text;
  }
  EXPECT_EQ(ParseJsonNumber(std::string_view("1\0", 2)).kind, Kind::kInvalid);
}

TEST(Number, PlainGrammar) {
  for (const char* text : {"007", ".5", "5.", "-.5", "-007.5", "0e0", "5.e1"})
    EXPECT_NE(ParsePlainNumber(text).kind, Kind::kInvalid) << text;
  for (const char* text : {"", ".", "-", "-.", "+1", " 1", "1 ", "1,5", "nan", "inf", "infinity", "0x1", "1e", "e1", ".e1", "1d5"}) {
    EXPECT_EQ(ParsePlainNumber(text).kind, Kind::kInvalid) << text;
  }
}

TEST(Number, IntegersAreExactOrNamedBig) {
  EXPECT_EQ(ParseJsonNumber("9223372036854775807").integer, INT64_MAX);
  EXPECT_EQ(ParseJsonNumber("-9223372036854775808").integer, INT64_MIN);
  EXPECT_EQ(ParseJsonNumber("-9223372036854775808").kind, Kind::kInteger);
  for (const char* text : {"9223372036854775808", "-9223372036854775809", "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(ParseJsonNumber(text).kind, Kind::kBigInteger) << text;
  }
  EXPECT_EQ(ParseJsonNumber("1" + std::string(400, '0')).kind, Kind::kTooLarge);
  EXPECT_EQ(ParsePlainNumber("0000000000000000000000000000000042").integer, 42);
}

TEST(Number, ToIntegerTakesWholeRealsUpTo2To53) {
  std::int64_t value = 0;
  EXPECT_EQ(ToInteger(ParseJsonNumber("9007199254740992.0"), &value), IntegerFit::kFits);
  EXPECT_EQ(value, 9007199254740992);
  EXPECT_EQ(ToInteger(ParseJsonNumber("-1.5e1"), &value), IntegerFit::kFits);
  EXPECT_EQ(value, -15);
  EXPECT_EQ(ToInteger(ParseJsonNumber("9007199254740994.0"), &value), IntegerFit::kOutOfRange);
  EXPECT_EQ(ToInteger(ParseJsonNumber("1e300"), &value), IntegerFit::kOutOfRange);
  EXPECT_EQ(ToInteger(ParseJsonNumber("1e999"), &value), IntegerFit::kOutOfRange);
  EXPECT_EQ(ToInteger(ParseJsonNumber("1.5"), &value), IntegerFit::kFraction);
  EXPECT_EQ(ToInteger(ParseJsonNumber("1e-5"), &value), IntegerFit::kFraction);
}

TEST(Number, RealsAreTheNearest) {
  EXPECT_EQ(ParseJsonNumber("1e-400").real, 0.0);
  EXPECT_TRUE(std::signbit(ParseJsonNumber("-0").real));
  EXPECT_TRUE(std::signbit(ParseJsonNumber("-1e-400").real));
  EXPECT_EQ(ParseJsonNumber("1.7976931348623159e308").kind, Kind::kTooLarge);
  EXPECT_EQ(ParseJsonNumber("0." + std::string(2000, '0') + "1").real, 0.0);
  EXPECT_EQ(ParseJsonNumber("0." + std::string(300, '0') + "1").real, 1e-301);
  EXPECT_EQ(ParseJsonNumber("1" + std::string(1500, '0') + "e-1500").real, 1.0);
}

TEST(Number, AgreesWithFromCharsOnRandomNumbers) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 200000; ++round) {
    char text[64];
    char* end = text;
    if (round % 2 == 0) {
      double value;
      const std::uint64_t bits = random();
      std::memcpy(&value, &bits, sizeof value);
      if (!std::isfinite(value)) continue;
      end = std::to_chars(text, text + sizeof text, value).ptr;
    } else {
      const int digits = static_cast<int>(random() % 24) + 1;
      const int point = static_cast<int>(random() % 24);
      *end++ = static_cast<char>('1' + random() % 9);
      for (int digit = 1; digit < digits; ++digit) {
        if (digit == point) *end++ = '.';
        *end++ = static_cast<char>('0' + random() % 10);
      }
      *end++ = 'e';
      end = std::to_chars(end, text + sizeof text, static_cast<int>(random() % 60) - 30).ptr;
    }
    double expected = 0;
    ASSERT_EQ(std::from_chars(text, end, expected).ec, std::errc{});
    const Number number = ParseJsonNumber(std::string_view(text, static_cast<std::size_t>(end - text)));
    ASSERT_NE(number.kind, Kind::kInvalid) << std::string(text, end);
    ASSERT_EQ(std::memcmp(&number.real, &expected, sizeof expected), 0) << std::string(text, end);
  }
}

}  // namespace
}  // namespace sheaf::ingest
