#include "http/worker_pool.h"

#include <system_error>
#include <utility>

namespace sheaf::http {

WorkerPool::WorkerPool(std::size_t max_threads, std::size_t max_waiting) : max_threads_(max_threads), max_waiting_(max_waiting) {}

WorkerPool::~WorkerPool() { Stop(); }

bool WorkerPool::Submit(Task task) {
  std::unique_lock lock(mutex_);
  if (stopped_ || tasks_.size() >= max_waiting_) return false;
  tasks_.push_back(std::move(task));
  const bool notify = CallOne();
  lock.unlock();
  if (notify) called_.notify_one();
  return true;
}

// One thread at a time is on its way; it calls the next if it finds more than it takes. Short tasks are so done by few
// threads that do not sleep between them, and a task that blocks still makes room for the next within one wake-up.
bool WorkerPool::CallOne() {
  if (calling_ || tasks_.empty()) return false;
  if (idle_ > 0) {
    calling_ = true;
    return true;
  }
  if (threads_.size() >= max_threads_) return false;
  try {
    threads_.emplace_back([this] { Run(); });
    calling_ = true;
  } catch (const std::system_error&) {
    // The threads there are go on; without any, the next Submit tries again.
  }
  return false;
}

void WorkerPool::Run() {
  std::unique_lock lock(mutex_);
  calling_ = false;
  for (;;) {
    while (tasks_.empty() && !stopped_) {
      ++idle_;
      called_.wait(lock);
      --idle_;
      calling_ = false;
    }
    if (stopped_) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    const bool notify = CallOne();
    lock.unlock();
    if (notify) called_.notify_one();
    task();
    task = nullptr;
    lock.lock();
  }
}

void WorkerPool::Stop() {
  std::deque<Task> dropped;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
    threads.swap(threads_);
  }
  called_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace sheaf::http
