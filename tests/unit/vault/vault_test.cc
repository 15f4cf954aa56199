#include "fixture.h"

namespace sheaf::vault {
namespace {

TEST_F(VaultTest, KeepsWhatWasWrittenThroughARestart) {
  Define("d", "append");
  const auto written =
      Write("d", {{.participant = "p1", .session = "room 1", .time = 5, .number = 1, .text = "short", .choice = 1, .marks = {{0, 2}}},
                  {.participant = "p2", .text = "a text that is longer than twelve bytes", .skip_number = true}});
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_EQ(written->accepted, 2u);
  Reopen();
  Select select = All("d");
  select.columns = {
      {ColumnKind::kParticipant, -1, {}}, {ColumnKind::kSession, -1, {}}, {ColumnKind::kTime, -1, {}}, kNumber, kText, kChoice, kMarks,
      {ColumnKind::kSkipped, -1, {}}};
  auto cursor = *study_->Read(select);
  const auto batch = *cursor->Next();
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->rows, 2u);
  const auto people = study_->People();
  EXPECT_EQ(people->ParticipantId(batch->columns[0].At<std::int32_t>(0)), "p1");
  EXPECT_EQ(people->ParticipantId(batch->columns[0].At<std::int32_t>(1)), "p2");
  EXPECT_EQ(people->SessionId(batch->columns[1].At<std::int32_t>(0)), "room 1");
  EXPECT_TRUE(batch->columns[1].IsNull(1));
  EXPECT_EQ(batch->columns[2].At<std::int64_t>(0), 5);
  EXPECT_EQ(batch->columns[4].At<model::StringCell>(1).View(), "a text that is longer than twelve bytes");
  EXPECT_EQ(batch->columns[5].At<std::int32_t>(0), 1);
  const auto& marks = batch->columns[6].At<model::ListCell>(0);
  EXPECT_EQ(marks.length, 2u);
  EXPECT_EQ(batch->columns[6].child[marks.offset + 1], 2);
  EXPECT_TRUE(batch->columns[7].IsNull(0));
  EXPECT_EQ(batch->columns[7].At<model::StringCell>(1).View(), std::string_view("\0\0", 2));
  EXPECT_FALSE(*cursor->Next());
  EXPECT_TRUE(vault_->CheckStudy("s")->empty());
}

TEST_F(VaultTest, SummaryCountsTheThreeStates) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.time = 10, .number = 1},
                          {.participant = "p2", .time = 30, .skip_number = true},
                          {.participant = "p2", .session = "r", .text = "t"}}));
  for (int round = 0; round < 2; ++round) {
    const auto summary = *study_->Summarize("d");
    EXPECT_EQ(summary.records, 3u);
    EXPECT_EQ(summary.participants, 2u);
    EXPECT_EQ(summary.sessions, 1u);
    EXPECT_EQ(summary.first_time, 10);
    EXPECT_EQ(summary.last_time, 30);
    ASSERT_EQ(summary.fields.size(), 4u);
    EXPECT_EQ(summary.fields[0].answered, 1u);
    EXPECT_EQ(summary.fields[0].skipped, 1u);
    EXPECT_EQ(summary.fields[0].absent, 1u);
    EXPECT_EQ(summary.fields[1].answered, 1u);
    Reopen();
  }
}

TEST_F(VaultTest, RepeatedIdsOfAnAppendDatasetChangeNothing) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.id = "a", .number = 1}, {.id = "b", .number = 2}, {.id = "a", .number = 9}}));
  const auto again = Write("d", {{.id = "b", .number = 7}, {.id = "c", .number = 3}});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->accepted, 2u);
  EXPECT_EQ(again->written, 1u);
  EXPECT_EQ(Numbers(All("d")), (std::vector<std::int64_t>{1, 2, 3}));
  Reopen();
  EXPECT_EQ(Write("d", {{.id = "a", .number = 5}})->written, 0u);
}

TEST_F(VaultTest, TheIndexIsMadeAnewWhenItIsLost) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.id = "a", .number = 1}}, "key"));
  study_.reset();
  vault_.reset();
  fs::remove_all(directory_ / "studies" / "s" / "index");
  Open();
  study_ = *vault_->OpenStudy("s");
  EXPECT_EQ(Write("d", {{.id = "a", .number = 5}})->written, 0u);
  EXPECT_TRUE(Write("d", {{.id = "q", .number = 5}}, "key")->repeated);
}

TEST_F(VaultTest, KeyedRecordsAreReplacedAndOldInstantsStayReadable) {
  Define("d", "keyed");
  ASSERT_TRUE(Write("d", {{.id = "a", .time = 1, .number = 1}, {.id = "b", .time = 2, .number = 2}}));
  const Select before = All("d");
  ASSERT_TRUE(Write("d", {{.id = "a", .time = 3, .number = 10, .text = "new"}}));
  EXPECT_EQ(Numbers(before), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(Numbers(All("d")), (std::vector<std::int64_t>{2, 10}));
  Select since = All("d");
  since.after = before.upto;
  EXPECT_EQ(Numbers(since), (std::vector<std::int64_t>{10}));
  const auto same = Write("d", {{.id = "a", .time = 3, .number = 10, .text = "new"}});
  EXPECT_EQ(same->written, 0u);
  const auto summary = *study_->Summarize("d");
  EXPECT_EQ(summary.records, 2u);
  EXPECT_EQ(summary.first_time, 2);
  EXPECT_EQ(summary.fields[1].answered, 1u);
  Reopen();
  EXPECT_EQ(study_->Summarize("d")->records, 2u);
  EXPECT_EQ(*study_->Count(All("d")), 2u);
  EXPECT_TRUE(vault_->CheckStudy("s")->empty());
}

TEST_F(VaultTest, OfOneIdTwiceInARequestTheLastCounts) {
  Define("d", "keyed");
  ASSERT_TRUE(Write("d", {{.id = "a", .number = 1}, {.id = "b", .number = 2}, {.id = "a", .number = 3}}));
  auto numbers = Numbers(All("d"));
  std::sort(numbers.begin(), numbers.end());
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{2, 3}));
}

TEST_F(VaultTest, IdempotencyKeysAreKnownAfterARestart) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.number = 1}}, "k1"));
  Reopen();
  const auto again = Write("d", {{.number = 1}}, "k1");
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->repeated);
  EXPECT_EQ(again->response, "kept");
  const auto other = Write("d", {{.number = 2}}, "k1", "another digest");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kIdempotencyMismatch);
  EXPECT_EQ(Numbers(All("d")), (std::vector<std::int64_t>{1}));
}

TEST_F(VaultTest, DeletingLeavesTombstones) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.id = "a", .number = 1}, {.number = 2}, {.id = "c", .number = 3}}));
  const Seq before = study_->LastSeq();
  EXPECT_EQ(*study_->DeleteRecords("d", {"a", "nobody"}, {3}), 2u);
  EXPECT_EQ(Numbers(All("d")), (std::vector<std::int64_t>{3}));
  const auto tombstones = *study_->Tombstones("d", before, study_->LastSeq());
  ASSERT_EQ(tombstones.size(), 2u);
  std::set<std::string> ids = {tombstones[0].record_id, tombstones[1].record_id};
  EXPECT_EQ(ids, (std::set<std::string>{"", "a"}));
  EXPECT_EQ(study_->Summarize("d")->records, 1u);
  EXPECT_EQ(Write("d", {{.id = "a", .number = 4}})->written, 1u);
  Reopen();
  EXPECT_EQ(Numbers(All("d")), (std::vector<std::int64_t>{3, 4}));
  EXPECT_TRUE(vault_->CheckStudy("s")->empty());
}

TEST_F(VaultTest, FiltersRun) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.participant = "p1", .session = "r1", .number = 1, .text = "Hello World", .choice = 0, .marks = {{0, 1}}},
                          {.participant = "p2", .number = 2, .text = "bye", .choice = 1, .marks = {{}}},
                          {.participant = "p2", .session = "r2", .number = 3}}));
  const auto run = [&](model::Predicate predicate) {
    Select select = All("d");
    select.where = std::move(predicate);
    const auto numbers = Numbers(select);
    EXPECT_EQ(*study_->Count(select), numbers.size());
    return numbers;
  };
  using Expected = std::vector<std::int64_t>;
  EXPECT_EQ(run(Leaf(kNumber, Operator::kGreaterEqual, {std::int64_t{2}})), (Expected{2, 3}));
  EXPECT_EQ(run(Leaf(kNumber, Operator::kLess, {2.5})), (Expected{1, 2}));
  EXPECT_EQ(run(Leaf(kNumber, Operator::kBetween, {std::int64_t{2}, std::int64_t{3}})), (Expected{2, 3}));
  EXPECT_EQ(run(Leaf(kText, Operator::kContains, {std::string("WORLD")})), (Expected{1}));
  EXPECT_EQ(run(Leaf(kText, Operator::kNotContains, {std::string("world")})), (Expected{2, 3}));
  EXPECT_EQ(run(Leaf(kText, Operator::kStartsWith, {std::string("hel")})), (Expected{1}));
  EXPECT_EQ(run(Leaf(kText, Operator::kEndsWith, {std::string("e")})), (Expected{2}));
  EXPECT_EQ(run(Leaf(kText, Operator::kNotEqual, {std::string("bye")})), (Expected{1, 3}));
  EXPECT_EQ(run(Leaf(kText, Operator::kIsNull, {})), (Expected{3}));
  EXPECT_EQ(run(Leaf(kChoice, Operator::kIn, {std::int64_t{1}})), (Expected{2}));
  EXPECT_EQ(run(Leaf(kChoice, Operator::kNotIn, {std::int64_t{1}})), (Expected{1, 3}));
  EXPECT_EQ(run(Leaf(kMarks, Operator::kContains, {std::int64_t{1}})), (Expected{1}));
  EXPECT_EQ(run(Leaf(kMarks, Operator::kNotContains, {std::int64_t{1}})), (Expected{2, 3}));
  EXPECT_EQ(run(Leaf({ColumnKind::kParticipantId, -1, {}}, Operator::kEqual, {std::string("p2")})), (Expected{2, 3}));
  EXPECT_EQ(run(Leaf({ColumnKind::kParticipantId, -1, {}}, Operator::kEqual, {std::string("nobody")})), Expected{});
  EXPECT_EQ(run(Leaf({ColumnKind::kParticipantId, -1, {}}, Operator::kGreater, {std::string("p1")})), (Expected{2, 3}));
  EXPECT_EQ(run(Leaf({ColumnKind::kSessionId, -1, {}}, Operator::kNotEqual, {std::string("r1")})), (Expected{2, 3}));
  EXPECT_EQ(run(Leaf({ColumnKind::kSessionId, -1, {}}, Operator::kIsNull, {})), (Expected{2}));
  EXPECT_EQ(run(Leaf({ColumnKind::kSessionId, -1, {}}, Operator::kIsNotNull, {})), (Expected{1, 3}));
  model::Predicate negation;
  negation.op = Operator::kNot;
  negation.children.push_back(Leaf(kText, Operator::kEqual, {std::string("bye")}));
  EXPECT_EQ(run(negation), (Expected{1, 3}));
  model::Predicate any;
  any.op = Operator::kAny;
  any.children = {Leaf(kNumber, Operator::kEqual, {std::int64_t{1}}), Leaf(kNumber, Operator::kEqual, {std::int64_t{3}})};
  EXPECT_EQ(run(any), (Expected{1, 3}));
  any.children.clear();
  EXPECT_EQ(run(any), Expected{});
}

TEST_F(VaultTest, AttributesOfPeopleCompareAsTextNumberOrTruth) {
  Define("d", "append");
  model::Participant participant;
  participant.id = "p1";
  participant.attributes = R"({"age":31,"group":"control","ok":true})";
  bool created = false;
  ASSERT_TRUE(study_->PutParticipant(participant, &created));
  EXPECT_TRUE(created);
  ASSERT_TRUE(Write("d", {{.participant = "p1", .number = 1}, {.participant = "p2", .number = 2}}));
  const auto run = [&](const std::string& attribute, Operator op, model::Value value) {
    Select select = All("d");
    select.where = Leaf({ColumnKind::kParticipantAttribute, -1, attribute}, op, {std::move(value)});
    return Numbers(select);
  };
  EXPECT_EQ(run("age", Operator::kGreater, std::int64_t{4}), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(run("group", Operator::kEqual, std::string("control")), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(run("group", Operator::kNotEqual, std::string("control")), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(run("ok", Operator::kEqual, true), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(run("a'b\"c", Operator::kEqual, std::string("x")), std::vector<std::int64_t>{});
}

TEST_F(VaultTest, SortedPagesNeitherRepeatNorMiss) {
  Define("d", "append");
  std::vector<Row> rows;
  for (int i = 0; i < 500; ++i) {
    Row row;
    if (i % 7 != 0) row.number = i % 10;
    row.text = std::to_string(i);
    rows.push_back(row);
  }
  ASSERT_TRUE(Write("d", rows));
  for (const bool descending : {false, true}) {
    Select select = All("d");
    select.order = {{kNumber, descending}};
    const auto whole = Numbers(select);
    ASSERT_EQ(whole.size(), 500u);
    EXPECT_EQ(whole.back(), -1) << "nulls come last";
    std::vector<std::int64_t> paged;
    std::set<Seq> seen;
    select.limit = 37;
    while (true) {
      auto cursor = *study_->Read(select);
      std::size_t page = 0;
      while (const auto batch = *cursor->Next()) {
        for (std::size_t row = 0; row < batch->rows; ++row, ++page) {
          const bool null = batch->columns[1].IsNull(row);
          paged.push_back(null ? -1 : batch->columns[1].At<std::int64_t>(row));
          const Seq seq = batch->columns[0].At<std::int64_t>(row);
          EXPECT_TRUE(seen.insert(seq).second);
          select.position = Select::Position{{null ? std::nullopt : std::optional<model::Value>(paged.back())}, seq};
        }
      }
      if (page == 0) break;
    }
    EXPECT_EQ(paged, whole);
  }
}

TEST_F(VaultTest, ACursorGoesOnAfterBeingSuspended) {
  Define("d", "append");
  std::vector<Row> rows;
  for (int i = 0; i < 30'000; ++i) rows.push_back({.number = i});
  ASSERT_TRUE(Write("d", rows));
  auto cursor = *study_->Read(All("d"));
  std::int64_t next = 0;
  while (const auto batch = *cursor->Next()) {
    for (std::size_t row = 0; row < batch->rows; ++row) ASSERT_EQ(batch->columns[1].At<std::int64_t>(row), next++);
    cursor->Suspend();
  }
  EXPECT_EQ(next, 30'000);
}

TEST_F(VaultTest, AnInterruptedCursorFails) {
  Define("d", "append");
  std::vector<Row> rows(50'000);
  ASSERT_TRUE(Write("d", rows));
  auto cursor = *study_->Read(All("d"));
  ASSERT_TRUE(*cursor->Next());
  cursor->Interrupt();
  auto next = cursor->Next();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::kCancelled);
}

TEST_F(VaultTest, AStudyReadInPartCanBeDroppedAndMadeAgain) {
  Define("d", "append");
  std::vector<Row> rows(30'000);
  ASSERT_TRUE(Write("d", rows));
  for (const std::uint64_t limit : {3, 0}) {
    Select select = All("d");
    select.limit = limit;
    auto cursor = *study_->Read(select);
    ASSERT_TRUE(*cursor->Next());
  }
  study_.reset();
  ASSERT_TRUE(vault_->DropStudy("s"));
  const auto created = vault_->CreateStudy("s");
  ASSERT_TRUE(created) << created.error().detail;
}

TEST_F(VaultTest, NewFieldsKeepTheData) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.number = 1}}));
  const auto grown = Define("d", "append", R"(,{"id":"more","type":"integer"})");
  EXPECT_EQ(grown->version, 2);
  EXPECT_EQ(grown->fields.size(), 5u);
  EXPECT_EQ(Numbers(All("d")), (std::vector<std::int64_t>{1}));
  ASSERT_TRUE(Write("d", {{.number = 2}}));
  Reopen();
  EXPECT_EQ(study_->Summarize("d")->fields[4].absent, 2u);
}

TEST_F(VaultTest, RowsOfAnOldDefinitionAreSentBack) {
  const auto old = Define("d", "append");
  AppendRequest request;
  request.dataset = "d";
  request.definition_version = 99;
  request.batches = std::make_unique<OneBatch>(MakeRecordBatch(*old, {{.number = 1}}));
  std::promise<Result<AppendResult>> promise;
  study_->Append(std::move(request), [&](Result<AppendResult> result) { promise.set_value(std::move(result)); });
  const auto result = promise.get_future().get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDefinitionConflict);
}

TEST_F(VaultTest, ManyWritersGetEachTheirRows) {
  Define("d", "append");
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([this, thread, &failures] {
      for (int i = 0; i < 40; ++i) {
        const auto written =
            Write("d", {{.participant = "p" + std::to_string(thread), .number = i}, {.participant = "q" + std::to_string(i), .number = i}});
        if (!written || written->written != 2) ++failures;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  const auto summary = *study_->Summarize("d");
  EXPECT_EQ(summary.records, 640u);
  EXPECT_EQ(summary.participants, 48u);
  EXPECT_TRUE(vault_->CheckStudy("s")->empty());
}

TEST_F(VaultTest, SessionsKeepTimesAndAttendanceAndGiveOnsets) {
  Define("d", "append");
  model::Session session;
  session.id = "r";
  session.start = 1'000'000;
  session.status = "active";
  session.attributes = "{}";
  session.attendance = {{"p9", "host", 5, std::nullopt}};
  bool created = false;
  const auto kept = study_->PutSession(session, &created);
  ASSERT_TRUE(kept) << kept.error().detail;
  ASSERT_EQ(kept->attendance.size(), 1u);
  EXPECT_EQ(kept->attendance[0].participant, "p9");
  EXPECT_EQ(kept->attendance[0].joined_at, 5);
  EXPECT_EQ(study_->Participants({})->total, 1u);
  ASSERT_TRUE(Write("d", {{.session = "r", .time = 250'000, .number = 1}, {.session = "r", .time = 250'000, .onset = 3, .number = 2}}));
  Select select = All("d");
  select.columns = {{ColumnKind::kOnset, -1, {}}};
  const auto batch = *(*study_->Read(select))->Next();
  EXPECT_EQ(batch->columns[0].At<double>(0), -750.0);
  EXPECT_EQ(batch->columns[0].At<double>(1), 3.0);
  session.end = 9'000'000;
  session.attendance.clear();
  ASSERT_TRUE(study_->PutSession(session, &created));
  EXPECT_FALSE(created);
  EXPECT_EQ(study_->FindSession("r")->end, 9'000'000);
  EXPECT_TRUE(study_->FindSession("r")->attendance.empty());
}

TEST_F(VaultTest, ListsComeInPages) {
  for (int i = 0; i < 25; ++i) {
    model::Participant participant;
    participant.id = "p" + std::to_string(100 + i);
    participant.attributes = "{}";
    ASSERT_TRUE(study_->PutParticipant(participant, nullptr));
  }
  ListOptions options;
  options.limit = 10;
  std::vector<std::string> ids;
  do {
    const auto page = *study_->Participants(options);
    EXPECT_EQ(page.total, 25u);
    for (const auto& item : page.items) ids.push_back(item.id);
    options.after = page.next;
  } while (!options.after.empty());
  EXPECT_EQ(ids.size(), 25u);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));
  options.after.clear();
  options.search = "P11";
  EXPECT_EQ(study_->Participants(options)->total, 10u);
}

TEST_F(VaultTest, ParquetCarriesIdsOfPeopleAndOptions) {
  Define("d", "append");
  ASSERT_TRUE(Write("d", {{.time = 1'000'000, .number = 1, .choice = 1, .marks = {{0, 2}}}, {.skip_number = true}}));
  Select select = All("d");
  select.columns = {{ColumnKind::kParticipant, -1, {}}, {ColumnKind::kTime, -1, {}}, kNumber, kChoice, kMarks,
                    {ColumnKind::kSkipped, -1, {}}};
  const std::string path = (directory_ / "tmp" / "o'ne.parquet").string();
  const auto rows = study_->WriteParquet(select, {"participant", "time", "num\"ber", "choice", "marks", "skipped"}, path, {});
  ASSERT_TRUE(rows) << rows.error().detail;
  EXPECT_EQ(*rows, 2u);
  EXPECT_GT(fs::file_size(path), 100u);
}

TEST_F(VaultTest, StudiesAreDroppedOnlyWhenNobodyHoldsThem) {
  EXPECT_FALSE(vault_->DropStudy("s"));
  study_.reset();
  ASSERT_TRUE(vault_->DropStudy("s"));
  EXPECT_TRUE(vault_->Studies().empty());
  EXPECT_EQ(vault_->OpenStudy("s").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(vault_->OpenStudy("../s").error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(vault_->CreateStudy("a/b"));
}

}  // namespace
}  // namespace sheaf::vault
