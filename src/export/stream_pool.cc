#include "export/stream_pool.h"

#include <algorithm>
#include <utility>

namespace sheaf::exporting {
namespace {
constexpr int kMostThreads = 32;
constexpr int kRunners = 2;

int ThreadCount(int asked) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(asked > 0 ? asked : cores, 1, kMostThreads);
}
}  // namespace

StreamPool::Impl::Impl(Options given) : options(std::move(given)), threads(ThreadCount(options.threads)) {
  for (int i = 0; i < threads; ++i) all_threads_.emplace_back([this] { Work(); });
  for (int i = 0; i < kRunners; ++i) all_threads_.emplace_back([this] { RunQueue(); });
  all_threads_.emplace_back([this] { Tick(); });
}

StreamPool::Impl::~Impl() { Close(); }

void StreamPool::Impl::Schedule(std::shared_ptr<StreamTask> task) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    ready_.push_back(std::move(task));
  }
  work_.notify_one();
}

void StreamPool::Impl::After(std::chrono::milliseconds delay, std::function<void()> call) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    timers_.emplace(Clock::now() + delay, std::move(call));
  }
  tick_.notify_one();
}

void StreamPool::Impl::RunAlone(std::function<void()> run) {
  {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    runs_.push_back(std::move(run));
  }
  run_.notify_one();
}

void StreamPool::Impl::Register(const std::shared_ptr<StreamTask>& task) {
  const std::lock_guard lock(mutex_);
  if (tasks_.size() >= sweep_at_) {
    std::erase_if(tasks_, [](const auto& known) { return known.expired(); });
    sweep_at_ = std::max<std::size_t>(64, tasks_.size() * 2);
  }
  tasks_.push_back(task);
}

void StreamPool::Impl::Work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return closing_ || !ready_.empty(); });
    if (closing_) return;
    std::shared_ptr<StreamTask> task = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    task->Step();
    task.reset();
    lock.lock();
  }
}

void StreamPool::Impl::Tick() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (timers_.empty()) {
      tick_.wait(lock);
      continue;
    }
    const auto due = timers_.begin()->first;
    if (Clock::now() < due) {
      tick_.wait_until(lock, due);
      continue;
    }
    auto call = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    lock.unlock();
    call();
    call = nullptr;
    lock.lock();
  }
}

void StreamPool::Impl::RunQueue() {
  std::unique_lock lock(mutex_);
  for (;;) {
    run_.wait(lock, [this] { return closing_ || !runs_.empty(); });
    if (closing_) return;
    auto run = std::move(runs_.front());
    runs_.pop_front();
    lock.unlock();
    run();
    run = nullptr;
    lock.lock();
  }
}

void StreamPool::Impl::Close() {
  std::vector<std::weak_ptr<StreamTask>> tasks;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    tasks.swap(tasks_);
  }
  for (const auto& weak : tasks) {
    if (const auto task = weak.lock()) task->Abandon();
  }
  work_.notify_all();
  tick_.notify_all();
  run_.notify_all();
  for (auto& thread : all_threads_) {
    if (thread.joinable()) thread.join();
  }
  // What still waits goes outside the lock: its destructors may be anyone's.
  std::deque<std::shared_ptr<StreamTask>> ready;
  std::deque<std::function<void()>> runs;
  std::multimap<Clock::time_point, std::function<void()>> timers;
  {
    const std::lock_guard lock(mutex_);
    ready.swap(ready_);
    runs.swap(runs_);
    timers.swap(timers_);
  }
}

}  // namespace sheaf::exporting
