#pragma once
// A catalog in a directory of its own, with an account and a study in it.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "catalog/catalog.h"

namespace sheaf::catalog {

class Directory {
 public:
  Directory() {
    std::string name = (std::filesystem::temp_directory_path() / "sheaf-catalog-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string File(const std::string& name = "catalog.sqlite") const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// Runs SQL on a file behind the catalog's back.
inline int Tamper(const std::string& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  sqlite3_open(path.c_str(), &handle);
  sqlite3_busy_timeout(handle, 5000);
  const int outcome = sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(handle);
  return outcome;
}

// Starts a process that runs `work` and exits with what it returns.
inline pid_t Start(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  return child;
}
inline int ExitOf(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

class CatalogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    catalog_ = Open();
    ASSERT_NE(catalog_, nullptr);
    owner_ = AddAccount("owner@example.org");
    AddStudy("demo");
  }

  std::unique_ptr<Catalog> Open(const OpenOptions& options = {}) {
    auto opened = OpenCatalog(directory_.File(), options);
    if (!opened) {
      ADD_FAILURE() << opened.error().detail;
      return nullptr;
    }
    return *std::move(opened);
  }
  std::string AddAccount(const std::string& email) {
    auto account = catalog_->AddAccount(email, "Name", false, "hash");
    EXPECT_TRUE(account) << account.error().detail;
    return account ? account->id : "";
  }
  model::Study AddStudy(const std::string& id) {
    model::Study study;
    study.id = id;
    study.name = "Study " + id;
    study.owner = owner_;
    auto added = catalog_->AddStudy(study);
    EXPECT_TRUE(added) << added.error().detail;
    return added ? *added : study;
  }
  ExportJob Job(const std::string& account = "", Micros created_at = 0) {
    ExportJob job;
    job.study = "demo";
    job.account = account.empty() ? owner_ : account;
    job.request = R"({"format":"csv"})";
    job.created_at = created_at;
    return job;
  }
  std::string AddJob(const std::string& account = "", Micros created_at = 0) {
    auto added = catalog_->AddExport(Job(account, created_at));
    EXPECT_TRUE(added) << added.error().detail;
    return added ? added->id : "";
  }
  std::vector<std::string> Check() {
    auto checked = catalog_->Check();
    if (!checked) return {"Check failed: " + checked.error().detail};
    return *checked;
  }

  Directory directory_;
  std::unique_ptr<Catalog> catalog_;
  std::string owner_;
};

}  // namespace sheaf::catalog
