// What a grant lets its holder do, and how soon a change counts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "access/access.h"
#include "access/study_rules.h"

namespace sheaf::access {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<Action> kView = {Action::kViewStudy, Action::kReadRecords};
const std::vector<Action> kManage = {Action::kManageStudy, Action::kManagePeople, Action::kWriteRecords};
const std::vector<Action> kDelete = {Action::kDeleteRecords, Action::kErase, Action::kDeleteStudy};
const std::vector<Action> kOwners = {Action::kReadAccess, Action::kManageAccess, Action::kReadAudit};

bool May(const catalog::Grant& grant, Action action) {
  const auto allowed = AllowGranted(grant, action);
  EXPECT_TRUE(allowed || allowed.error().code == ErrorCode::kForbidden);
  return allowed.has_value();
}

void ExpectAll(const catalog::Grant& grant, const std::vector<Action>& actions, bool may) {
  for (const Action action : actions) EXPECT_EQ(May(grant, action), may) << static_cast<int>(action);
}

TEST(StudyRules, EachRightLetsDoItsOwn) {
  catalog::Grant grant;
  ExpectAll(grant, kView, true);
  EXPECT_FALSE(May(grant, Action::kExport));
  ExpectAll(grant, kManage, false);
  ExpectAll(grant, kDelete, false);
  grant.may_export = true;
  EXPECT_TRUE(May(grant, Action::kExport));
  ExpectAll(grant, kManage, false);
  grant.may_manage = true;
  ExpectAll(grant, kManage, true);
  ExpectAll(grant, kDelete, false);
  grant.may_delete = true;
  ExpectAll(grant, kDelete, true);
  ExpectAll(grant, kOwners, false);
}

TEST(StudyRules, LimitsAreSeenAndKeepFromWhatConcernsAll) {
  catalog::Grant grant;
  grant.may_export = grant.may_manage = grant.may_delete = true;
  grant.datasets = {"diary"};
  ExpectAll(grant, kView, true);
  EXPECT_TRUE(May(grant, Action::kExport));
  EXPECT_TRUE(May(grant, Action::kWriteRecords));
  EXPECT_TRUE(May(grant, Action::kDeleteRecords));
  for (const Action action : {Action::kManageStudy, Action::kManagePeople, Action::kErase, Action::kDeleteStudy}) {
    EXPECT_FALSE(May(grant, action));
  }
  EXPECT_THAT(AllowGranted(grant, Action::kReadRecords)->datasets, ElementsAre("diary"));
  grant.datasets.clear();
  grant.sites = {"Leipzig"};
  ExpectAll(grant, kManage, false);
  ExpectAll(grant, kDelete, false);
  EXPECT_THAT(AllowGranted(grant, Action::kExport)->sites, ElementsAre("Leipzig"));
  grant.sites.clear();
  grant.identifiers = false;
  ExpectAll(grant, kManage, false);
  ExpectAll(grant, kDelete, false);
  EXPECT_FALSE(AllowGranted(grant, Action::kViewStudy)->identifiers);
}

TEST(StudyRules, CountUntilTheyExpire) {
  catalog::Grant grant;
  EXPECT_TRUE(Counts(grant, 100));
  grant.expires_at = 100;
  EXPECT_TRUE(Counts(grant, 99));
  EXPECT_FALSE(Counts(grant, 100));
}

class GrantsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sheaf-grants-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    auto opened = catalog::OpenCatalog(directory_ / "catalog.sqlite");
    ASSERT_TRUE(opened);
    catalog_ = *std::move(opened);
    gate_ = std::make_unique<Gate>(catalog_);
    owner_ = catalog_->AddAccount("owner@example.org", "Owner", false, "h")->id;
    guest_ = catalog_->AddAccount("guest@example.org", "Guest", false, "h")->id;
    for (const char* id : {"one", "two"}) {
      model::Study study;
      study.id = id;
      study.owner = owner_;
      ASSERT_TRUE(catalog_->AddStudy(study));
    }
  }
  void TearDown() override {
    gate_.reset();
    catalog_.reset();
    std::filesystem::remove_all(directory_);
  }
  Principal Guest(std::vector<std::string> studies = {}) {
    const auto made = CreateKey(*catalog_, guest_, "", {}, std::nullopt, std::move(studies));
    return *gate_->Authenticate("", made->secret);
  }
  ErrorCode Refusal(const Principal& who, Action action, const std::string& study) {
    const auto allowed = gate_->AllowStudy(who, action, study);
    return allowed ? ErrorCode{} : allowed.error().code;
  }
  void Grant(std::optional<Micros> expires_at = std::nullopt, bool may_export = false) {
    catalog::Grant grant;
    grant.study = "one";
    grant.account = guest_;
    grant.expires_at = expires_at;
    grant.may_export = may_export;
    ASSERT_TRUE(catalog_->PutGrant(grant));
  }

  std::filesystem::path directory_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Gate> gate_;
  std::string owner_, guest_;
};

TEST_F(GrantsTest, CountFromTheNextRequestAndUntilTheyAreTakenBack) {
  const Principal guest = Guest();
  EXPECT_EQ(Refusal(guest, Action::kViewStudy, "one"), ErrorCode::kNotFound);
  Grant();
  EXPECT_TRUE(gate_->AllowStudy(guest, Action::kViewStudy, "one"));
  EXPECT_EQ(Refusal(guest, Action::kViewStudy, "two"), ErrorCode::kNotFound);
  EXPECT_EQ(Refusal(guest, Action::kExport, "one"), ErrorCode::kForbidden);
  Grant(std::nullopt, true);
  EXPECT_TRUE(gate_->AllowStudy(guest, Action::kExport, "one"));
  ASSERT_TRUE(catalog_->RemoveGrant("one", guest_));
  EXPECT_EQ(Refusal(guest, Action::kViewStudy, "one"), ErrorCode::kNotFound);
}

TEST_F(GrantsTest, ExpiredOnesAreAsIfTheyWereNotThere) {
  const Principal guest = Guest();
  Grant(Now() - 1);
  EXPECT_EQ(Refusal(guest, Action::kViewStudy, "one"), ErrorCode::kNotFound);
  EXPECT_THAT(*catalog_->Studies(guest_, "", "", 10), IsEmpty());
  Grant(Now() + 3'600'000'000);
  EXPECT_TRUE(gate_->AllowStudy(guest, Action::kViewStudy, "one"));
  EXPECT_EQ(catalog_->Studies(guest_, "", "", 10)->size(), 1U);
  EXPECT_EQ(*catalog_->CountStudies(guest_, ""), 1U);
}

TEST_F(GrantsTest, TheScopeIsStillNeeded) {
  Grant(std::nullopt, true);
  const auto made = CreateKey(*catalog_, guest_, "", {"read:studies"}, std::nullopt);
  const Principal guest = *gate_->Authenticate("", made->secret);
  EXPECT_TRUE(gate_->AllowStudy(guest, Action::kViewStudy, "one"));
  EXPECT_EQ(Refusal(guest, Action::kExport, "one"), ErrorCode::kForbidden);
}

TEST_F(GrantsTest, AKeyForSomeStudiesSeesNoOther) {
  const auto made = CreateKey(*catalog_, owner_, "", {}, std::nullopt, {"two", "t_o", "two"});
  EXPECT_THAT(made->key.studies, ElementsAre("t_o", "two"));
  const Principal owner = *gate_->Authenticate("", made->secret);
  EXPECT_TRUE(gate_->AllowStudy(owner, Action::kDeleteStudy, "two"));
  EXPECT_EQ(Refusal(owner, Action::kViewStudy, "one"), ErrorCode::kNotFound);
  EXPECT_EQ(gate_->Allow(owner, Action::kCreateStudy).error().code, ErrorCode::kForbidden);
  const auto listed = catalog_->Studies(gate_->ListOwner(owner), "", "", 10, owner.studies);
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->front().id, "two");
  EXPECT_EQ(*catalog_->CountStudies(owner_, "", {"tw_", "t", "wo"}), 0U);
}

TEST_F(GrantsTest, HandingOverEndsTheGrantAndTheOwnership) {
  const Principal guest = Guest();
  Grant();
  ASSERT_TRUE(catalog_->HandOverStudy("one", guest_));
  EXPECT_TRUE(gate_->AllowStudy(guest, Action::kManageAccess, "one"));
  EXPECT_THAT(*catalog_->Grants("one"), IsEmpty());
  EXPECT_EQ(catalog_->FindStudy("one")->owner, guest_);
  EXPECT_EQ(catalog_->HandOverStudy("one", "usr_none").error().code, ErrorCode::kNotFound);
}

TEST_F(GrantsTest, AreKeptAsGivenAndGoWithTheStudy) {
  catalog::Grant grant;
  grant.study = "one";
  grant.account = guest_;
  grant.may_delete = true;
  grant.datasets = {"a", "b"};
  grant.sites = {"Halle (Saale)", "Zürich, ETH"};
  grant.identifiers = false;
  grant.expires_at = 5'000'000'000'000'000;
  const auto kept = catalog_->PutGrant(grant);
  ASSERT_TRUE(kept);
  const auto found = catalog_->FindGrant("one", guest_);
  ASSERT_TRUE(found && *found);
  EXPECT_THAT((*found)->datasets, ElementsAre("a", "b"));
  EXPECT_THAT((*found)->sites, ElementsAre("Halle (Saale)", "Zürich, ETH"));
  EXPECT_TRUE((*found)->may_delete && !(*found)->may_export && !(*found)->may_manage && !(*found)->identifiers);
  EXPECT_EQ((*found)->expires_at, grant.expires_at);
  grant.sites = {"two\nlines"};
  EXPECT_EQ(catalog_->PutGrant(grant).error().code, ErrorCode::kBadParameter);
  grant.sites.clear();
  grant.account = "usr_none";
  EXPECT_EQ(catalog_->PutGrant(grant).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(catalog_->RemoveStudy("one"));
  EXPECT_FALSE(*catalog_->FindGrant("one", guest_));
}

TEST_F(GrantsTest, ADisabledAccountDoesNothing) {
  const auto made = CreateKey(*catalog_, owner_, "", {}, std::nullopt);
  EXPECT_TRUE(gate_->Authenticate("", made->secret));
  catalog::AccountChange change;
  change.disabled = true;
  ASSERT_TRUE(catalog_->ChangeAccount(owner_, change));
  EXPECT_EQ(gate_->Authenticate("", made->secret).error().code, ErrorCode::kUnauthenticated);
  change.disabled = false;
  ASSERT_TRUE(catalog_->ChangeAccount(owner_, change));
  EXPECT_TRUE(gate_->Authenticate("", made->secret));
}

}  // namespace
}  // namespace sheaf::access
