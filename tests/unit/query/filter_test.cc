#include "query/filter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "base/time.h"
#include "example_dataset.h"

namespace sheaf::query {
namespace {

using model::ColumnKind;
using model::Operator;
using model::Predicate;
using model::Value;

std::string Show(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value)) {
    std::string text = std::to_string(*number);
    return text + "d";
  }
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return "\"" + std::get<std::string>(value) + "\"";
}

// A predicate as one line, so that expectations can be read.
std::string Show(const Predicate& predicate) {
  static constexpr const char* kWords[] = {"all",
                                           "any",
                                           "not",
                                           "=",
                                           "!=",
                                           ">",
                                           ">=",
                                           "<",
                                           "<=",
                                           "in",
                                           "not_in",
                                           "contains",
                                           "not_contains",
                                           "not_starts_with",
                                           "not_ends_with",
                                           "starts_with",
                                           "ends_with",
                                           "is_null",
                                           "is_not_null",
                                           "between"};
  const std::string word = kWords[static_cast<int>(predicate.op)];
  std::string text;
  if (predicate.op == Operator::kAll || predicate.op == Operator::kAny || predicate.op == Operator::kNot) {
    for (const Predicate& child : predicate.children) text += (text.empty() ? "" : ", ") + Show(child);
    return word + "(" + text + ")";
  }
  text = ColumnName(predicate.column, ExampleDataset()) + " " + word;
  for (const Value& value : predicate.values) text += " " + Show(value);
  return text;
}

struct GoodFilter {
  const char* json;
  const char* bound;
};
void PrintTo(const GoodFilter& good, std::ostream* out) { *out << good.json; }
class GoodFilters : public testing::TestWithParam<GoodFilter> {};

TEST_P(GoodFilters, AreBound) {
  const auto predicate = ParseFilter(GetParam().json, ExampleDataset());
  ASSERT_TRUE(predicate) << predicate.error().detail << " at " << predicate.error().place;
  EXPECT_EQ(Show(*predicate), GetParam().bound);
}

INSTANTIATE_TEST_SUITE_P(
    Structure, GoodFilters,
    testing::Values(GoodFilter{R"({"all":[]})", "all()"}, GoodFilter{R"({"any":[]})", "any()"},
                    GoodFilter{R"({"not":{"all":[]}})", "not(all())"},
                    GoodFilter{R"({"all":[{"field":"count","op":">","value":1},{"any":[{"not":{"field":"text","op":"is_null"}}]}]})",
                               "all(count > 1, any(not(text is_null)))"},
                    GoodFilter{" \n{\"op\":\"=\",\"value\":\"x\",\"field\":\"text\"}\t", "text = \"x\""}));

INSTANTIATE_TEST_SUITE_P(Texts, GoodFilters,
                         testing::Values(GoodFilter{R"({"field":"text","op":"=","value":"it's \"quoted\" \u00e9"})",
                                                    "text = \"it's \"quoted\" é\""},
                                         GoodFilter{R"({"field":"text","op":"!=","value":""})", "text != \"\""},
                                         GoodFilter{R"({"field":"text","op":"<=","value":"m"})", "text <= \"m\""},
                                         GoodFilter{R"({"field":"text","op":"between","value":["a","m"]})", "text between \"a\" \"m\""},
                                         GoodFilter{R"({"field":"text","op":"in","value":["a","b","a"]})", "text in \"a\" \"b\" \"a\""},
                                         GoodFilter{R"({"field":"code","op":"starts_with","value":"P"})", "code starts_with \"P\""},
                                         GoodFilter{R"({"field":"extra","op":"contains","value":"%_"})", "extra contains \"%_\""},
                                         GoodFilter{R"({"field":"text","op":"not_contains","value":"x"})", "text not_contains \"x\""},
                                         GoodFilter{R"({"field":"text","op":"not_starts_with","value":"x"})", "text not_starts_with \"x\""},
                                         GoodFilter{R"({"field":"text","op":"not_ends_with","value":"x"})", "text not_ends_with \"x\""},
                                         GoodFilter{R"({"field":"text","op":"ends_with","value":"x"})", "text ends_with \"x\""},
                                         GoodFilter{R"({"field":"text","op":"is_null","value":null})", "text is_null"},
                                         GoodFilter{R"({"field":"text","op":"is_not_null"})", "text is_not_null"},
                                         GoodFilter{R"({"field":"text","op":"in","value":[]})", "any()"},
                                         GoodFilter{R"({"field":"text","op":"not_in","value":[]})", "all()"}));

INSTANTIATE_TEST_SUITE_P(
    Numbers, GoodFilters,
    testing::Values(GoodFilter{R"({"field":"count","op":"=","value":-9223372036854775808})", "count = -9223372036854775808"},
                    GoodFilter{R"({"field":"count","op":"=","value":3.0})", "count = 3"},
                    GoodFilter{R"({"field":"count","op":">","value":2.5})", "count > 2.500000d"},
                    GoodFilter{R"({"field":"count","op":"<","value":9223372036854775808})", "count < 9223372036854775808.000000d"},
                    GoodFilter{R"({"field":"count","op":"<","value":1e19})", "count < 10000000000000000000.000000d"},
                    GoodFilter{R"({"field":"count","op":"in","value":[1,2.5,3]})", "count in 1.000000d 2.500000d 3.000000d"},
                    GoodFilter{R"({"field":"count","op":"not_in","value":[1,2]})", "count not_in 1 2"},
                    GoodFilter{R"({"field":"weight","op":">=","value":2})", "weight >= 2.000000d"},
                    GoodFilter{R"({"field":"weight","op":"between","value":[-1,0.5]})", "weight between -1.000000d 0.500000d"},
                    GoodFilter{R"({"field":"onset_ms","op":"<","value":0})", "onset_ms < 0.000000d"},
                    GoodFilter{R"({"field":"record.seq","op":">","value":100})", "record.seq > 100"},
                    GoodFilter{R"({"field":"done","op":"=","value":true})", "done = true"},
                    GoodFilter{R"({"field":"done","op":"not_in","value":[false]})", "done not_in false"}));

INSTANTIATE_TEST_SUITE_P(Options, GoodFilters,
                         testing::Values(GoodFilter{R"({"field":"mood","op":"=","value":"good"})", "mood = 1"},
                                         GoodFilter{R"({"field":"mood","op":"!=","value":"1"})", "mood != 0"},
                                         GoodFilter{R"({"field":"mood","op":"in","value":["bad","2"]})", "mood in 0 1"},
                                         GoodFilter{R"({"field":"hobbies","op":"contains","value":"music"})", "hobbies contains 1"},
                                         GoodFilter{R"({"field":"hobbies","op":"not_contains","value":"s"})", "hobbies not_contains 0"},
                                         GoodFilter{R"({"field":"hobbies","op":"is_null"})", "hobbies is_null"}));

INSTANTIATE_TEST_SUITE_P(
    RecordAndPeople, GoodFilters,
    testing::Values(GoodFilter{R"({"field":"participant","op":"=","value":"P1"})", "participant.id = \"P1\""},
                    GoodFilter{R"({"field":"record.session","op":"is_null"})", "session.id is_null"},
                    GoodFilter{R"({"field":"participant.id","op":"=","value":"P1"})", "participant.id = \"P1\""},
                    GoodFilter{R"({"field":"participant.code","op":"ends_with","value":"7"})", "participant.code ends_with \"7\""},
                    GoodFilter{R"({"field":"session.status","op":"=","value":"completed"})", "session.status = \"completed\""},
                    GoodFilter{R"({"field":"session.name","op":"contains","value":"lab"})", "session.name contains \"lab\""},
                    GoodFilter{R"({"field":"id","op":"=","value":"r1"})", "id = \"r1\""},
                    GoodFilter{R"({"field":"seq","op":"=","value":"the field"})", "seq = \"the field\""},
                    GoodFilter{R"({"field":"participant.age group","op":"=","value":"18-25"})", "participant.age group = \"18-25\""},
                    GoodFilter{R"({"field":"participant.age","op":">","value":18})", "participant.age > 18.000000d"},
                    GoodFilter{R"({"field":"session.remote","op":"=","value":false})", "session.remote = false"},
                    GoodFilter{R"({"field":"session.a.b","op":"in","value":[1,2]})", "session.a.b in 1.000000d 2.000000d"}));

INSTANTIATE_TEST_SUITE_P(
    Times, GoodFilters,
    testing::Values(GoodFilter{R"({"field":"time","op":">=","value":"1970-01-02"})", "time >= 86400000000"},
                    GoodFilter{R"({"field":"born","op":"=","value":"1970-01-01T01:00:00+01:00"})", "born = 0"},
                    GoodFilter{R"({"field":"received_at","op":"<","value":"1970-01-01T00:00:00.000001Z"})", "received_at < 1"},
                    GoodFilter{R"({"field":"record.updated_at","op":"between","value":["1970-01-01","1970-01-01 00:00:01"]})",
                               "updated_at between 0 1000000"},
                    GoodFilter{R"({"field":"session.start","op":"is_not_null"})", "session.start is_not_null"},
                    GoodFilter{R"({"field":"session.end","op":"<=","value":"1969-12-31T23:59:59Z"})", "session.end <= -1000000"}));

struct BadFilter {
  const char* json;
  ErrorCode code;
  const char* place;
};
void PrintTo(const BadFilter& bad, std::ostream* out) { *out << bad.json; }
class BadFilters : public testing::TestWithParam<BadFilter> {};

TEST_P(BadFilters, AreNamed) {
  const auto predicate = ParseFilter(GetParam().json, ExampleDataset());
  ASSERT_FALSE(predicate) << Show(*predicate);
  EXPECT_EQ(Describe(predicate.error().code).slug, Describe(GetParam().code).slug) << predicate.error().detail;
  EXPECT_EQ(predicate.error().place, GetParam().place) << predicate.error().detail;
  EXPECT_FALSE(predicate.error().detail.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Json, BadFilters,
    testing::Values(BadFilter{"", ErrorCode::kBadJson, "/filter"}, BadFilter{"{", ErrorCode::kBadJson, "/filter"},
                    BadFilter{"{\"all\":[]}x", ErrorCode::kBadJson, "/filter"}, BadFilter{"{\"all\":[],}", ErrorCode::kBadJson, "/filter"},
                    BadFilter{"{\"field\":\"text\",\"op\":\"=\",\"value\":\"\xc3\"}", ErrorCode::kBadUtf8, "/filter"},
                    BadFilter{R"({"field":"text","op":"=","value":"\ud800"})", ErrorCode::kBadJson, "/filter"},
                    BadFilter{R"({"field":"weight","op":"=","value":1e400})", ErrorCode::kBadJson, "/filter/value"},
                    BadFilter{R"({"all":[{"field":"text","field":"text"}]})", ErrorCode::kBadFilter, "/filter/all/0/field"},
                    BadFilter{R"({"all":[],"all":[]})", ErrorCode::kBadFilter, "/filter/all"}));

INSTANTIATE_TEST_SUITE_P(
    Structure, BadFilters,
    testing::Values(BadFilter{"[]", ErrorCode::kBadFilter, "/filter"}, BadFilter{"null", ErrorCode::kBadFilter, "/filter"},
                    BadFilter{"{}", ErrorCode::kBadFilter, "/filter"}, BadFilter{"\"text\"", ErrorCode::kBadFilter, "/filter"},
                    BadFilter{R"({"and":[]})", ErrorCode::kBadFilter, "/filter"},
                    BadFilter{R"({"all":{}})", ErrorCode::kBadFilter, "/filter/all"},
                    BadFilter{R"({"all":[3]})", ErrorCode::kBadFilter, "/filter/all/0"},
                    BadFilter{R"({"all":[],"any":[]})", ErrorCode::kBadFilter, "/filter/any"},
                    BadFilter{R"({"not":[]})", ErrorCode::kBadFilter, "/filter/not"},
                    BadFilter{R"({"not":{"all":[]},"x/y":1})", ErrorCode::kBadFilter, "/filter/x~1y"},
                    BadFilter{R"({"any":[{"all":[]},{"not":{"any":[{}]}}]})", ErrorCode::kBadFilter, "/filter/any/1/not/any/0"},
                    BadFilter{R"({"field":"text","op":"=","value":"x","case":true})", ErrorCode::kBadFilter, "/filter/case"},
                    BadFilter{R"({"op":"=","value":"x"})", ErrorCode::kBadFilter, "/filter"},
                    BadFilter{R"({"field":"text","value":"x"})", ErrorCode::kBadFilter, "/filter"},
                    BadFilter{R"({"field":"text","op":"="})", ErrorCode::kBadFilter, "/filter"},
                    BadFilter{R"({"field":7,"op":"=","value":"x"})", ErrorCode::kBadFilter, "/filter/field"},
                    BadFilter{R"({"field":"text","op":null,"value":"x"})", ErrorCode::kBadFilter, "/filter/op"}));

INSTANTIATE_TEST_SUITE_P(
    Names, BadFilters,
    testing::Values(BadFilter{R"({"all":[{"field":"nope","op":"=","value":1}]})", ErrorCode::kUnknownField, "/filter/all/0/field"},
                    BadFilter{R"({"field":"","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"Text","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"text ","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"record.text","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"record.record.time","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"participant.","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"session.a\u0000b","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"participant.a\"b","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"participant.a\\b","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"metadata","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"skipped","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"time_offset","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"x'; drop table","op":"is_null"})", ErrorCode::kUnknownField, "/filter/field"},
                    BadFilter{R"({"field":"text","op":"==","value":"x"})", ErrorCode::kUnknownOperator, "/filter/op"},
                    BadFilter{R"({"field":"text","op":"IN","value":["x"]})", ErrorCode::kUnknownOperator, "/filter/op"},
                    BadFilter{R"({"field":"text","op":"","value":"x"})", ErrorCode::kUnknownOperator, "/filter/op"}));

INSTANTIATE_TEST_SUITE_P(
    Operators, BadFilters,
    testing::Values(BadFilter{R"({"field":"count","op":"contains","value":"1"})", ErrorCode::kBadFilter, "/filter/op"},
                    BadFilter{R"({"field":"time","op":"starts_with","value":"2026"})", ErrorCode::kBadFilter, "/filter/op"},
                    BadFilter{R"({"field":"mood","op":">","value":"bad"})", ErrorCode::kBadFilter, "/filter/op"},
                    BadFilter{R"({"field":"mood","op":"contains","value":"bad"})", ErrorCode::kBadFilter, "/filter/op"},
                    BadFilter{R"({"field":"done","op":"between","value":[false,true]})", ErrorCode::kBadFilter, "/filter/op"},
                    BadFilter{R"({"field":"hobbies","op":"=","value":["sport"]})", ErrorCode::kBadFilter, "/filter/op"},
                    BadFilter{R"({"field":"hobbies","op":"in","value":["sport"]})", ErrorCode::kBadFilter, "/filter/op"},
                    BadFilter{R"({"field":"text","op":"is_null","value":"x"})", ErrorCode::kBadFilter, "/filter/value"},
                    BadFilter{R"({"field":"text","op":"is_not_null","value":false})", ErrorCode::kBadFilter, "/filter/value"},
                    BadFilter{R"({"field":"count","op":"between","value":[1]})", ErrorCode::kBadFilter, "/filter/value"},
                    BadFilter{R"({"field":"count","op":"between","value":[1,2,3]})", ErrorCode::kBadFilter, "/filter/value"},
                    BadFilter{R"({"field":"count","op":"between","value":[]})", ErrorCode::kBadFilter, "/filter/value"}));

INSTANTIATE_TEST_SUITE_P(
    Values, BadFilters,
    testing::Values(BadFilter{R"({"field":"text","op":"=","value":null})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"text","op":"=","value":1})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"text","op":"in","value":"x"})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"text","op":"in","value":["x",null]})", ErrorCode::kWrongType, "/filter/value/1"},
                    BadFilter{R"({"field":"text","op":"=","value":["x"]})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"count","op":"=","value":"1"})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"count","op":"=","value":true})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"weight","op":"in","value":[1,"2"]})", ErrorCode::kWrongType, "/filter/value/1"},
                    BadFilter{R"({"field":"done","op":"=","value":"true"})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"done","op":"=","value":1})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"time","op":"=","value":1700000000})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"time","op":"=","value":"yesterday"})", ErrorCode::kBadTime, "/filter/value"},
                    BadFilter{R"({"field":"born","op":"between","value":["2026-01-01","2026-02-30"]})", ErrorCode::kBadTime,
                              "/filter/value/1"},
                    BadFilter{R"({"field":"mood","op":"=","value":1})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"mood","op":"in","value":["bad","ugly"]})", ErrorCode::kUnknownOption, "/filter/value/1"},
                    BadFilter{R"({"field":"hobbies","op":"contains","value":"chess"})", ErrorCode::kUnknownOption, "/filter/value"},
                    BadFilter{R"({"field":"hobbies","op":"contains","value":["sport"]})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"participant","op":"=","value":7})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"record.seq","op":">","value":"7"})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"participant.age","op":"in","value":[1,"2"]})", ErrorCode::kWrongType, "/filter/value/1"},
                    BadFilter{R"({"field":"participant.age","op":"contains","value":1})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"participant.age","op":">","value":true})", ErrorCode::kWrongType, "/filter/value"},
                    BadFilter{R"({"field":"participant.age","op":"=","value":{}})", ErrorCode::kWrongType, "/filter/value"}));

std::string Nested(int depth) {
  std::string json = R"({"field":"text","op":"is_null"})";
  for (int i = 1; i < depth; ++i) json = "{\"not\":" + json + "}";
  return json;
}
std::string NestedGroups(int depth) {
  std::string json = R"({"field":"text","op":"in","value":["x"]})";
  for (int i = 1; i < depth; ++i) json = "{\"all\":[" + json + "]}";
  return json;
}
std::string Wide(std::size_t leaves) {
  std::string json = "{\"any\":[";
  for (std::size_t i = 0; i < leaves; ++i) json += (i == 0 ? "" : ",") + std::string(R"({"field":"count","op":"=","value":1})");
  return json + "]}";
}

TEST(FilterLimits, Depth) {
  EXPECT_TRUE(ParseFilter(Nested(kMaxFilterDepth), ExampleDataset()));
  EXPECT_TRUE(ParseFilter(NestedGroups(kMaxFilterDepth), ExampleDataset()));
  const auto deep = ParseFilter(Nested(kMaxFilterDepth + 1), ExampleDataset());
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::kBadFilter);
  EXPECT_FALSE(ParseFilter(NestedGroups(kMaxFilterDepth + 1), ExampleDataset()));
  EXPECT_FALSE(ParseFilter(Nested(10000), ExampleDataset()));
  EXPECT_FALSE(ParseFilter(std::string(1u << 20, '['), ExampleDataset()));
}

TEST(FilterLimits, Leaves) {
  const auto most = ParseFilter(Wide(kMaxFilterLeaves), ExampleDataset());
  ASSERT_TRUE(most) << most.error().detail;
  EXPECT_EQ(most->children.size(), kMaxFilterLeaves);
  const auto more = ParseFilter(Wide(kMaxFilterLeaves + 1), ExampleDataset());
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kBadFilter);
  EXPECT_EQ(more.error().place, "/filter/any/10000");
  std::string list = R"({"field":"count","op":"in","value":[1)";
  for (std::size_t i = 0; i < kMaxFilterLeaves; ++i) list += ",1";
  EXPECT_EQ(ParseFilter(list + "]}", ExampleDataset()).error().code, ErrorCode::kBadFilter);
}

TEST(FilterLimits, Bytes) {
  const auto huge = ParseFilter(R"({"all":[]})" + std::string(kMaxFilterBytes, ' '), ExampleDataset());
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, ErrorCode::kPayloadTooLarge);
  EXPECT_EQ(huge.error().place, "/filter");
}

TEST(FilterErrors, CutLongNames) {
  std::string name;
  for (int i = 0; i < 1000; ++i) name += "é";
  const auto bad = ParseFilter(R"({"field":")" + name + R"(","op":"is_null"})", ExampleDataset());
  ASSERT_FALSE(bad);
  EXPECT_LT(bad.error().detail.size(), 200u);
}

TEST(CanonicalFilter, MakesEqualWhatIsEqual) {
  const auto canonical = [](std::string_view json) { return CanonicalFilter(json).value(); };
  EXPECT_EQ(canonical(R"( { "value" : 2.0 , "op":"=", "field":"we\u0069ght" } )"), R"({"field":"weight","op":"=","value":2})");
  EXPECT_EQ(canonical(R"({"field":"a","op":"in","value":[1e0,10E-1,1,-0,-0.0,0.10]})"),
            R"({"field":"a","op":"in","value":[1,1,1,0,0,0.1]})");
  EXPECT_EQ(canonical(R"([9007199254740993,18446744073709551615,true,false,null,"\u00e9\n"])"),
            "[9007199254740993,18446744073709551615,true,false,null,\"é\\n\"]");
  EXPECT_NE(canonical(R"({"all":[1,2]})"), canonical(R"({"all":[2,1]})")) << "order in lists is kept";
  for (const char* json : {R"({"any":[{"not":{"b":1,"a":[{"d":1.5,"c":2}]}}]})", R"("x")", "1e300"}) {
    EXPECT_EQ(canonical(canonical(json)), canonical(json));
  }
}

TEST(CanonicalFilter, RefusesWhatIsNoJson) {
  EXPECT_EQ(CanonicalFilter("{").error().code, ErrorCode::kBadJson);
  EXPECT_EQ(CanonicalFilter(R"({"a":1,"a":2})").error().code, ErrorCode::kBadFilter);
  EXPECT_EQ(CanonicalFilter(std::string(100000, '[')).error().code, ErrorCode::kBadJson);
}

}  // namespace
}  // namespace sheaf::query
