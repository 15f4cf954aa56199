#include "vault/care.h"

#include "fixture.h"

namespace sheaf::vault {
namespace {

class CareTest : public VaultTest {
 protected:
  PeopleCare& Care() { return *study_->Care(); }
  std::uint64_t CountOf(const Select& select) { return *study_->Count(select); }
  Consent Given(bool given, Micros at, const std::string& purpose = "research") {
    Consent consent;
    consent.purpose = purpose;
    consent.given = given;
    consent.at = at;
    return consent;
  }
  //! Everything about the dataset that its statistics say, compared with the rows.
  void ExpectSound(std::uint64_t records, std::uint64_t participants) {
    const auto summary = study_->Summarize("d");
    ASSERT_TRUE(summary);
    EXPECT_EQ(summary->records, records);
    EXPECT_EQ(summary->participants, participants);
    EXPECT_EQ(Numbers(All("d")).size(), records);
    EXPECT_EQ(CountOf(All("d")), records);
    const auto findings = vault_->CheckStudy("s");
    ASSERT_TRUE(findings);
    EXPECT_THAT(*findings, testing::IsEmpty());
  }
};

TEST_F(CareTest, TheLatestConsentCounts) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.participant = "p1", .number = 1}, {.participant = "p2", .number = 2}, {.participant = "p1", .number = 3}}));
  Select consenting = All("d");
  consenting.consented_to = "research";
  EXPECT_THAT(Numbers(consenting), testing::IsEmpty());
  ASSERT_TRUE(Care().RecordConsent("p1", Given(true, 10)));
  ASSERT_TRUE(Care().RecordConsent("p2", Given(true, 10, "teaching")));
  consenting.upto = study_->LastSeq();
  EXPECT_THAT(Numbers(consenting), testing::ElementsAre(1, 3));
  EXPECT_EQ(CountOf(consenting), 2u);
  // An older entry that is recorded later does not count.
  ASSERT_TRUE(Care().RecordConsent("p1", Given(false, 5)));
  EXPECT_THAT(Numbers(consenting), testing::ElementsAre(1, 3));
  ASSERT_TRUE(Care().RecordConsent("p1", Given(false, 10)));
  EXPECT_THAT(Numbers(consenting), testing::IsEmpty());
  EXPECT_EQ(Care().Consents("p1")->size(), 3u);
  EXPECT_EQ(Care().Consents("nobody").error().code, ErrorCode::kNotFound);
}

TEST_F(CareTest, WhoWithdrewIsCountedNowhere) {
  Define("d", "keyed");
  ASSERT_TRUE(Write("d", {{.id = "a", .participant = "p1", .session = "s1", .time = 5, .number = 1},
                          {.id = "b", .participant = "p2", .session = "s2", .time = 9, .number = 2},
                          {.id = "c", .participant = "p2", .session = "s2", .time = 7, .number = 3, .text = "t"}}));
  const Seq before = study_->LastSeq();
  const auto generation = study_->PeopleGeneration();
  ASSERT_TRUE(Care().Withdraw("p2", "why"));
  EXPECT_NE(study_->PeopleGeneration(), generation);
  EXPECT_EQ((*Care().WithdrawalOf("p2"))->reason, "why");
  ExpectSound(1, 1);
  EXPECT_EQ(study_->Summarize("d")->last_time, 5);
  EXPECT_EQ(study_->Summarize("d")->sessions, 1u);
  // An older instant hides them, too.
  Select older = All("d");
  older.upto = before;
  EXPECT_THAT(Numbers(older), testing::ElementsAre(1));
  const auto tombstones = study_->Tombstones("d", before, study_->LastSeq());
  ASSERT_EQ(tombstones->size(), 2u);
  EXPECT_EQ((*tombstones)[0].record_id, "b");
  // A hidden record can be replaced by somebody else's of the same id, and by nobody be deleted.
  EXPECT_EQ(*study_->DeleteRecords("d", {"c"}, {}), 0u);
  ASSERT_TRUE(Write("d", {{.id = "b", .participant = "p1", .number = 20}}));
  ExpectSound(2, 1);
  Reopen();
  ExpectSound(2, 1);
  ASSERT_TRUE(Care().TakeBack("p2"));
  ExpectSound(3, 2);
  EXPECT_THAT(Numbers(All("d")), testing::ElementsAre(1, 20, 3));
  EXPECT_EQ(Care().TakeBack("p2").error().code, ErrorCode::kConflict);
  // The record came back under its id.
  ASSERT_TRUE(Write("d", {{.id = "c", .participant = "p2", .number = 30}}));
  ExpectSound(3, 2);
  Reopen();
  ExpectSound(3, 2);
}

TEST_F(CareTest, ARunningReaderLosesWhoWithdraws) {
  Define("d", "append");
  std::vector<Row> rows;
  for (int i = 0; i < 20000; ++i) rows.push_back({.participant = i % 2 == 0 ? "stays" : "leaves", .number = i});
  ASSERT_TRUE(Write("d", rows));
  auto cursor = *study_->Read(All("d"));
  Select sorted = All("d");
  sorted.order = {{kNumber, true}};
  auto sorting = *study_->Read(sorted);
  std::size_t before = 0;
  before += (*cursor->Next())->rows;
  ASSERT_TRUE(*sorting->Next());
  ASSERT_TRUE(Care().Withdraw("leaves", ""));
  std::size_t after = 0;
  std::int64_t last = -1;
  while (true) {
    const auto batch = *cursor->Next();
    if (!batch) break;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      const auto number = batch->columns[1].At<std::int64_t>(row);
      EXPECT_EQ(number % 2, 0);
      EXPECT_GT(number, last);
      last = number;
    }
    after += batch->rows;
  }
  EXPECT_EQ(before + 2 * after, 20000u);
  EXPECT_EQ(sorting->Next().error().code, ErrorCode::kStudyRewritten);
}

TEST_F(CareTest, AReaderGoesOnAfterAnErasure) {
  Define("d", "append");
  std::vector<Row> rows;
  for (int i = 0; i < 20000; ++i) {
    rows.push_back({.participant = i % 4 == 0 ? "gone" : "stays",
                    .number = i,
                    .text = "a text long enough to live outside its cell " + std::to_string(i)});
  }
  ASSERT_TRUE(Write("d", rows));
  Select select = All("d");
  select.columns.push_back(kText);
  auto cursor = *study_->Read(select);
  const auto first = *cursor->Next();
  Select sorted = All("d");
  sorted.order = {{kNumber, true}};
  auto sorting = *study_->Read(sorted);
  ASSERT_TRUE(*sorting->Next());
  const auto erased = Care().Erase("gone");
  ASSERT_TRUE(erased) << erased.error().detail;
  EXPECT_THAT(erased->rows, testing::ElementsAre(testing::Pair("d", 5000u)));
  // What was handed out before stays readable.
  EXPECT_EQ(first->columns[2].At<model::StringCell>(5).View(), "a text long enough to live outside its cell 5");
  std::size_t after = 0;
  while (true) {
    const auto batch = cursor->Next();
    ASSERT_TRUE(batch) << batch.error().detail;
    if (!*batch) break;
    for (std::size_t row = 0; row < (*batch)->rows; ++row) EXPECT_NE((*batch)->columns[1].At<std::int64_t>(row) % 4, 0);
    after += (*batch)->rows;
  }
  EXPECT_EQ(first->rows / 4 * 3 + after, 15000u);
  EXPECT_EQ(sorting->Next().error().code, ErrorCode::kStudyRewritten);
  ExpectSound(15000, 1);
}

TEST_F(CareTest, AnErasureLeavesTombstonesAndSeqsBehind) {
  Define("d", "keyed");
  Define("e", "append");
  ASSERT_TRUE(Write("d", {{.id = "a", .participant = "stays", .session = "both", .number = 1}}));
  ASSERT_TRUE(Write("d", {{.id = "b", .participant = "gone", .session = "both", .number = 2},
                          {.id = "c", .participant = "gone", .session = "alone", .number = 3}}));
  ASSERT_TRUE(Write("d", {{.id = "c", .participant = "gone", .session = "alone", .number = 4}}));
  const Seq before = study_->LastSeq();
  const auto erased = *Care().Erase("gone");
  EXPECT_TRUE(erased.participant);
  EXPECT_EQ(erased.sessions, 1u);
  EXPECT_THAT(erased.rows, testing::ElementsAre(testing::Pair("d", 3u)));
  EXPECT_GT(study_->LastSeq(), before);
  const auto tombstones = *study_->Tombstones("d", before, study_->LastSeq());
  ASSERT_EQ(tombstones.size(), 2u);
  EXPECT_TRUE(tombstones[0].record_id.empty() && tombstones[1].record_id.empty());
  EXPECT_FALSE(study_->ParticipantNumber("gone"));
  EXPECT_FALSE(study_->SessionNumber("alone"));
  EXPECT_TRUE(study_->SessionNumber("both"));
  ExpectSound(1, 1);
  const Seq last = study_->LastSeq();
  Reopen();
  EXPECT_EQ(study_->LastSeq(), last);
  ExpectSound(1, 1);
  // Once more changes nothing, and the id is free for somebody new.
  EXPECT_FALSE(Care().Erase("gone")->participant);
  ASSERT_TRUE(Write("d", {{.id = "b", .participant = "gone", .number = 7}}));
  ExpectSound(2, 2);
}

TEST_F(CareTest, SessionsCalledAfterThemGetAnotherId) {
  Define("d", "keyed");
  Define("e", "append");
  ASSERT_TRUE(Write("d", {{.id = "a", .participant = "ada", .session = "ada-bob-1", .number = 1},
                          {.id = "b", .participant = "bob", .session = "ada-bob-1", .number = 2},
                          {.id = "c", .participant = "bob", .session = "canada-1", .number = 3},
                          {.id = "d", .participant = "bob", .session = "with-ada", .number = 4},
                          {.id = "e", .participant = "bob", .session = "lovelace-77x", .number = 5},
                          {.id = "f", .participant = "7", .session = "visit-7", .number = 6},
                          {.id = "g", .participant = "bob", .session = "visit-7", .number = 7},
                          {.id = "h", .participant = "lace-77", .number = 8}}));
  const auto number = study_->SessionNumber("ada-bob-1");
  const auto before = study_->People();
  // A short id counts as a word, where its owner was; a distinctive one wherever it stands; a number never.
  EXPECT_TRUE(Care().SessionsNaming({"7"})->empty());
  const auto planned = *Care().SessionsNaming({"ada"});
  ASSERT_EQ(planned.size(), 1u);
  EXPECT_EQ(planned[0].from, "ada-bob-1");
  EXPECT_EQ(Care().SessionsNaming({"lace-77"})->size(), 1u);
  EXPECT_TRUE(Care().SessionsNaming({"nobody"})->empty());
  // The new id is somebody's already.
  ASSERT_TRUE(Write("d", {{.id = "i", .participant = "bob", .session = planned[0].to, .number = 9}}));
  const auto now = Care().SessionsNaming({"ada"})->at(0).to;
  EXPECT_NE(now, planned[0].to);
  EXPECT_EQ(Care().Erase("ada")->renamed_sessions, 1u);
  for (int opened = 0; opened < 2; ++opened) {
    EXPECT_FALSE(study_->SessionNumber("ada-bob-1"));
    EXPECT_EQ(study_->SessionNumber(now), number);
    EXPECT_EQ(study_->People()->SessionId(*number), now);
    EXPECT_EQ(study_->FindSession(now)->id, now);
    EXPECT_TRUE(study_->SessionNumber("canada-1") && study_->SessionNumber("with-ada") && study_->SessionNumber(planned[0].to));
    if (opened == 0) { EXPECT_EQ(before->SessionId(*number), now); }
    Reopen();
  }
  EXPECT_EQ(Care().Erase("lace-77")->renamed_sessions, 1u);
  EXPECT_FALSE(study_->SessionNumber("lovelace-77x"));
  EXPECT_EQ(study_->SessionNumber(now), number);
  // The old id is free for another session.
  ASSERT_TRUE(Write("d", {{.id = "j", .participant = "bob", .session = "ada-bob-1", .number = 9}}));
  EXPECT_NE(study_->SessionNumber("ada-bob-1"), number);
}

TEST_F(CareTest, ManyGoAtOnce) {
  Define("d", "keyed");
  Define("e", "append");
  ASSERT_TRUE(Write("d", {{.id = "a", .participant = "stays", .session = "both", .number = 1, .text = "first-gone"},
                          {.id = "first-gone", .participant = "stays", .number = 1, .text = "second-gone"},
                          {.id = "b", .participant = "first-gone", .session = "both", .number = 2},
                          {.id = "c", .participant = "second-gone", .session = "alone", .number = 3},
                          {.id = "d", .participant = "first-gone", .session = "alone", .number = 3},
                          {.id = "e", .participant = "third-gone", .number = 5}}));
  ASSERT_TRUE(Write("e", {{.participant = "stays", .number = 1}, {.participant = "third-gone", .number = 1}}));
  ASSERT_TRUE(Care().Withdraw("third-gone", "second-gone"));
  const std::vector<std::string> all = {"first-gone", "second-gone", "third-gone", "nobody"};
  ASSERT_TRUE(Care().WithdrawAll(all));
  EXPECT_EQ(study_->Summarize("d")->records, 2u);
  EXPECT_TRUE(Care().IsWithdrawn("second-gone"));
  const auto erased = Care().EraseAll(all, {"e"});
  ASSERT_TRUE(erased) << erased.error().detail;
  EXPECT_THAT(erased->rows, testing::ElementsAre(testing::Pair("d", 4u), testing::Pair("e", 2u)));
  EXPECT_EQ(erased->sessions, 1u);
  for (const auto& id : all) EXPECT_FALSE(study_->ParticipantNumber(id)) << id;
  EXPECT_FALSE(study_->SessionNumber("alone"));
  EXPECT_TRUE(study_->SessionNumber("both"));
  EXPECT_FALSE(Care().AnyWithdrawn());
  EXPECT_EQ(study_->Summarize("e")->records, 0u);
  ExpectSound(2, 1);
  Reopen();
  ExpectSound(2, 1);
  EXPECT_EQ(Care().EraseAll({}, {"none"}).error().code, ErrorCode::kNotFound);
  // Nor are they named by who stays.
  Select texts = All("d");
  texts.columns = {{ColumnKind::kRecordId, -1, {}}, kText};
  auto cursor = *study_->Read(texts);
  const auto batch = *cursor->Next();
  ASSERT_EQ(batch->rows, 2u);
  EXPECT_EQ(batch->columns[1].At<model::StringCell>(0).View(), "[erased]");
  EXPECT_EQ(batch->columns[1].At<model::StringCell>(1).View(), "[erased]");
  EXPECT_EQ(batch->columns[0].At<model::StringCell>(1).View().substr(0, 9), "[erased]-");
}

TEST_F(CareTest, RecordsOfADatasetGo) {
  Define("d", "keyed");
  Define("e", "append");
  ASSERT_TRUE(Write("d", {{.id = "a", .participant = "p1", .number = 1}, {.id = "b", .participant = "p2", .number = 2}}));
  ASSERT_TRUE(Write("e", {{.participant = "p1", .number = 1}}));
  const Seq before = study_->LastSeq();
  ASSERT_TRUE(Care().EraseRecords("d"));
  EXPECT_EQ(study_->Tombstones("d", before, study_->LastSeq())->size(), 2u);
  ExpectSound(0, 0);
  EXPECT_EQ(study_->Summarize("e")->records, 1u);
  ASSERT_TRUE(Write("d", {{.id = "a", .participant = "p1", .number = 5}}));
  ExpectSound(1, 1);
  EXPECT_EQ(Care().EraseRecords("none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sheaf::vault
