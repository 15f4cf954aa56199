// Accounts that change, sessions, attempts, second factors.

#include <gmock/gmock.h>

#include "fixture.h"

namespace sheaf::catalog {
namespace {

class SignInTest : public CatalogTest {
 protected:
  static Micros Never(std::size_t, const Attempts&) { return 0; }
};

TEST_F(SignInTest, AnAccountChangesWhatIsSaidAndKeepsTheRest) {
  AccountChange change;
  change.name = "New name";
  auto changed = catalog_->ChangeAccount(owner_, change);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->name, "New name");
  EXPECT_EQ(changed->email, catalog_->FindAccount(owner_)->email);
  EXPECT_FALSE(changed->disabled_at);
  change = {};
  change.disabled = true;
  changed = catalog_->ChangeAccount(owner_, change);
  ASSERT_TRUE(changed && changed->disabled_at);
  const auto since = changed->disabled_at;
  EXPECT_EQ(catalog_->ChangeAccount(owner_, change)->disabled_at, since) << "a second time keeps the first";
  EXPECT_EQ(catalog_->FindAccount(owner_)->name, "New name");
  change.name = "two\nlines";
  EXPECT_EQ(catalog_->ChangeAccount(owner_, change).error().code, ErrorCode::kBadParameter);
  EXPECT_EQ(catalog_->ChangeAccount("usr_none", {}).error().code, ErrorCode::kNotFound);
}

TEST_F(SignInTest, TheLastAdministratorStays) {
  const std::string first = catalog_->AddAccount("x@example.org", "X", true, "h")->id;
  const std::string second = catalog_->AddAccount("y@example.org", "Y", true, "h")->id;
  AccountChange demoted;
  demoted.admin = false;
  AccountChange disabled;
  disabled.disabled = true;
  ASSERT_TRUE(catalog_->ChangeAccount(first, demoted));
  EXPECT_EQ(catalog_->ChangeAccount(second, demoted).error().code, ErrorCode::kConflict);
  EXPECT_EQ(catalog_->ChangeAccount(second, disabled).error().code, ErrorCode::kConflict);
  EXPECT_TRUE(catalog_->FindAccount(second)->admin);
  EXPECT_TRUE(catalog_->ChangeAccount(first, disabled));
}

TEST_F(SignInTest, SessionsAreFoundByTheirDigestUntilTheyAreRemoved) {
  const auto first = catalog_->AddSession(owner_, "d1", 1000, 5000);
  const auto second = catalog_->AddSession(owner_, "d2", 1000, 9000);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(catalog_->FindSessionByDigest("d1")->id, first->id);
  EXPECT_EQ(catalog_->FindSessionByDigest("d1")->expires_at, 5000);
  ASSERT_TRUE(catalog_->NoteSessionUse(first->id, 3000));
  ASSERT_TRUE(catalog_->NoteSessionUse(first->id, 2000));
  EXPECT_EQ(catalog_->FindSessionByDigest("d1")->last_seen_at, 3000);
  EXPECT_FALSE(catalog_->AddSession(owner_, "d1", 1, 2)) << "a digest is taken once";
  EXPECT_FALSE(catalog_->AddSession("usr_none", "d3", 1, 2));
  ASSERT_TRUE(catalog_->RemoveOldSessions(6000, 0));
  EXPECT_FALSE(catalog_->FindSessionByDigest("d1"));
  ASSERT_TRUE(catalog_->RemoveSessions(owner_, second->id));
  EXPECT_TRUE(catalog_->FindSessionByDigest("d2"));
  ASSERT_TRUE(catalog_->RemoveOldSessions(6000, 1001));
  EXPECT_FALSE(catalog_->FindSessionByDigest("d2"));
  EXPECT_EQ(catalog_->RemoveSession(second->id).error().code, ErrorCode::kNotFound);
}

TEST_F(SignInTest, AttemptsAreCountedForEachAndTheLongestWaitCounts) {
  const Micros now = 1'000'000'000'000;
  for (int i = 0; i < 3; ++i) ASSERT_EQ(*catalog_->BeginAttempt({"a", "b"}, now, Never), 0);
  ASSERT_EQ(*catalog_->BeginAttempt({"b"}, now, Never), 0);
  ASSERT_TRUE(catalog_->TakeBackAttempt({"a", "none"}));
  std::vector<int> seen(2);
  const auto wait = catalog_->BeginAttempt({"a", "b"}, now, [&](std::size_t subject, const Attempts& before) {
    seen[subject] = before.failures;
    EXPECT_EQ(before.last_at, now);
    return static_cast<Micros>(before.failures) * 10;
  });
  EXPECT_EQ(*wait, 40);
  EXPECT_THAT(seen, ::testing::ElementsAre(2, 4));
  ASSERT_TRUE(catalog_->ForgetAttempts("b"));
  seen = {0, 0};
  // What had to wait was not counted.
  ASSERT_EQ(*catalog_->BeginAttempt({"a", "b"}, now,
                                    [&](std::size_t subject, const Attempts& before) {
                                      seen[subject] = before.failures;
                                      return Micros{0};
                                    }),
            0);
  EXPECT_THAT(seen, ::testing::ElementsAre(2, 0));
}

TEST_F(SignInTest, ASecondFactorIsConfirmedOnce) {
  EXPECT_FALSE(*catalog_->FindSecondFactor(owner_));
  EXPECT_EQ(catalog_->ConfirmSecondFactor(owner_, 1, {"x"}).error().code, ErrorCode::kConflict);
  ASSERT_TRUE(catalog_->PutSecondFactor(owner_, "aa"));
  ASSERT_TRUE(catalog_->PutSecondFactor(owner_, "bb"));
  EXPECT_EQ((*catalog_->FindSecondFactor(owner_))->sealed, "bb");
  ASSERT_TRUE(catalog_->ConfirmSecondFactor(owner_, 7, {"x", "y"}));
  EXPECT_TRUE((*catalog_->FindSecondFactor(owner_))->confirmed);
  EXPECT_EQ(catalog_->PutSecondFactor(owner_, "cc").error().code, ErrorCode::kConflict);
  EXPECT_EQ(catalog_->ConfirmSecondFactor(owner_, 8, {"z"}).error().code, ErrorCode::kConflict);
  EXPECT_FALSE(*catalog_->UseStep(owner_, 7));
  EXPECT_TRUE(*catalog_->UseStep(owner_, 8));
  EXPECT_TRUE(*catalog_->UseRecoveryCode(owner_, "y"));
  EXPECT_FALSE(*catalog_->UseRecoveryCode(owner_, "y"));
  ASSERT_TRUE(catalog_->RemoveSecondFactor(owner_));
  EXPECT_FALSE(*catalog_->UseRecoveryCode(owner_, "x"));
  EXPECT_EQ(catalog_->RemoveSecondFactor(owner_).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sheaf::catalog
