#include "export/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "seq_study.h"

namespace sheaf::exporting {
namespace {

class StringSink final : public Sink {
 public:
  Status Write(std::string_view bytes) override {
    if (inside_.exchange(true)) ADD_FAILURE() << "two threads in the sink";
    text += bytes;
    ++writes;
    if (on_write) {
      if (auto status = on_write(); !status) {
        inside_ = false;
        return status;
      }
    }
    inside_ = false;
    return {};
  }
  std::string text;
  int writes = 0;
  std::function<Status()> on_write;

 private:
  std::atomic<bool> inside_{false};
};

Status RunSeq(FakeStudy& study, Sink& sink, Progress& progress, int lanes, const Encoder& encoder = SeqEncoder()) {
  auto cursor = study.Read(SeqSelect(study, "d"));
  return RunPipeline(**cursor, encoder, sink, progress, lanes);
}

TEST(Pipeline, EveryRowOnceAndInOrderWithAnyNumberOfLanes) {
  FakeStudy study;
  FillStudy(study, "d", 40'000, 40);
  const std::string expected = SeqText(40'000, 40);
  for (int lanes = 0; lanes <= 8; ++lanes) {
    study.batch_rows = 700 + static_cast<std::size_t>(lanes) * 311;
    StringSink sink;
    Progress progress;
    ASSERT_TRUE(RunSeq(study, sink, progress, lanes)) << lanes;
    EXPECT_TRUE(sink.text == expected) << lanes;
    EXPECT_EQ(progress.rows, 40'000u);
    EXPECT_EQ(progress.bytes, expected.size());
    EXPECT_GT(sink.writes, 5);
  }
}

TEST(Pipeline, BatchesAndRowsOfAnySize) {
  for (const std::size_t width : {0u, 1u, 3000u}) {
    FakeStudy study;
    FillStudy(study, "d", 3000, width);
    const std::string expected = SeqText(3000, width);
    for (const std::size_t batch_rows : {1u, 63u, 64u, 2048u, 5000u}) {
      study.batch_rows = batch_rows;
      StringSink sink;
      Progress progress;
      ASSERT_TRUE(RunSeq(study, sink, progress, 3));
      EXPECT_TRUE(sink.text == expected) << width << " " << batch_rows;
    }
  }
}

TEST(Pipeline, NoRows) {
  FakeStudy study;
  FillStudy(study, "d", 0);
  StringSink sink;
  Progress progress;
  ASSERT_TRUE(RunSeq(study, sink, progress, 4));
  EXPECT_EQ(sink.text, "begin\nend 0\n");
}

TEST(Pipeline, AWideBatchMakesSeveralBlocks) {
  FakeStudy study;
  FillStudy(study, "d", 4000, 4000);
  study.batch_rows = 4000;
  StringSink sink;
  Progress progress;
  std::size_t largest = 0, before = 0;
  sink.on_write = [&]() -> Status {
    largest = std::max(largest, sink.text.size() - before);
    before = sink.text.size();
    return {};
  };
  ASSERT_TRUE(RunSeq(study, sink, progress, 2));
  EXPECT_LE(largest, 2u << 20);
  EXPECT_GE(sink.writes, 20);
}

TEST(Pipeline, AnErrorOfTheSinkEndsIt) {
  FakeStudy study;
  FillStudy(study, "d", 50'000, 100);
  for (const int lanes : {1, 4}) {
    StringSink sink;
    Progress progress;
    sink.on_write = [&]() -> Status {
      if (sink.writes < 4) return {};
      return Fail(ErrorCode::kStorageFull, "full");
    };
    const auto status = RunSeq(study, sink, progress, lanes);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kStorageFull);
    EXPECT_EQ(sink.writes, 4);
    EXPECT_THAT(sink.text, testing::Not(testing::HasSubstr("end ")));
  }
}

TEST(Pipeline, AnErrorOfTheCursorEndsIt) {
  FakeStudy study;
  FillStudy(study, "d", 50'000, 100);
  study.fail_after_rows = 20'000;
  for (const int lanes : {1, 4}) {
    StringSink sink;
    Progress progress;
    const auto status = RunSeq(study, sink, progress, lanes);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kIo);
    EXPECT_THAT(sink.text, testing::Not(testing::HasSubstr("end ")));
  }
}

class ThrowingEncoder final : public Encoder {
 public:
  void Begin(std::string&) const override {}
  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t, bool, std::string&) const override {
    if (batch.columns[0].At<std::int64_t>(begin) > 5000) throw std::runtime_error("boom");
  }
  void End(std::string&, std::uint64_t) const override {}
};

TEST(Pipeline, AnExceptionOfTheEncoderIsAnError) {
  FakeStudy study;
  FillStudy(study, "d", 20'000);
  StringSink sink;
  Progress progress;
  const auto status = RunSeq(study, sink, progress, 3, ThrowingEncoder());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInternal);
}

TEST(Pipeline, CancelInTheMiddle) {
  FakeStudy study;
  FillStudy(study, "d", 60'000, 100);
  for (const int lanes : {1, 2, 8}) {
    StringSink sink;
    Progress progress;
    sink.on_write = [&]() -> Status {
      if (sink.writes == 3) progress.cancelled = true;
      return {};
    };
    const auto status = RunSeq(study, sink, progress, lanes);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
    EXPECT_LT(progress.rows, 60'000u);
  }
}

// A cursor that hangs until it is interrupted, as a sort over much data does.
class HangingCursor final : public vault::Cursor {
 public:
  Result<std::shared_ptr<const model::ColumnBatch>> Next() override {
    std::unique_lock lock(mutex_);
    entered.count_down();
    wake_.wait(lock, [this] { return interrupted_; });
    return Fail(ErrorCode::kCancelled, "interrupted");
  }
  bool Resumable() const override { return false; }
  void Suspend() override {}
  void Interrupt() override {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    wake_.notify_all();
  }
  std::latch entered{1};

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool interrupted_ = false;
};

TEST(Pipeline, CancelReachesACursorThatWorks) {
  HangingCursor cursor;
  StringSink sink;
  Progress progress;
  Status status;
  std::thread thread([&] { status = RunPipeline(cursor, SeqEncoder(), sink, progress, 4); });
  cursor.entered.wait();
  progress.cancelled = true;
  thread.join();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCancelled);
}

// While the sink is blocked, the lanes must stop fetching: only a bounded number of blocks is in flight.
TEST(Pipeline, ASlowSinkHoldsTheCursorBack) {
  FakeStudy study;
  FillStudy(study, "d", 200'000, 100);
  std::atomic<int> batches{0};
  study.before_batch = [&] { ++batches; };
  StringSink sink;
  Progress progress;
  std::atomic<bool> release{false};
  int seen = 0;
  sink.on_write = [&]() -> Status {
    if (sink.writes != 2) return {};
    // Wait until nothing is fetched any more; if the lanes were unbounded this would reach all 98 batches.
    int before = -1;
    while (before != batches) {
      before = batches;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    seen = batches;
    return {};
  };
  ASSERT_TRUE(RunSeq(study, sink, progress, 4));
  EXPECT_LT(seen, 40);
  EXPECT_TRUE(sink.text == SeqText(200'000, 100));
}

}  // namespace
}  // namespace sheaf::exporting
