#include <gmock/gmock.h>

#include "fixture.h"

namespace sheaf::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AccountsTest : public CatalogTest {};

TEST_F(AccountsTest, KeepsAnAccount) {
  const auto added = catalog_->AddAccount("Ada@Example.org", "Ada Lovelace", true, "$argon2id$x");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->id.substr(0, 4), "usr_");
  EXPECT_GT(added->created_at, 0);
  for (const auto& found : {catalog_->FindAccount(added->id), catalog_->FindAccountByEmail("aDA@eXAMPLE.ORG")}) {
    ASSERT_TRUE(found);
    EXPECT_EQ(found->id, added->id);
    EXPECT_EQ(found->email, "Ada@Example.org");
    EXPECT_EQ(found->name, "Ada Lovelace");
    EXPECT_TRUE(found->admin);
    EXPECT_EQ(found->password_hash, "$argon2id$x");
    EXPECT_EQ(found->created_at, added->created_at);
  }
}

TEST_F(AccountsTest, AnEmailIsTakenWhateverItsCase) {
  const auto again = catalog_->AddAccount("OWNER@example.ORG", "", false, "h");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
}

TEST_F(AccountsTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(catalog_->FindAccount("usr_none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->FindAccountByEmail("no@example.org").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->FindAccountByEmail("' OR '1'='1").error().code, ErrorCode::kNotFound);
}

TEST_F(AccountsTest, RefusesWhatIsNoEmailOrName) {
  const std::string long_email = std::string(250, 'a') + "@b.org";
  for (const std::string& email :
       {std::string(), std::string("a"), std::string("@b"), std::string("a@"), std::string("a@b@c"), std::string("a b@c.org"),
        std::string("a@b\n.org"), std::string("a\0@b.org", 8), std::string("\xFF@b.org"), long_email}) {
    const auto added = catalog_->AddAccount(email, "Name", false, "h");
    ASSERT_FALSE(added) << email;
    EXPECT_EQ(added.error().code, ErrorCode::kBadParameter);
    EXPECT_EQ(added.error().place, "email");
  }
  for (const std::string& name : {std::string("a\nb"), std::string("\xC3"), std::string(256, 'n')}) {
    const auto added = catalog_->AddAccount("new@example.org", name, false, "h");
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().place, "name");
  }
  EXPECT_EQ(catalog_->Accounts()->size(), 1U);
}

TEST_F(AccountsTest, ListsInOrderOfCreation) {
  const std::string second = AddAccount("b@example.org");
  const std::string third = AddAccount("a@example.org");
  std::vector<std::string> ids;
  const auto accounts = catalog_->Accounts();
  ASSERT_TRUE(accounts);
  for (const Account& account : *accounts) ids.push_back(account.id);
  EXPECT_THAT(ids, ElementsAre(owner_, second, third));
}

TEST_F(AccountsTest, KeepsAKey) {
  const auto added = catalog_->AddKey(owner_, "laptop", {"read:*", "export"}, 1234567, "digest-1");
  ASSERT_TRUE(added);
  EXPECT_EQ(added->id.substr(0, 4), "key_");
  const auto found = catalog_->FindKeyByDigest("digest-1");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, added->id);
  EXPECT_EQ(found->account, owner_);
  EXPECT_EQ(found->name, "laptop");
  EXPECT_THAT(found->scopes, ElementsAre("read:*", "export"));
  EXPECT_EQ(found->created_at, added->created_at);
  EXPECT_EQ(found->expires_at, 1234567);
  EXPECT_EQ(found->revoked_at, std::nullopt);
  EXPECT_EQ(found->last_used_at, std::nullopt);
  EXPECT_EQ(found->uses, 0U);
}

TEST_F(AccountsTest, RefusesKeysThatCannotBe) {
  EXPECT_EQ(catalog_->AddKey("usr_none", "", {"*"}, {}, "d").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(catalog_->AddKey(owner_, "", {"*"}, {}, "d"));
  EXPECT_EQ(catalog_->AddKey(owner_, "", {"*"}, {}, "d").error().code, ErrorCode::kConflict);
  EXPECT_EQ(catalog_->AddKey(owner_, "", {}, {}, "e").error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(catalog_->AddKey(owner_, "", {"a b"}, {}, "e").error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(catalog_->AddKey(owner_, "", {""}, {}, "e").error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(catalog_->AddKey(owner_, "a\nb", {"*"}, {}, "e").error().code, ErrorCode::kBadParameter);
  EXPECT_FALSE(catalog_->AddKey(owner_, "", {"*"}, {}, ""));
  EXPECT_EQ(catalog_->FindKeyByDigest("").error().code, ErrorCode::kNotFound);
}

TEST_F(AccountsTest, RevokesOnceAndForAll) {
  const auto key = catalog_->AddKey(owner_, "", {"*"}, {}, "d");
  ASSERT_TRUE(key);
  ASSERT_TRUE(catalog_->RevokeKey(key->id));
  const auto first = catalog_->FindKeyByDigest("d")->revoked_at;
  ASSERT_TRUE(first.has_value());
  ASSERT_TRUE(catalog_->RevokeKey(key->id));
  EXPECT_EQ(catalog_->FindKeyByDigest("d")->revoked_at, first);
  EXPECT_EQ(catalog_->RevokeKey("key_none").error().code, ErrorCode::kNotFound);
}

TEST_F(AccountsTest, AddsUpUsesAndKeepsTheLatest) {
  const auto key = catalog_->AddKey(owner_, "", {"*"}, {}, "d");
  ASSERT_TRUE(catalog_->NoteKeyUse(key->id, 3, 1000));
  ASSERT_TRUE(catalog_->NoteKeyUse(key->id, 2, 900));
  const auto keys = catalog_->Keys(owner_);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1U);
  EXPECT_EQ(keys->front().uses, 5U);
  EXPECT_EQ(keys->front().last_used_at, 1000);
  EXPECT_EQ(catalog_->NoteKeyUse("key_none", 1, 1).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(*catalog_->Keys("usr_none"), IsEmpty());
}

TEST_F(AccountsTest, AnotherCatalogSeesItAtOnce) {
  const auto other = Open();
  const auto before = other->Generation();
  const auto mine = catalog_->Generation();
  ASSERT_TRUE(before && mine);
  EXPECT_EQ(*other->Generation(), *before);
  ASSERT_TRUE(catalog_->AddKey(owner_, "", {"*"}, {}, "d"));
  EXPECT_NE(*other->Generation(), *before);
  EXPECT_NE(*catalog_->Generation(), *mine);
  EXPECT_TRUE(other->FindKeyByDigest("d"));
}

TEST_F(AccountsTest, AWriteOfAnotherProcessMovesTheGeneration) {
  const std::string path = directory_.File();
  catalog_.reset();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = Start([&] {
    char go = 0;
    if (read(pipe_ends[0], &go, 1) != 1) return 1;
    auto mine = OpenCatalog(path);
    return mine && (*mine)->AddAccount("child@example.org", "", false, "h") ? 0 : 2;
  });
  catalog_ = Open();
  const auto before = catalog_->Generation();
  ASSERT_EQ(write(pipe_ends[1], "g", 1), 1);
  ASSERT_EQ(ExitOf(child), 0);
  EXPECT_NE(*catalog_->Generation(), *before);
  EXPECT_TRUE(catalog_->FindAccountByEmail("child@example.org"));
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

}  // namespace
}  // namespace sheaf::catalog
