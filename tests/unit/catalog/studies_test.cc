#include <gmock/gmock.h>

#include "fixture.h"

namespace sheaf::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StudiesTest : public CatalogTest {
 protected:
  std::vector<std::string> List(const std::string& owner, const std::string& search, const std::string& after = "",
                                std::uint64_t limit = 100) {
    const auto studies = catalog_->Studies(owner, search, after, limit);
    EXPECT_TRUE(studies) << studies.error().detail;
    std::vector<std::string> ids;
    for (const model::Study& study : *studies) ids.push_back(study.id);
    return ids;
  }
};

TEST_F(StudiesTest, KeepsAStudy) {
  model::Study study;
  study.id = "Sleep-2026_a";
  study.name = "Schlaf & Übung \"x\"";
  study.description = "Two\nlines; DROP TABLE study; --";
  study.status = model::StudyStatus::kCompleted;
  study.owner = owner_;
  study.created_at = 5;
  study.updated_at = 9;
  ASSERT_TRUE(catalog_->AddStudy(study));
  const auto found = catalog_->FindStudy("Sleep-2026_a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, study.name);
  EXPECT_EQ(found->description, study.description);
  EXPECT_EQ(found->status, model::StudyStatus::kCompleted);
  EXPECT_EQ(found->owner, owner_);
  EXPECT_EQ(found->created_at, 5);
  EXPECT_EQ(found->updated_at, 9);
}

TEST_F(StudiesTest, FillsInTimes) {
  const model::Study study = AddStudy("timed");
  EXPECT_GT(study.created_at, 0);
  EXPECT_EQ(study.updated_at, study.created_at);
}

TEST_F(StudiesTest, RefusesWhatCannotBe) {
  model::Study study;
  study.owner = owner_;
  for (const char* id : {"", "a b", "../x", "ä", "0123456789012345678901234567890123456789012345678901234567890123x"}) {
    study.id = id;
    EXPECT_EQ(catalog_->AddStudy(study).error().code, ErrorCode::kBadId) << id;
  }
  study.id = "demo";
  EXPECT_EQ(catalog_->AddStudy(study).error().code, ErrorCode::kStudyExists);
  study.id = "new";
  study.name = "\xFF";
  EXPECT_EQ(catalog_->AddStudy(study).error().code, ErrorCode::kBadParameter);
  study.name = std::string("a\0b", 3);
  EXPECT_EQ(catalog_->AddStudy(study).error().code, ErrorCode::kBadParameter);
  study.name = "fine";
  study.owner = "usr_none";
  EXPECT_EQ(catalog_->AddStudy(study).error().code, ErrorCode::kNotFound);
  study.owner = "";
  EXPECT_EQ(catalog_->AddStudy(study).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(List("", ""), ElementsAre("demo"));
}

TEST_F(StudiesTest, UpdatesEverythingButIdAndCreation) {
  const std::string other = AddAccount("other@example.org");
  model::Study study = *catalog_->FindStudy("demo");
  const Micros created_at = study.created_at;
  study.name = "New name";
  study.status = model::StudyStatus::kArchived;
  study.owner = other;
  study.created_at = 1;
  const auto updated = catalog_->UpdateStudy(study);
  ASSERT_TRUE(updated);
  EXPECT_EQ(updated->name, "New name");
  EXPECT_EQ(updated->status, model::StudyStatus::kArchived);
  EXPECT_EQ(updated->owner, other);
  EXPECT_EQ(updated->created_at, created_at);
  EXPECT_GE(updated->updated_at, created_at);
  study.id = "none";
  EXPECT_EQ(catalog_->UpdateStudy(study).error().code, ErrorCode::kNotFound);
}

TEST_F(StudiesTest, ListsByOwnerInPages) {
  const std::string other = AddAccount("other@example.org");
  for (const char* id : {"b", "C", "a"}) AddStudy(id);
  model::Study foreign;
  foreign.id = "foreign";
  foreign.owner = other;
  ASSERT_TRUE(catalog_->AddStudy(foreign));
  EXPECT_THAT(List("", ""), ElementsAre("C", "a", "b", "demo", "foreign"));
  EXPECT_THAT(List(owner_, ""), ElementsAre("C", "a", "b", "demo"));
  EXPECT_THAT(List(owner_, "", "", 2), ElementsAre("C", "a"));
  EXPECT_THAT(List(owner_, "", "a", 2), ElementsAre("b", "demo"));
  EXPECT_THAT(List(owner_, "", "demo", 2), IsEmpty());
  EXPECT_THAT(List(owner_, "", "", 0), IsEmpty());
  EXPECT_EQ(List("", "", "", std::uint64_t(-1)).size(), 5U);
  EXPECT_EQ(*catalog_->CountStudies("", ""), 5U);
  EXPECT_EQ(*catalog_->CountStudies(owner_, ""), 4U);
  EXPECT_EQ(*catalog_->CountStudies("usr_none", ""), 0U);
}

TEST_F(StudiesTest, SearchesIdAndNameLiterally) {
  for (const auto& [id, name] : {std::pair("one", "100% sure"), {"two", "100 sure"}, {"t_x", "back\\slash"}}) {
    model::Study study;
    study.id = id;
    study.name = name;
    study.owner = owner_;
    ASSERT_TRUE(catalog_->AddStudy(study));
  }
  EXPECT_THAT(List("", "100%"), ElementsAre("one"));
  EXPECT_THAT(List("", "SURE"), ElementsAre("one", "two"));
  EXPECT_THAT(List("", "_"), ElementsAre("t_x"));
  EXPECT_THAT(List("", "\\"), ElementsAre("t_x"));
  EXPECT_THAT(List("", "wo"), ElementsAre("two"));
  EXPECT_THAT(List("", "' OR 1=1 --"), IsEmpty());
  EXPECT_EQ(*catalog_->CountStudies(owner_, "sure"), 2U);
  EXPECT_THAT(List("", std::string(16384, '%')), IsEmpty());
  EXPECT_EQ(catalog_->Studies("", std::string(16385, 'x'), "", 1).error().code, ErrorCode::kBadParameter);
}

TEST_F(StudiesTest, RemovingAStudyEndsItsExports) {
  const std::string pending = AddJob();
  const std::string done = AddJob("", 1);
  auto leased = catalog_->LeaseExport("w", Now() + 60'000'000);
  ASSERT_TRUE(leased && *leased);
  ASSERT_EQ((*leased)->id, done);
  (*leased)->state = ExportState::kSucceeded;
  (*leased)->blob = "exports/x";
  (*leased)->sha256 = "00";
  (*leased)->expires_at = Now() + 60'000'000;
  ASSERT_TRUE(catalog_->FinishExport(**leased, "w"));

  ASSERT_TRUE(catalog_->RemoveStudy("demo"));
  EXPECT_EQ(catalog_->FindStudy("demo").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog_->FindExport(pending)->state, ExportState::kCancelled);
  const auto expired = catalog_->ExpiredExports(Now());
  ASSERT_TRUE(expired);
  ASSERT_EQ(expired->size(), 1U);
  EXPECT_EQ(expired->front().id, done);
  EXPECT_EQ(catalog_->RemoveStudy("demo").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(StudiesTest, ARunningExportOfARemovedStudyLosesItsLease) {
  AddJob();
  const auto leased = catalog_->LeaseExport("w", Now() + 60'000'000);
  ASSERT_TRUE(leased && *leased);
  ASSERT_TRUE(catalog_->RemoveStudy("demo"));
  AddStudy("demo");
  EXPECT_EQ(catalog_->HeartbeatExport(**leased, "w", Now() + 1).error().code, ErrorCode::kConflict);
  EXPECT_FALSE(*catalog_->LeaseExport("w", Now() + 1));
}

}  // namespace
}  // namespace sheaf::catalog
