#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "access/audit_chain.h"
#include "access/audit_log.h"
#include "base/ids.h"

namespace sheaf::access {
namespace {

using catalog::AuditEntry;
using catalog::AuditFilter;
using catalog::AuditStore;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AuditTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / NewId("audit_");
    std::filesystem::create_directory(folder_);
    catalog_ = std::shared_ptr<catalog::Catalog>(*catalog::OpenCatalog(folder_ / "catalog.sqlite"));
    key_ = *secrets::SiteKey::Generate();
    Open();
  }
  void TearDown() override {
    log_.reset();
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }
  void Open() {
    log_ = std::make_unique<AuditLog>(AuditLog::Options{catalog_, key_, HeadPath()});
    ASSERT_TRUE(log_->Start());
  }
  std::string HeadPath() const { return folder_ / "audit.head"; }
  static AuditEntry Entry(const std::string& action, const std::string& study = "one", const std::string& participant = "") {
    AuditEntry entry;
    entry.actor_kind = "account";
    entry.actor = "usr_1";
    entry.action = action;
    entry.study = study;
    entry.outcome = "ok";
    entry.detail.participant = participant;
    return entry;
  }
  //! Ten entries: those with an even number have a detail.
  void Fill() {
    for (int i = 1; i <= 10; ++i) {
      ASSERT_TRUE(log_->Record(Entry("step." + std::to_string(i), "one", i % 2 == 0 ? "p" + std::to_string(i) : "")));
    }
    log_->Stop();
  }
  //! Behind the catalog's back.
  void Tamper(const std::string& sql) {
    sqlite3* handle = nullptr;
    sqlite3_open((folder_ / "catalog.sqlite").c_str(), &handle);
    sqlite3_busy_timeout(handle, 5000);
    ASSERT_EQ(sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
    sqlite3_close(handle);
  }
  AuditReport Verify() {
    auto report = VerifyAudit(catalog_->Audit(), *ReadHeadFile(HeadPath(), *key_));
    EXPECT_TRUE(report);
    return *report;
  }
  std::vector<std::int64_t> Faults() {
    std::vector<std::int64_t> seqs;
    for (const AuditFinding& finding : Verify().findings) seqs.push_back(finding.seq);
    return seqs;
  }
  std::vector<AuditEntry> All(const AuditFilter& filter = {}) {
    return *catalog_->Audit().Entries(filter, AuditStore::Order::kOldestFirst, 0, 1000);
  }

  std::filesystem::path folder_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<const secrets::SiteKey> key_;
  std::unique_ptr<AuditLog> log_;
};

TEST_F(AuditTest, AWholeChainIsSound) {
  Fill();
  const AuditReport report = Verify();
  EXPECT_EQ(report.entries, 10);
  EXPECT_THAT(report.findings, IsEmpty());
}

TEST_F(AuditTest, EveryChangedColumnIsFound) {
  Fill();
  for (const char* change : {"time = time + 1", "actor_kind = 'server'", "actor = 'usr_2'", "api_key = 'key_1'", "action = 'other'",
                             "study = 'two'", "dataset = 'd'", "target = 't'", "outcome = 'denied'", "rows = 5", "times = 2",
                             "address = '::1'", "request = 'req'", "detail_hash = ''"}) {
    Tamper("CREATE TABLE kept AS SELECT * FROM audit");
    Tamper(std::string("UPDATE audit SET ") + change + " WHERE seq = 4");
    EXPECT_THAT(Faults(), ElementsAre(4)) << change;
    Tamper("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept");
  }
  EXPECT_THAT(Faults(), IsEmpty());
}

TEST_F(AuditTest, AChangedEntryWithANewHashBreaksTheNext) {
  Fill();
  AuditEntry entry = *catalog_->Audit().Entry(4);
  entry.actor = "usr_2";
  Tamper("UPDATE audit SET actor = 'usr_2', hash = '" + EntryHash(entry, catalog_->Audit().Entry(3)->hash) + "' WHERE seq = 4");
  EXPECT_THAT(Faults(), ElementsAre(5));
}

TEST_F(AuditTest, AMissingEntryIsNamed) {
  Fill();
  Tamper("DELETE FROM audit WHERE seq = 5");
  EXPECT_THAT(Faults(), testing::Contains(5));
  EXPECT_THAT(Verify().findings.front().sentence, HasSubstr("missing"));
}

TEST_F(AuditTest, MissingEntriesAreFoundAlsoWhenTheRestIsRenumbered) {
  Fill();
  Tamper("DELETE FROM audit WHERE seq = 5; UPDATE audit SET seq = seq - 1 WHERE seq > 5");
  EXPECT_THAT(Faults(), testing::Contains(5));
}

TEST_F(AuditTest, EntriesThatChangedPlacesAreFound) {
  Fill();
  Tamper("UPDATE audit SET seq = 100 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 100");
  EXPECT_THAT(Faults(), testing::Contains(3));
  EXPECT_THAT(Faults(), testing::Contains(5));
}

TEST_F(AuditTest, ACutOffEndIsFound) {
  Fill();
  Tamper("DELETE FROM audit WHERE seq > 7");
  EXPECT_THAT(Faults(), ElementsAre(8));
  EXPECT_THAT(Verify().findings.front().sentence, HasSubstr("up to 10"));
  Tamper("DELETE FROM audit");
  EXPECT_THAT(Faults(), ElementsAre(1));
}

TEST_F(AuditTest, AChainMadeAnewDoesNotFitItsHead) {
  Fill();
  // Whoever can write the catalog can compute hashes, but not the head.
  std::vector<AuditEntry> entries = All();
  Tamper("DELETE FROM audit; DELETE FROM audit_detail");
  entries[2].actor = "usr_2";
  ASSERT_TRUE(catalog_->Audit().Append(entries, ChainEntry));
  EXPECT_THAT(Faults(), ElementsAre(10));
  EXPECT_EQ(ReadHeadFile(HeadPath(), **secrets::SiteKey::Generate()).error().code, ErrorCode::kStorageDamaged);
}

TEST_F(AuditTest, AMissingHeadIsAFindingAndStaysOne) {
  Fill();
  Tamper("DELETE FROM audit WHERE seq > 7");
  std::filesystem::remove(HeadPath());
  EXPECT_THAT(Faults(), ElementsAre(0));
  Open();
  log_->Stop();
  EXPECT_THAT(Faults(), ElementsAre(8)) << "the server that starts then says so in the chain";
  EXPECT_EQ(All().back().action, kHeadLost);
}

TEST_F(AuditTest, AHeadThatLagsBehindACrashFits) {
  Fill();
  const std::string head = (std::stringstream() << std::ifstream(HeadPath()).rdbuf()).str();
  Open();
  ASSERT_TRUE(log_->Record(Entry("later")));
  log_->Stop();
  std::ofstream(HeadPath()) << head;
  EXPECT_THAT(Faults(), IsEmpty());
  Open();
  log_->Stop();
  EXPECT_THAT(Faults(), IsEmpty());
  EXPECT_EQ(All().size(), 11U);
}

TEST_F(AuditTest, ADetailCannotBeChangedOrTakenOutInSilence) {
  Fill();
  Tamper("UPDATE audit_detail SET participant = 'somebody else' WHERE seq = 4");
  EXPECT_THAT(Faults(), ElementsAre(4));
  Tamper("DELETE FROM audit_detail WHERE seq = 4");
  EXPECT_THAT(Faults(), ElementsAre(4));
  EXPECT_THAT(Verify().findings.front().sentence, HasSubstr("no erasure says so"));
}

TEST_F(AuditTest, ErasureTakesDetailsOutAndTheChainHolds) {
  AuditEntry filtered = Entry("records.read");
  filtered.detail.text = R"({"query":{"filter":"{\"value\":\"p\\\"7\\\"\"}"}})";
  AuditEntry reason = Entry("export.create");
  reason.detail.reason = "asked by p\"7\" on the phone";
  ASSERT_TRUE(log_->Record(Entry("participant.read", "one", "p\"7\"")));
  ASSERT_TRUE(log_->Record(filtered));
  ASSERT_TRUE(log_->Record(reason));
  ASSERT_TRUE(log_->Record(Entry("participant.read", "one", "somebody")));
  ASSERT_TRUE(log_->Record(Entry("participant.read", "two", "p\"7\"")));
  const auto redacted = log_->Redact("one", {"p\"7\""});
  ASSERT_TRUE(redacted);
  EXPECT_EQ(*redacted, 3U);
  log_->Stop();
  const AuditReport report = Verify();
  EXPECT_THAT(report.findings, IsEmpty());
  EXPECT_EQ(report.redacted, 3);
  const auto entries = All();
  EXPECT_EQ(entries.back().action, kRedacted);
  EXPECT_EQ(entries.back().target, "1-3");
  EXPECT_TRUE(entries[0].has_detail);
  EXPECT_TRUE(entries[0].detail.Empty());
  EXPECT_EQ(entries[3].detail.participant, "somebody");
  EXPECT_EQ(entries[4].detail.participant, "p\"7\"") << "another study's participant of this name is somebody else";
  ASSERT_TRUE(log_->Redact("two", {"p\"7\""}));
  std::string bytes;
  for (const auto& file : std::filesystem::directory_iterator(folder_)) {
    bytes += (std::stringstream() << std::ifstream(file.path(), std::ios::binary).rdbuf()).str();
  }
  EXPECT_EQ(bytes.find("p\"7\""), std::string::npos) << "in no file, the write-ahead log included";
  EXPECT_EQ(bytes.find("p\\\\\\\"7"), std::string::npos);
}

TEST_F(AuditTest, EqualReadsOfAMomentAreCountedInOneEntry) {
  for (int i = 0; i < 500; ++i) {
    AuditEntry read = Entry("records.read");
    read.rows = 3;
    log_->Note(read);
  }
  log_->Note(Entry("records.read", "two"));
  log_->Stop();
  std::int64_t times = 0, rows = 0;
  for (const AuditEntry& entry : All({.study = "one"})) {
    times += entry.times;
    rows += entry.rows.value_or(0);
  }
  EXPECT_EQ(times, 500);
  EXPECT_EQ(rows, 1500);
  EXPECT_LE(All().size(), 100U);
  EXPECT_EQ(All({.study = "two"}).size(), 1U);
  EXPECT_THAT(Faults(), IsEmpty());
}

TEST_F(AuditTest, ManyThreadsMakeOneChain) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 20; ++j) {
        EXPECT_TRUE(log_->Record(Entry("durable." + std::to_string(i))));
        log_->Note(Entry("noted." + std::to_string(i) + "." + std::to_string(j)));
      }
    });
  }
  // Another process may append too.
  threads.emplace_back([&] {
    AuditLog other({std::shared_ptr<catalog::Catalog>(*catalog::OpenCatalog(folder_ / "catalog.sqlite")), nullptr, ""});
    for (int j = 0; j < 20; ++j) EXPECT_TRUE(other.Record(Entry("command")));
  });
  for (auto& thread : threads) thread.join();
  log_->Stop();
  EXPECT_EQ(All().size(), 8U * 40 + 20);
  EXPECT_THAT(Faults(), IsEmpty());
}

TEST_F(AuditTest, ADurableEntryIsThereWhenTheCallReturns) {
  ASSERT_TRUE(log_->Record(Entry("now")));
  EXPECT_EQ(All({.action = "now"}).size(), 1U);
}

TEST_F(AuditTest, FiltersFindWhatTheyName) {
  ASSERT_TRUE(log_->Record(Entry("key.create", "one")));
  ASSERT_TRUE(log_->Record(Entry("key.revoke", "two", "p1")));
  AuditEntry other = Entry("keys", "two", "p2");
  other.actor = "usr_2";
  ASSERT_TRUE(log_->Record(other));
  EXPECT_EQ(All({.action = "key."}).size(), 2U);
  EXPECT_EQ(All({.action = "key.create"}).size(), 1U);
  EXPECT_EQ(All({.action = "key"}).size(), 0U);
  EXPECT_EQ(All({.actor = "usr_2"}).size(), 1U);
  EXPECT_EQ(All({.study = "two"}).size(), 2U);
  EXPECT_EQ(All({.participant = "p1"}).size(), 1U);
  EXPECT_EQ(All({.study = "one", .participant = "p1"}).size(), 0U);
  const Micros second = All()[1].time;
  EXPECT_EQ(All({.since = second}).size() + All({.until = second}).size(), 3U);
  const auto newest = catalog_->Audit().Entries({}, AuditStore::Order::kNewestFirst, 0, 2);
  ASSERT_EQ(newest->size(), 2U);
  EXPECT_EQ(newest->front().seq, 3);
  EXPECT_EQ(catalog_->Audit().Entries({}, AuditStore::Order::kNewestFirst, newest->back().seq, 2)->front().seq, 1);
}

TEST(AuditSeqsTest, RangesAreWrittenAndRead) {
  EXPECT_EQ(WriteSeqs({3}), "3");
  EXPECT_EQ(WriteSeqs({3, 5, 6, 7, 9}), "3,5-7,9");
  EXPECT_THAT(*ReadSeqs("3,5-7"), ElementsAre(std::pair<std::int64_t, std::int64_t>(3, 3), std::pair<std::int64_t, std::int64_t>(5, 7)));
  for (const char* broken : {"", ",", "3,", "a", "3-", "7-5", "0", "-1", "3 4", "99999999999999999999"})
    EXPECT_FALSE(ReadSeqs(broken)) << broken;
}

}  // namespace
}  // namespace sheaf::access
