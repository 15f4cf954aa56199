#include "export/jobs.h"

#include <latch>

#include "job_fixture.h"

namespace sheaf::exporting {
namespace {

using catalog::ExportState;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;

TEST_F(JobTest, AFileIsMadeCountedHashedAndPublished) {
  FillStudy(fake_, "d", 5000);
  StartRunner();
  bool created = false;
  const auto pending = Submit(Options("csv"), {}, {}, &created);
  EXPECT_TRUE(created);
  EXPECT_EQ(pending.state, ExportState::kPending);
  const auto job = WaitUntilDone(pending.id);
  const std::string file = FileOf(job);
  EXPECT_EQ(std::count(file.begin(), file.end(), '\n'), 5001);
  EXPECT_EQ(job.rows_done, 5000u);
  EXPECT_EQ(job.rows_total, 5000u);
  EXPECT_EQ(job.bytes_done, file.size());
  EXPECT_EQ(job.file_size, file.size());
  EXPECT_EQ(job.sha256, Sha256Hex(file));
  EXPECT_THAT(job.file_name, MatchesRegex("fake_d_[0-9]{8}T[0-9]{6}Z\\.csv"));
  EXPECT_EQ(job.cursor, CursorText(5000));
  ASSERT_TRUE(job.expires_at && job.started_at && job.finished_at);
  EXPECT_GT(*job.expires_at, Now() + 6 * 24 * 3600 * 1'000'000LL);
  EXPECT_EQ(AllBlobs().size(), 1u);
  EXPECT_EQ(job.attempts, 1);
}

TEST_F(JobTest, TheManifestTellsWhatTheFileIs) {
  FillStudy(fake_, "d", 100);
  StartRunner();
  auto options = Options("ndjson");
  options.participants = {"P1"};
  const auto job = WaitUntilDone(Submit(options).id);
  EXPECT_EQ(TextAt(job.manifest, "/format"), "sheaf-manifest");
  EXPECT_EQ(TextAt(job.manifest, "/file/sha256"), job.sha256);
  EXPECT_EQ(TextAt(job.manifest, "/file/name"), job.file_name);
  EXPECT_EQ(At(job.manifest, "/file/bytes").to_number<std::uint64_t>(), job.file_size);
  EXPECT_EQ(TextAt(job.manifest, "/files/0/path"), job.file_name);
  EXPECT_EQ(TextAt(job.manifest, "/files/0/sha256"), job.sha256);
  EXPECT_EQ(At(job.manifest, "/files/0/rows").to_number<int>(), 15);
  EXPECT_EQ(At(job.manifest, "/rows").to_number<int>(), 15);
  EXPECT_EQ(TextAt(job.manifest, "/files/0/first_time"), FormatIsoUtc(1'700'000'000'000'000 + 1000));
  EXPECT_EQ(TextAt(job.manifest, "/files/0/last_time"), FormatIsoUtc(1'700'000'000'000'000 + 99'000));
  EXPECT_EQ(TextAt(job.manifest, "/request/participants/0"), "P1");
  EXPECT_EQ(TextAt(job.manifest, "/study/name"), "A study");
  EXPECT_EQ(TextAt(job.manifest, "/created_by"), anna_);
  EXPECT_EQ(TextAt(job.manifest, "/cursor"), job.cursor);
}

TEST_F(JobTest, EveryFormat) {
  FillStudy(fake_, "d", 300);
  StartRunner();
  for (const std::string format : {"csv", "json", "ndjson", "parquet", "zip"}) {
    const auto job = WaitUntilDone(Submit(Options(format)).id);
    EXPECT_EQ(job.sha256, Sha256Hex(FileOf(job))) << format;
    EXPECT_EQ(job.rows_done, 300u) << format;
    EXPECT_TRUE(job.file_name.ends_with("." + format)) << job.file_name;
  }
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(JobTest, TheApiShowsAJob) {
  FillStudy(fake_, "d", 10);
  StartRunner();
  const auto pending = Submit(Options("csv"));
  EXPECT_EQ(TextAt(JobJson(pending), "/state"), "pending");
  EXPECT_TRUE(At(JobJson(pending), "/file_name").is_null());
  const auto job = WaitUntilDone(pending.id);
  const std::string json = JobJson(*runner_->Find(job.id));
  EXPECT_EQ(TextAt(json, "/state"), "succeeded");
  EXPECT_EQ(At(json, "/progress/fraction").to_number<double>(), 1);
  EXPECT_EQ(At(json, "/progress/rows").to_number<int>(), 10);
  EXPECT_EQ(TextAt(json, "/sha256"), job.sha256);
  EXPECT_EQ(TextAt(json, "/file_name"), job.file_name);
  EXPECT_EQ(TextAt(json, "/request/format"), "csv");
  EXPECT_EQ(TextAt(json, "/cursor"), job.cursor);
  EXPECT_EQ(TextAt(json, "/expires_at"), FormatIsoUtc(*job.expires_at));
  EXPECT_TRUE(At(json, "/error").is_null());
}

TEST_F(JobTest, WhatIsWrongIsSaidAtOnce) {
  FillStudy(fake_, "d", 10);
  FillStudy(fake_, "e", 10);
  StartRunner();
  const auto code = [&](ExportOptions options, const std::string& study = "fake") {
    const auto job = runner_->Submit(anna_, study, options, {}, nullptr);
    return job ? ErrorCode::kInternal : job.error().code;
  };
  EXPECT_EQ(code(Options("csv"), "other"), ErrorCode::kNotFound);
  EXPECT_EQ(code(Options("csv", {"missing"})), ErrorCode::kNotFound);
  EXPECT_EQ(code(Options("csv", {"d", "e"})), ErrorCode::kBadParameter);
  EXPECT_EQ(code(Options("csv", {})), ErrorCode::kBadParameter) << "all are two";
  EXPECT_EQ(code(Options("zip", {"d", "d"})), ErrorCode::kBadParameter);
  auto options = Options("csv");
  options.filter = R"({"field":"nothing","op":"=","value":1})";
  EXPECT_EQ(code(options), ErrorCode::kUnknownField);
  options = Options("csv");
  options.since = CursorText(99);
  EXPECT_EQ(code(options), ErrorCode::kBadCursor);
  options = Options("zip");
  options.inner = Format::kJson;
  options.layout = ZipLayout::kParticipant;
  options.tombstones = true;
  EXPECT_EQ(code(options), ErrorCode::kBadParameter);
  EXPECT_THAT(*catalog_->Exports(anna_, "fake", {}, 10), IsEmpty());
}

TEST_F(JobTest, AFailureLeavesNothingAndHasASentence) {
  FillStudy(fake_, "d", 5000);
  fake_.fail_after_rows = 3000;
  StartRunner();
  for (const std::string format : {"csv", "zip", "parquet"}) {
    const auto job = WaitFor(Submit(Options(format)).id, ExportState::kFailed);
    EXPECT_EQ(job.error, "The fake study fails here.") << format;
    EXPECT_EQ(job.blob, "");
  }
  EXPECT_THAT(AllBlobs(), IsEmpty());
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(JobTest, AFailureToPublishLeavesNothing) {
  FillStudy(fake_, "d", 50);
  blobs_->fail_publish = true;
  StartRunner();
  for (const std::string format : {"csv", "zip", "parquet"}) {
    const auto job = WaitFor(Submit(Options(format)).id, ExportState::kFailed);
    EXPECT_EQ(job.error, "There is no room for the file.") << format;
  }
  EXPECT_THAT(AllBlobs(), IsEmpty());
  EXPECT_EQ(TemporaryFiles(), 0u);
}

// A file that lacks rows looks like a whole one: it is never published.
TEST_F(JobTest, AFileWithMissingRowsIsNotPublished) {
  FillStudy(fake_, "d", 50);
  study_->count_error = 1;
  StartRunner();
  for (const std::string format : {"csv", "zip", "parquet"}) {
    const auto job = WaitFor(Submit(Options(format)).id, ExportState::kFailed);
    EXPECT_THAT(job.error, HasSubstr("50 rows of d were written where 51 were counted")) << format;
  }
  EXPECT_THAT(AllBlobs(), IsEmpty());
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(JobTest, AFileThatCountedSomebodyErasedMeanwhileIsMadeAgain) {
  FillStudy(fake_, "d", 50);
  StartRunner();
  for (const std::string format : {"csv", "zip", "parquet"}) {
    study_->erased_while_counted = 1;
    EXPECT_EQ(WaitFor(Submit(Options(format)).id, ExportState::kSucceeded).rows_done, 50u) << format;
  }
  study_->erased_while_counted = 100;
  EXPECT_THAT(WaitFor(Submit(Options("ndjson")).id, ExportState::kFailed).error, HasSubstr("withdrew or was erased"));
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(JobTest, CancelStopsARunningJob) {
  FillStudy(fake_, "d", 100'000, 50);
  StartRunner();
  for (const std::string format : {"csv", "zip"}) {
    std::latch entered(1);
    std::atomic<bool> open{false};
    std::atomic<int> batches{0};
    fake_.before_batch = [&] {
      if (++batches == 3) entered.count_down();
      while (batches >= 3 && !open) std::this_thread::yield();
    };
    const auto job = Submit(Options(format));
    entered.wait();
    const auto live = runner_->Find(job.id);
    ASSERT_TRUE(live);
    EXPECT_EQ(live->state, ExportState::kExecuting);
    EXPECT_THAT(live->activity, MatchesRegex("writing d: [0-9,]+ of 100,000 rows"));
    EXPECT_EQ(live->rows_total, 100'000u);
    ASSERT_TRUE(runner_->CancelOrRemove(job.id));
    EXPECT_EQ(catalog_->FindExport(job.id)->state, ExportState::kCancelled);
    open = true;
    runner_->Stop(60);
    EXPECT_LT(batches, 30);
    EXPECT_EQ(catalog_->FindExport(job.id)->state, ExportState::kCancelled);
    EXPECT_THAT(AllBlobs(), IsEmpty());
    fake_.before_batch = nullptr;
    StartRunner();
  }
}

TEST_F(JobTest, CancelOfAWaitingJobAndRemovalOfADoneOne) {
  FillStudy(fake_, "d", 100);
  limits_.running = 1;
  runner_ = NewRunner();  // not started: it stays pending
  const auto waiting = Submit(Options("csv"));
  ASSERT_TRUE(runner_->CancelOrRemove(waiting.id));
  EXPECT_EQ(catalog_->FindExport(waiting.id)->state, ExportState::kCancelled);
  ASSERT_TRUE(runner_->CancelOrRemove(waiting.id)) << "the second time it is removed";
  EXPECT_FALSE(catalog_->FindExport(waiting.id));
  ASSERT_TRUE(runner_->Start());
  const auto job = WaitUntilDone(Submit(Options("csv")).id);
  ASSERT_TRUE(runner_->CancelOrRemove(job.id));
  EXPECT_FALSE(runner_->Find(job.id));
  EXPECT_THAT(AllBlobs(), IsEmpty());
  EXPECT_EQ(runner_->CancelOrRemove(job.id).error().code, ErrorCode::kNotFound);
}

TEST_F(JobTest, IdempotencyKeysFindTheJob) {
  FillStudy(fake_, "d", 100);
  StartRunner();
  bool created = false;
  const auto first = Submit(Options("csv"), {}, "key-1", &created);
  EXPECT_TRUE(created);
  WaitUntilDone(first.id);
  fake_.Add("d", FakeRow{});  // the data changed, the key did not
  const auto again = Submit(Options("csv"), {}, "key-1", &created);
  EXPECT_FALSE(created);
  EXPECT_EQ(again.id, first.id);
  const auto other = runner_->Submit(anna_, "fake", Options("json"), "key-1", nullptr);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kIdempotencyMismatch);
  EXPECT_NE(Submit(Options("json"), ben_, "key-1").id, first.id) << "keys are an account's own";
  // A new key is a new job, which it finds again, although the file is shared.
  const auto keyed = Submit(Options("csv"), {}, "key-2", &created);
  EXPECT_TRUE(created);
  EXPECT_EQ(Submit(Options("csv"), {}, "key-2", &created).id, keyed.id);
  EXPECT_FALSE(created);
}

TEST_F(JobTest, EqualRequestsOnUnchangedDataShareOneFile) {
  FillStudy(fake_, "d", 100);
  StartRunner();
  const auto first = WaitUntilDone(Submit(Options("csv")).id);
  bool created = true;
  EXPECT_EQ(Submit(Options("csv"), anna_, {}, &created).id, first.id);
  EXPECT_FALSE(created);
  const auto other = Submit(Options("csv"), ben_, {}, &created);
  EXPECT_TRUE(created);
  EXPECT_EQ(other.state, ExportState::kSucceeded);
  EXPECT_EQ(other.blob, first.blob);
  EXPECT_EQ(other.sha256, first.sha256);
  EXPECT_EQ(other.manifest, first.manifest);
  EXPECT_EQ(blobs_->published, 1);

  // Removing one does not break the other; removing both removes the file.
  ASSERT_TRUE(runner_->CancelOrRemove(first.id));
  EXPECT_EQ(Sha256Hex(FileOf(*runner_->Find(other.id))), other.sha256);
  ASSERT_TRUE(runner_->CancelOrRemove(other.id));
  EXPECT_THAT(AllBlobs(), IsEmpty());
}

TEST_F(JobTest, ChangedDataAndOtherRequestsAreNotShared) {
  FillStudy(fake_, "d", 100);
  StartRunner();
  const auto first = WaitUntilDone(Submit(Options("csv")).id);
  auto options = Options("csv");
  options.header = HeaderStyle::kLabels;
  EXPECT_NE(Submit(options).id, first.id);
  fake_.Add("d", FakeRow{});
  const auto second = WaitUntilDone(Submit(Options("csv")).id);
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(second.rows_done, 101u);
  EXPECT_NE(second.sha256, first.sha256);
}

TEST_F(JobTest, AFileThatIsGoneIsNotShared) {
  FillStudy(fake_, "d", 100);
  StartRunner();
  const auto first = WaitUntilDone(Submit(Options("csv")).id);
  ASSERT_TRUE(blobs_->Remove(first.blob));
  const auto second = Submit(Options("csv"));
  EXPECT_NE(second.id, first.id);
  EXPECT_EQ(FileOf(WaitUntilDone(second.id)).size(), first.file_size);
}

// The same request while the first still runs: the account's own job is returned, another account's waits and shares.
TEST_F(JobTest, EqualRequestsShareWhileTheyRun) {
  FillStudy(fake_, "d", 50'000, 30);
  std::latch entered(1);
  std::atomic<bool> open{false};
  fake_.before_batch = [&] {
    if (!entered.try_wait()) entered.count_down();
    while (!open) std::this_thread::yield();
  };
  StartRunner();
  const auto first = Submit(Options("csv"));
  entered.wait();
  bool created = true;
  EXPECT_EQ(Submit(Options("csv"), {}, {}, &created).id, first.id);
  EXPECT_FALSE(created);
  const auto second = Submit(Options("csv"), ben_, {}, &created);
  EXPECT_TRUE(created);
  while (runner_->Find(second.id)->activity.find("equal export") == std::string::npos) std::this_thread::yield();
  open = true;
  const auto done = WaitUntilDone(first.id), shared = WaitUntilDone(second.id);
  EXPECT_EQ(done.blob, shared.blob);
  EXPECT_EQ(blobs_->published, 1);
}

TEST_F(JobTest, WhoWaitsForACancelledJobRunsItself) {
  FillStudy(fake_, "d", 50'000, 30);
  std::latch entered(1);
  std::atomic<bool> open{false};
  fake_.before_batch = [&] {
    if (!entered.try_wait()) entered.count_down();
    while (!open) std::this_thread::yield();
  };
  StartRunner();
  const auto first = Submit(Options("csv"));
  entered.wait();
  const auto second = Submit(Options("csv"), ben_);
  while (runner_->Find(second.id)->activity.find("equal export") == std::string::npos) std::this_thread::yield();
  ASSERT_TRUE(runner_->CancelOrRemove(first.id));
  open = true;
  EXPECT_EQ(WaitUntilDone(second.id).rows_done, 50'000u);
  EXPECT_EQ(AllBlobs().size(), 1u);
}

TEST_F(JobTest, TooManyAreRefusedWithATime) {
  FillStudy(fake_, "d", 10);
  limits_.unfinished_per_account = 2;
  limits_.unfinished_per_study = 3;
  runner_ = NewRunner();  // nothing runs
  Submit(Options("csv"));
  Submit(Options("json"));
  const auto third = runner_->Submit(anna_, "fake", Options("ndjson"), {}, nullptr);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, ErrorCode::kTooManyExports);
  EXPECT_GT(third.error().retry_after_s, 0);
  EXPECT_EQ(Submit(Options("csv")).request, Submit(Options("csv")).request) << "what is there already is no more";
  Submit(Options("ndjson"), ben_);
  const auto fourth = runner_->Submit(ben_, "fake", Options("parquet"), {}, nullptr);
  ASSERT_FALSE(fourth);
  EXPECT_THAT(fourth.error().detail, HasSubstr("study"));
}

TEST_F(JobTest, AnotherAccountDoesNotWaitForAQueue) {
  FillStudy(fake_, "d", 100);
  limits_.running = 1;
  runner_ = NewRunner();
  std::vector<std::string> of_anna;
  for (const std::string zone : {"", "Europe/Berlin", "Europe/Paris", "Europe/Rome"}) {
    auto options = Options("csv");
    options.timezone = zone;
    of_anna.push_back(Submit(options).id);
  }
  const auto of_ben = Submit(Options("json"), ben_);
  // While one of Anna's runs, Ben's is the next.
  ASSERT_EQ((*catalog_->LeaseExport("elsewhere", Now() + 3'600'000'000))->id, of_anna[0]);
  ASSERT_TRUE(runner_->Start());
  const auto ben = WaitUntilDone(of_ben.id);
  for (int i = 1; i < 4; ++i) EXPECT_GE(*WaitUntilDone(of_anna[static_cast<std::size_t>(i)]).finished_at, *ben.finished_at);
}

}  // namespace
}  // namespace sheaf::exporting
