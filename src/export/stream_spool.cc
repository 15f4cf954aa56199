#include <unistd.h>

#include <exception>
#include <optional>
#include <utility>

#include "export/lanes.h"
#include "export/rows.h"
#include "export/spool_file.h"
#include "export/stream_pool.h"
#include "export/tickets.h"

namespace sheaf::exporting {
namespace {
constexpr std::size_t kPieceBytes = 256u << 10;
constexpr std::string_view kParquetMagic = "PAR1";
constexpr std::string_view kParquetPrefix = "stream-";

//! What the run needs of the study; gone when it is over.
struct Source {
  std::shared_ptr<vault::StudyVault> study;
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<vault::Cursor> cursor;
};

class SpoolCore final : public StreamTask, public std::enable_shared_from_this<SpoolCore> {
 public:
  SpoolCore(StreamParts parts, std::unique_ptr<vault::Cursor> cursor)
      : pool_(std::move(parts.pool)), compression_(parts.compression), frame_(parts.compression), source_(std::make_shared<Source>()) {
    study_ = parts.study;
    generation_ = parts.study->PeopleGeneration();
    parquet_ = parts.plan->options.format == Format::kParquet;
    if (!parquet_) source_->encoder = parts.NewEncoder();
    source_->study = std::move(parts.study);
    source_->plan = std::move(parts.plan);
    source_->cursor = std::move(cursor);
  }

  //! What every such file begins with goes out while the run waits for its turn.
  Status Begin() {
    std::string raw;
    if (parquet_) {
      raw = kParquetMagic;
      offset_ = written_ = kParquetMagic.size();
    } else {
      SHEAF_ASSIGN(file_, SpoolFile::Create(pool_->options.spool_directory));
      source_->encoder->Begin(raw);
    }
    if (!raw.empty()) SHEAF_TRY(CompressInOrder(compressor_, frame_, std::move(raw), head_));
    progress_.bytes += head_.size();
    pool_->RunAlone([weak = weak_from_this()] {
      if (const auto core = weak.lock()) core->Run();
    });
    return {};
  }

  void Read(Stream::Ready ready) {
    std::unique_lock lock(mutex_);
    pending_ = std::move(ready);
    Continue(lock);
  }

  void Cancel() { End(CancelledError()); }
  void Abandon() override { End(StoppingError()); }
  const Progress& GetProgress() const { return progress_; }

  //! Reads a piece of the file for the waiting reader: on a worker, as a disk may be slow.
  void Step() override {
    try {
      DoStep();
    } catch (const std::exception& exception) {
      End(Error{ErrorCode::kInternal, std::string("The export broke off: ") + exception.what(), {}, 0});
    }
  }

 private:
  void DoStep() {
    std::unique_lock lock(mutex_);
    queued_ = false;
    // What lies in the file may be somebody's who withdrew since.
    if (const auto study = study_.lock(); study && study->PeopleGeneration() != generation_ && !error_) {
      progress_.cancelled = true;
      error_ = Error{ErrorCode::kStudyRewritten, "Somebody withdrew while this was sent; ask again.", {}, 1};
    }
    if (!pending_ || error_ || reading_) return Continue(lock);
    const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(written_ - offset_, kPieceBytes));
    const std::uint64_t offset = offset_;
    const bool last = done_ && offset + size == written_;
    reading_ = true;
    lock.unlock();
    auto piece = ReadPiece(offset, size, last);
    lock.lock();
    reading_ = false;
    if (error_) return Continue(lock);
    if (!piece) {
      error_ = std::move(piece).error();
      return Continue(lock);
    }
    offset_ += size;
    closed_ = last;
    if (piece->empty() && !last) return Continue(lock);
    Answer(lock, std::move(piece));
  }

  class FileSink final : public Sink {
   public:
    explicit FileSink(SpoolCore& core) : core_(core) {}
    Status Write(std::string_view bytes) override {
      SHEAF_TRY(core_.file_.Append(bytes));
      core_.Grown(bytes.size());
      return {};
    }

   private:
    SpoolCore& core_;
  };

  Result<std::string> ReadPiece(std::uint64_t offset, std::size_t size, bool last) {
    SHEAF_ASSIGN(std::string bytes, file_.ReadAt(offset, size));
    if (bytes.size() != size) return Fail(ErrorCode::kIo, "The export's file is shorter than what was written.");
    file_.Forget(offset + size);
    if (!parquet_) return bytes;
    // Parquet is compressed here, as its file was written elsewhere.
    std::string out;
    if (!bytes.empty()) SHEAF_TRY(CompressInOrder(compressor_, frame_, std::move(bytes), out));
    if (last) SHEAF_TRY(frame_.End(out));
    progress_.bytes += out.size();
    return out;
  }

  void Run() {
    std::shared_ptr<Source> source;
    {
      const std::lock_guard lock(mutex_);
      if (error_) return;
      source = source_;
    }
    Status status;
    try {
      status = parquet_ ? RunParquet(*source) : RunRows(source);
    } catch (const std::exception& exception) {
      status = Fail(ErrorCode::kInternal, std::string("The export broke off: ") + exception.what());
    }
    if (!status) return End(std::move(status).error());
    std::unique_lock lock(mutex_);
    source_.reset();  // `source` is the last, and goes after the lock
    done_ = true;
    Continue(lock);
  }

  Status RunRows(const std::shared_ptr<Source>& source) {
    if (!source->cursor) {
      SHEAF_ASSIGN(auto cursor, ReadRows(*source->study, *source->plan, source->plan->select));
      const std::lock_guard lock(mutex_);
      source->cursor = std::move(cursor);
    }
    FileSink sink(*this);
    return RunLanes(LaneRun{*source->cursor, *source->encoder, sink, progress_, frame_, compression_, pool_->threads, false});
  }

  //! The engine writes the file from front to back, so it is sent while it grows; a failure breaks the stream off.
  Status RunParquet(const Source& source) {
    const std::string path = TemporaryPath(pool_->options.spool_directory, kParquetPrefix, ".parquet");
    auto rows = WriteParquetRows(*source.study, *source.plan, path, [&] {
      // What cannot be read now is read, or reported, at the end.
      static_cast<void>(Follow(path));
      return progress_.cancelled.load();
    });
    const Status followed = rows ? Follow(path) : Status(Fail(std::move(rows).error()));
    ::unlink(path.c_str());
    SHEAF_TRY(followed);
    progress_.rows += *rows;
    return {};
  }

  //! Makes what has been written to `path` so far readable. One thread at a time.
  Status Follow(const std::string& path) {
    if (!file_.IsOpen()) {
      SHEAF_ASSIGN(auto file, SpoolFile::Open(path));
      SHEAF_ASSIGN(const std::string magic, file.ReadAt(0, kParquetMagic.size()));
      if (magic != kParquetMagic) return Fail(ErrorCode::kInternal, "The Parquet file does not begin as one.");
      const std::lock_guard lock(mutex_);
      file_ = std::move(file);
    }
    SHEAF_ASSIGN(const std::uint64_t size, file_.Size());
    std::unique_lock lock(mutex_);
    if (size <= written_) return {};
    written_ = size;
    Continue(lock);
    return {};
  }

  void Grown(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    written_ += bytes;
    Continue(lock);
  }

  //! Answers the waiting Read at once where that needs no disk, else asks for a turn.
  void Continue(std::unique_lock<std::mutex>& lock) {
    if (!pending_) return;
    if (error_) return Answer(lock, Fail(*error_));
    if (!head_.empty()) return Answer(lock, std::exchange(head_, {}));
    if (closed_ || (done_ && offset_ == written_ && !parquet_)) return Answer(lock, std::string());
    // Parquet's compressed stream is ended by a last step, which may find no more bytes.
    if ((offset_ == written_ && !(done_ && parquet_)) || queued_ || reading_) return;
    queued_ = true;
    pool_->Schedule(shared_from_this());
  }

  void Answer(std::unique_lock<std::mutex>& lock, Result<std::string> answer) {
    const Stream::Ready ready = std::exchange(pending_, nullptr);
    lock.unlock();
    if (ready) ready(std::move(answer));
  }

  void End(Error error) {
    std::shared_ptr<Source> source;
    std::unique_lock lock(mutex_);
    if (!error_) {
      progress_.cancelled = true;
      error_ = std::move(error);
      source = std::move(source_);
      if (source && source->cursor) source->cursor->Interrupt();
    }
    Continue(lock);
  }

  const std::shared_ptr<StreamPool::Impl> pool_;
  const Compression compression_;
  bool parquet_ = false;
  std::weak_ptr<vault::StudyVault> study_;
  std::uint64_t generation_ = 0;              // of the people, before anything was read
  BlockCompressor compressor_{compression_};  // of the beginning and of Parquet's reader
  FrameWriter frame_;
  SpoolFile file_;
  Progress progress_;

  std::mutex mutex_;
  std::shared_ptr<Source> source_;
  std::string head_;
  Stream::Ready pending_;
  std::optional<Error> error_;
  std::uint64_t written_ = 0;
  std::uint64_t offset_ = 0;
  bool queued_ = false, reading_ = false;
  bool done_ = false;    // written to the end
  bool closed_ = false;  // read to the end
};
}  // namespace

Result<std::unique_ptr<Stream>> MakeSpoolStream(StreamParts parts, std::unique_ptr<vault::Cursor> cursor) {
  return BeginStream<SpoolCore>(std::move(parts), std::move(cursor));
}

}  // namespace sheaf::exporting
