#include "quality/checker.h"

#include <atomic>
#include <filesystem>

#include "../vault/fixture.h"
#include "quality/dataset_state.h"
#include "vault/care.h"

namespace sheaf::quality {
namespace {

namespace fs = std::filesystem;
using vault::Row;

constexpr Micros kBase = 1'767'225'600'000'000;

class Checking : public vault::VaultTest {
 protected:
  std::string Directory() const { return directory_ / "studies"; }
  Status Refresh(DatasetState& state, const Budget& budget = {}) {
    const auto everybody = study_->ParticipantNumbers(model::Predicate{});
    EXPECT_TRUE(everybody);
    fs::create_directories(directory_ / "quality");
    return state.Refresh(*study_, *study_->FindDataset("data"), {}, *everybody, study_->PeopleGeneration(), budget);
  }
  std::vector<Row> Rows(int from, int to) {
    std::vector<Row> rows;
    for (int i = from; i < to; ++i) {
      Row row;
      row.participant = "p" + std::to_string(i % 5);
      row.time = kBase + i * std::int64_t{1'000'000};
      row.number = i;
      rows.push_back(row);
    }
    return rows;
  }
  static std::uint64_t Found(const DatasetState& state, Check check) {
    std::uint64_t count = 0;
    for (const auto& group : state.AllGroups().All()) {
      if (!group.detail) continue;
      for (const auto& finding : group.detail->findings) count += finding.check == check ? finding.count : 0;
    }
    return count;
  }
};

TEST_F(Checking, ReadsARecordOnce) {
  Define("data", "append");
  ASSERT_TRUE(Write("data", Rows(0, 10'000)));
  DatasetState state(directory_ / "quality", 1);
  ASSERT_TRUE(Refresh(state));
  EXPECT_TRUE(state.UpToDate());
  EXPECT_EQ(state.RecordsRead(), 10'000u);
  ASSERT_TRUE(Refresh(state));
  EXPECT_EQ(state.RecordsRead(), 10'000u);
  ASSERT_TRUE(Write("data", Rows(10'000, 10'100)));
  ASSERT_TRUE(Refresh(state));
  EXPECT_EQ(state.RecordsRead(), 10'100u);
  EXPECT_EQ(state.Records(), 10'100u);
  // What goes makes one participant's records be read again.
  ASSERT_TRUE(study_->DeleteRecords("data", {}, {study_->LastSeq()}));
  ASSERT_TRUE(Refresh(state));
  EXPECT_EQ(state.Records(), 10'099u);
  EXPECT_LE(state.RecordsRead(), 10'100u + 2'020u);
  EXPECT_EQ(Found(state, Check::kDuplicate), 0u);
}

TEST_F(Checking, GoesOnWhereItLeftOff) {
  Define("data", "append");
  for (int turn = 0; turn < 8; ++turn) ASSERT_TRUE(Write("data", Rows(turn * 2'500, (turn + 1) * 2'500)));
  DatasetState state(directory_ / "quality", 1);
  const Budget none{std::chrono::steady_clock::now() - std::chrono::seconds(1), nullptr};
  ASSERT_TRUE(Refresh(state, none));
  EXPECT_FALSE(state.UpToDate());
  EXPECT_LT(state.Records(), 20'000u);
  for (int turn = 0; turn < 40 && !state.UpToDate(); ++turn) ASSERT_TRUE(Refresh(state, none));
  EXPECT_TRUE(state.UpToDate());
  EXPECT_EQ(state.Records(), 20'000u);
  EXPECT_EQ(state.RecordsRead(), 20'000u);
}

TEST_F(Checking, IsKept) {
  Define("data", "append");
  ASSERT_TRUE(Write("data", Rows(0, 5'000)));
  {
    DatasetState state(directory_ / "quality", 1);
    ASSERT_TRUE(Refresh(state));
    ASSERT_TRUE(state.Save(DatasetState::When::kAlways));
  }
  ASSERT_TRUE(Write("data", Rows(0, 50)));
  DatasetState state(directory_ / "quality", 1);
  ASSERT_TRUE(Refresh(state));
  EXPECT_EQ(state.RecordsRead(), 50u);
  EXPECT_EQ(state.Records(), 5'050u);
  EXPECT_EQ(Found(state, Check::kDuplicate), 50u);
  // Whatever of the file is changed: it is noticed, and all is read again.
  ASSERT_TRUE(state.Save(DatasetState::When::kAlways));
  const fs::path file = directory_ / "quality" / "d1.state";
  const auto size = fs::file_size(file);
  for (const std::uintmax_t length : {std::uintmax_t{0}, std::uintmax_t{5}, size / 2, size - 1}) {
    const fs::path whole = directory_ / "whole";
    fs::copy_file(file, whole, fs::copy_options::overwrite_existing);
    fs::resize_file(file, length);
    DatasetState damaged(directory_ / "quality", 1);
    ASSERT_TRUE(Refresh(damaged));
    EXPECT_EQ(damaged.RecordsRead(), 5'050u);
    EXPECT_EQ(Found(damaged, Check::kDuplicate), 50u);
    fs::copy_file(whole, file, fs::copy_options::overwrite_existing);
  }
}

TEST_F(Checking, NoticesWhatWentWithoutATrace) {
  Define("data", "append");
  ASSERT_TRUE(Write("data", Rows(0, 1'000)));
  DatasetState state(directory_ / "quality", 1);
  ASSERT_TRUE(Refresh(state));
  ASSERT_TRUE(study_->Care()->EraseRecords("data"));
  ASSERT_TRUE(Refresh(state));
  EXPECT_EQ(state.Records(), 0u);
  ASSERT_TRUE(Write("data", Rows(0, 10)));
  ASSERT_TRUE(Refresh(state));
  EXPECT_EQ(state.Records(), 10u);
  EXPECT_EQ(Found(state, Check::kDuplicate), 0u);
}

TEST_F(Checking, SessionsThatEndBeforeTheyStart) {
  Define("data", "append");
  model::Session session;
  session.id = "s1";
  session.start = kBase;
  session.end = kBase - 1;
  ASSERT_TRUE(study_->PutSession(session, nullptr));
  Checker checker({nullptr, Directory(), false});
  const auto report = checker.Report(*study_, {{"data"}, {}});
  ASSERT_TRUE(report) << report.error().detail;
  EXPECT_EQ(report->bad_sessions.size(), 1u);
  EXPECT_TRUE(checker.Forget("s"));
  EXPECT_FALSE(fs::exists(directory_ / "studies" / "s" / "quality"));
  EXPECT_TRUE(checker.Report(*study_, {{"data"}, {}}));
}

TEST_F(Checking, ForgottenWhileItWaitsForItsTurn) {
  Define("data", "append");
  ASSERT_TRUE(Write("data", Rows(0, 10)));
  Checker checker({{std::shared_ptr<void>(), vault_.get()}, Directory(), true});
  std::atomic<int> checked{0};
  checker.OnChecked([&](const std::string&) { ++checked; });
  for (int turn = 0; turn < 3; ++turn) {
    checker.Changed("s");
    while (checked <= turn) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // Just checked: the next check is put off, and the study goes while it is.
    for (int again = 0; again < 20; ++again) {
      checker.Changed("s");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ASSERT_TRUE(checker.Forget("s"));
    }
  }
  checker.Stop();
  EXPECT_EQ(checked, 3);
}

TEST_F(Checking, AskedByManyAtOnce) {
  Define("data", "append");
  ASSERT_TRUE(Write("data", Rows(0, 20'000)));
  Checker checker({nullptr, Directory(), false});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 5; ++turn) {
        const auto report = checker.Report(*study_, {{"data"}, {}});
        if (report && report->datasets[0].complete && report->datasets[0].records != 20'000) ++wrong;
      }
    });
  }
  for (int turn = 0; turn < 3; ++turn) EXPECT_TRUE(checker.Forget("s"));
  for (auto& thread : threads) thread.join();
  // Any may have been stopped on its way by what was forgotten; none was wrong, and the next is whole.
  EXPECT_EQ(wrong, 0);
  const auto after = checker.Report(*study_, {{"data"}, {}});
  ASSERT_TRUE(after);
  EXPECT_TRUE(after->datasets[0].complete);
  EXPECT_EQ(after->datasets[0].records, 20'000u);
}

}  // namespace
}  // namespace sheaf::quality
