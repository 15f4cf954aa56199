#include <deque>
#include <exception>
#include <optional>
#include <utility>

#include "export/stream_pool.h"
#include "export/tickets.h"

namespace sheaf::exporting {
namespace {
using Clock = std::chrono::steady_clock;
// Finished bytes and blocks in the making: with the batches under them a stream stays below 1 MB.
constexpr std::size_t kHighBytes = 768u << 10;
constexpr std::size_t kZstdContextBytes = 256u << 10;
constexpr std::size_t kLowBytes = 256u << 10;
constexpr std::size_t kPieceBytes = 256u << 10;
constexpr auto kParkedBeforeSuspend = std::chrono::milliseconds(250);
// Even a quick reader lets go of its transaction now and then: a checkpoint may be waiting for it.
constexpr auto kLongestTransaction = std::chrono::seconds(2);

//! What a stream holds of the study; gone as soon as the last row is fetched or the stream has failed.
struct Source {
  std::shared_ptr<vault::StudyVault> study;
  std::shared_ptr<const Plan> plan;
  std::unique_ptr<Encoder> encoder;
  std::unique_ptr<vault::Cursor> cursor;
  std::optional<Tickets> tickets;
};

class LiveCore final : public StreamTask, public std::enable_shared_from_this<LiveCore> {
 public:
  LiveCore(StreamParts parts, std::unique_ptr<vault::Cursor> cursor)
      : pool_(std::move(parts.pool)), compression_(parts.compression), frame_(parts.compression), source_(std::make_shared<Source>()) {
    source_->encoder = parts.NewEncoder();
    source_->study = std::move(parts.study);
    source_->plan = std::move(parts.plan);
    source_->cursor = std::move(cursor);
    source_->tickets.emplace(*source_->cursor, kFirstRows);
  }

  //! The beginning needs no row, so the reader has it at once.
  Status Begin() {
    std::string raw, out;
    source_->encoder->Begin(raw);
    if (!raw.empty()) SHEAF_TRY(CompressInOrder(Compressor(), frame_, std::move(raw), out));
    std::unique_lock lock(mutex_);
    Push(std::move(out));
    ScheduleIfWanted();
    return {};
  }

  void Read(Stream::Ready ready) {
    std::unique_lock lock(mutex_);
    pending_ = std::move(ready);
    Serve(lock);
  }

  void Cancel() { End(CancelledError()); }
  void Abandon() override {
    {
      const std::lock_guard lock(mutex_);
      if (complete_) return;
    }
    End(StoppingError());
  }
  const Progress& GetProgress() const { return progress_; }

  void Step() override {
    try {
      DoStep();
    } catch (const std::exception& exception) {
      End(Error{ErrorCode::kInternal, std::string("The export broke off: ") + exception.what(), {}, 0});
    }
  }

 private:
  BlockCompressor& Compressor() const {
    thread_local BlockCompressor plain(Compression::kNone);
    thread_local BlockCompressor gzip(Compression::kGzip);
    return compression_ == Compression::kGzip ? gzip : plain;
  }

  void DoStep() {
    std::shared_ptr<Source> source;
    {
      std::unique_lock lock(mutex_);
      queued_ = false;
      if (Over() || fetching_) return;
      if (suspend_due_) return Suspend(lock);
      if (full_) return;
      source = source_;
      fetching_ = true;
      suspended_ = false;
      ++in_flight_;
      UpdateFull();
    }
    Ticket ticket;
    auto taken = Fetch(*source, ticket);
    if (!taken) return End(std::move(taken).error());
    if (!*taken) return AfterLastRow(*source);
    {
      std::unique_lock lock(mutex_);
      fetching_ = false;
      if (Over()) return;
      ScheduleIfWanted();
    }
    std::string raw;
    raw.reserve(kBlockBytes + kBlockBytes / 8);
    if (auto encoded = EncodeTicket(*source->encoder, ticket, raw); !encoded) return End(std::move(encoded).error());
    if (raw.capacity() > raw.size() + kBlockBytes / 2) raw.shrink_to_fit();
    source->tickets->Measured(ticket.rows, raw.size());
    ticket.slices.clear();
    Block block;
    block.rows = ticket.rows;
    if (auto done = Compressor().Compress(std::move(raw), block); !done) return End(std::move(done).error());
    std::unique_lock lock(mutex_);
    order_.Put(ticket.number, std::move(block));
    PutInOrder(lock, *source);
  }

  Result<bool> Fetch(Source& source, Ticket& ticket) {
    // `fetching_` makes the cursor this thread's.
    const auto now = Clock::now();
    if (opened_ && now - *opened_ > kLongestTransaction) {
      source.tickets->Suspend();
      opened_.reset();
    }
    if (!opened_) opened_ = now;
    return source.tickets->Take(ticket);
  }

  void AfterLastRow(Source& source) {
    std::unique_ptr<vault::Cursor> cursor;
    std::unique_lock lock(mutex_);
    fetching_ = false;
    --in_flight_;
    if (Over()) return;
    ended_ = true;
    blocks_ = source.tickets->Count();
    cursor = std::move(source.cursor);
    PutInOrder(lock, source);
  }

  //! Whoever comes first writes what is due; the rest go on.
  void PutInOrder(std::unique_lock<std::mutex>& lock, Source& source) {
    if (assembling_) return;
    assembling_ = true;
    while (!Over()) {
      auto block = order_.Take();
      const bool last = !block && ended_ && order_.Next() == blocks_;
      if (!block && !last) break;
      lock.unlock();
      std::string out;
      const std::uint64_t rows = block ? block->rows : 0;
      const Status status = block ? frame_.Append(std::move(*block), out) : Finish(source, out);
      if (!status) return End(status.error());
      lock.lock();
      if (Over()) break;
      if (!last) --in_flight_;
      complete_ = last;
      progress_.rows += rows;
      Push(std::move(out));
      Serve(lock);
    }
    assembling_ = false;
    UpdateFull();
    ScheduleIfWanted();
    Park();
  }

  Status Finish(Source& source, std::string& out) {
    std::string raw;
    source.encoder->End(raw, source.tickets->Rows());
    if (!raw.empty()) SHEAF_TRY(CompressInOrder(Compressor(), frame_, std::move(raw), out));
    return frame_.End(out);
  }

  void Push(std::string out) {
    if (out.empty()) return;
    buffered_ += out.size();
    progress_.bytes += out.size();
    pieces_.push_back(std::move(out));
  }

  std::string TakePiece() {
    std::string piece = std::move(pieces_.front());
    pieces_.pop_front();
    while (!pieces_.empty() && piece.size() + pieces_.front().size() <= kPieceBytes) {
      piece += pieces_.front();
      pieces_.pop_front();
    }
    buffered_ -= piece.size();
    return piece;
  }

  //! Answers the waiting Read, if there is one and something for it. The lock is let go of meanwhile.
  void Serve(std::unique_lock<std::mutex>& lock) {
    if (!pending_) return;
    Result<std::string> answer;
    if (error_) {
      answer = Fail(*error_);
    } else if (!pieces_.empty()) {
      answer = TakePiece();
    } else if (!complete_) {
      return;
    }
    const Stream::Ready ready = std::exchange(pending_, nullptr);
    UpdateFull();
    ScheduleIfWanted();
    Park();
    lock.unlock();
    ready(std::move(answer));
    lock.lock();
  }

  bool Over() const { return error_.has_value() || complete_; }

  void UpdateFull() {
    const std::size_t load = buffered_ + in_flight_ * kBlockBytes;
    if (!full_ && load + kBlockBytes > high_) {
      full_ = true;
      ++parks_;
    } else if (full_ && load <= kLowBytes) {
      full_ = false;
    }
  }

  void ScheduleIfWanted() {
    if (queued_ || Over() || ended_ || fetching_ || (full_ && !suspend_due_)) return;
    queued_ = true;
    pool_->Schedule(shared_from_this());
  }

  //! Full and nothing in the making: if that lasts, the cursor is suspended.
  void Park() {
    if (!full_ || in_flight_ > 0 || suspended_ || timer_ || Over() || ended_) return;
    timer_ = true;
    const std::uint64_t park = parks_;
    pool_->After(kParkedBeforeSuspend, [weak = weak_from_this(), park] {
      if (const auto core = weak.lock()) core->ParkedLong(park);
    });
  }

  void ParkedLong(std::uint64_t park) {
    const std::lock_guard lock(mutex_);
    timer_ = false;
    if (park != parks_) return Park();
    if (!full_ || suspended_ || Over() || ended_) return;
    suspend_due_ = true;
    ScheduleIfWanted();
  }

  void Suspend(std::unique_lock<std::mutex>& lock) {
    suspend_due_ = false;
    if (!full_) return ScheduleIfWanted();
    const auto source = source_;
    fetching_ = true;
    lock.unlock();
    source->tickets->Suspend();
    lock.lock();
    opened_.reset();
    fetching_ = false;
    suspended_ = true;
    ScheduleIfWanted();
  }

  void End(Error error) {
    std::shared_ptr<Source> source;
    std::deque<std::string> pieces;
    std::unique_lock lock(mutex_);
    if (!error_) {
      progress_.cancelled = true;
      error_ = std::move(error);
      if (source_ && source_->cursor) source_->cursor->Interrupt();
      source = std::move(source_);
      pieces.swap(pieces_);
      buffered_ = 0;
    }
    Serve(lock);
  }

  const std::shared_ptr<StreamPool::Impl> pool_;
  const Compression compression_;
  const std::size_t high_ = compression_ == Compression::kZstd ? kHighBytes - kZstdContextBytes : kHighBytes;
  FrameWriter frame_;  // of whoever is assembling
  Progress progress_;

  std::mutex mutex_;
  std::shared_ptr<Source> source_;
  Reorder order_;
  std::deque<std::string> pieces_;
  Stream::Ready pending_;
  std::optional<Error> error_;
  std::optional<Clock::time_point> opened_;  // of whoever is fetching
  std::size_t buffered_ = 0;
  std::size_t in_flight_ = 0;  // blocks being fetched, encoded, or waiting for their turn
  std::uint64_t blocks_ = 0;
  std::uint64_t parks_ = 0;
  bool queued_ = false, fetching_ = false, assembling_ = false;
  bool ended_ = false, complete_ = false;
  bool full_ = false, suspended_ = false, suspend_due_ = false, timer_ = false;
};
}  // namespace

Result<std::unique_ptr<Stream>> MakeLiveStream(StreamParts parts, std::unique_ptr<vault::Cursor> cursor) {
  return BeginStream<LiveCore>(std::move(parts), std::move(cursor));
}

}  // namespace sheaf::exporting
