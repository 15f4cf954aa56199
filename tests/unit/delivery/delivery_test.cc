#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "delivery/address.h"
#include "delivery/courier.h"
#include "delivery/directory.h"
#include "delivery/target.h"
#include "delivery/webhook.h"

namespace sheaf::delivery {
namespace {

bool Public(const char* text) {
  sockaddr_in four{};
  four.sin_family = AF_INET;
  if (inet_pton(AF_INET, text, &four.sin_addr) == 1) return IsPublic(reinterpret_cast<const sockaddr&>(four));
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  EXPECT_EQ(inet_pton(AF_INET6, text, &six.sin6_addr), 1) << text;
  return IsPublic(reinterpret_cast<const sockaddr&>(six));
}

TEST(Addresses, WhatIsNotThePublicInternet) {
  for (const char* text : {"127.0.0.1",
                           "127.255.255.255",
                           "0.0.0.0",
                           "10.0.0.1",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.168.1.1",
                           "169.254.169.254",
                           "100.64.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "198.18.0.1",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.1.2.3",
                           "64:ff9b::a9fe:a9fe",
                           "::7f00:1",
                           "2001:db8::1",
                           "2002:7f00:1::"}) {
    EXPECT_FALSE(Public(text)) << text;
  }
  for (const char* text : {"8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "11.0.0.1", "2606:4700::1111", "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(Public(text)) << text;
  }
}

TEST(Addresses, WhatAnAdministratorAllows) {
  const auto rules = AddressRules::Make(false, {"10.1.2.0/24", "fd00::/8", "Hooks.Example.org"});
  ASSERT_TRUE(rules);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  const auto allows = [&](const char* text, const char* host) {
    inet_pton(AF_INET, text, &address.sin_addr);
    return rules->Allows(reinterpret_cast<const sockaddr&>(address), host);
  };
  EXPECT_TRUE(allows("10.1.2.200", "lab.example.org"));
  EXPECT_FALSE(allows("10.1.3.1", "lab.example.org"));
  EXPECT_TRUE(allows("127.0.0.1", "hooks.example.org"));
  EXPECT_FALSE(allows("127.0.0.1", "xhooks.example.org"));
  for (const char* wrong : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "a b", "http://x", ""})
    EXPECT_FALSE(AddressRules::Make(false, {wrong})) << wrong;
}

TEST(Targets, AreReadStrictly) {
  const auto rules = *AddressRules::Make(false, {});
  const auto check = [&](const std::string& json) {
    const auto target = ParseTarget(json, "/delivery");
    return target && CheckTarget(*target, rules, "/srv", "/delivery");
  };
  EXPECT_TRUE(check(R"({"kind":"none"})"));
  EXPECT_TRUE(check(R"({"kind":"directory","path":"lab/Schlafstudie 1"})"));
  EXPECT_TRUE(check(R"({"kind":"webhook","url":"https://hooks.example.org/x?y=1"})"));
  for (const char* wrong : {R"({})",
                            R"({"kind":"mail"})",
                            R"({"kind":"directory"})",
                            R"({"kind":"directory","path":""})",
                            R"({"kind":"directory","path":"/etc"})",
                            R"({"kind":"directory","path":"../x"})",
                            R"({"kind":"directory","path":"a/../b"})",
                            R"({"kind":"directory","path":"a//b"})",
                            R"({"kind":"directory","path":"a/"})",
                            R"({"kind":"directory","path":".ssh"})",
                            R"({"kind":"directory","path":"a\u0000b"})",
                            R"({"kind":"webhook"})",
                            R"({"kind":"webhook","url":"ftp://x.org"})",
                            R"({"kind":"webhook","url":"http://hooks.example.org"})",
                            R"({"kind":"webhook","url":"https://u:p@x.org"})",
                            R"({"kind":"webhook","url":"https://127.0.0.1/"})",
                            R"({"kind":"webhook","url":"https://[::1]/"})",
                            R"({"kind":"webhook","url":"https://[::ffff:10.0.0.1]/"})",
                            R"({"kind":"webhook","url":"https://x.org/#f"})",
                            R"({"kind":"webhook","url":"file:///etc/passwd"})",
                            R"({"kind":"none","url":"https://x.org"})",
                            R"({"kind":"none","more":1})",
                            R"([])"}) {
    EXPECT_FALSE(check(wrong)) << wrong;
  }
}

TEST(Webhooks, GoNowhereThatIsNotAllowed) {
  const auto rules = *AddressRules::Make(false, {});
  for (const char* url : {"http://127.0.0.1:1/", "http://localhost:1/", "http://2130706433:1/", "http://0x7f.1:1/"}) {
    const auto answer = PostWebhook({url, {}, "{}"}, rules);
    EXPECT_EQ(answer.status, 0) << url;
    EXPECT_THAT(answer.error, testing::HasSubstr("may not go to")) << url;
  }
}

TEST(Webhooks, Signature) {
  // echo -n '1767225600.{"a":1}' | openssl dgst -sha256 -hmac whsec_test
  EXPECT_EQ(Signature("whsec_test", 1767225600'000'000, "{\"a\":1}"),
            "t=1767225600,v1=6d204545ff126a339c00513d93603299c984074ce1331c3537c3f6c976b49019");
}

TEST(Courier, WaitsLongerEachTime) {
  CourierLimits limits;
  EXPECT_EQ(WaitAfter(limits, 1, 0.5), 30'000);
  EXPECT_EQ(WaitAfter(limits, 2, 0.5), 90'000);
  EXPECT_EQ(WaitAfter(limits, 3, 0.5), 270'000);
  EXPECT_EQ(WaitAfter(limits, 1000, 0.5), limits.longest_wait_ms);
  EXPECT_LT(WaitAfter(limits, 1, 0), WaitAfter(limits, 1, 0.99));
}

class Directories : public testing::Test {
 protected:
  Directories() {
    std::string name = (std::filesystem::temp_directory_path() / "sheaf-delivery-XXXXXX").string();
    root_ = mkdtemp(name.data());
  }
  ~Directories() override { std::filesystem::remove_all(root_); }
  std::string Read(const std::string& path) {
    std::ifstream file(root_ + "/" + path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string root_;
};

TEST_F(Directories, AFileIsThereWholeAndReplacesTheOneBefore) {
  ASSERT_TRUE(PlaceText(root_, "a/b", "f.csv", "one"));
  EXPECT_EQ(Read("a/b/f.csv"), "one");
  std::ofstream(root_ + "/a/b/.f.csv.part") << "left by an attempt that was killed";
  ASSERT_TRUE(PlaceText(root_, "a/b", "f.csv", "two"));
  EXPECT_EQ(Read("a/b/f.csv"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_ + "/a/b"), {}), 1);
}

TEST_F(Directories, LinksAreNotFollowed) {
  std::filesystem::create_directory(root_ + "/outside");
  std::filesystem::create_directory(root_ + "/inside");
  std::filesystem::create_directory_symlink(root_ + "/outside", root_ + "/inside/link");
  EXPECT_FALSE(PlaceText(root_ + "/inside", "link", "f.csv", "x"));
  std::filesystem::create_symlink(root_ + "/outside/target", root_ + "/inside/.f.csv.part");
  ASSERT_TRUE(PlaceText(root_ + "/inside", "", "f.csv", "x"));
  EXPECT_TRUE(std::filesystem::is_empty(root_ + "/outside"));
}

}  // namespace
}  // namespace sheaf::delivery
