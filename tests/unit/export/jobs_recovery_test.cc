// Jobs and the end of processes, leases and files.

#include <latch>

#include "export/jobs.h"
#include "job_fixture.h"

namespace sheaf::exporting {
namespace {

using catalog::ExportState;
using testing::HasSubstr;
using testing::IsEmpty;

// The process that ran it is gone: its lease ends, and the next runner makes the file from the beginning.
TEST_F(JobTest, AJobOfADeadProcessRunsAgain) {
  FillStudy(fake_, "d", 1000);
  runner_ = NewRunner();
  const auto job = Submit(Options("csv"));
  const auto leased = catalog_->LeaseExport("a process that died", Now() + 300'000);
  ASSERT_TRUE(leased && *leased);
  // What it had published without writing the row, and what it had not.
  {
    auto orphan = blobs_->Create("exports/" + job.id + "-1");
    ASSERT_TRUE(orphan);
    ASSERT_TRUE((*orphan)->Write("half"));
    ASSERT_TRUE((*orphan)->Publish());
    std::filesystem::create_directories(directory_ + "/tmp");
    std::ofstream(directory_ + "/tmp/export-left.parquet") << "half";
    std::ofstream(directory_ + "/tmp/of-someone-else") << "kept";
  }
  ASSERT_TRUE(runner_->Start());
  const auto done = WaitUntilDone(job.id);
  EXPECT_EQ(done.attempts, 2);
  EXPECT_EQ(done.rows_done, 1000u);
  EXPECT_EQ(Sha256Hex(FileOf(done)), done.sha256);
  EXPECT_EQ(TemporaryFiles(), 1u);
  // The orphan goes when the next runner starts.
  runner_ = nullptr;
  StartRunner();
  while (AllBlobs().size() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(AllBlobs().front(), done.blob);
}

TEST_F(JobTest, AJobThatKillsItsProcessIsGivenUp) {
  FillStudy(fake_, "d", 10);
  runner_ = NewRunner();
  const auto job = Submit(Options("csv"));
  for (int attempt = 0; attempt < 3; ++attempt) ASSERT_TRUE(*catalog_->LeaseExport("dying", Now() - 1));
  ASSERT_TRUE(runner_->Start());
  const auto failed = WaitFor(job.id, ExportState::kFailed);
  EXPECT_THAT(failed.error, HasSubstr("3 times"));
}

// Its lease was taken while it was believed dead: what it makes is not published under the new owner's feet.
TEST_F(JobTest, AJobThatWasTakenOverPublishesNothing) {
  FillStudy(fake_, "d", 1000);
  blobs_->after_publish = [&] {
    // Between publishing and the row: another process has the job now.
    const auto all = catalog_->Exports(anna_, "fake", {}, 1);
    catalog::ExportJob job = all->front();
    ASSERT_TRUE(catalog_->HeartbeatExport(job, job.lease_owner, Now() - 1));
    ASSERT_TRUE(*catalog_->LeaseExport("another process", Now() + 3'600'000'000));
  };
  StartRunner();
  const auto job = Submit(Options("csv"));
  while (blobs_->published == 0 || !AllBlobs().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  runner_->Stop(60);
  const auto row = catalog_->FindExport(job.id);
  EXPECT_EQ(row->state, ExportState::kExecuting);
  EXPECT_EQ(row->lease_owner, "another process");
}

TEST_F(JobTest, ALongJobKeepsItsLease) {
  FillStudy(fake_, "d", 1000);
  limits_.lease_s = 1;
  std::atomic<bool> open{false};
  fake_.before_batch = [&] {
    while (!open) std::this_thread::yield();
  };
  StartRunner();
  const auto job = Submit(Options("csv"));
  WaitFor(job.id, ExportState::kExecuting);
  // Longer than the lease: without heartbeats it would be free for the taking.
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  EXPECT_FALSE(*catalog_->LeaseExport("a thief", Now() + 1'000'000));
  EXPECT_THAT(catalog_->FindExport(job.id)->activity, HasSubstr("writing d: 0 of 1,000 rows"));
  open = true;
  EXPECT_EQ(WaitUntilDone(job.id).attempts, 1);
}

TEST_F(JobTest, AJobThatRunsForTooLongFailsAndSaysSo) {
  FillStudy(fake_, "d", 100'000);
  limits_.lease_s = 1;
  std::atomic<bool> open{false};
  fake_.before_batch = [&] {
    while (!open) std::this_thread::yield();
  };
  StartRunner();
  auto options = Options("csv");
  options.run_time_s = 1;
  const auto job = Submit(options);
  WaitFor(job.id, ExportState::kExecuting);
  std::this_thread::sleep_for(std::chrono::milliseconds(1800));  // the time, and a heartbeat
  open = true;
  EXPECT_EQ(WaitFor(job.id, ExportState::kFailed).error, kTimedOut);
  EXPECT_THAT(AllBlobs(), IsEmpty());
}

TEST_F(JobTest, ACancelByAnotherProcessStopsTheRun) {
  FillStudy(fake_, "d", 100'000);
  limits_.lease_s = 1;
  std::atomic<bool> open{false};
  std::latch entered(1);
  fake_.before_batch = [&] {
    if (!entered.try_wait()) entered.count_down();
    while (!open) std::this_thread::yield();
  };
  StartRunner();
  const auto job = Submit(Options("csv"));
  entered.wait();
  ASSERT_TRUE(*catalog_->CancelExport(job.id));
  std::this_thread::sleep_for(std::chrono::milliseconds(800));  // a heartbeat comes by
  open = true;
  runner_->Stop(60);
  EXPECT_EQ(blobs_->published, 0);
  EXPECT_THAT(AllBlobs(), IsEmpty());
  EXPECT_EQ(catalog_->FindExport(job.id)->state, ExportState::kCancelled);
}

// Stopping gives a running job back: it runs again at the next start, and does not count as a crash.
TEST_F(JobTest, StopGivesJobsBack) {
  FillStudy(fake_, "d", 100'000);
  std::string id;
  for (int restart = 0; restart < 5; ++restart) {
    std::latch entered(1);
    std::atomic<bool> open{false};
    fake_.before_batch = [&] {
      if (!entered.try_wait()) entered.count_down();
      while (!open) std::this_thread::yield();
    };
    StartRunner();
    if (id.empty()) id = Submit(Options("csv")).id;
    entered.wait();
    std::thread stop([&] { runner_->Stop(0); });
    while (runner_->Find(id)->state == ExportState::kExecuting && !open) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      open = true;
    }
    stop.join();
    const auto job = catalog_->FindExport(id);
    ASSERT_EQ(job->state, ExportState::kPending);
    EXPECT_THAT(job->activity, HasSubstr("after a restart"));
    EXPECT_THAT(AllBlobs(), IsEmpty());
    fake_.before_batch = nullptr;
  }
  StartRunner();
  EXPECT_EQ(WaitUntilDone(id).rows_done, 100'000u);
}

TEST_F(JobTest, StopLetsAJobFinishWithinTheGrace) {
  FillStudy(fake_, "d", 20'000);
  std::latch entered(1);
  fake_.before_batch = [&] {
    if (!entered.try_wait()) entered.count_down();
  };
  StartRunner();
  const auto job = Submit(Options("csv"));
  entered.wait();
  runner_->Stop(600);
  EXPECT_EQ(catalog_->FindExport(job.id)->state, ExportState::kSucceeded);
}

TEST_F(JobTest, FilesExpire) {
  FillStudy(fake_, "d", 10);
  limits_.file_lifetime_s = 1;
  StartRunner();
  const auto mine = WaitUntilDone(Submit(Options("csv")).id);
  runner_ = nullptr;
  limits_.file_lifetime_s = 3600;
  runner_ = NewRunner();
  const auto shared = Submit(Options("csv"), ben_);  // the same file, for longer
  ASSERT_EQ(shared.blob, mine.blob);
  while (Now() <= *mine.expires_at) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(runner_->Start());
  while (catalog_->FindExport(mine.id)->state == ExportState::kSucceeded) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  EXPECT_EQ(TextAt(JobJson(*runner_->Find(mine.id)), "/state"), "expired");
  EXPECT_TRUE(At(JobJson(*runner_->Find(mine.id)), "/file_name").is_null());
  EXPECT_EQ(Sha256Hex(FileOf(*runner_->Find(shared.id))), shared.sha256) << "another job's file stays";
  // And when no other has it, it goes.
  ASSERT_TRUE(runner_->CancelOrRemove(shared.id));
  EXPECT_THAT(AllBlobs(), IsEmpty());
}

}  // namespace
}  // namespace sheaf::exporting
