#include "http/body_queue.h"

#include <utility>

namespace sheaf::http {

std::optional<BodyLease> BodyLease::Take(const std::shared_ptr<BodyBudget>& budget, std::size_t bytes) {
  if (!budget->Take(bytes)) return std::nullopt;
  BodyLease lease;
  lease.budget_ = budget;
  lease.bytes_ = bytes;
  return lease;
}

Result<std::span<const char>> WholeBody::Read() {
  if (std::exchange(read_, true)) return std::span<const char>();
  return std::span<const char>(body_);
}

std::string WholeBody::TakeAll() {
  if (std::exchange(read_, true)) return {};
  return std::move(body_);
}

Result<std::string> BodyReader::ReadAll(std::size_t limit) {
  const auto too_large = [limit] {
    return Fail(ErrorCode::kPayloadTooLarge, "The body has more than " + std::to_string(limit) + " bytes.");
  };
  if (auto* whole = dynamic_cast<WholeBody*>(this)) {
    if (whole->Size() > limit) return too_large();
    return whole->TakeAll();
  }
  std::string all;
  for (;;) {
    SHEAF_ASSIGN(const std::span<const char> piece, Read());
    if (piece.empty()) return all;
    if (piece.size() > limit - all.size()) return too_large();
    all.append(piece.data(), piece.size());
  }
}

bool BodyQueue::HasRoom() {
  const std::lock_guard lock(mutex_);
  full_ = bytes_ >= kCapacity;
  return !full_;
}

bool BodyQueue::Wanted() {
  const std::lock_guard lock(mutex_);
  return wanted_;
}

bool BodyQueue::Ended() {
  const std::lock_guard lock(mutex_);
  return finished_ || error_;
}

void BodyQueue::Push(std::string piece) {
  const std::lock_guard lock(mutex_);
  if (left_ || error_ || piece.empty()) return;
  bytes_ += piece.size();
  // Bytes that come one by one do not take a string each.
  if (!pieces_.empty() && pieces_.back().size() + piece.size() <= kPiece) {
    pieces_.back() += piece;
  } else {
    pieces_.push_back(std::move(piece));
  }
  changed_.notify_one();
}

void BodyQueue::Finish() {
  const std::lock_guard lock(mutex_);
  if (!error_) finished_ = true;
  changed_.notify_one();
}

void BodyQueue::Fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (finished_ || error_) return;
  // What arrived is read first: an upload goes on from there.
  error_ = std::move(error);
  full_ = false;
  changed_.notify_one();
}

Result<std::string> BodyQueue::Pop() {
  std::unique_lock lock(mutex_);
  if (!std::exchange(wanted_, true)) {
    lock.unlock();
    wake_();
    lock.lock();
  }
  changed_.wait(lock, [&] { return !pieces_.empty() || finished_ || error_; });
  if (error_ && pieces_.empty()) return ::sheaf::Fail(*error_);
  if (pieces_.empty()) return std::string();
  std::string piece = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= piece.size();
  // Half empty, so that the two threads do not take turns piece by piece.
  if (full_ && bytes_ <= kCapacity / 2) {
    full_ = false;
    lock.unlock();
    wake_();
  }
  return piece;
}

void BodyQueue::Leave() {
  std::unique_lock lock(mutex_);
  left_ = true;
  pieces_.clear();
  bytes_ = 0;
  if (!std::exchange(full_, false)) return;
  lock.unlock();
  wake_();
}

Result<std::span<const char>> QueuedBody::Read() {
  SHEAF_ASSIGN(piece_, queue_->Pop());
  return std::span<const char>(piece_);
}

}  // namespace sheaf::http
