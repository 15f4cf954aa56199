#include "api/ddm/texts.h"

#include <gtest/gtest.h>

namespace sheaf::api::ddm {
namespace {

constexpr Micros kInstant = 1721161840863581;  // 2024-07-16T20:30:40.863581Z

TEST(DdmTexts, TimesAsDjangoWritesThem) {
  const auto zurich = exporting::FindTimeZone("Europe/Zurich"), utc = exporting::FindTimeZone("UTC");
  EXPECT_EQ(JsonTime(kInstant, *zurich), "2024-07-16T22:30:40.863581+02:00");
  EXPECT_EQ(JsonTime(kInstant, *utc), "2024-07-16T20:30:40.863581Z");
  EXPECT_EQ(JsonTime(kInstant - 863581, *zurich), "2024-07-16T22:30:40+02:00");
  EXPECT_EQ(JsonTime(1704067200000005, *zurich), "2024-01-01T01:00:00.000005+01:00");
  EXPECT_EQ(JsonTimeOrNull(std::nullopt, *utc), "null");
  EXPECT_EQ(UtcTime(kInstant), "2024-07-16 20:30:40.863581+00:00");
  EXPECT_EQ(UtcTime(kInstant - 863581), "2024-07-16 20:30:40+00:00");
  EXPECT_EQ(StampOf(kInstant), "2024-07-16-20-30");
  EXPECT_EQ(UtcTime(-1), "1969-12-31 23:59:59.999999+00:00");
}

TEST(DdmTexts, ValuesAsPythonWritesThem) {
  EXPECT_EQ(PythonRepr(R"({"url_param":{"pid":"O'Brien","src":null},"briefing_consent":"1"})"),
            R"({'url_param': {'pid': "O'Brien", 'src': None}, 'briefing_consent': '1'})");
  EXPECT_EQ(PythonRepr(R"({"a":[true,false,1,2.5,3.0],"b":"x\ny\\z","c":"\"'"})"),
            R"({'a': [True, False, 1, 2.5, 3.0], 'b': 'x\ny\\z', 'c': '"\''})");
  EXPECT_EQ(PythonRepr(R"({"a":"grüße"})"), "{'a': 'grüße'}");
  EXPECT_EQ(PythonRepr("no json"), "no json");
}

TEST(DdmTexts, JsonWithoutSpacesAndWithNumbersAsTheyWere) {
  EXPECT_EQ(CompactJson("[ {\"a\" : \"gr\\u00fc\\u00dfe\", \"n\": 1.50, \"big\": 12345678901234567890, \"s\": \"a b\" } ]"),
            R"([{"a":"grüße","n":1.50,"big":12345678901234567890,"s":"a b"}])");
  EXPECT_EQ(CompactJson(R"("\u2028\u2029 \" \\ \n")"), R"("\u2028\u2029 \" \\ \n")");
  EXPECT_EQ(CompactJson("\"\xE2\x80\xA8\""), R"("\u2028")");
  // What is broken comes out, too, and nothing is read beyond it.
  for (const char* text : {"\"", "\"\\", "{\"a", "\"\\ud800\""}) EXPECT_FALSE(CompactJson(text).empty());
}

TEST(DdmTexts, Cells) {
  EXPECT_EQ(Quoted(R"(a "b")"), R"("a ""b""")");
  EXPECT_EQ(CsvCell("a b"), "a b");
  EXPECT_EQ(CsvCell("a,\"b\"\nc"), "\"a,\"\"b\"\"\nc\"");
  EXPECT_EQ(Escaped("<a href='x'>&\""), "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;");
}

}  // namespace
}  // namespace sheaf::api::ddm
