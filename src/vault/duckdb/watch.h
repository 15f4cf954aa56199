#pragma once
//! A long statement that somebody may no longer want.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "vault/duckdb/engine.h"

namespace sheaf::vault {

//! Stops a query of another thread when `wanted` says so.
class Watch {
 public:
  Watch(Connection& connection, const std::function<bool()>& wanted) {
    if (!wanted) return;
    thread_ = std::thread([this, &connection, wanted] {
      std::unique_lock lock(mutex_);
      while (!ended_.wait_for(lock, std::chrono::milliseconds(20), [this] { return done_; })) {
        if (wanted()) connection.Interrupt();
      }
    });
  }
  ~Watch() {
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    ended_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace sheaf::vault
