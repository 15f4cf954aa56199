#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <latch>
#include <thread>

#include "decoded.h"
#include "export/pipeline.h"
#include "seq_study.h"
#include "wrapped_study.h"

namespace sheaf::exporting {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<std::string> ReadPiece(Stream& stream) {
  std::promise<Result<std::string>> promise;
  auto future = promise.get_future();
  stream.Read([&promise](Result<std::string> piece) { promise.set_value(std::move(piece)); });
  return future.get();
}

//! To the proper end, or the error.
Result<std::string> ReadAll(Stream& stream, std::size_t* largest = nullptr) {
  std::string all;
  for (;;) {
    SHEAF_ASSIGN(const std::string piece, ReadPiece(stream));
    if (piece.empty()) return all;
    if (largest != nullptr) *largest = std::max(*largest, piece.size());
    all += piece;
  }
}

std::optional<std::string> Decoded(const std::string& bytes, Compression compression) {
  switch (compression) {
    case Compression::kGzip: return OneGzipMember(bytes);
    case Compression::kZstd: return OneZstdFrame(bytes);
    case Compression::kNone: break;
  }
  return bytes;
}

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    std::filesystem::create_directories(directory_);
    pool_ = std::make_unique<StreamPool>(StreamPool::Options{3, directory_});
  }
  ~StreamTest() override {
    pool_.reset();
    std::filesystem::remove_all(directory_);
  }

  Plan MakePlanOf(const std::string& format, const std::string& sort = {}) {
    ExportOptions options;
    options.format = *FormatFrom(format);
    options.sort = sort;
    auto plan = MakePlan(*study_, options, "d");
    EXPECT_TRUE(plan) << plan.error().detail;
    return std::move(*plan);
  }
  std::unique_ptr<Stream> Open(Plan plan, Compression compression = Compression::kNone) {
    auto stream = pool_->Open(study_, std::move(plan), compression);
    EXPECT_TRUE(stream) << stream.error().detail;
    return std::move(*stream);
  }
  std::string Direct(const Plan& plan) {
    struct Text final : Sink {
      std::string text;
      Status Write(std::string_view bytes) override {
        text += bytes;
        return {};
      }
    } sink;
    Progress progress;
    const auto encoder = MakeEncoder(plan);
    auto cursor = fake_.Read(plan.select);
    EXPECT_TRUE(RunPipeline(**cursor, *encoder, sink, progress, 1));
    return sink.text;
  }
  std::size_t FilesInDirectory() { return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory_), {})); }

  const std::string directory_ = testing::TempDir() + "stream_test_" + std::to_string(::getpid());
  FakeStudy fake_;
  std::shared_ptr<WrappedStudy> study_ = std::make_shared<WrappedStudy>(fake_);
  std::unique_ptr<StreamPool> pool_;
};

TEST_F(StreamTest, GivesWhatThePipelineGives) {
  FillStudy(fake_, "d", 30'000, 60);
  for (const std::string format : {"csv", "json", "ndjson"}) {
    for (const std::string sort : {"", "-time"}) {
      const Plan plan = MakePlanOf(format, sort);
      const std::string expected = Direct(plan);
      auto plain = ReadAll(*Open(plan));
      ASSERT_TRUE(plain) << plain.error().detail;
      EXPECT_TRUE(*plain == expected) << format << sort;
      auto gzip = ReadAll(*Open(plan, Compression::kGzip));
      ASSERT_TRUE(gzip);
      EXPECT_TRUE(OneGzipMember(*gzip) == expected) << format << sort;
      auto zstd = ReadAll(*Open(plan, Compression::kZstd));
      ASSERT_TRUE(zstd);
      EXPECT_TRUE(OneZstdFrame(*zstd) == expected) << format << sort;
    }
  }
}

TEST_F(StreamTest, ProgressCountsRows) {
  FillStudy(fake_, "d", 5000);
  for (const std::string sort : {"", "time"}) {
    auto stream = Open(MakePlanOf("csv", sort));
    const auto all = ReadAll(*stream);
    ASSERT_TRUE(all);
    EXPECT_EQ(stream->GetProgress().rows, 5000u);
    EXPECT_EQ(stream->GetProgress().bytes, all->size());
  }
}

TEST_F(StreamTest, NoRows) {
  FillStudy(fake_, "d", 0);
  for (const std::string sort : {"", "time"}) {
    EXPECT_EQ(ReadAll(*Open(MakePlanOf("ndjson", sort))).value_or("error"), "");
    EXPECT_THAT(ReadAll(*Open(MakePlanOf("csv", sort))).value_or("error"), HasSubstr("participant"));
    EXPECT_EQ(OneGzipMember(ReadAll(*Open(MakePlanOf("ndjson", sort), Compression::kGzip)).value_or("error")), "");
  }
}

TEST_F(StreamTest, ReadAfterTheEndIsTheEnd) {
  FillStudy(fake_, "d", 10);
  for (const std::string sort : {"", "time"}) {
    auto stream = Open(MakePlanOf("csv", sort));
    ASSERT_TRUE(ReadAll(*stream));
    EXPECT_EQ(ReadPiece(*stream).value_or("error"), "");
  }
}

// The header needs no row: it is there although the first row is held back.
TEST_F(StreamTest, TheBeginningComesBeforeTheFirstRow) {
  FillStudy(fake_, "d", 1000);
  for (const std::string sort : {"", "time"}) {
    std::promise<void> promise;
    auto gate = promise.get_future().share();
    fake_.before_batch = [gate] { gate.wait(); };
    auto stream = Open(MakePlanOf("csv", sort));
    const auto piece = ReadPiece(*stream);
    ASSERT_TRUE(piece);
    EXPECT_THAT(*piece, HasSubstr("participant"));
    EXPECT_THAT(*piece, Not(HasSubstr("P1")));
    promise.set_value();
    EXPECT_TRUE(ReadAll(*stream));
  }
}

TEST_F(StreamTest, TheFirstRowsComeInASmallPiece) {
  FillStudy(fake_, "d", 100'000, 100);
  auto stream = Open(MakePlanOf("ndjson"));
  const auto piece = ReadPiece(*stream);
  ASSERT_TRUE(piece);
  EXPECT_LT(piece->size(), 300u << 10);
  EXPECT_GT(piece->size(), 0u);
}

// Nobody reads: the stream makes less than a megabyte, then lets go of the cursor; afterwards it goes on to the end.
TEST_F(StreamTest, ASlowReaderSuspendsTheCursorAndMemoryStaysBounded) {
  FillStudy(fake_, "d", 60'000, 100);
  const Plan plan = MakePlanOf("csv");
  for (const auto compression : {Compression::kNone, Compression::kGzip, Compression::kZstd}) {
    fake_.suspensions = 0;
    auto stream = Open(plan, compression);
    while (fake_.suspensions == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const std::uint64_t made = stream->GetProgress().bytes;
    EXPECT_LE(made, 1u << 20);
    EXPECT_LT(stream->GetProgress().rows, 60'000u);
    std::size_t largest = 0;
    const auto all = ReadAll(*stream, &largest);
    ASSERT_TRUE(all);
    EXPECT_LE(largest, 512u << 10);
    const std::string expected = Direct(plan);
    EXPECT_TRUE(Decoded(*all, compression) == expected);
  }
}

TEST_F(StreamTest, ASuspendedStreamIsSuspendedAgainWhenItStallsAgain) {
  FillStudy(fake_, "d", 60'000, 100);
  auto stream = Open(MakePlanOf("csv"));
  for (int round = 1; round <= 3; ++round) {
    while (fake_.suspensions < round) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    for (int piece = 0; piece < 4; ++piece) ASSERT_TRUE(ReadPiece(*stream));
  }
  EXPECT_TRUE(ReadAll(*stream));
}

TEST_F(StreamTest, AnErrorMidwayReachesTheReader) {
  FillStudy(fake_, "d", 50'000, 50);
  fake_.fail_after_rows = 20'000;
  for (const std::string sort : {"", "time"}) {
    for (const auto compression : {Compression::kNone, Compression::kGzip}) {
      auto stream = Open(MakePlanOf("csv", sort), compression);
      const auto all = ReadAll(*stream);
      ASSERT_FALSE(all);
      EXPECT_EQ(all.error().code, ErrorCode::kIo);
      EXPECT_FALSE(ReadPiece(*stream)) << "an error stays";
    }
  }
}

TEST_F(StreamTest, CancelAnswersTheWaitingReadAndFreesTheStudy) {
  FillStudy(fake_, "d", 50'000);
  for (const std::string sort : {"", "time"}) {
    std::latch entered(1);
    std::atomic<bool> open{false};
    fake_.before_batch = [&] {
      if (entered.try_wait()) return;
      entered.count_down();
      while (!open) std::this_thread::yield();
    };
    auto stream = Open(MakePlanOf("ndjson", sort));
    std::promise<Result<std::string>> answer;
    stream->Read([&](Result<std::string> piece) { answer.set_value(std::move(piece)); });
    entered.wait();
    stream->Cancel();
    const auto piece = answer.get_future().get();
    ASSERT_FALSE(piece);
    EXPECT_EQ(piece.error().code, ErrorCode::kCancelled);
    EXPECT_TRUE(stream->GetProgress().cancelled);
    open = true;
    stream.reset();
    while (study_.use_count() > 1) std::this_thread::yield();
    pool_.reset();  // its threads are gone before what they call is
    pool_ = std::make_unique<StreamPool>(StreamPool::Options{3, directory_});
  }
}

TEST_F(StreamTest, DestroyingAnUnreadStreamIsEnough) {
  FillStudy(fake_, "d", 50'000, 50);
  for (int round = 0; round < 20; ++round) {
    for (const std::string sort : {"", "time"}) {
      auto stream = Open(MakePlanOf("csv", sort));
      if (round % 2 == 0) { ASSERT_TRUE(ReadPiece(*stream)); }
    }
  }
  while (study_.use_count() > 1) std::this_thread::yield();
}

TEST_F(StreamTest, ThePoolMayGoBeforeItsStreams) {
  FillStudy(fake_, "d", 50'000, 50);
  auto live = Open(MakePlanOf("csv"));
  auto spooled = Open(MakePlanOf("csv", "time"));
  pool_.reset();
  for (auto* stream : {live.get(), spooled.get()}) {
    const auto all = ReadAll(*stream);
    EXPECT_FALSE(all);
  }
}

// One stream's reader is stuck, another's takes everything: the second is not held up, with a single thread.
TEST_F(StreamTest, AStuckReaderHoldsNoThread) {
  FillStudy(fake_, "d", 40'000, 100);
  StreamPool single(StreamPool::Options{1, directory_});
  std::vector<std::unique_ptr<Stream>> stuck;
  for (int i = 0; i < 8; ++i) {
    auto stream = single.Open(study_, MakePlanOf("csv"), Compression::kNone);
    ASSERT_TRUE(stream);
    stuck.push_back(std::move(*stream));
  }
  auto stream = single.Open(study_, MakePlanOf("csv"), Compression::kNone);
  ASSERT_TRUE(stream);
  EXPECT_TRUE(ReadAll(**stream));
}

// With one thread and several eager readers no stream may run far ahead of another.
TEST_F(StreamTest, StreamsTakeTurns) {
  FillStudy(fake_, "d", 100'000, 100);
  StreamPool single(StreamPool::Options{1, directory_});
  const Plan plan = MakePlanOf("csv");
  std::vector<std::unique_ptr<Stream>> streams;
  std::atomic<int> left{4};
  std::promise<void> all_done;
  std::atomic<std::uint64_t> least_when_first_ended{0};
  std::function<void(std::size_t)> pull = [&](std::size_t i) {
    streams[i]->Read([&, i](Result<std::string> piece) {
      ASSERT_TRUE(piece);
      if (!piece->empty()) return pull(i);
      if (left == 4) {
        std::uint64_t least = 100'000;
        for (const auto& stream : streams) least = std::min<std::uint64_t>(least, stream->GetProgress().rows);
        least_when_first_ended = least;
      }
      if (--left == 0) all_done.set_value();
    });
  };
  std::promise<void> promise;
  auto gate = promise.get_future().share();
  fake_.before_batch = [gate] { gate.wait(); };  // until all have begun
  for (int i = 0; i < 4; ++i) {
    auto stream = single.Open(study_, plan, Compression::kNone);
    ASSERT_TRUE(stream);
    streams.push_back(std::move(*stream));
  }
  for (std::size_t i = 0; i < 4; ++i) pull(i);
  promise.set_value();
  all_done.get_future().wait();
  EXPECT_GT(least_when_first_ended, 60'000u);
}

TEST_F(StreamTest, ManyStreamsAtOnce) {
  FillStudy(fake_, "d", 8'000, 30);
  const Plan live = MakePlanOf("csv");
  const Plan sorted = MakePlanOf("json", "note,-time");
  const std::string expected_live = Direct(live), expected_sorted = Direct(sorted);
  std::vector<std::thread> readers;
  for (int i = 0; i < 16; ++i) {
    readers.emplace_back([&, i] {
      auto stream = Open(i % 2 == 0 ? live : sorted);
      const auto all = ReadAll(*stream);
      ASSERT_TRUE(all);
      EXPECT_TRUE(*all == (i % 2 == 0 ? expected_live : expected_sorted));
    });
  }
  for (auto& reader : readers) reader.join();
}

// A sorted export is made at full speed whether or not anybody reads, and keeps nothing but its unlinked file.
TEST_F(StreamTest, ASortedStreamIsSpooled) {
  FillStudy(fake_, "d", 50'000, 100);
  auto stream = Open(MakePlanOf("csv", "time"));
  while (stream->GetProgress().rows < 50'000) std::this_thread::yield();
  while (study_.use_count() > 1) std::this_thread::yield();  // before anything was read
  EXPECT_EQ(FilesInDirectory(), 0u);
  EXPECT_EQ(fake_.suspensions, 0);
  std::size_t largest = 0;
  ASSERT_TRUE(ReadAll(*stream, &largest));
  EXPECT_LE(largest, 256u << 10);
}

TEST_F(StreamTest, ParquetBeginsAtOnceAndLeavesNothing) {
  FillStudy(fake_, "d", 20'000);
  std::promise<void> promise;
  study_->before_parquet = [gate = promise.get_future().share()](const auto&) -> Status {
    gate.wait();
    return {};
  };
  auto stream = Open(MakePlanOf("parquet"));
  EXPECT_EQ(ReadPiece(*stream).value_or("error"), "PAR1");
  promise.set_value();
  const auto rest = ReadAll(*stream);
  ASSERT_TRUE(rest) << rest.error().detail;
  EXPECT_TRUE(rest->starts_with("participant|session|time|onset_ms|note|\nrow 1\n"));
  EXPECT_TRUE(rest->ends_with("row 20000PAR1"));
  EXPECT_EQ(stream->GetProgress().rows, 20'000u);
  EXPECT_EQ(stream->GetProgress().bytes, rest->size() + 4);
  EXPECT_EQ(FilesInDirectory(), 0u);
}

TEST_F(StreamTest, ParquetCanBeCompressedAndCanFail) {
  FillStudy(fake_, "d", 20'000);
  const auto gzip = ReadAll(*Open(MakePlanOf("parquet"), Compression::kGzip));
  ASSERT_TRUE(gzip);
  const auto text = OneGzipMember(*gzip);
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->starts_with("PAR1participant|"));
  EXPECT_TRUE(text->ends_with("row 20000PAR1"));

  study_->parquet_without_magic = true;
  EXPECT_FALSE(ReadAll(*Open(MakePlanOf("parquet"))));
  study_->before_parquet = [](const auto&) -> Status { return Fail(ErrorCode::kStorageFull, "full"); };
  const auto full = ReadAll(*Open(MakePlanOf("parquet")));
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kStorageFull);
  EXPECT_EQ(FilesInDirectory(), 0u);
}

TEST_F(StreamTest, CancelStopsParquet) {
  FillStudy(fake_, "d", 10);
  std::latch entered(1);
  std::promise<void> stopped;
  study_->before_parquet = [&](const std::function<bool()>& interrupt) -> Status {
    entered.count_down();
    while (!interrupt()) std::this_thread::yield();
    stopped.set_value();
    return Fail(ErrorCode::kCancelled, "stopped");
  };
  auto stream = Open(MakePlanOf("parquet"));
  entered.wait();
  stream.reset();
  stopped.get_future().wait();
}

// Two sorted runs at a time; a third waits without bytes, and one that is cancelled while waiting is forgotten.
TEST_F(StreamTest, SortedRunsWaitForEachOther) {
  FillStudy(fake_, "d", 1000);
  std::atomic<int> inside{0}, most{0};
  std::atomic<bool> open{false};
  study_->before_parquet = [&](const std::function<bool()>& interrupt) -> Status {
    most = std::max<int>(most, ++inside);
    while (!open && !interrupt()) std::this_thread::yield();
    --inside;
    return {};
  };
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 5; ++i) streams.push_back(Open(MakePlanOf("parquet")));
  while (inside < 2) std::this_thread::yield();
  streams.pop_back();
  open = true;
  for (auto& stream : streams) EXPECT_TRUE(ReadAll(*stream));
  EXPECT_EQ(most, 2);
}

TEST_F(StreamTest, ACursorThatCannotBeSuspendedIsSpooled) {
  FillStudy(fake_, "d", 30'000, 100);
  class Stubborn final : public vault::Cursor {
   public:
    explicit Stubborn(std::unique_ptr<vault::Cursor> cursor) : cursor_(std::move(cursor)) {}
    Result<std::shared_ptr<const model::ColumnBatch>> Next() override { return cursor_->Next(); }
    bool Resumable() const override { return false; }
    void Suspend() override { ADD_FAILURE(); }
    void Interrupt() override { cursor_->Interrupt(); }

   private:
    std::unique_ptr<vault::Cursor> cursor_;
  };
  study_->wrap_cursor = [](std::unique_ptr<vault::Cursor> cursor) -> Result<std::unique_ptr<vault::Cursor>> {
    return std::make_unique<Stubborn>(std::move(cursor));
  };
  const Plan plan = MakePlanOf("csv");
  auto stream = Open(plan);
  while (stream->GetProgress().rows < 30'000) std::this_thread::yield();
  EXPECT_TRUE(ReadAll(*stream).value_or("") == Direct(plan));
}

TEST_F(StreamTest, ZipAndBrokenReadsAreRefused) {
  FillStudy(fake_, "d", 10);
  Plan plan = MakePlanOf("csv");
  plan.options.format = Format::kZip;
  const auto zip = pool_->Open(study_, plan, Compression::kNone);
  ASSERT_FALSE(zip);
  EXPECT_EQ(zip.error().code, ErrorCode::kBadParameter);
  study_->wrap_cursor = [](auto) -> Result<std::unique_ptr<vault::Cursor>> { return Fail(ErrorCode::kStorageDamaged, "damaged"); };
  EXPECT_FALSE(pool_->Open(study_, MakePlanOf("csv"), Compression::kNone));
  const auto sorted = ReadAll(*Open(MakePlanOf("csv", "time")));
  ASSERT_FALSE(sorted);
  EXPECT_EQ(sorted.error().code, ErrorCode::kStorageDamaged);
}

TEST_F(StreamTest, ASpoolDirectoryThatCannotBeWrittenIsAnError) {
  FillStudy(fake_, "d", 10);
  StreamPool pool(StreamPool::Options{1, "/proc/nowhere"});
  EXPECT_FALSE(pool.Open(study_, MakePlanOf("csv", "time"), Compression::kNone));
  EXPECT_TRUE(pool.Open(study_, MakePlanOf("csv"), Compression::kNone));
}

}  // namespace
}  // namespace sheaf::exporting
