#include "privacy/mask.h"

#include <gtest/gtest.h>

#include "privacy/json_rewrite.h"
#include "privacy/rewrite.h"

namespace sheaf::privacy {
namespace {

std::string Masked(std::string_view text, MaskCounts* counted = nullptr) {
  MaskCounts counts;
  std::string out;
  const bool changed = MaskText(text, out, counts);
  if (counted != nullptr) *counted = counts;
  EXPECT_EQ(changed, counts.emails + counts.ip_addresses > 0) << text;
  return changed ? out : std::string(text);
}

TEST(MaskTest, FindsAddressesInTheirUsualSpelling) {
  EXPECT_EQ(Masked("write to a.b+c@example.org."), "write to [email].");
  EXPECT_EQ(Masked("<x@y.de>,z@sub.y.co.uk"), "<[email]>,[email]");
  EXPECT_EQ(Masked("m\xC3\xBCller@ex\xC3\xA4mple.de"), "[email]");
  EXPECT_EQ(Masked("mailto:a%40b.de?x"), "mailto:[email]?x");
  EXPECT_EQ(Masked("a@b@c.de"), "a@[email]");
  EXPECT_EQ(Masked("10.0.0.1, 255.255.255.255:80"), "[ip], [ip]:80");
  EXPECT_EQ(Masked("[2001:db8::1]:443 and fe80::1:2, ::ffff:10.0.0.1"), "[[ip]]:443 and [ip], [ip]");
  EXPECT_EQ(Masked("2001:db8::1."), "[ip].");
  EXPECT_EQ(Masked("user@10.0.0.1"), "user@[ip]");
}

TEST(MaskTest, LeavesWhatIsNoAddress) {
  for (const char* text : {"", "plain", "a@b", "@example.org", "user@", "12:34:56", "std::vector", "a::b", "1.2.3", "1.2.3.4.5",
                           "256.1.1.1", "3.14159", "C:\\x", "::", "50% of 1.5", "5@@6", "a @ b.de", "aa:bb:cc:dd:ee:ff"}) {
    EXPECT_EQ(Masked(text), text);
  }
}

TEST(MaskTest, CountsEach) {
  MaskCounts counts;
  Masked("a@b.de c@d.de 1.2.3.4", &counts);
  EXPECT_EQ(counts.emails, 2u);
  EXPECT_EQ(counts.ip_addresses, 1u);
}

TEST(MaskTest, LongTextsTakeLinearTime) {
  std::string text(1 << 20, '@');
  EXPECT_EQ(Masked(text), text);
  text.assign(1 << 20, 'a');
  EXPECT_EQ(Masked(text + "@b.de").size(), text.size() + 5 - 128 - 5 + kEmailMask.size());
}

std::string Rewritten(std::string_view json, std::optional<int> decimals = {}) {
  MaskCounts counts;
  JsonRules rules;
  rules.text = [&counts](std::string_view text, std::string& out) { return MaskText(text, out, counts); };
  rules.location_decimals = decimals;
  std::string out;
  RewriteJson(json, rules, out);
  return out;
}

TEST(JsonRewriteTest, ChangesStringsAndNamesAlone) {
  EXPECT_EQ(Rewritten(R"({ "a": 1.50, "b@c.de": ["x@y.de", null, true], "n": -0 })"),
            R"({ "a": 1.50, "[email]": ["[email]", null, true], "n": -0 })");
  EXPECT_EQ(Rewritten(R"("x\u0040y.de \"quoted\"")"), R"("[email] \"quoted\"")");
  EXPECT_EQ(Rewritten(R"("\ud83d\ude00 1.2.3.4\n")"), "\"\xF0\x9F\x98\x80 [ip]\\u000a\"");
  EXPECT_EQ(Rewritten(R"("plain \u00e4")"), R"("plain \u00e4")");
}

TEST(JsonRewriteTest, RoundsCoordinates) {
  EXPECT_EQ(Rewritten(R"({"lat":48.137154,"lng":"11.57","platform":1.23456,"at":{"Longitude":-0.04},"gps_lat":[1.55]})", 1),
            R"({"lat":48.1,"lng":"11.6","platform":1.23456,"at":{"Longitude":-0},"gps_lat":[1.55]})");
}

TEST(JsonRewriteTest, SurvivesWhatIsNoJson) {
  for (const char* text : {"\"open", "{\"a\":", "\\", "\"\\", "\"\\u12", "nul", "}}", "\"a\\ud800\""}) EXPECT_EQ(Rewritten(text), text);
  EXPECT_EQ(Rewritten("\"open a@b.de"), "\"open [email]");
}

TEST(JsonRewriteTest, MembersGo) {
  EXPECT_EQ(WithoutMembers(R"({"email":{"a":1},"b":2})", {"email"}), R"({"b":2})");
  EXPECT_EQ(WithoutMembers(R"({"\u0065mail":1,"b":2})", {"email"}), R"({"b":2})");
  EXPECT_EQ(WithoutMembers(R"({"b": 2.0})", {"email"}), R"({"b": 2.0})");
}

TEST(CoordinateTest, Names) {
  for (const char* name : {"lat", "Latitude", "home_lat", "gps.lng", "long", "startLongitude", "degrees_north"})
    EXPECT_TRUE(NamesCoordinate(name));
  for (const char* name : {"", "latency", "platform", "how_long", "lattice", "salon"}) EXPECT_FALSE(NamesCoordinate(name)) << name;
}

TEST(DaysBackTest, IsAParticipantsOwn) {
  CodeKey key{}, other{};
  other[0] = 1;
  int differ = 0, most = 0, least = 400;
  for (int number = 0; number < 2000; ++number) {
    const std::string id = "p" + std::to_string(number);
    const int days = DaysBack(key, id);
    EXPECT_EQ(days, DaysBack(key, id));
    differ += days != DaysBack(other, id) ? 1 : 0;
    most = std::max(most, days);
    least = std::min(least, days);
  }
  EXPECT_GT(differ, 1900);
  EXPECT_EQ(least, 1);
  EXPECT_EQ(most, 365);
}

}  // namespace
}  // namespace sheaf::privacy
