// Two servers over one catalog, a server that dies at each step, and what a run leaves.

#include "schedule/scheduler.h"

#include "../export/job_fixture.h"
#include "catalog/grants.h"

namespace sheaf::exporting {
namespace {

using catalog::ScheduleRun;
using schedule::Scheduler;

class SchedulerTest : public JobTest {
 protected:
  SchedulerTest() {
    FillStudy(fake_, "d", 50);
    runner_ = NewRunner();
    gate_ = std::make_shared<access::Gate>(catalog_);
    jobs_ = std::shared_ptr<JobRunner>(runner_.get(), [](JobRunner*) {});
  }

  std::unique_ptr<Scheduler> NewServer(std::int64_t lease_s = 30) {
    Scheduler::Options options;
    options.catalog = catalog_;
    options.jobs = jobs_;
    options.gate = gate_;
    options.lease_s = lease_s;
    options.now = [this] { return now_; };
    options.ended = [this](const catalog::Schedule&, const ScheduleRun&) { ++ended_; };
    return std::make_unique<Scheduler>(std::move(options));
  }

  catalog::Schedule Add(const std::string& mode = "complete", const std::string& account = {}) {
    catalog::Schedule made;
    made.id = "sch_test";
    made.study = "fake";
    made.account = account.empty() ? anna_ : account;
    made.name = "Test";
    made.request = R"({"datasets":["d"],"format":"csv"})";
    made.cron = "0 * * * *";
    made.timezone = "UTC";
    made.mode = mode;
    made.keep = 2;
    made.delivery = R"({"kind":"none"})";
    made.created_at = made.updated_at = now_;
    made.next_at = now_ + kMinute;
    EXPECT_TRUE(catalog_->Schedules().AddSchedule(made, 10));
    return made;
  }
  std::vector<ScheduleRun> Runs() { return *catalog_->Schedules().Runs("sch_test", "", 100); }
  void Settle(Scheduler& server) {
    for (int i = 0; i < 2000 && (Runs().empty() || Runs().front().state == "starting" || Runs().front().state == "running"); ++i) {
      server.Tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  static constexpr Micros kMinute = 60'000'000, kHour = 60 * kMinute;
  Micros now_ = ParseIsoTime("2026-01-01T00:00:00Z")->instant;
  std::shared_ptr<access::Gate> gate_;
  std::shared_ptr<JobRunner> jobs_;
  int ended_ = 0;
};

TEST_F(SchedulerTest, EachTimeIsRunOnceWhateverNumberOfServersLooks) {
  Add();
  const auto one = NewServer(), two = NewServer();
  now_ += 2 * kMinute;
  std::thread first([&] {
    for (int i = 0; i < 20; ++i) one->Tick();
  });
  std::thread second([&] {
    for (int i = 0; i < 20; ++i) two->Tick();
  });
  first.join();
  second.join();
  ASSERT_EQ(Runs().size(), 1u);
  EXPECT_EQ(catalog_->Exports("", "fake", "", 100)->size(), 1u);
  EXPECT_EQ(catalog_->Exports("", "fake", "", 100)->front().schedule, "sch_test");
}

TEST_F(SchedulerTest, ARunHasOneKeeperAtATimeAndIsTakenOverFromOneThatDied) {
  Add();
  now_ += 2 * kMinute;
  auto dies = NewServer(1);
  dies->Tick();
  ASSERT_EQ(Runs().front().state, "running");
  dies.reset();
  ASSERT_TRUE(runner_->Start());
  WaitFor(Runs().front().job, catalog::ExportState::kSucceeded);
  const auto other = NewServer();
  other->Tick();
  EXPECT_EQ(Runs().front().state, "running") << "the lease of the other still holds";
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  other->Tick();
  EXPECT_EQ(Runs().front().state, "succeeded");
  EXPECT_EQ(ended_, 1);
}

TEST_F(SchedulerTest, AnExportThatWasAskedForBeforeADeathIsNotAskedForAgain) {
  const auto made = Add("new");
  const auto server = NewServer();
  const auto run = server->RunNow(made);
  ASSERT_TRUE(run);
  // The server that asked for it died before it noted which export it is.
  bool created = false;
  const auto job = runner_->Submit(anna_, "fake", *OptionsFromJson(made.request), "schedule:" + run->id, &created);
  ASSERT_TRUE(job);
  server->Tick();
  EXPECT_EQ(Runs().front().job, job->id);
  EXPECT_EQ(catalog_->Exports("", "fake", "", 100)->size(), 1u);
}

TEST_F(SchedulerTest, WhatWasMissedIsOneRun) {
  Add();
  ASSERT_TRUE(runner_->Start());
  const auto server = NewServer();
  now_ += 5 * kHour + 2 * kMinute;
  Settle(*server);
  ASSERT_EQ(Runs().size(), 1u);
  EXPECT_EQ(Runs().front().cause, "catch_up");
  EXPECT_EQ(Runs().front().missed, 5);
  EXPECT_EQ(Runs().front().state, "succeeded");
  EXPECT_EQ(FormatIsoUtc(*catalog_->Schedules().FindSchedule("fake", "sch_test")->next_at), "2026-01-01T06:00:00.000Z");
}

TEST_F(SchedulerTest, TheCursorMovesWithSuccessAlone) {
  const auto made = Add("new");
  const auto server = NewServer();
  now_ += 1000;
  ASSERT_TRUE(server->RunNow(made));
  server->Tick();
  ASSERT_TRUE(catalog_->CancelExport(Runs().front().job));
  server->Tick();
  EXPECT_EQ(Runs().front().state, "failed");
  EXPECT_EQ(catalog_->Schedules().FindSchedule("fake", "sch_test")->cursor, "");
  ASSERT_TRUE(runner_->Start());
  now_ += 1000;
  ASSERT_TRUE(server->RunNow(made));
  Settle(*server);
  EXPECT_EQ(Runs().front().state, "succeeded");
  EXPECT_EQ(Runs().front().since, "");
  EXPECT_EQ(catalog_->Schedules().FindSchedule("fake", "sch_test")->cursor, Runs().front().cursor);
  const std::string cursor = Runs().front().cursor;
  now_ += 1000;
  ASSERT_TRUE(server->RunNow(made));
  Settle(*server);
  EXPECT_EQ(Runs().front().since, cursor);
}

TEST_F(SchedulerTest, OneRunAtATime) {
  const auto made = Add();
  const auto server = NewServer();
  ASSERT_TRUE(server->RunNow(made));
  const auto again = server->RunNow(made);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  now_ += 2 * kMinute;
  server->Tick();
  EXPECT_EQ(Runs().size(), 1u) << "what is due waits until the run is over";
}

TEST_F(SchedulerTest, RightsAreThoseOfTheTimeOfTheRun) {
  catalog::Grant grant;
  grant.study = "fake";
  grant.account = ben_;
  grant.may_export = true;
  ASSERT_TRUE(catalog_->PutGrant(grant));
  const auto made = Add("complete", ben_);
  ASSERT_TRUE(runner_->Start());
  const auto server = NewServer();
  now_ += 1000;
  ASSERT_TRUE(server->RunNow(made));
  Settle(*server);
  EXPECT_EQ(Runs().front().state, "succeeded");
  ASSERT_TRUE(catalog_->RemoveGrant("fake", ben_));
  now_ += 1000;
  ASSERT_TRUE(server->RunNow(made));
  Settle(*server);
  EXPECT_EQ(Runs().front().state, "failed");
  EXPECT_THAT(Runs().front().error, testing::HasSubstr("may not export"));
  EXPECT_EQ(Runs().front().job, "");
}

TEST_F(SchedulerTest, FilesOfOlderRunsGo) {
  const auto made = Add();
  ASSERT_TRUE(runner_->Start());
  const auto server = NewServer();
  for (int i = 0; i < 5; ++i) {
    now_ += kMinute;
    ASSERT_TRUE(server->RunNow(made));
    Settle(*server);
  }
  const auto jobs = *catalog_->Exports("", "fake", "", 100);
  ASSERT_EQ(jobs.size(), 2u);
  for (const auto& job : jobs) EXPECT_FALSE(job.expires_at);
  EXPECT_EQ(Runs().size(), 5u);
  ASSERT_TRUE(catalog_->Schedules().RemoveSchedule("fake", "sch_test", now_ + kHour));
  const auto left = *catalog_->Exports("", "fake", "", 100);
  for (const auto& job : left) EXPECT_EQ(job.expires_at, now_ + kHour);
}

}  // namespace
}  // namespace sheaf::exporting
