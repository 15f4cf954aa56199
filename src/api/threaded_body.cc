#include "api/threaded_body.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace sheaf::api {
namespace {

constexpr std::size_t kPiece = 128u << 10;

class Body final : public http::BodySource {
 public:
  explicit Body(WriteBody write) : write_(std::move(write)) {}
  ~Body() override {
    Cancel();
    if (thread_.joinable()) thread_.join();
  }

  void Read(Ready ready) override {
    const std::lock_guard lock(mutex_);
    if (cancelled_) return ready(Fail(ErrorCode::kCancelled, "The client left."));
    waiting_ = std::move(ready);
    if (!thread_.joinable()) thread_ = std::thread([this] { Work(); });
    changed_.notify_all();
  }

  void Cancel() override {
    Ready waiting;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      waiting.swap(waiting_);
    }
    changed_.notify_all();
    if (waiting) waiting(Fail(ErrorCode::kCancelled, "The client left."));
  }

 private:
  //! Hands a piece out as soon as somebody waits for one.
  Status Give(Result<std::string> piece) {
    Ready ready;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return cancelled_ || waiting_ != nullptr; });
      if (cancelled_) return Fail(ErrorCode::kCancelled, "The client left.");
      ready.swap(waiting_);
    }
    ready(std::move(piece));
    return {};
  }

  void Work() {
    std::string held;
    Status done = write_(
        [&](std::string_view bytes) -> Status {
          held.append(bytes);
          if (held.size() < kPiece) return {};
          return Give(std::exchange(held, {}));
        },
        cancelled_);
    if (done && !held.empty()) done = Give(std::move(held));
    if (done) std::ignore = Give(std::string());
    else std::ignore = Give(Fail(done.error()));
  }

  const WriteBody write_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Ready waiting_;
  std::atomic<bool> cancelled_{false};
  std::thread thread_;
};

}  // namespace

std::unique_ptr<http::BodySource> ThreadedBody(WriteBody write) { return std::make_unique<Body>(std::move(write)); }

}  // namespace sheaf::api
