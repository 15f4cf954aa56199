#pragma once
//! A runner over a real catalog and real blobs in a new directory, and a study in memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "export/digest.h"
#include "export/jobs.h"
#include "seq_study.h"
#include "wrapped_study.h"

namespace sheaf::exporting {

class FakeVault final : public vault::Vault {
 public:
  explicit FakeVault(std::shared_ptr<vault::StudyVault> study) : study_(std::move(study)) {}
  Status CreateStudy(std::string_view) override { return {}; }
  Result<std::shared_ptr<vault::StudyVault>> OpenStudy(std::string_view study) override {
    if (study != study_->StudyId()) return Fail(ErrorCode::kNotFound, "There is no such study.");
    return study_;
  }
  Status DropStudy(std::string_view) override { return {}; }
  Result<std::vector<std::string>> CheckStudy(std::string_view) override { return std::vector<std::string>(); }
  std::vector<std::string> Studies() override { return {study_->StudyId()}; }
  Status Close() override { return {}; }

 private:
  std::shared_ptr<vault::StudyVault> study_;
};

//! Real blobs whose publishing can fail, and is counted.
class WrappedBlobs final : public blobs::Blobs {
 public:
  explicit WrappedBlobs(std::unique_ptr<blobs::Blobs> blobs) : blobs_(std::move(blobs)) {}
  std::atomic<bool> fail_publish{false};
  std::atomic<int> published{0};
  std::function<void()> after_publish;
  using blobs::Blobs::Adopt;
  using blobs::Blobs::Create;

  Result<std::unique_ptr<blobs::BlobWriter>> Create(std::string_view name, const blobs::SealTo& seal) override {
    SHEAF_ASSIGN(auto writer, blobs_->Create(name, seal));
    return std::unique_ptr<blobs::BlobWriter>(new Writer(*this, std::move(writer)));
  }
  Result<blobs::BlobWriter::Published> Adopt(std::string_view name, const std::string& path, const blobs::SealTo& seal) override {
    if (fail_publish) return Fail(ErrorCode::kStorageFull, "There is no room for the file.");
    ++published;
    return blobs_->Adopt(name, path, seal);
  }
  Result<Located> Locate(std::string_view name) override { return blobs_->Locate(name); }
  Result<std::shared_ptr<blobs::BlobReader>> Open(std::string_view name, const blobs::OpenBox& open) override {
    return blobs_->Open(name, open);
  }
  Status Remove(std::string_view name) override { return blobs_->Remove(name); }
  Result<std::vector<std::string>> List(std::string_view prefix) override { return blobs_->List(prefix); }
  Status Sweep() override { return blobs_->Sweep(); }

 private:
  class Writer final : public blobs::BlobWriter {
   public:
    Writer(WrappedBlobs& owner, std::unique_ptr<blobs::BlobWriter> writer) : owner_(owner), writer_(std::move(writer)) {}
    Status Write(std::string_view bytes) override { return writer_->Write(bytes); }
    Result<Published> Publish() override {
      if (owner_.fail_publish) return Fail(ErrorCode::kStorageFull, "There is no room for the file.");
      ++owner_.published;
      auto done = writer_->Publish();
      if (owner_.after_publish) owner_.after_publish();
      return done;
    }

   private:
    WrappedBlobs& owner_;
    std::unique_ptr<blobs::BlobWriter> writer_;
  };
  std::unique_ptr<blobs::Blobs> blobs_;
};

class JobTest : public testing::Test {
 protected:
  JobTest() {
    std::filesystem::create_directories(directory_);
    catalog_ = std::move(*catalog::OpenCatalog(directory_ + "/catalog.sqlite"));
    blobs_ = std::make_shared<WrappedBlobs>(std::move(*blobs::OpenDirectoryBlobs(directory_ + "/blobs")));
    anna_ = catalog_->AddAccount("anna@example.org", "Anna", false, "x")->id;
    ben_ = catalog_->AddAccount("ben@example.org", "Ben", false, "x")->id;
    model::Study study;
    study.id = "fake";
    study.name = "A study";
    study.owner = anna_;
    EXPECT_TRUE(catalog_->AddStudy(study));
  }
  ~JobTest() override {
    runner_.reset();
    catalog_.reset();
    std::filesystem::remove_all(directory_);
  }

  std::unique_ptr<JobRunner> NewRunner() {
    return std::make_unique<JobRunner>(JobRunner::Options{catalog_, vault_, blobs_, directory_ + "/tmp", limits_});
  }
  void StartRunner() {
    runner_ = NewRunner();
    ASSERT_TRUE(runner_->Start());
  }

  static ExportOptions Options(const std::string& format, std::vector<std::string> datasets = {"d"}) {
    ExportOptions options;
    options.format = *FormatFrom(format);
    options.datasets = std::move(datasets);
    return options;
  }
  catalog::ExportJob Submit(const ExportOptions& options, const std::string& account = {}, const std::string& key = {},
                            bool* created = nullptr) {
    auto job = runner_->Submit(account.empty() ? anna_ : account, "fake", options, key, created);
    EXPECT_TRUE(job) << job.error().detail;
    return job.value_or(catalog::ExportJob());
  }
  catalog::ExportJob WaitFor(const std::string& id, catalog::ExportState state) {
    for (;;) {
      auto job = catalog_->FindExport(id);
      if (!job) {
        ADD_FAILURE() << job.error().detail;
        return {};
      }
      if (job->state == state) return *job;
      const bool over = job->state != catalog::ExportState::kPending && job->state != catalog::ExportState::kExecuting;
      if (over) {
        ADD_FAILURE() << "it is " << catalog::Name(job->state) << ": " << job->error;
        return *job;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  catalog::ExportJob WaitUntilDone(const std::string& id) { return WaitFor(id, catalog::ExportState::kSucceeded); }
  std::string FileOf(const catalog::ExportJob& job) {
    const auto located = blobs_->Locate(job.blob);
    EXPECT_TRUE(located);
    if (!located) return {};
    std::ifstream file(located->path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::vector<std::string> AllBlobs() { return blobs_->List("exports/").value_or(std::vector<std::string>{"?"}); }
  std::size_t TemporaryFiles() {
    std::error_code missing;
    std::filesystem::directory_iterator files(directory_ + "/tmp", missing);
    return missing ? 0 : static_cast<std::size_t>(std::distance(files, {}));
  }

  const std::string directory_ = testing::TempDir() + "job_test_" + std::to_string(::getpid());
  FakeStudy fake_;
  std::shared_ptr<WrappedStudy> study_ = std::make_shared<WrappedStudy>(fake_);
  std::shared_ptr<FakeVault> vault_ = std::make_shared<FakeVault>(study_);
  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<WrappedBlobs> blobs_;
  JobLimits limits_;
  std::unique_ptr<JobRunner> runner_;
  std::string anna_, ben_;
};

//! A member at a path like "/file/sha256".
inline boost::json::value At(const std::string& json, const std::string& pointer) { return boost::json::parse(json).at_pointer(pointer); }
inline std::string TextAt(const std::string& json, const std::string& pointer) { return std::string(At(json, pointer).as_string()); }

}  // namespace sheaf::exporting
