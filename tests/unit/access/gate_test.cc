#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "access/access.h"

namespace sheaf::access {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class GateTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "sheaf-access-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    catalog_ = Open();
    ASSERT_NE(catalog_, nullptr);
    gate_ = std::make_unique<Gate>(catalog_);
    owner_ = catalog_->AddAccount("owner@example.org", "Owner", false, "h")->id;
    other_ = catalog_->AddAccount("other@example.org", "Other", false, "h")->id;
    admin_ = catalog_->AddAccount("admin@example.org", "Admin", true, "h")->id;
    AddStudy("mine", owner_);
    AddStudy("theirs", other_);
  }
  void TearDown() override {
    gate_.reset();
    catalog_.reset();
    std::filesystem::remove_all(directory_);
  }
  std::string Path() const { return directory_ / "catalog.sqlite"; }
  std::shared_ptr<catalog::Catalog> Open() {
    auto opened = catalog::OpenCatalog(Path());
    EXPECT_TRUE(opened);
    return opened ? std::shared_ptr<catalog::Catalog>(*std::move(opened)) : nullptr;
  }
  void AddStudy(const std::string& id, const std::string& owner) {
    model::Study study;
    study.id = id;
    study.owner = owner;
    ASSERT_TRUE(catalog_->AddStudy(study));
  }
  NewKey MakeKey(const std::string& account, std::vector<std::string> scopes = {}, std::optional<Micros> expires_at = std::nullopt) {
    auto made = CreateKey(*catalog_, account, "test", std::move(scopes), expires_at);
    EXPECT_TRUE(made) << made.error().detail;
    return made ? *std::move(made) : NewKey();
  }
  Principal As(const std::string& account, std::vector<std::string> scopes = {}) {
    auto principal = gate_->Authenticate("", MakeKey(account, std::move(scopes)).secret);
    EXPECT_TRUE(principal);
    return principal ? *std::move(principal) : Principal();
  }
  bool Enters(const std::string& secret) { return gate_->Authenticate("Bearer " + secret, "").has_value(); }

  std::filesystem::path directory_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<Gate> gate_;
  std::string owner_, other_, admin_;
};

TEST_F(GateTest, TellsWhoIsAsking) {
  const NewKey made = MakeKey(owner_, {"export", "read:records"});
  const auto principal = gate_->Authenticate("Bearer " + made.secret, "");
  ASSERT_TRUE(principal);
  EXPECT_EQ(principal->account, owner_);
  EXPECT_EQ(principal->key, made.key.id);
  EXPECT_FALSE(principal->admin);
  EXPECT_THAT(principal->scopes, ElementsAre("export", "read:records"));
  EXPECT_TRUE(As(admin_).admin);
}

TEST_F(GateTest, TakesEitherHeaderInItsUsualSpellings) {
  const std::string secret = MakeKey(owner_).secret;
  EXPECT_TRUE(gate_->Authenticate("", secret));
  EXPECT_TRUE(gate_->Authenticate("", "  " + secret + "\t"));
  EXPECT_TRUE(gate_->Authenticate("bearer " + secret, ""));
  EXPECT_TRUE(gate_->Authenticate("BEARER   " + secret + " ", ""));
  EXPECT_TRUE(gate_->Authenticate("Bearer\t" + secret, ""));
  EXPECT_TRUE(gate_->Authenticate("Bearer " + secret, secret));
  EXPECT_TRUE(gate_->Authenticate("Basic dXNlcjpwYXNz", secret)) << "a proxy's credentials are not ours";
}

TEST_F(GateTest, EverythingElseIsRefusedAlike) {
  const std::string secret = MakeKey(owner_).secret;
  const std::string second = MakeKey(owner_).secret;
  const std::string expired = MakeKey(owner_, {}, Now() - 1).secret;
  const NewKey revoked = MakeKey(owner_);
  ASSERT_TRUE(catalog_->RevokeKey(revoked.key.id));
  const std::vector<std::pair<std::string, std::string>> attempts = {
      {"", ""},
      {"Bearer", ""},
      {"Bearer ", ""},
      {secret, ""},
      {"Basic " + secret, ""},
      {"Bearer " + secret + "x", ""},
      {"Bearer " + secret.substr(0, secret.size() - 1), ""},
      {"Bearer " + secret + " " + secret, ""},
      {"Bearer " + secret, second},
      {"", "sheaf_"},
      {"", std::string("\0", 1)},
      {"", secret + std::string("\0", 1)},
      {"", "' OR 1=1 --"},
      {"", std::string(100'000, 'k')},
      {"", "\xFF\xFE"},
      {"", expired},
      {"", revoked.secret},
      {"", revoked.key.id},
  };
  std::string detail;
  for (const auto& [authorization, api_key] : attempts) {
    const auto refused = gate_->Authenticate(authorization, api_key);
    ASSERT_FALSE(refused) << authorization << " / " << api_key;
    EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
    if (detail.empty()) detail = refused.error().detail;
    EXPECT_EQ(refused.error().detail, detail);
    EXPECT_EQ(refused.error().place, "");
  }
}

TEST_F(GateTest, RevocationCountsFromTheNextRequest) {
  const NewKey made = MakeKey(owner_);
  EXPECT_TRUE(Enters(made.secret));
  EXPECT_TRUE(Enters(made.secret));
  ASSERT_TRUE(catalog_->RevokeKey(made.key.id));
  EXPECT_FALSE(Enters(made.secret));
  EXPECT_FALSE(Enters(made.secret));
}

TEST_F(GateTest, RevocationByAnotherGateCounts) {
  const auto second = Open();
  Gate other(second);
  const NewKey made = MakeKey(owner_);
  EXPECT_TRUE(Enters(made.secret));
  EXPECT_TRUE(other.Authenticate("", made.secret));
  ASSERT_TRUE(second->RevokeKey(made.key.id));
  EXPECT_FALSE(Enters(made.secret));
  EXPECT_FALSE(other.Authenticate("", made.secret));
}

TEST_F(GateTest, RevocationByAnotherProcessCounts) {
  const NewKey made = MakeKey(owner_);
  gate_.reset();
  catalog_.reset();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    char go = 0;
    if (read(ends[0], &go, 1) != 1) _exit(1);
    auto mine = catalog::OpenCatalog(Path());
    _exit(mine && (*mine)->RevokeKey(made.key.id) ? 0 : 2);
  }
  catalog_ = Open();
  gate_ = std::make_unique<Gate>(catalog_);
  EXPECT_TRUE(Enters(made.secret));
  ASSERT_EQ(write(ends[1], "g", 1), 1);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  EXPECT_FALSE(Enters(made.secret));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(GateTest, AKeyExpiresWhileItIsRemembered) {
  const NewKey made = MakeKey(owner_, {}, Now() + 150'000);
  EXPECT_TRUE(Enters(made.secret));
  while (Now() < *made.key.expires_at) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_FALSE(Enters(made.secret));
}

TEST_F(GateTest, EveryActionNeedsItsScopeAndNoOther) {
  const std::vector<std::pair<Action, std::string>> needed = {
      {Action::kListStudies, "read:studies"},   {Action::kCreateStudy, "write:studies"},    {Action::kViewStudy, "read:studies"},
      {Action::kManageStudy, "write:studies"},  {Action::kDeleteStudy, "delete:studies"},   {Action::kReadRecords, "read:records"},
      {Action::kWriteRecords, "write:records"}, {Action::kDeleteRecords, "delete:records"}, {Action::kExport, "export"}};
  for (const auto& [action, scope] : needed) {
    for (const auto& [other_action, other_scope] : needed) {
      Principal principal;
      principal.scopes = {other_scope};
      EXPECT_EQ(gate_->Allow(principal, action).has_value(), scope == other_scope) << scope << " by " << other_scope;
    }
    Principal nobody;
    const auto refused = gate_->Allow(nobody, action);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kForbidden);
    EXPECT_THAT(refused.error().detail, HasSubstr(scope));
    Principal all;
    all.scopes = {"*"};
    EXPECT_TRUE(gate_->Allow(all, action));
    Principal reader;
    reader.scopes = {"read:*"};
    EXPECT_EQ(gate_->Allow(reader, action).has_value(), scope.substr(0, 5) == "read:") << scope;
    Principal admin;
    admin.admin = true;
    EXPECT_FALSE(gate_->Allow(admin, action)) << "an administrator's key has the scopes it was given";
  }
}

TEST_F(GateTest, AKindsScopeReadsThatKindOnly) {
  const Principal principal = As(owner_, {"read:survey"});
  EXPECT_TRUE(gate_->Allow(principal, Action::kReadRecords, model::DatasetKind::kSurvey));
  EXPECT_FALSE(gate_->Allow(principal, Action::kReadRecords, model::DatasetKind::kSensor));
  EXPECT_FALSE(gate_->Allow(principal, Action::kReadRecords)) << "where the kind is not known";
  EXPECT_FALSE(gate_->Allow(principal, Action::kWriteRecords, model::DatasetKind::kSurvey));
  EXPECT_TRUE(gate_->AllowStudy(principal, Action::kReadRecords, "mine", model::DatasetKind::kSurvey));
  EXPECT_EQ(gate_->AllowStudy(principal, Action::kReadRecords, "theirs", model::DatasetKind::kSurvey).error().code, ErrorCode::kNotFound);
}

TEST_F(GateTest, AStudyIsItsOwnersAndTheAdministrators) {
  const Principal owner = As(owner_);
  const Principal admin = As(admin_);
  const auto mine = gate_->AllowStudy(owner, Action::kViewStudy, "mine");
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->study.id, "mine");
  EXPECT_EQ(mine->study.owner, owner_);
  EXPECT_TRUE(gate_->AllowStudy(admin, Action::kDeleteStudy, "mine"));
  EXPECT_TRUE(gate_->AllowStudy(admin, Action::kDeleteStudy, "theirs"));
}

TEST_F(GateTest, AForeignStudyLooksLikeNone) {
  const Principal owner = As(owner_);
  const auto foreign = gate_->AllowStudy(owner, Action::kViewStudy, "theirs");
  ASSERT_FALSE(foreign);
  for (const std::string& id : {std::string("none"), std::string(), std::string("../mine"), std::string("mi\0ne", 5),
                                std::string(100'000, 'x'), std::string("' OR '1'='1")}) {
    const auto none = gate_->AllowStudy(owner, Action::kViewStudy, id);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(none.error().code, foreign.error().code);
    EXPECT_EQ(none.error().detail, foreign.error().detail);
    EXPECT_EQ(none.error().place, foreign.error().place);
  }
  // Without the scope, both get the same refusal too.
  const Principal writer = As(owner_, {"write:records"});
  EXPECT_EQ(gate_->AllowStudy(writer, Action::kViewStudy, "theirs").error().code, ErrorCode::kForbidden);
  EXPECT_EQ(gate_->AllowStudy(writer, Action::kViewStudy, "none").error().code, ErrorCode::kForbidden);
  EXPECT_FALSE(gate_->AllowStudy(Principal{"", "", false, {"*"}}, Action::kViewStudy, "mine"));
}

TEST_F(GateTest, AStudysChangesCountAtOnce) {
  const auto second = Open();
  const Principal owner = As(owner_);
  const Principal other = As(other_);
  ASSERT_TRUE(gate_->AllowStudy(owner, Action::kViewStudy, "mine"));
  model::Study study = *catalog_->FindStudy("mine");
  study.owner = other_;
  ASSERT_TRUE(second->UpdateStudy(study));
  EXPECT_FALSE(gate_->AllowStudy(owner, Action::kViewStudy, "mine"));
  EXPECT_TRUE(gate_->AllowStudy(other, Action::kViewStudy, "mine"));
  ASSERT_TRUE(second->RemoveStudy("mine"));
  EXPECT_EQ(gate_->AllowStudy(other, Action::kViewStudy, "mine").error().code, ErrorCode::kNotFound);
}

TEST_F(GateTest, ListsOnesOwnOrAll) {
  EXPECT_EQ(gate_->ListOwner(As(owner_)), owner_);
  EXPECT_EQ(gate_->ListOwner(As(admin_)), "");
  EXPECT_NE(gate_->ListOwner(Principal()), "");
  EXPECT_THAT(*catalog_->Studies(gate_->ListOwner(Principal()), "", "", 10), IsEmpty());
}

TEST_F(GateTest, UsesAreCountedAndWrittenNowAndThen) {
  const NewKey made = MakeKey(owner_);
  const NewKey idle = MakeKey(owner_);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Enters(made.secret));
  EXPECT_FALSE(Enters(made.secret + "x"));
  EXPECT_EQ(catalog_->Keys(owner_)->front().uses, 0U);
  ASSERT_TRUE(gate_->FlushUses());
  EXPECT_TRUE(Enters(made.secret));
  ASSERT_TRUE(gate_->FlushUses());
  ASSERT_TRUE(gate_->FlushUses());
  const auto keys = catalog_->Keys(owner_);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 2U);
  for (const catalog::Key& key : *keys) {
    EXPECT_EQ(key.uses, key.id == made.key.id ? 4U : 0U);
    EXPECT_EQ(key.last_used_at.has_value(), key.id == made.key.id);
  }
}

TEST_F(GateTest, ManyThreadsAskAtOnceWhileKeysAreRevoked) {
  const NewKey stays = MakeKey(owner_);
  const NewKey goes = MakeKey(owner_);
  std::atomic<bool> revoked = false, stop = false;
  std::atomic<int> wrong = 0, asked = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        if (!gate_->Authenticate("", stays.secret)) ++wrong;
        const bool was_revoked = revoked;
        if (was_revoked && gate_->Authenticate("", goes.secret)) ++wrong;
        if (!was_revoked) static_cast<void>(gate_->Authenticate("", goes.secret));
        ++asked;
      }
    });
  }
  while (asked < 100) std::this_thread::yield();
  ASSERT_TRUE(catalog_->RevokeKey(goes.key.id));
  revoked = true;
  const int then = asked;
  while (asked < then + 100) std::this_thread::yield();
  ASSERT_TRUE(gate_->FlushUses());
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(GateTest, ReportsWhatAnAuthenticationCosts) {
  const std::string secret = MakeKey(owner_).secret;
  const std::string header = "Bearer " + secret;
  constexpr int kTimes = 2000;
  const auto principal = gate_->Authenticate(header, "");
  const Micros begin = MonotonicNow();
  for (int i = 0; i < kTimes; ++i) ASSERT_TRUE(gate_->Authenticate(header, ""));
  const Micros middle = MonotonicNow();
  for (int i = 0; i < kTimes; ++i) ASSERT_TRUE(gate_->AllowStudy(*principal, Action::kReadRecords, "mine"));
  const Micros end = MonotonicNow();
  RecordProperty("authenticate_nanoseconds", static_cast<int>((middle - begin) * 1000 / kTimes));
  RecordProperty("allow_study_nanoseconds", static_cast<int>((end - middle) * 1000 / kTimes));
}

}  // namespace
}  // namespace sheaf::access
