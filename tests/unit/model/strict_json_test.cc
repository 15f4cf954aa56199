#include "model/strict_json.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>
#include <cmath>
#include <limits>

namespace sheaf::model {
namespace {

double Number(const char* text) {
  boost::json::value value;
  const auto status = ParseStrictJson(text, {}, value);
  EXPECT_TRUE(status) << text;
  return value.is_number() ? value.to_number<double>() : std::nan("");
}

TEST(StrictJson, ReadsTheNearestDouble) {
  EXPECT_EQ(Number("0.1"), 0.1);
  EXPECT_EQ(Number("-0.3"), -0.3);
  EXPECT_EQ(Number("1.7976931348623157e308"), std::numeric_limits<double>::max());
  EXPECT_EQ(Number("5e-324"), std::numeric_limits<double>::denorm_min());
  EXPECT_EQ(Number("9007199254740993.0"), 9007199254740992.0);
  EXPECT_EQ(Number("123456789012345678901234567890"), 123456789012345678901234567890.0);
  EXPECT_EQ(Number("0.000000000000000000000000000000000000000000000000000000123456789012345678"), 1.23456789012345678e-55);
  EXPECT_EQ(Number("1e-999"), 0.0);
  EXPECT_EQ(Number("0.1234567890123456789012345678901234567890"), 0.1234567890123456789012345678901234567890);
}

TEST(StrictJson, KeepsIntegersExact) {
  boost::json::value value;
  ASSERT_TRUE(ParseStrictJson("9223372036854775807", {}, value));
  EXPECT_EQ(value.get_int64(), std::numeric_limits<std::int64_t>::max());
  ASSERT_TRUE(ParseStrictJson("-9223372036854775808", {}, value));
  EXPECT_EQ(value.get_int64(), std::numeric_limits<std::int64_t>::min());
  ASSERT_TRUE(ParseStrictJson("18446744073709551615", {}, value));
  EXPECT_EQ(value.get_uint64(), std::numeric_limits<std::uint64_t>::max());
}

TEST(StrictJson, RefusesNumbersThatAreNone) {
  boost::json::value value;
  for (const char* text : {"1e400", "-1e400", "1e999999999999", "NaN", "Infinity", "-", "01", "1.", ".5", "+1", "0x10", "1e"}) {
    const auto status = ParseStrictJson(text, {}, value);
    ASSERT_FALSE(status) << text;
    EXPECT_EQ(status.error().code, ErrorCode::kBadJson) << text;
  }
}

TEST(StrictJson, NamesDuplicateMembersByPointer) {
  boost::json::value value;
  const auto status = ParseStrictJson(R"([0,{"a":[1,{"b":1,"c":{"b":2},"b":3}]}])", {}, value);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kBadMember);
  EXPECT_EQ(status.error().place, "/1/a/1/b");
}

TEST(StrictJson, BoundsSizeAndDepth) {
  boost::json::value value;
  EXPECT_TRUE(ParseStrictJson("[[1]]", {100, 2}, value));
  EXPECT_EQ(ParseStrictJson("[[[1]]]", {100, 2}, value).error().code, ErrorCode::kBadJson);
  EXPECT_EQ(ParseStrictJson("[1,2]", {4, 2}, value).error().code, ErrorCode::kPayloadTooLarge);
  EXPECT_EQ(ParseStrictJson("\"\xc3\x28\"", {}, value).error().code, ErrorCode::kBadUtf8);
}

TEST(StrictJson, LeavesTheValueAloneOnFailure) {
  boost::json::value value = 7;
  EXPECT_FALSE(ParseStrictJson("[1,", {}, value));
  EXPECT_EQ(value, boost::json::value(7));
}

std::string Written(double number) {
  std::string json;
  AppendJsonNumber(json, number);
  return json;
}

TEST(JsonNumbers, AreShortAndReadBack) {
  EXPECT_EQ(Written(0), "0");
  EXPECT_EQ(Written(-0.0), "0");
  EXPECT_EQ(Written(-12), "-12");
  EXPECT_EQ(Written(0.1), "0.1");
  EXPECT_EQ(Written(9007199254740992.0), "9007199254740992");
  EXPECT_EQ(Written(1e300), "1e+300");
  for (const double number : {1.0 / 3, 1e22, -2.5e-300, 5e-324}) EXPECT_EQ(Number(Written(number).c_str()), number);
}

TEST(JsonStrings, AreEscaped) {
  std::string json;
  AppendJsonString(json, std::string_view("a\"\\\n\r\t\0\x1f é", 11));
  EXPECT_EQ(json, R"("a\"\\\n\r\t\u0000\u001f é")");
}

TEST(JsonPointers, EscapeTheirSteps) {
  EXPECT_EQ(PointerTo("", "a/b~"), "/a~1b~0");
  EXPECT_EQ(PointerTo("/x", std::size_t{12}), "/x/12");
}

TEST(DataJson, KeepsEveryDouble) {
  boost::json::value value;
  ASSERT_TRUE(
      ParseDataJson(R"({"a":1.9855221152778926e-276,"b":[33.333333333333336,0.1,72.5,5,-3,18446744073709551615],"c":"\u00fc\n"})", value));
  EXPECT_EQ(CompactJson(value), R"({"a":1.9855221152778926e-276,"b":[33.333333333333336,0.1,72.5,5,-3,18446744073709551615],"c":"ü\n"})");
  EXPECT_EQ(CompactJson(value.as_object()), CompactJson(value));
  EXPECT_EQ(CompactJson(value.at("b").as_array()), "[33.333333333333336,0.1,72.5,5,-3,18446744073709551615]");
}

TEST(DataJson, TakesWhatOthersWrite) {
  boost::json::value value;
  ASSERT_TRUE(ParseDataJson(R"({"a":1,"a":{"b":2}})", value));
  EXPECT_EQ(CompactJson(value), R"({"a":{"b":2}})");
  ASSERT_TRUE(ParseDataJson("[1e999,-1e999,1e-999]", value));
  EXPECT_EQ(CompactJson(value), "[1e99999,-1e99999,0]");
  ASSERT_TRUE(ParseDataJson(std::string(400, '[') + std::string(400, ']'), value));
  for (const char* broken : {"", "{", "[1,]", "1 2", "nul", "\"\xff\"", "{\"a\":1}x"}) EXPECT_FALSE(ParseDataJson(broken, value)) << broken;
  EXPECT_TRUE(value.is_array());
  EXPECT_FALSE(ParseDataJson(std::string(4000, '[') + std::string(4000, ']'), value));
}

}  // namespace
}  // namespace sheaf::model
