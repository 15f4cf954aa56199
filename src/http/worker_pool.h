#pragma once
//! Private to the room. Threads for work that may block.

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace sheaf::http {

//! Grows from no thread to `max_threads` as tasks wait, and keeps at most `max_waiting` tasks waiting. Thread-safe.
class WorkerPool {
 public:
  using Task = std::function<void()>;
  WorkerPool(std::size_t max_threads, std::size_t max_waiting);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  //! False when too many tasks wait already, or after Stop; the task is then dropped. Tasks do not throw.
  bool Submit(Task task);
  //! Drops what waits and joins the threads once their tasks are through. Not from a task of the pool.
  void Stop();

 private:
  void Run();
  // Decides under the lock whom to call for a waiting task; true: an idle thread is to be notified.
  bool CallOne();

  const std::size_t max_threads_;
  const std::size_t max_waiting_;
  std::mutex mutex_;
  std::condition_variable called_;
  std::deque<Task> tasks_;
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool calling_ = false;
  bool stopped_ = false;
};

}  // namespace sheaf::http
