#include <gmock/gmock.h>

#include "fixture.h"

namespace sheaf::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Micros kMinute = 60'000'000;

class ExportsTest : public CatalogTest {
 protected:
  ExportJob Lease(const std::string& owner = "w", Micros from_now = kMinute) {
    auto leased = catalog_->LeaseExport(owner, Now() + from_now);
    EXPECT_TRUE(leased && *leased);
    return leased && *leased ? **leased : ExportJob();
  }
  ExportJob Succeed(ExportJob job, const std::string& blob, Micros expires_at) {
    job.state = ExportState::kSucceeded;
    job.blob = blob;
    job.sha256 = "ab";
    job.expires_at = expires_at;
    EXPECT_TRUE(catalog_->FinishExport(job, "w"));
    return job;
  }
  std::vector<std::string> Ids(const Result<std::vector<ExportJob>>& jobs) {
    EXPECT_TRUE(jobs);
    std::vector<std::string> ids;
    for (const ExportJob& job : *jobs) ids.push_back(job.id);
    return ids;
  }
};

TEST(ExportStateNames, ReadBack) {
  for (const auto state : {ExportState::kPending, ExportState::kExecuting, ExportState::kSucceeded, ExportState::kFailed,
                           ExportState::kCancelled, ExportState::kExpired}) {
    EXPECT_EQ(ExportStateFrom(Name(state)), state);
  }
  EXPECT_EQ(ExportStateFrom("Pending"), std::nullopt);
  EXPECT_EQ(ExportStateFrom(""), std::nullopt);
}

TEST_F(ExportsTest, NumbersJobsOfADialectInTheirStudy) {
  AddStudy("other");
  const auto add = [this](const std::string& study, const std::string& dialect) {
    ExportJob job = Job();
    job.study = study;
    job.dialect = dialect;
    job.dialect_request = "words of " + dialect;
    const auto added = catalog_->AddExport(job);
    EXPECT_TRUE(added);
    return *added;
  };
  EXPECT_EQ(add("demo", "").number, 0);
  EXPECT_EQ(add("demo", "one").number, 1);
  const ExportJob second = add("demo", "one");
  EXPECT_EQ(second.number, 2);
  EXPECT_EQ(add("demo", "two").number, 1);
  EXPECT_EQ(add("other", "one").number, 1);
  const auto found = catalog_->FindExportByNumber("demo", "one", 2);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, second.id);
  EXPECT_EQ(found->dialect_request, "words of one");
  EXPECT_EQ(catalog_->FindExportByNumber("demo", "one", 3).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->FindExportByNumber("demo", "", 0).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(catalog_->RemoveExport(second.id));
  EXPECT_EQ(add("demo", "one").number, 3) << "a number is never given again";
  const auto listed = catalog_->DialectExports("demo", "one", 0, 10);
  ASSERT_TRUE(listed);
  ASSERT_EQ(listed->size(), 2u);
  EXPECT_EQ(listed->at(0).number, 3);
  EXPECT_EQ(Ids(catalog_->DialectExports("demo", "one", 3, 10)).size(), 1u);
  EXPECT_EQ(Ids(catalog_->DialectExports("demo", "one", 0, 1)).size(), 1u);
}

TEST_F(ExportsTest, KeepsEveryMember) {
  ExportJob job = Job();
  job.id = "exp_all";
  job.fingerprint = "f";
  job.idempotency_key = "k";
  job.state = ExportState::kSucceeded;
  job.activity = "writing";
  job.error = "none";
  job.rows_done = 1;
  job.rows_total = 50'000'000'000;
  job.bytes_done = 3'000'000'000'000;
  job.file_name = "a\"b.csv";
  job.blob = "exports/b";
  job.file_size = 4;
  job.sha256 = "ff";
  job.manifest = R"({"a":"é"})";
  job.cursor = "c";
  job.created_at = 5;
  job.started_at = 6;
  job.finished_at = 0;
  job.expires_at = -8;
  job.attempts = 9;
  ASSERT_TRUE(catalog_->AddExport(job));
  const auto found = catalog_->FindExport("exp_all");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->study, "demo");
  EXPECT_EQ(found->account, owner_);
  EXPECT_EQ(found->request, job.request);
  EXPECT_EQ(found->fingerprint, "f");
  EXPECT_EQ(found->idempotency_key, "k");
  EXPECT_EQ(found->state, ExportState::kSucceeded);
  EXPECT_EQ(found->activity, "writing");
  EXPECT_EQ(found->error, "none");
  EXPECT_EQ(found->rows_done, 1U);
  EXPECT_EQ(found->rows_total, 50'000'000'000U);
  EXPECT_EQ(found->bytes_done, 3'000'000'000'000U);
  EXPECT_EQ(found->file_name, "a\"b.csv");
  EXPECT_EQ(found->blob, "exports/b");
  EXPECT_EQ(found->file_size, 4U);
  EXPECT_EQ(found->sha256, "ff");
  EXPECT_EQ(found->manifest, job.manifest);
  EXPECT_EQ(found->cursor, "c");
  EXPECT_EQ(found->created_at, 5);
  EXPECT_EQ(found->started_at, 6);
  EXPECT_EQ(found->finished_at, 0);
  EXPECT_EQ(found->expires_at, -8);
  EXPECT_EQ(found->lease_owner, "");
  EXPECT_EQ(found->lease_until, std::nullopt);
  EXPECT_EQ(found->attempts, 9);
}

TEST_F(ExportsTest, RefusesWhatCannotBe) {
  ExportJob job = Job();
  job.study = "none";
  EXPECT_EQ(catalog_->AddExport(job).error().code, ErrorCode::kNotFound);
  job = Job("usr_none");
  EXPECT_EQ(catalog_->AddExport(job).error().code, ErrorCode::kNotFound);
  job = Job();
  job.id = "a/b";
  EXPECT_EQ(catalog_->AddExport(job).error().code, ErrorCode::kBadId);
  EXPECT_EQ(catalog_->FindExport("exp_none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->RemoveExport("exp_none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->CancelExport("exp_none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->MarkExpired("exp_none").error().code, ErrorCode::kNotFound);
}

TEST_F(ExportsTest, AnIdempotencyKeyIsAnAccountsOwn) {
  const std::string other = AddAccount("other@example.org");
  ExportJob job = Job();
  job.idempotency_key = "once";
  const auto first = catalog_->AddExport(job);
  ASSERT_TRUE(first);
  EXPECT_EQ(catalog_->AddExport(job).error().code, ErrorCode::kConflict);
  job.account = other;
  ASSERT_TRUE(catalog_->AddExport(job));
  const auto found = catalog_->FindExportByKey(owner_, "once");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, first->id);
  EXPECT_FALSE(*catalog_->FindExportByKey(owner_, "twice"));
  // No key is no key: any number of jobs has none.
  AddJob();
  AddJob();
  EXPECT_FALSE(*catalog_->FindExportByKey(owner_, ""));
}

TEST_F(ExportsTest, EqualFingerprintsFindAJobWithAFutureOrAFile) {
  ExportJob job = Job();
  job.fingerprint = "same";
  EXPECT_FALSE(*catalog_->FindExportByFingerprint("same"));
  const auto added = catalog_->AddExport(job);
  ASSERT_TRUE(added);
  EXPECT_EQ((*catalog_->FindExportByFingerprint("same"))->id, added->id);
  EXPECT_FALSE(*catalog_->FindExportByFingerprint(""));
  ExportJob running = Lease();
  EXPECT_EQ((*catalog_->FindExportByFingerprint("same"))->state, ExportState::kExecuting);
  Succeed(running, "exports/s", Now() + kMinute);
  const auto later = catalog_->AddExport(job);
  ASSERT_TRUE(later);
  EXPECT_EQ((*catalog_->FindExportByFingerprint("same"))->id, added->id) << "the one with a file comes first";
  ASSERT_TRUE(catalog_->MarkExpired(added->id));
  EXPECT_EQ((*catalog_->FindExportByFingerprint("same"))->id, later->id);
  ASSERT_TRUE(*catalog_->CancelExport(later->id));
  EXPECT_FALSE(*catalog_->FindExportByFingerprint("same"));
}

TEST_F(ExportsTest, APastExpiryIsNotSharedEvenBeforeTheSweep) {
  ExportJob job = Job();
  job.fingerprint = "old";
  ASSERT_TRUE(catalog_->AddExport(job));
  Succeed(Lease(), "exports/old", Now() - 1);
  EXPECT_FALSE(*catalog_->FindExportByFingerprint("old"));
}

TEST_F(ExportsTest, ListsTheNewestFirstInPagesThatNeitherRepeatNorMiss) {
  const std::string other = AddAccount("other@example.org");
  AddStudy("second");
  std::vector<std::string> expected;
  for (int i = 0; i < 10; ++i) expected.insert(expected.begin(), AddJob("", 100 + i / 4));
  ExportJob foreign = Job(other, 500);
  foreign.study = "second";
  const auto added = catalog_->AddExport(foreign);
  ASSERT_TRUE(added);

  std::vector<std::string> seen;
  std::string before;
  for (;;) {
    const auto page = Ids(catalog_->Exports(owner_, "", before, 3));
    if (page.empty()) break;
    seen.insert(seen.end(), page.begin(), page.end());
    before = page.back();
  }
  EXPECT_THAT(seen, ::testing::UnorderedElementsAreArray(expected));
  EXPECT_THAT(Ids(catalog_->Exports("", "second", "", 9)), ElementsAre(added->id));
  EXPECT_EQ(Ids(catalog_->Exports("", "", "", 99)).size(), 11U);
  EXPECT_THAT(Ids(catalog_->Exports(other, "demo", "", 99)), IsEmpty());
  EXPECT_EQ(catalog_->Exports("", "", "exp_gone", 1).error().code, ErrorCode::kBadCursor);
  EXPECT_EQ(*catalog_->CountExports("", "", ExportState::kPending), 11U);
  EXPECT_EQ(*catalog_->CountExports(owner_, "", ExportState::kPending), 10U);
  EXPECT_EQ(*catalog_->CountExports("", "second", ExportState::kPending), 1U);
  EXPECT_EQ(*catalog_->CountExports("", "", ExportState::kFailed), 0U);
}

TEST_F(ExportsTest, ALeaseRunsAJobOnce) {
  const std::string id = AddJob();
  const ExportJob leased = Lease("worker-1");
  EXPECT_EQ(leased.id, id);
  EXPECT_EQ(leased.state, ExportState::kExecuting);
  EXPECT_EQ(leased.lease_owner, "worker-1");
  EXPECT_EQ(leased.attempts, 1);
  EXPECT_TRUE(leased.started_at.has_value());
  const auto nothing = catalog_->LeaseExport("worker-2", Now() + kMinute);
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing);
  EXPECT_FALSE(catalog_->LeaseExport("", Now() + kMinute));
}

TEST_F(ExportsTest, ALeaseThatRanOutIsTakenOver) {
  const std::string id = AddJob();
  ExportJob first = Lease("dead", -1);
  first.rows_done = 10;
  const ExportJob second = Lease("alive");
  EXPECT_EQ(second.id, id);
  EXPECT_EQ(second.lease_owner, "alive");
  EXPECT_EQ(second.attempts, 2);
  EXPECT_EQ(second.rows_done, 0U);
  EXPECT_EQ(catalog_->HeartbeatExport(first, "dead", Now() + kMinute).error().code, ErrorCode::kConflict);
  first.state = ExportState::kSucceeded;
  first.blob = "exports/late";
  first.sha256 = "00";
  EXPECT_EQ(catalog_->FinishExport(first, "dead").error().code, ErrorCode::kConflict);
  EXPECT_EQ(catalog_->FindExport(id)->blob, "");
}

TEST_F(ExportsTest, AHeartbeatShowsProgressAndKeepsTheLease) {
  const std::string id = AddJob();
  ExportJob job = Lease("w", -1);
  job.activity = "reading records";
  job.rows_done = 7;
  job.rows_total = 9;
  job.bytes_done = 11;
  ASSERT_TRUE(catalog_->HeartbeatExport(job, "w", Now() + kMinute));
  EXPECT_FALSE(*catalog_->LeaseExport("other", Now() + kMinute));
  const auto found = catalog_->FindExport(id);
  EXPECT_EQ(found->activity, "reading records");
  EXPECT_EQ(found->rows_done, 7U);
  EXPECT_EQ(found->rows_total, 9U);
  EXPECT_EQ(found->bytes_done, 11U);
  // Given back.
  ASSERT_TRUE(catalog_->HeartbeatExport(job, "w", 0));
  EXPECT_EQ(Lease("other").id, id);
}

TEST_F(ExportsTest, FinishingEndsTheLease) {
  const std::string id = AddJob();
  ExportJob job = Lease();
  job.file_name = "demo.csv";
  job.manifest = "{}";
  job.cursor = "c1";
  job.file_size = 12;
  Succeed(job, "exports/done", Now() + kMinute);
  const auto found = catalog_->FindExport(id);
  EXPECT_EQ(found->state, ExportState::kSucceeded);
  EXPECT_EQ(found->file_name, "demo.csv");
  EXPECT_EQ(found->blob, "exports/done");
  EXPECT_EQ(found->manifest, "{}");
  EXPECT_EQ(found->cursor, "c1");
  EXPECT_EQ(found->file_size, 12U);
  EXPECT_TRUE(found->finished_at.has_value());
  EXPECT_EQ(found->lease_owner, "");
  EXPECT_EQ(found->lease_until, std::nullopt);
  EXPECT_EQ(catalog_->FinishExport(*found, "w").error().code, ErrorCode::kConflict);
  EXPECT_FALSE(*catalog_->CancelExport(id));
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(ExportsTest, AJobCannotSucceedWithoutAFileNorEndAsExecuting) {
  AddJob();
  ExportJob job = Lease();
  EXPECT_EQ(catalog_->FinishExport(job, "w").error().code, ErrorCode::kInternal);
  job.state = ExportState::kSucceeded;
  EXPECT_EQ(catalog_->FinishExport(job, "w").error().code, ErrorCode::kInternal);
  job.state = ExportState::kFailed;
  job.error = "The disk was full.";
  ASSERT_TRUE(catalog_->FinishExport(job, "w"));
  EXPECT_EQ(catalog_->FindExport(job.id)->error, "The disk was full.");
}

TEST_F(ExportsTest, PutBackAJobRunsAgain) {
  AddJob();
  ExportJob job = Lease();
  job.state = ExportState::kPending;
  ASSERT_TRUE(catalog_->FinishExport(job, "w"));
  const auto found = catalog_->FindExport(job.id);
  EXPECT_EQ(found->state, ExportState::kPending);
  EXPECT_EQ(found->finished_at, std::nullopt);
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(Lease("again").attempts, 2);
}

TEST_F(ExportsTest, CancellingStopsTheWorker) {
  const std::string id = AddJob();
  const ExportJob job = Lease();
  EXPECT_TRUE(*catalog_->CancelExport(id));
  EXPECT_EQ(catalog_->HeartbeatExport(job, "w", Now() + kMinute).error().code, ErrorCode::kConflict);
  EXPECT_FALSE(*catalog_->LeaseExport("w", Now() + kMinute));
  EXPECT_FALSE(*catalog_->CancelExport(id));
  ASSERT_TRUE(catalog_->RemoveExport(id));
  EXPECT_EQ(catalog_->HeartbeatExport(job, "w", Now() + kMinute).error().code, ErrorCode::kConflict);
}

TEST_F(ExportsTest, TheQueueIsFair) {
  const std::string other = AddAccount("other@example.org");
  const std::string third = AddAccount("third@example.org");
  const std::string a1 = AddJob(owner_, 1);
  const std::string a2 = AddJob(owner_, 2);
  const std::string a3 = AddJob(owner_, 3);
  const std::string b1 = AddJob(other, 4);
  const std::string b2 = AddJob(other, 5);
  const std::string c1 = AddJob(third, 6);
  std::vector<std::string> order;
  for (int i = 0; i < 6; ++i) order.push_back(Lease().id);
  EXPECT_THAT(order, ElementsAre(a1, b1, c1, a2, b2, a3));
}

TEST_F(ExportsTest, ADeadWorkersJobsDoNotCountAsRunning) {
  const std::string other = AddAccount("other@example.org");
  const std::string a1 = AddJob(owner_, 1);
  EXPECT_EQ(Lease("dead", -1).id, a1);
  AddJob(other, 2);
  EXPECT_EQ(Lease("alive").id, a1) << "the oldest of two accounts with nothing running";
}

TEST_F(ExportsTest, ExpiryComesInOrderAndOnce) {
  const std::string first = AddJob("", 1);
  const std::string second = AddJob("", 2);
  const std::string never = AddJob("", 3);
  const Micros now = Now();
  Succeed(Lease(), "exports/1", now - 10);
  Succeed(Lease(), "exports/2", now - 20);
  ExportJob kept = Lease();
  kept.expires_at.reset();
  kept.state = ExportState::kSucceeded;
  kept.blob = "exports/3";
  kept.sha256 = "ab";
  ASSERT_TRUE(catalog_->FinishExport(kept, "w"));
  EXPECT_THAT(Ids(catalog_->ExpiredExports(now)), ElementsAre(second, first));
  EXPECT_THAT(Ids(catalog_->ExpiredExports(now - 15)), ElementsAre(second));
  ASSERT_TRUE(catalog_->MarkExpired(second));
  ASSERT_TRUE(catalog_->MarkExpired(second));
  EXPECT_THAT(Ids(catalog_->ExpiredExports(now)), ElementsAre(first));
  EXPECT_EQ(catalog_->FindExport(second)->state, ExportState::kExpired);
  const std::string pending = AddJob();
  EXPECT_EQ(catalog_->MarkExpired(pending).error().code, ErrorCode::kConflict);
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(ExportsTest, ASharedFileIsInUseUntilTheLastJobLetsGo) {
  AddJob("", 1);
  AddJob("", 2);
  const ExportJob first = Succeed(Lease(), "exports/shared", Now() + kMinute);
  EXPECT_FALSE(*catalog_->BlobInUse("exports/shared", first.id));
  const ExportJob second = Succeed(Lease(), "exports/shared", Now() + kMinute);
  EXPECT_TRUE(*catalog_->BlobInUse("exports/shared", first.id));
  EXPECT_TRUE(*catalog_->BlobInUse("exports/shared", ""));
  ASSERT_TRUE(catalog_->MarkExpired(second.id));
  EXPECT_FALSE(*catalog_->BlobInUse("exports/shared", first.id));
  EXPECT_FALSE(*catalog_->BlobInUse("", first.id));
}

}  // namespace
}  // namespace sheaf::catalog
