#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "access/access.h"

namespace sheaf::access {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class KeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sheaf-keys-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    auto opened = catalog::OpenCatalog(directory_ / "catalog.sqlite");
    ASSERT_TRUE(opened);
    catalog_ = *std::move(opened);
    account_ = catalog_->AddAccount("a@example.org", "A", false, "h")->id;
  }
  void TearDown() override {
    catalog_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::filesystem::path directory_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::string account_;
};

TEST_F(KeysTest, ASecretIsLongRandomAndUnlikeAnyOther) {
  std::set<std::string> secrets;
  for (int i = 0; i < 20; ++i) {
    const auto made = CreateKey(*catalog_, account_, "", {}, std::nullopt);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->secret.substr(0, 6), "sheaf_");
    EXPECT_EQ(made->secret.size(), 49U);
    for (const char c : made->secret.substr(6)) EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)));
    secrets.insert(made->secret);
  }
  EXPECT_EQ(secrets.size(), 20U);
}

TEST_F(KeysTest, TheSecretIsNowhereOnDisk) {
  const auto made = CreateKey(*catalog_, account_, "laptop", {"export"}, 5'000'000'000'000'000);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->key.name, "laptop");
  EXPECT_EQ(made->key.expires_at, 5'000'000'000'000'000);
  for (const auto& entry : std::filesystem::directory_iterator(directory_)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(bytes.find(made->secret.substr(6)), std::string::npos) << entry.path();
  }
}

TEST_F(KeysTest, ScopesAreKnownWordsKeptOnce) {
  EXPECT_THAT(CreateKey(*catalog_, account_, "", {}, {})->key.scopes, ElementsAre("*"));
  EXPECT_THAT(CreateKey(*catalog_, account_, "", {"read:*", "export", "read:*"}, {})->key.scopes, ElementsAre("export", "read:*"));
  for (const char* scope : {"*",
                            "read:*",
                            "read:records",
                            "read:studies",
                            "write:records",
                            "write:studies",
                            "delete:records",
                            "delete:studies",
                            "export",
                            "read:events",
                            "read:recordings",
                            "read:chat",
                            "read:continuous_ratings",
                            "read:sparse_ratings",
                            "read:sync_metrics",
                            "read:components",
                            "read:survey",
                            "read:sensor",
                            "read:donation",
                            "read:profile",
                            "read:custom"}) {
    EXPECT_TRUE(CreateKey(*catalog_, account_, "", {scope}, {})) << scope;
  }
  for (const char* scope : {"", "read", "read:", "read:all", "write:*", "delete:*", "write:survey", "READ:*", "* ",
                            "read:records write:records", "admin", "export:*", "**"}) {
    const auto refused = CreateKey(*catalog_, account_, "", {"export", scope}, {});
    ASSERT_FALSE(refused) << scope;
    EXPECT_EQ(refused.error().code, ErrorCode::kBadParameter);
  }
}

TEST_F(KeysTest, AKeyNeedsAnAccount) {
  EXPECT_EQ(CreateKey(*catalog_, "usr_none", "", {}, {}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(CreateKey(*catalog_, account_, "two\nlines", {}, {}).error().code, ErrorCode::kBadParameter);
}

TEST(ParseExpiry, ReadsNumbersWithAUnit) {
  EXPECT_EQ(ParseExpiry("90d").value(), 90 * 86400);
  EXPECT_EQ(ParseExpiry("12h").value(), 12 * 3600);
  EXPECT_EQ(ParseExpiry("1y").value(), 365 * 86400);
  EXPECT_EQ(ParseExpiry("2w").value(), 14 * 86400);
  EXPECT_EQ(ParseExpiry("1s").value(), 1);
  EXPECT_EQ(ParseExpiry("100y").value(), std::int64_t{100} * 365 * 86400);
  ASSERT_TRUE(ParseExpiry("never"));
  EXPECT_EQ(ParseExpiry("never").value(), std::nullopt);
}

TEST(ParseExpiry, RefusesEverythingElse) {
  for (const char* text : {"",
                           "d",
                           "90",
                           "0d",
                           "-1d",
                           "+1d",
                           "1.5d",
                           "1d ",
                           " 1d",
                           "1 d",
                           "d1",
                           "1D",
                           "1m",
                           "1mo",
                           "Never",
                           "101y",
                           "99999999999999999999d",
                           "9223372036854775807y",
                           "0x10d",
                           "1dd",
                           "\u0661d"}) {
    const auto refused = ParseExpiry(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::kBadParameter);
  }
}

TEST(Passwords, AreVerifiedAndSaltedAnew) {
  const std::string password = "correct horse";
  const auto hash = HashPassword(password);
  ASSERT_TRUE(hash);
  EXPECT_EQ(hash->substr(0, 10), "$argon2id$");
  EXPECT_THAT(*hash, Not(HasSubstr(password)));
  EXPECT_TRUE(VerifyPassword(*hash, password));
  EXPECT_FALSE(VerifyPassword(*hash, "Correct horse"));
  EXPECT_FALSE(VerifyPassword(*hash, "correct horse "));
  EXPECT_FALSE(VerifyPassword(*hash, ""));
  EXPECT_NE(*HashPassword(password), *hash);
}

TEST(Passwords, EveryByteCounts) {
  const std::string with_nul("eight\0bytes", 11);
  const auto hash = HashPassword(with_nul);
  ASSERT_TRUE(hash);
  EXPECT_TRUE(VerifyPassword(*hash, with_nul));
  EXPECT_FALSE(VerifyPassword(*hash, std::string("eight\0other", 11)));
  EXPECT_FALSE(VerifyPassword(*hash, "eight"));
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "word" + std::to_string(i) + " ";
  const auto long_hash = HashPassword(words);
  ASSERT_TRUE(long_hash);
  EXPECT_TRUE(VerifyPassword(*long_hash, words));
  words.back() = 'x';
  EXPECT_FALSE(VerifyPassword(*long_hash, words));
}

TEST(Passwords, HaveEightCharacters) {
  for (const char* password : {"", "1234567", "ééééééé", "日本語日本語日"}) {
    const auto refused = HashPassword(password);
    ASSERT_FALSE(refused) << password;
    EXPECT_EQ(refused.error().code, ErrorCode::kBadParameter);
  }
  EXPECT_TRUE(HashPassword("日本語日本語日本"));
  EXPECT_FALSE(HashPassword(std::string(65537, 'x')));
}

TEST(Passwords, WhatIsNoHashVerifiesNothing) {
  for (const std::string& hash : {std::string(), std::string("h"), std::string("$argon2id$"), std::string(127, 'x'), std::string(128, 'x'),
                                  std::string(100'000, '$'), std::string("$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHQ$")}) {
    EXPECT_FALSE(VerifyPassword(hash, "password"));
    EXPECT_FALSE(VerifyPassword(hash, ""));
  }
}

}  // namespace
}  // namespace sheaf::access
