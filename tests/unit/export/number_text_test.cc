#include "export/number_text.h"

#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace sheaf::exporting {
namespace {

std::string Ours(double number, char point = '.') {
  char text[2 * kNumberRoom];
  return {text, WriteDouble(number, point, text)};
}

// The rule in the words of the standard library.
std::string Reference(double number) {
  const double size = std::fabs(number);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  char text[64];
  return {text, std::to_chars(text, text + sizeof(text), number, plain ? std::chars_format::fixed : std::chars_format::scientific).ptr};
}

void ExpectSame(double number) {
  const std::string ours = Ours(number);
  if (ours != Reference(number)) ADD_FAILURE() << std::hexfloat << number << ": " << ours << " but " << Reference(number);
}

TEST(NumberText, WritesDoublesAsPeopleDo) {
  EXPECT_EQ(Ours(0), "0");
  EXPECT_EQ(Ours(-0.0), "-0");
  EXPECT_EQ(Ours(1), "1");
  EXPECT_EQ(Ours(100000), "100000");
  EXPECT_EQ(Ours(-12.5), "-12.5");
  EXPECT_EQ(Ours(0.1), "0.1");
  EXPECT_EQ(Ours(0.0001), "0.0001");
  EXPECT_EQ(Ours(0.00001), "1e-05");
  EXPECT_EQ(Ours(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(Ours(1234567.891), "1234567.891");
  EXPECT_EQ(Ours(9999999999999998.0), "9999999999999998");
  EXPECT_EQ(Ours(1e16), "1e+16");
  EXPECT_EQ(Ours(5e-324), "5e-324");
  EXPECT_EQ(Ours(std::numeric_limits<double>::max()), "1.7976931348623157e+308");
  EXPECT_EQ(Ours(1.5, ','), "1,5");
  EXPECT_EQ(Ours(1.0 / 3, ','), "0,3333333333333333");
  EXPECT_EQ(Ours(2.5e-300, ','), "2,5e-300");
}

TEST(NumberText, DoublesOfAllBitsAreAsToChars) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (std::isfinite(number)) ExpectSame(number);
  }
}

TEST(NumberText, DoublesOfFewDecimalsAndTheirNeighboursAreAsToChars) {
  std::mt19937_64 random(2);
  for (int decimals = 0; decimals <= 16; ++decimals) {
    const double scale = std::pow(10.0, decimals);
    for (int i = 0; i < 60'000; ++i) {
      const double number = static_cast<double>(random() >> (random() % 60)) / scale;
      ExpectSame(number);
      ExpectSame(-number);
      ExpectSame(std::nextafter(number, std::numeric_limits<double>::infinity()));
      ExpectSame(static_cast<double>(static_cast<float>(number)));
    }
  }
}

TEST(NumberText, DoublesAtTheEdgesAreAsToChars) {
  for (int exponent = -307; exponent <= 308; ++exponent) {
    const double power = std::stod("1e" + std::to_string(exponent));
    for (const double factor : {1.0, 5.0, 9.999999999999999, 1.000000000000001}) {
      for (const double number : {power * factor, std::nextafter(power * factor, 0), std::nextafter(power * factor, 1e308)}) {
        if (std::isfinite(number)) ExpectSame(number);
      }
    }
  }
}

TEST(NumberText, WritesIntegers) {
  const auto text = [](std::int64_t number) {
    char out[kNumberRoom];
    return std::string(out, WriteInteger(number, out));
  };
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::max()), "9223372036854775807");
  for (std::int64_t power = 1; power < 1'000'000'000'000'000'000; power *= 10) {
    for (const std::int64_t number : {power - 1, power, power + 1, -power, 1 - power}) EXPECT_EQ(text(number), std::to_string(number));
  }
  std::mt19937_64 random(3);
  for (int i = 0; i < 200'000; ++i) {
    const auto number = static_cast<std::int64_t>(random()) >> (random() % 64);
    ASSERT_EQ(text(number), std::to_string(number));
  }
}

}  // namespace
}  // namespace sheaf::exporting
