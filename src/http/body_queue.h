#pragma once
//! Private to the room. The ways in which a handler gets the body: whole, or piece by piece while it arrives.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/server.h"

namespace sheaf::http {

//! Memory that all bodies kept whole may take together. Outlives the server when a handler keeps a body.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes) : free_(static_cast<std::ptrdiff_t>(bytes)) {}
  bool Take(std::size_t bytes) {
    if (free_.fetch_sub(static_cast<std::ptrdiff_t>(bytes)) >= static_cast<std::ptrdiff_t>(bytes)) return true;
    GiveBack(bytes);
    return false;
  }
  void GiveBack(std::size_t bytes) { free_.fetch_add(static_cast<std::ptrdiff_t>(bytes)); }

 private:
  std::atomic<std::ptrdiff_t> free_;
};

//! A share of the budget, given back when it goes.
class BodyLease {
 public:
  BodyLease() = default;
  //! Nullopt when the budget is spent.
  static std::optional<BodyLease> Take(const std::shared_ptr<BodyBudget>& budget, std::size_t bytes);
  BodyLease(BodyLease&&) noexcept = default;
  BodyLease& operator=(BodyLease&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~BodyLease() {
    if (budget_) budget_->GiveBack(bytes_);
  }

 private:
  std::shared_ptr<BodyBudget> budget_;
  std::size_t bytes_ = 0;
};

//! A body that is all there.
class WholeBody final : public BodyReader {
 public:
  WholeBody(std::string body, BodyLease lease) : body_(std::move(body)), lease_(std::move(lease)) {}
  Result<std::span<const char>> Read() override;
  //! What was not read yet, without a copy if nothing was.
  std::string TakeAll();
  std::size_t Size() const { return body_.size(); }

 private:
  std::string body_;
  BodyLease lease_;
  bool read_ = false;
};

//! Between the connection, which pushes, and a reader on another thread, which blocks. Holds less than kCapacity and
//! one piece: 256 KiB.
class BodyQueue {
 public:
  static constexpr std::size_t kPiece = 64u << 10;  //!< of what is pushed at once, and of what Pop gives
  static constexpr std::size_t kCapacity = 192u << 10;

  //! `wake` is called from the reader's thread when the connection should look again: there is room, or the
  //! reader waits for the first time.
  explicit BodyQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  // The connection's side.
  bool HasRoom();
  bool Wanted();  //!< whether the reader ever asked
  void Push(std::string piece);
  void Finish();
  //! The reader gets `error` after what is queued: an upload goes on from what arrived. Only the first counts; none after Finish.
  void Fail(Error error);
  bool Ended();

  // The reader's side.
  Result<std::string> Pop();  //!< blocks; empty at the end
  void Leave();               //!< nobody will Pop any more: what is pushed is thrown away

 private:
  std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  std::size_t bytes_ = 0;
  bool wanted_ = false;
  bool full_ = false;
  bool finished_ = false;
  bool left_ = false;
  std::optional<Error> error_;
};

//! The reader of a queue.
class QueuedBody final : public BodyReader {
 public:
  explicit QueuedBody(std::shared_ptr<BodyQueue> queue) : queue_(std::move(queue)) {}
  ~QueuedBody() override { queue_->Leave(); }
  Result<std::span<const char>> Read() override;

 private:
  std::shared_ptr<BodyQueue> queue_;
  std::string piece_;
};

}  // namespace sheaf::http
