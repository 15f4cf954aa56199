#include "export/pipeline.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "export/lanes.h"
#include "export/tickets.h"

namespace sheaf::exporting {
namespace {
constexpr int kMostLanes = 16;

int LaneCount(int asked) {
  if (asked > 0) return std::min(asked, kMostLanes);
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostLanes);
}

//! Lanes fetch in turn, encode side by side, and put their blocks back in order: whichever lane finishes the block
//! that is due writes it and all that wait behind it, while the others go on.
class Lanes {
 public:
  Lanes(const LaneRun& run, int count) : run_(run), tickets_(run.cursor, kFirstRows), window_(static_cast<std::uint64_t>(count) * 2 + 1) {}

  Status Run(int count) {
    SHEAF_TRY(WriteBegin());
    {
      const InterruptWatch watch(run_.progress.cancelled, [this] {
        run_.cursor.Interrupt();
        room_.notify_all();
      });
      std::vector<std::thread> threads;
      threads.reserve(static_cast<std::size_t>(count));
      for (int lane = 1; lane < count; ++lane) {
        try {
          threads.emplace_back([this] { Lane(); });
        } catch (const std::system_error&) {
          break;  // the machine has no more threads: fewer lanes do the same work
        }
      }
      Lane();
      for (auto& thread : threads) thread.join();
    }
    if (run_.progress.cancelled.load()) return Fail(CancelledError());
    if (failure_) return Fail(std::move(*failure_));
    return WriteEnd();
  }

 private:
  bool Stopped() const { return failure_.has_value() || run_.progress.cancelled.load(); }

  void Lane() {
    try {
      BlockCompressor compressor(run_.compression);
      while (Step(compressor)) {}
    } catch (const std::exception& exception) {
      Stop(Error{ErrorCode::kInternal, std::string("The export broke off: ") + exception.what(), {}, 0});
    }
  }

  bool Step(BlockCompressor& compressor) {
    Ticket ticket;
    if (!Fetch(ticket)) return false;
    std::string raw = Buffer();
    if (auto encoded = EncodeTicket(run_.encoder, ticket, raw); !encoded) return Stop(std::move(encoded).error());
    tickets_.Measured(ticket.rows, raw.size());
    ticket.slices.clear();
    Block block;
    block.rows = ticket.rows;
    if (auto done = compressor.Compress(std::move(raw), block); !done) return Stop(std::move(done).error());
    return HandIn(ticket.number, std::move(block));
  }

  bool Fetch(Ticket& ticket) {
    // The fetch mutex is held while the cursor works; the state mutex never is.
    const std::lock_guard fetching(fetch_mutex_);
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return Stopped() || tickets_.Count() - written_ < window_; });
      if (Stopped() || ended_) return false;
    }
    auto taken = tickets_.Take(ticket);
    if (!taken) return Stop(std::move(taken).error());
    if (*taken) return true;
    const std::lock_guard lock(mutex_);
    ended_ = true;
    return false;
  }

  bool HandIn(std::uint64_t number, Block block) {
    std::unique_lock lock(mutex_);
    order_.Put(number, std::move(block));
    if (writing_) return true;
    writing_ = true;
    while (!Stopped()) {
      auto next = order_.Take();
      if (!next) break;
      lock.unlock();
      const std::uint64_t rows = next->rows;
      std::string out;
      Status status = run_.frame.Append(std::move(*next), out);
      if (status) status = Write(out, rows);
      lock.lock();
      if (!status && !failure_) failure_ = std::move(status).error();
      ++written_;
      if (spare_.size() < window_ && out.capacity() > 0) spare_.push_back(std::move(out));
      room_.notify_all();
    }
    writing_ = false;
    return !Stopped();
  }

  Status Write(std::string_view bytes, std::uint64_t rows) {
    if (!bytes.empty()) SHEAF_TRY(run_.sink.WriteRows(bytes, rows));
    run_.progress.rows += rows;
    run_.progress.bytes += bytes.size();
    return {};
  }

  bool Stop(Error error) {
    {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::move(error);
    }
    room_.notify_all();
    return false;
  }

  std::string Buffer() {
    std::string buffer;
    const std::lock_guard lock(mutex_);
    if (!spare_.empty()) {
      buffer = std::move(spare_.back());
      spare_.pop_back();
      buffer.clear();
    }
    return buffer;
  }

  Status WriteBegin() {
    if (!run_.begin) return {};
    std::string raw;
    run_.encoder.Begin(raw);
    if (raw.empty()) return {};
    return WriteInOrder(std::move(raw), false);
  }
  Status WriteEnd() {
    std::string raw;
    run_.encoder.End(raw, tickets_.Rows());
    return WriteInOrder(std::move(raw), true);
  }
  Status WriteInOrder(std::string raw, bool end) {
    BlockCompressor compressor(run_.compression);
    std::string out;
    if (!raw.empty()) SHEAF_TRY(CompressInOrder(compressor, run_.frame, std::move(raw), out));
    if (end) SHEAF_TRY(run_.frame.End(out));
    return Write(out, 0);
  }

  const LaneRun& run_;
  Tickets tickets_;
  const std::uint64_t window_;  // blocks fetched but not yet written
  std::mutex fetch_mutex_;
  std::mutex mutex_;
  std::condition_variable room_;
  Reorder order_;
  std::vector<std::string> spare_;
  std::uint64_t written_ = 0;
  bool writing_ = false;
  bool ended_ = false;
  std::optional<Error> failure_;
};
}  // namespace

Status RunLanes(const LaneRun& run) {
  try {
    const int count = LaneCount(run.lanes);
    return Lanes(run, count).Run(count);
  } catch (const std::exception& exception) { return Fail(ErrorCode::kInternal, std::string("The export broke off: ") + exception.what()); }
}

Status RunPipeline(vault::Cursor& cursor, const Encoder& encoder, Sink& sink, Progress& progress, int lanes) {
  FrameWriter frame(Compression::kNone);
  return RunLanes(LaneRun{cursor, encoder, sink, progress, frame, Compression::kNone, lanes, true});
}

}  // namespace sheaf::exporting
