#include "secrets/site_key.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/ids.h"

namespace sheaf::secrets {
namespace {

class SiteKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / NewId("key_");
    std::filesystem::create_directory(folder_);
    path_ = folder_ / "site.key";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(SiteKeyTest, IsMadeOnceAndReadAgain) {
  const auto made = SiteKey::Load(path_, SiteKey::Missing::kCreate);
  ASSERT_TRUE(made);
  struct stat state {};
  ASSERT_EQ(stat(path_.c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777, 0600U);
  const auto read = SiteKey::Load(path_, SiteKey::Missing::kFail);
  ASSERT_TRUE(read);
  EXPECT_EQ((*made)->Fingerprint(), (*read)->Fingerprint());
  const auto sealed = (*made)->Seal("totp", "secret");
  ASSERT_TRUE(sealed);
  EXPECT_EQ((*read)->Open("totp", *sealed), std::string("secret"));
}

TEST_F(SiteKeyTest, RefusesAFileThatIsMissingOpenToOthersOrNoKey) {
  EXPECT_EQ(SiteKey::Load(path_, SiteKey::Missing::kFail).error().code, ErrorCode::kNotFound);
  std::ofstream(path_) << "not a key";
  chmod(path_.c_str(), 0600);
  EXPECT_EQ(SiteKey::Load(path_, SiteKey::Missing::kCreate).error().code, ErrorCode::kStorageDamaged);
  chmod(path_.c_str(), 0644);
  EXPECT_EQ(SiteKey::Load(path_, SiteKey::Missing::kCreate).error().code, ErrorCode::kForbidden);
}

TEST_F(SiteKeyTest, NeverReplacesAFile) {
  const auto key = SiteKey::Generate();
  ASSERT_TRUE(key);
  ASSERT_TRUE((*key)->Save(path_));
  EXPECT_EQ((*key)->Save(path_).error().code, ErrorCode::kConflict);
}

TEST_F(SiteKeyTest, OpensOnlyWithTheSameKeyPurposeAndBytes) {
  const auto key = SiteKey::Generate();
  const auto other = SiteKey::Generate();
  ASSERT_TRUE(key);
  ASSERT_TRUE(other);
  EXPECT_NE((*key)->Fingerprint(), (*other)->Fingerprint());
  auto sealed = (*key)->Seal("study a", "secret");
  ASSERT_TRUE(sealed);
  EXPECT_EQ(sealed->find("secret"), std::string::npos);
  EXPECT_EQ((*key)->Open("study b", *sealed).error().code, ErrorCode::kStorageDamaged);
  EXPECT_EQ((*other)->Open("study a", *sealed).error().code, ErrorCode::kStorageDamaged);
  EXPECT_EQ((*key)->Open("study a", "short").error().code, ErrorCode::kStorageDamaged);
  sealed->back() = static_cast<char>(sealed->back() ^ 1);
  EXPECT_EQ((*key)->Open("study a", *sealed).error().code, ErrorCode::kStorageDamaged);
}

TEST_F(SiteKeyTest, LiesBesideTheDataDirectory) {
  EXPECT_EQ(DefaultKeyFile("/srv/sheaf/"), "/srv/sheaf.key");
  EXPECT_EQ(DefaultKeyFile("/srv/sheaf"), "/srv/sheaf.key");
}

}  // namespace
}  // namespace sheaf::secrets
