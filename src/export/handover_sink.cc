#include "export/handover_sink.h"

#include <exception>
#include <utility>

namespace sheaf::exporting {
namespace {
constexpr std::size_t kMostWaiting = 8;
}  // namespace

HandOverSink::HandOverSink(Sink& behind) : behind_(behind), thread_([this] { Run(); }) {}

HandOverSink::~HandOverSink() {
  {
    const std::lock_guard lock(mutex_);
    dropped_ = true;
  }
  End();
}

Status HandOverSink::Write(std::string_view bytes) {
  std::string block;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return failure_ || waiting_.size() < kMostWaiting; });
    if (failure_) return Fail(*failure_);
    if (!spare_.empty()) {
      block = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  block.assign(bytes);
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(block));
  }
  changed_.notify_all();
  return {};
}

Status HandOverSink::Finish() {
  End();
  if (failure_) return Fail(*failure_);
  return {};
}

void HandOverSink::End() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void HandOverSink::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || dropped_ || !waiting_.empty(); });
    if (dropped_ || failure_ || waiting_.empty()) return;
    std::string block = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    Status status;
    try {
      status = behind_.Write(block);
    } catch (const std::exception& exception) { status = Fail(ErrorCode::kInternal, exception.what()); }
    lock.lock();
    if (!status) failure_ = std::move(status).error();
    if (spare_.size() < kMostWaiting) spare_.push_back(std::move(block));
    changed_.notify_all();
  }
}

}  // namespace sheaf::exporting
