// Several catalogs, threads and processes on one file.

#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "fixture.h"

namespace sheaf::catalog {
namespace {

using ::testing::IsEmpty;

constexpr Micros kHour = 3'600'000'000;

class SharingTest : public CatalogTest {};

TEST_F(SharingTest, EachJobIsLeasedExactlyOnce) {
  constexpr int kJobs = 80;
  constexpr int kThreads = 6;
  for (int i = 0; i < kJobs; ++i) AddJob();
  const auto other = Open();
  std::mutex mutex;
  std::map<std::string, int> leases;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      Catalog& mine = i % 2 == 0 ? *catalog_ : *other;
      const std::string owner = "worker-" + std::to_string(i);
      for (;;) {
        const auto leased = mine.LeaseExport(owner, Now() + kHour);
        if (!leased) ++failures;
        if (!leased || !*leased) return;
        if ((*leased)->lease_owner != owner) ++failures;
        const std::lock_guard lock(mutex);
        ++leases[(*leased)->id];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(leases.size(), static_cast<std::size_t>(kJobs));
  for (const auto& [id, times] : leases) EXPECT_EQ(times, 1) << id;
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(SharingTest, ProcessesLeaseEachJobExactlyOnce) {
  constexpr int kJobs = 40;
  for (int i = 0; i < kJobs; ++i) AddJob();
  catalog_.reset();
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    children.push_back(Start([&, i] {
      auto mine = OpenCatalog(directory_.File());
      if (!mine) return 1;
      const std::string owner = "process-" + std::to_string(i);
      for (;;) {
        auto leased = (*mine)->LeaseExport(owner, Now() + kHour);
        if (!leased) return 2;
        if (!*leased) return 0;
        (*leased)->state = ExportState::kFailed;
        (*leased)->error = owner;
        if (!(*mine)->FinishExport(**leased, owner)) return 3;
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(ExitOf(child), 0);
  catalog_ = Open();
  const auto jobs = catalog_->Exports("", "", "", 1000);
  ASSERT_TRUE(jobs);
  ASSERT_EQ(jobs->size(), static_cast<std::size_t>(kJobs));
  for (const ExportJob& job : *jobs) {
    EXPECT_EQ(job.state, ExportState::kFailed);
    EXPECT_EQ(job.attempts, 1);
  }
}

TEST_F(SharingTest, OfManyEqualRequestsOneWins) {
  const auto other = Open();
  std::atomic<int> won = 0, refused = 0, odd = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      Catalog& mine = i % 2 == 0 ? *catalog_ : *other;
      ExportJob job = Job();
      job.idempotency_key = "the same";
      const auto added = mine.AddExport(job);
      if (added) ++won;
      else if (added.error().code == ErrorCode::kConflict) ++refused;
      else ++odd;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(odd, 0);
}

TEST_F(SharingTest, ReadersAndWritersOfTwoCatalogsGetAlong) {
  const auto key = catalog_->AddKey(owner_, "", {"*"}, {}, "digest");
  ASSERT_TRUE(key);
  const auto other = Open();
  constexpr int kWrites = 25;
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      Catalog& mine = i % 2 == 0 ? *catalog_ : *other;
      for (int j = 0; j < kWrites; ++j) {
        if (!mine.NoteKeyUse(key->id, 1, Now())) ++failures;
        if (!mine.FindKeyByDigest("digest")) ++failures;
        if (!mine.Generation()) ++failures;
        if (!mine.Studies("", "", "", 10)) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(catalog_->FindKeyByDigest("digest")->uses, 4U * kWrites);
}

TEST_F(SharingTest, WatchingDoesNotKeepTheLogFromShrinking) {
  ASSERT_TRUE(catalog_->Generation());
  AddJob();
  ASSERT_TRUE(catalog_->Generation());
  ASSERT_GT(std::filesystem::file_size(directory_.File() + "-wal"), 0U);
  // Empties the log, or fails because someone still reads from it.
  ASSERT_EQ(Tamper(directory_.File(), "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
  EXPECT_EQ(std::filesystem::file_size(directory_.File() + "-wal"), 0U);
}

TEST_F(SharingTest, AFileLockedTooLongIsUnavailable) {
  catalog_ = Open({.lock_wait_ms = 50, .connections = 2});
  sqlite3* intruder = nullptr;
  ASSERT_EQ(sqlite3_open(directory_.File().c_str(), &intruder), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(intruder, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = catalog_->AddAccount("late@example.org", "", false, "h");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_GT(refused.error().retry_after_s, 0);
  EXPECT_TRUE(catalog_->FindStudy("demo")) << "readers do not wait for writers";
  ASSERT_EQ(sqlite3_exec(intruder, "COMMIT", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(intruder);
  EXPECT_TRUE(catalog_->AddAccount("late@example.org", "", false, "h"));
}

TEST_F(SharingTest, ALockThatIsSoonReleasedIsWaitedFor) {
  sqlite3* intruder = nullptr;
  ASSERT_EQ(sqlite3_open(directory_.File().c_str(), &intruder), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(intruder, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  std::thread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    sqlite3_exec(intruder, "ROLLBACK", nullptr, nullptr, nullptr);
  });
  EXPECT_TRUE(catalog_->AddAccount("patient@example.org", "", false, "h"));
  releaser.join();
  sqlite3_close(intruder);
}

TEST_F(SharingTest, ManyProcessesCreateOneCatalog) {
  const std::string path = directory_.File("fresh.sqlite");
  catalog_.reset();
  std::vector<pid_t> children;
  for (int i = 0; i < 5; ++i) {
    children.push_back(Start([&, i] {
      auto mine = OpenCatalog(path);
      if (!mine) return 1;
      return (*mine)->AddAccount("p" + std::to_string(i) + "@example.org", "", false, "h") ? 0 : 2;
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(ExitOf(child), 0);
  auto opened = OpenCatalog(path);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->Accounts()->size(), 5U);
  EXPECT_THAT(*(*opened)->Check(), IsEmpty());
}

}  // namespace
}  // namespace sheaf::catalog
