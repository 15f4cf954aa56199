// The file itself: how it is made, migrated, checked, and what happens when it fails.

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fstream>

#include "catalog/migrations.h"
#include "catalog/store.h"
#include "fixture.h"

namespace sheaf::catalog {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreTest : public CatalogTest {
 protected:
  void CheckFinds(const std::string& sql, const std::string& sentence) {
    ASSERT_EQ(Tamper(directory_.File(), sql), SQLITE_OK) << sql;
    const auto sentences = Check();
    ASSERT_THAT(sentences, SizeIs(1)) << sql;
    EXPECT_THAT(sentences.front(), HasSubstr(sentence));
  }
};

mode_t ModeOf(const std::string& path) {
  struct stat state {};
  return ::stat(path.c_str(), &state) == 0 ? state.st_mode & 07777 : 0;
}

TEST_F(StoreTest, OnlyTheOwnerReadsTheFiles) {
  for (const mode_t mask : {mode_t{0}, mode_t{0777}}) {
    const std::string path = directory_.File("mask" + std::to_string(mask) + ".sqlite");
    const mode_t before = ::umask(mask);
    auto opened = OpenCatalog(path);
    ::umask(before);
    ASSERT_TRUE(opened) << opened.error().detail;
    EXPECT_EQ(ModeOf(path), mode_t{0600});
    EXPECT_EQ(ModeOf(path + "-wal"), mode_t{0600});
    EXPECT_EQ(ModeOf(path + "-shm"), mode_t{0600});
  }
}

TEST_F(StoreTest, AFileRestoredWithAWideModeIsNarrowed) {
  catalog_.reset();
  ASSERT_EQ(::chmod(directory_.File().c_str(), 0644), 0);
  catalog_ = Open();
  EXPECT_EQ(ModeOf(directory_.File()), mode_t{0600});
}

TEST_F(StoreTest, OddPathsAreOnlyPaths) {
  for (const char* name : {"with space.sqlite", "two  spaces.sqlite", "a=b.sqlite", "a = b c.sqlite", "x?mode=ro.sqlite", "50%20.sqlite",
                           "quo\"te.sqlite", "semi;colon'.sqlite", "ümlaut.sqlite"}) {
    auto opened = OpenCatalog(directory_.File(name));
    ASSERT_TRUE(opened) << name << ": " << opened.error().detail;
    ASSERT_TRUE((*opened)->AddAccount("a@b.org", "", false, "h")) << name;
    opened->reset();
    EXPECT_GT(std::filesystem::file_size(directory_.File(name)), 4096U) << name;
  }
  EXPECT_FALSE(OpenCatalog(directory_.File("both=\".sqlite")));
  EXPECT_FALSE(OpenCatalog(directory_.File() + std::string("\0x", 2)));
}

TEST_F(StoreTest, WhatIsNoFileIsRefused) {
  EXPECT_EQ(OpenCatalog(directory_.File("missing/catalog.sqlite")).error().code, ErrorCode::kIo);
  std::filesystem::create_directory(directory_.File("folder"));
  EXPECT_EQ(OpenCatalog(directory_.File("folder")).error().code, ErrorCode::kIo);
}

TEST_F(StoreTest, WhatIsNoDatabaseIsDamaged) {
  std::ofstream(directory_.File("text.sqlite")) << std::string(10000, 'x');
  const auto opened = OpenCatalog(directory_.File("text.sqlite"));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kStorageDamaged);
}

TEST_F(StoreTest, MigratesAnEmptyFileFromVersionZero) {
  const std::string path = directory_.File("empty.sqlite");
  std::ofstream(path).close();
  auto opened = OpenCatalog(path);
  ASSERT_TRUE(opened);
  EXPECT_TRUE((*opened)->AddAccount("a@b.org", "", false, "h"));
  EXPECT_THAT(*(*opened)->Check(), IsEmpty());
}

TEST_F(StoreTest, OpeningAgainKeepsEverything) {
  for (int i = 0; i < 3; ++i) {
    catalog_.reset();
    catalog_ = Open();
    EXPECT_TRUE(catalog_->FindStudy("demo"));
    EXPECT_THAT(Check(), IsEmpty());
  }
}

TEST_F(StoreTest, RefusesANewerVersion) {
  catalog_.reset();
  ASSERT_EQ(Tamper(directory_.File(), "UPDATE schema_version SET version = 1000000"), SQLITE_OK);
  const auto opened = OpenCatalog(directory_.File());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kStorageDamaged);
  EXPECT_THAT(opened.error().detail, HasSubstr("newer program"));
}

TEST_F(StoreTest, RefusesTwoVersions) {
  catalog_.reset();
  ASSERT_EQ(Tamper(directory_.File(), "INSERT INTO schema_version VALUES (1)"), SQLITE_OK);
  EXPECT_EQ(OpenCatalog(directory_.File()).error().code, ErrorCode::kStorageDamaged);
}

TEST_F(StoreTest, AStepIsWholeOrNotThere) {
  const std::string path = directory_.File("steps.sqlite");
  auto store = Store::Open(path, {});
  ASSERT_TRUE(store);
  const std::vector<Migration> broken = {{1, {"CREATE TABLE one (id TEXT)"}},
                                         {2, {"CREATE TABLE two (id TEXT)", "INSERT INTO nowhere VALUES (1)"}}};
  EXPECT_FALSE(Migrate(**store, broken));
  // Version 1 holds; of step 2 nothing does, so that a mended step can run.
  EXPECT_EQ(Tamper(path, "INSERT INTO one VALUES ('kept')"), SQLITE_OK);
  EXPECT_NE(Tamper(path, "INSERT INTO two VALUES ('lost')"), SQLITE_OK);
  const std::vector<Migration> mended = {{1, {"a first step that ran already is not read again"}},
                                         {2, {"CREATE TABLE two (id TEXT)"}},
                                         {3, {"INSERT INTO two SELECT id FROM one"}}};
  ASSERT_TRUE(Migrate(**store, mended));
  ASSERT_TRUE(Migrate(**store, mended));
  EXPECT_EQ(Tamper(path, "CREATE UNIQUE INDEX only_once ON two (id); INSERT INTO one SELECT id FROM two"), SQLITE_OK);
}

TEST_F(StoreTest, StepsAreNumberedWithoutGaps) {
  int expected = 1;
  for (const Migration& step : Migrations()) EXPECT_EQ(step.version, expected++);
}

TEST_F(StoreTest, ChecksForRowsThatContradictEachOther) {
  EXPECT_THAT(Check(), IsEmpty());
  const std::string id = AddJob();
  const std::string where = " WHERE id = '" + id + "'";
  const std::string restore =
      "UPDATE export_job SET state = 'pending', lease_owner = '', lease_until = NULL, "
      "finished_at = NULL, rows_done = 0, study = 'demo'" +
      where;
  CheckFinds("UPDATE export_job SET state = 'lost'" + where, "unknown state");
  EXPECT_EQ(catalog_->FindExport(id).error().code, ErrorCode::kStorageDamaged);
  CheckFinds("UPDATE export_job SET state = 'executing'" + where, "without a worker");
  CheckFinds("UPDATE export_job SET state = 'failed'" + where, "without a time");
  CheckFinds(restore + "; UPDATE export_job SET lease_owner = 'w'" + where, "not executing");
  CheckFinds(restore + "; UPDATE export_job SET rows_done = -1" + where, "negative");
  CheckFinds(restore + "; UPDATE export_job SET study = 'gone'" + where, "not there");
  CheckFinds(restore + "; UPDATE study SET status = 'odd'", "unknown status");
  EXPECT_EQ(catalog_->FindStudy("demo").error().code, ErrorCode::kStorageDamaged);
  CheckFinds("UPDATE study SET status = 'active'; UPDATE study SET owner = 'usr_gone'", "refer to something");
}

TEST_F(StoreTest, DamageIsFoundAndSaid) {
  for (int i = 0; i < 200; ++i) AddJob();
  catalog_.reset();
  ASSERT_EQ(Tamper(directory_.File(), "PRAGMA wal_checkpoint(TRUNCATE)"), SQLITE_OK);
  {
    std::fstream file(directory_.File(), std::ios::in | std::ios::out | std::ios::binary);
    // Page 1 stays, so that the file opens.
    file.seekp(4096);
    const auto size = static_cast<std::streamsize>(std::filesystem::file_size(directory_.File()));
    const std::string garbage(static_cast<std::size_t>(size - 4096), '\xA5');
    file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  }
  auto opened = OpenCatalog(directory_.File());
  if (!opened) {
    EXPECT_EQ(opened.error().code, ErrorCode::kStorageDamaged);
    return;
  }
  EXPECT_EQ((*opened)->FindExport("exp_x").error().code, ErrorCode::kStorageDamaged);
  const auto sentences = (*opened)->Check();
  ASSERT_TRUE(sentences);
  EXPECT_FALSE(sentences->empty());
}

TEST_F(StoreTest, AFullDiskIsSaidAndLosesNothing) {
  catalog_.reset();
  const std::string path = directory_.File();
  // A limit on the size of files stands in for a full disk: the system refuses to write in the same place.
  const pid_t child = Start([&] {
    auto mine = OpenCatalog(path);
    if (!mine) return 1;
    if (std::signal(SIGXFSZ, SIG_IGN) == SIG_ERR) return 2;
    const rlimit limit{200'000, 200'000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 3;
    ExportJob job = Job();
    job.manifest = std::string(20'000, 'm');
    for (int i = 0; i < 100; ++i) {
      job.id = "exp_" + std::to_string(i);
      const auto added = (*mine)->AddExport(job);
      if (added) continue;
      if (added.error().code != ErrorCode::kStorageFull) return 4;
      if (i == 0) return 5;
      // What was there can still be read.
      return (*mine)->FindExport("exp_0") ? 100 + i : 6;
    }
    return 7;
  });
  const int outcome = ExitOf(child);
  ASSERT_GE(outcome, 100);
  catalog_ = Open();
  EXPECT_THAT(Check(), IsEmpty());
  EXPECT_EQ(*catalog_->CountExports("", "", ExportState::kPending), static_cast<std::uint64_t>(outcome - 100));
}

}  // namespace
}  // namespace sheaf::catalog
