#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.h"
#include "base/log.h"
#include "demo/demo.h"

namespace sheaf::demo {
namespace {

namespace fs = std::filesystem;

class Filling : public testing::Test {
 protected:
  void SetUp() override {
    SetLogLevel("error");
    root_ = fs::temp_directory_path() / NewId("sheaf-demo-");
    fs::create_directories(root_);
    vault::VaultOptions options;
    options.directory = root_ / "studies";
    options.temporary = root_ / "tmp";
    options.threads = 1;
    fs::create_directories(options.temporary);
    vault_ = vault::OpenDuckDbVault(options).value();
    catalog_ = catalog::OpenCatalog(root_ / "catalog.sqlite").value();
    options_.owner = catalog_->AddAccount("demo@example.org", "Demo", true, "").value().id;
    options_.rows = 5000;
  }
  void TearDown() override {
    EXPECT_TRUE(vault_->Close());
    vault_.reset();
    catalog_.reset();
    fs::remove_all(root_);
  }

  fs::path root_;
  std::unique_ptr<vault::Vault> vault_;
  std::unique_ptr<catalog::Catalog> catalog_;
  Options options_;
};

TEST_F(Filling, LeavesWhatTheSummarySays) {
  const auto summary = Fill(*vault_, *catalog_, options_);
  ASSERT_TRUE(summary) << summary.error().detail;
  EXPECT_EQ(summary->datasets.size(), 16u);
  std::uint64_t rows = 0;
  for (const DatasetSummary& filled : summary->datasets) {
    SCOPED_TRACE(filled.study + "/" + filled.dataset);
    const auto study = vault_->OpenStudy(filled.study);
    ASSERT_TRUE(study);
    const auto kept = (*study)->Summarize(filled.dataset);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->records, filled.rows);
    EXPECT_GT(filled.rows, 0u);
    rows += filled.rows;
  }
  EXPECT_EQ(summary->rows, rows);
  for (const std::string& id : StudyIds()) {
    const auto study = catalog_->FindStudy(id);
    ASSERT_TRUE(study) << id;
    EXPECT_EQ(study->owner, options_.owner);
    EXPECT_TRUE(vault_->CheckStudy(id).value().empty()) << id;
  }
  const auto experiment = vault_->OpenStudy("demo-experiment").value();
  const auto room = experiment->FindSession("room-001");
  ASSERT_TRUE(room);
  EXPECT_EQ(room->status, "completed");
  EXPECT_GE(room->attendance.size(), 2u);
  EXPECT_EQ(room->attendance.front().role, "host");
}

TEST_F(Filling, RefusesToFillTwice) {
  ASSERT_TRUE(Fill(*vault_, *catalog_, options_));
  const auto before = vault_->OpenStudy("demo-survey").value()->LastSeq();
  const auto again = Fill(*vault_, *catalog_, options_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kStudyExists);
  EXPECT_EQ(vault_->OpenStudy("demo-survey").value()->LastSeq(), before);
}

TEST_F(Filling, MakesAnewWhatAnInterruptedCallLeft) {
  ASSERT_TRUE(vault_->CreateStudy("demo-sensors"));
  const auto summary = Fill(*vault_, *catalog_, options_);
  ASSERT_TRUE(summary) << summary.error().detail;
  EXPECT_EQ(vault_->OpenStudy("demo-sensors").value()->Datasets().size(), 4u);
}

}  // namespace
}  // namespace sheaf::demo
