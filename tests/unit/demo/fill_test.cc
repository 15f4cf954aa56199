#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.h"
#include "base/log.h"
#include "catalog/donation_table.h"
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
    files::FilesOptions files;
    files.catalog = catalog_;
    files.blobs = blobs::OpenDirectoryBlobs(root_ / "blobs").value();
    const auto key = secrets::SiteKey::Load(root_ / "site.key", secrets::SiteKey::Missing::kCreate).value();
    files.keys = secrets::KeyRing::Open(catalog_, key).value();
    files_ = std::make_unique<files::Files>(std::move(files));
    options_.owner = catalog_->AddAccount("demo@example.org", "Demo", true, "").value().id;
    options_.rows = 5000;
  }
  void TearDown() override {
    EXPECT_TRUE(vault_->Close());
    vault_.reset();
    files_.reset();
    catalog_.reset();
    fs::remove_all(root_);
  }

  fs::path root_;
  std::unique_ptr<vault::Vault> vault_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<files::Files> files_;
  Options options_;
};

TEST_F(Filling, LeavesWhatTheSummarySays) {
  const auto summary = Fill(*vault_, *catalog_, *files_, options_);
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

TEST_F(Filling, FilesAreThereAndWhole) {
  const auto summary = Fill(*vault_, *catalog_, *files_, options_);
  ASSERT_TRUE(summary) << summary.error().detail;
  std::uint64_t met = 0;
  for (const std::string_view id : {"demo-experiment", "demo-donations"}) {
    const auto list = files_->List(id, {}, {}, 1000);
    ASSERT_TRUE(list) << list.error().detail;
    EXPECT_EQ(list->items.size(), list->total);
    met += list->total;
    for (const files::File& file : list->items) {
      SCOPED_TRACE(file.id);
      EXPECT_TRUE(file.complete);
      const auto reader = files_->Open(file, {});
      ASSERT_TRUE(reader) << reader.error().detail;
      const auto begin = (*reader)->ReadAt(0, 4);
      ASSERT_TRUE(begin);
      if (file.kind == "recording") EXPECT_EQ(*begin, "RIFF");
      else EXPECT_EQ(begin->substr(0, 2), "[{");
    }
  }
  EXPECT_EQ(met, summary->files);
  EXPECT_GT(met, 40u);
  const auto project = catalog_->Donations().FindProject("demo-donations");
  ASSERT_TRUE(project);
  EXPECT_EQ(project->url_id, "Demo2026");
}

TEST_F(Filling, RefusesToFillTwice) {
  ASSERT_TRUE(Fill(*vault_, *catalog_, *files_, options_));
  const auto before = vault_->OpenStudy("demo-survey").value()->LastSeq();
  const auto again = Fill(*vault_, *catalog_, *files_, options_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kStudyExists);
  EXPECT_EQ(vault_->OpenStudy("demo-survey").value()->LastSeq(), before);
}

TEST_F(Filling, MakesAnewWhatAnInterruptedCallLeft) {
  ASSERT_TRUE(vault_->CreateStudy("demo-sensors"));
  const auto summary = Fill(*vault_, *catalog_, *files_, options_);
  ASSERT_TRUE(summary) << summary.error().detail;
  EXPECT_EQ(vault_->OpenStudy("demo-sensors").value()->Datasets().size(), 4u);
}

}  // namespace
}  // namespace sheaf::demo
