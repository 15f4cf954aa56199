#include "access/tokens.h"

#include <gtest/gtest.h>

namespace sheaf::access {
namespace {

class TokensTest : public ::testing::Test {
 protected:
  static Token Sample(Micros expires_at) { return {"key_1", "usr_1", "exp_1", expires_at}; }
  const std::shared_ptr<const secrets::SiteKey> site_key_ = *secrets::SiteKey::Generate();
  const Tokens tokens_{site_key_};
};

TEST_F(TokensTest, AreReadBack) {
  const Micros later = Now() + 60'000'000;
  const auto text = tokens_.Issue("download", Sample(later));
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos);
  const auto token = Tokens(site_key_).Read("download", *text);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->key, "key_1");
  EXPECT_EQ(token->account, "usr_1");
  EXPECT_EQ(token->subject, "exp_1");
  EXPECT_EQ(token->expires_at, later);
}

TEST_F(TokensTest, EmptyPartsStayEmpty) {
  const auto text = tokens_.Issue("bearer", {"", "usr_1", "", Now() + 60'000'000});
  const auto token = tokens_.Read("bearer", *text);
  ASSERT_TRUE(token);
  EXPECT_TRUE(token->key.empty() && token->subject.empty());
}

TEST_F(TokensTest, OfAnotherPurposeOrKeyOrTimeAreNone) {
  const auto text = tokens_.Issue("download", Sample(Now() + 60'000'000));
  EXPECT_EQ(tokens_.Read("bearer", *text).error().code, ErrorCode::kUnauthenticated);
  EXPECT_EQ(Tokens(*secrets::SiteKey::Generate()).Read("download", *text).error().code, ErrorCode::kUnauthenticated);
  const auto old = tokens_.Issue("download", Sample(Now() - 1));
  EXPECT_EQ(tokens_.Read("download", *old).error().code, ErrorCode::kUnauthenticated);
}

TEST_F(TokensTest, ChangedInAnyPlaceAreNone) {
  const std::string text = *tokens_.Issue("download", Sample(Now() + 60'000'000));
  for (std::size_t place = 0; place + 1 < text.size(); ++place) {
    std::string changed = text;
    changed[place] = changed[place] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(tokens_.Read("download", changed)) << place;
  }
  for (const std::string& other : {std::string(), text.substr(1), text + "A", std::string(4000, 'A'), std::string("!!!!")})
    EXPECT_FALSE(tokens_.Read("download", other));
}

}  // namespace
}  // namespace sheaf::access
