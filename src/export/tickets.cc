#include "export/tickets.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace sheaf::exporting {
namespace {
constexpr std::size_t kMostRows = 64u << 10;
constexpr auto kWatchInterval = std::chrono::milliseconds(50);
}  // namespace

std::size_t Tickets::TargetRows() const {
  const std::uint64_t bytes_per_row = bytes_per_row_.load(std::memory_order_relaxed);
  if (bytes_per_row == 0) return first_rows_;
  return std::clamp<std::size_t>(kBlockBytes / bytes_per_row, 1, kMostRows);
}

Status Tickets::Refill() {
  while (!ended_ && (batch_ == nullptr || position_ >= batch_->rows)) {
    SHEAF_ASSIGN(batch_, cursor_.Next());
    position_ = 0;
    ended_ = batch_ == nullptr;
  }
  return {};
}

Result<bool> Tickets::Take(Ticket& ticket) {
  ticket.slices.clear();
  ticket.rows = 0;
  ticket.first = rows_ == 0;
  const std::size_t target = TargetRows();
  while (ticket.rows < target) {
    SHEAF_TRY(Refill());
    if (ended_) break;
    const std::size_t left = batch_->rows - position_;
    std::size_t take = std::min<std::size_t>(left, target - ticket.rows);
    // A small remainder is no block of its own: whole batches are let go of sooner.
    if (left - take < target / 2) take = left;
    ticket.slices.push_back({batch_, position_, position_ + take});
    ticket.rows += take;
    position_ += take;
    if (position_ >= batch_->rows) batch_.reset();
  }
  if (ticket.rows == 0) return false;
  rows_ += ticket.rows;
  ticket.number = count_++;
  return true;
}

void Tickets::Measured(std::uint64_t rows, std::uint64_t bytes) {
  if (rows == 0) return;
  const std::uint64_t seen = std::max<std::uint64_t>(bytes / rows, 1);
  const std::uint64_t before = bytes_per_row_.load(std::memory_order_relaxed);
  // Growing rows are believed at once, shrinking ones slowly: a block too large costs memory, one too small only time.
  bytes_per_row_.store(seen > before ? seen : (before * 3 + seen) / 4, std::memory_order_relaxed);
}

Status EncodeTicket(const Encoder& encoder, const Ticket& ticket, std::string& out) {
  try {
    bool first = ticket.first;
    for (const auto& slice : ticket.slices) {
      encoder.Encode(*slice.batch, slice.begin, slice.end, first, out);
      first = false;
    }
    return {};
  } catch (const std::exception& exception) {
    return Fail(ErrorCode::kInternal, std::string("Rows could not be encoded: ") + exception.what());
  }
}

std::optional<Block> Reorder::Take() {
  const auto found = waiting_.find(next_);
  if (found == waiting_.end()) return std::nullopt;
  Block block = std::move(found->second);
  waiting_.erase(found);
  ++next_;
  return block;
}

InterruptWatch::InterruptWatch(const std::atomic<bool>& cancelled, std::function<void()> interrupt)
    : cancelled_(cancelled), interrupt_(std::move(interrupt)), thread_([this] {
        std::unique_lock lock(mutex_);
        while (!wake_.wait_for(lock, kWatchInterval, [this] { return done_; })) {
          if (cancelled_.load()) interrupt_();
        }
      }) {}

InterruptWatch::~InterruptWatch() {
  {
    const std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Error CancelledError() { return Error{ErrorCode::kCancelled, "The export was cancelled.", {}, 0}; }

}  // namespace sheaf::exporting
