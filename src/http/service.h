#pragma once
//! Private to the room. What all connections of a server share.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>

#include "http/body_queue.h"
#include "http/server.h"
#include "http/source_keeper.h"
#include "http/worker_pool.h"

namespace sheaf::http {

class Service {
 public:
  Service(Server::Options options, Router router);

  //! In the shape of the path, with Retry-After; never throws.
  Response RenderError(const Error& error, std::string_view path, std::string_view request_id) const;
  //! Runs `task` on the pool that fits; false when too much waits already.
  bool RunHandler(bool streams_body, WorkerPool::Task task);

  //! Counts connections; Stop waits for them.
  int Enter() { return connections_.fetch_add(1) + 1; }
  void Leave();
  void WaitUntilEmpty();
  //! False when the time is over first.
  bool WaitUntilEmpty(std::chrono::seconds patience);
  void StopPools();

  const ServerLimits limits;
  const Router router;
  const std::shared_ptr<BodyBudget> budget;
  const std::shared_ptr<WorkerPool> file_readers;
  const std::shared_ptr<SourceKeeper> keeper;

 private:
  ErrorRenderer render_error_;
  WorkerPool workers_;
  WorkerPool uploads_;
  std::atomic<int> connections_{0};
  std::mutex empty_mutex_;
  std::condition_variable empty_;
};

}  // namespace sheaf::http
