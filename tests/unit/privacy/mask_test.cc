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

TEST(MaskTest, FindsMailBeforeOneCharacter) {
  EXPECT_EQ(Masked("Mail me at anna.p@example.org.I am home"), "Mail me at [email].I am home");
  EXPECT_EQ(Masked("anna@example.org.1"), "[email].1");
  EXPECT_EQ(Masked("anna@example.org.12.1"), "[email].12.1");
  EXPECT_EQ(Masked("anna@example.org...I am"), "[email]...I am");
  EXPECT_EQ(Masked("anna@example.org.x-"), "[email].x-");
  EXPECT_EQ(Masked("a%40example.org.I"), "[email].I");
  EXPECT_EQ(Masked("a@b.org.c@d.org"), "[email][email]");
  EXPECT_EQ(Masked("a@b.org.10.0.0.1"), "[email].[ip]");
  EXPECT_EQ(Masked("user@192.168.77.1"), "user@[ip]");
  EXPECT_EQ(Masked("a@b.c"), "a@b.c");
  EXPECT_EQ(Masked("a@b.c.d"), "a@b.c.d");
}

TEST(MaskTest, FindsMailBetweenSigns) {
  EXPECT_EQ(Masked("anna@example.org."), "[email].");
  EXPECT_EQ(Masked("(a@b.org)"), "([email])");
  EXPECT_EQ(Masked("\"a@b.org\""), "\"[email]\"");
  EXPECT_EQ(Masked("mailto:a@b.org?x"), "mailto:[email]?x");
  EXPECT_EQ(Masked("user+tag@x.co.uk"), "[email]");
  EXPECT_EQ(Masked("<a@b.org>"), "<[email]>");
  EXPECT_EQ(Masked("a@b.org-"), "[email]-");
  EXPECT_EQ(Masked("a@b.org, c@d.org; e@f.org!"), "[email], [email]; [email]!");
}

TEST(MaskTest, FindsVersion6BehindAPrefix) {
  EXPECT_EQ(Masked("ip:2001:db8:77::91"), "ip:[ip]");
  EXPECT_EQ(Masked("addr:2001:db8:77::93,"), "addr:[ip],");
  EXPECT_EQ(Masked("[IPv6:2001:db8:77::92]"), "[IPv6:[ip]]");
  EXPECT_EQ(Masked("anna@[IPv6:2001:db8:77::92]"), "anna@[IPv6:[ip]]");
  EXPECT_EQ(Masked("IPv6:2001:db8:1:2:3:4:5:6."), "IPv6:[ip].");
  EXPECT_EQ(Masked("id:2001:db8:1:2:3:4:5:6"), "id:[ip]");
  EXPECT_EQ(Masked("bad:2001:db8:1:2:3:4:5:6"), "[ip]");
  EXPECT_EQ(Masked("decade:2001:db8::91"), "decade:[ip]");
  EXPECT_EQ(Masked("ip:::ffff:10.0.0.1"), "ip:[ip]");
  EXPECT_EQ(Masked("..2001:db8::91"), "..[ip]");
  EXPECT_EQ(Masked("ip:2001:db8::91 ip:2001:db8::92"), "ip:[ip] ip:[ip]");
}

TEST(MaskTest, FindsVersion6BeforeText) {
  EXPECT_EQ(Masked("2001:db8::91.I am"), "[ip].I am");
  EXPECT_EQ(Masked("2001:db8::91.Best"), "[ip].Best");
  EXPECT_EQ(Masked("2001:db8::91:hello"), "[ip]:hello");
  EXPECT_EQ(Masked("2001:db8::91: address"), "[ip]: address");
  EXPECT_EQ(Masked("2001:db8::91..."), "[ip]...");
  EXPECT_EQ(Masked("(2001:db8::91) '2001:DB8::91'"), "([ip]) '[ip]'");
  EXPECT_EQ(Masked("fe80::91%eth0, 2001:db8::/32"), "[ip]%eth0, [ip]/32");
  EXPECT_EQ(Masked("::ffff:10.0.0.1:8080"), "[ip]:8080");
  EXPECT_EQ(Masked("::ffff:10.0.0.1."), "[ip].");
  EXPECT_EQ(Masked("1:2:3:4:5:6:10.0.0.1"), "[ip]");
  EXPECT_EQ(Masked("64:ff9b::10.0.0.1and"), "[ip]and");
  EXPECT_EQ(Masked("1:2:3:4:5:6:7:: and ::2:3:4:5:6:7:8"), "[ip] and [ip]");
}

TEST(MaskTest, FindsVersion4BetweenSigns) {
  EXPECT_EQ(Masked("..192.168.7.91"), "..[ip]");
  EXPECT_EQ(Masked("...192.168.7.91"), "...[ip]");
  EXPECT_EQ(Masked(".192.168.7.91..."), ".[ip]...");
  EXPECT_EQ(Masked("home.192.168.7.91"), "home.[ip]");
  EXPECT_EQ(Masked("1.2.3.4..5.6.7.8"), "[ip]..[ip]");
  EXPECT_EQ(Masked("10.0.0.1:8080"), "[ip]:8080");
  EXPECT_EQ(Masked("ip:10.0.0.1."), "ip:[ip].");
  EXPECT_EQ(Masked("(10.0.0.1) \"10.0.0.1\" [10.0.0.1]"), "([ip]) \"[ip]\" [[ip]]");
}

TEST(MaskTest, LeavesNamesVersionsAndFingerprints) {
  for (const char* text :
       {"v1.2.3", "1.2.3.", "..1.2.3", "..1.2.3.4.5", "a.1.2.3.4.5", "...256.1.1.1", "::1", "[::1]:80", "foo::face", "foo::face::dead",
        "std::cout", "a.cc:1234::bar", "main.cc:12:34: error", "ip:12:34:56", "mac:aa:bb:cc:dd:ee:ff", "1:2:3:4:5:6:7:8:9:10",
        "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48", "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"}) {
    EXPECT_EQ(Masked(text), text);
  }
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
  for (const std::string_view part : {"1:", ":", "1.", "a@b.c.", ".", "f:::", "12345:", "1::1.", "@1."}) {
    text.clear();
    while (text.size() < 1 << 20) text += part;
    Masked(text);
  }
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
