#pragma once
//! Private to the room. Who destroys body sources, and where.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "http/server.h"
#include "http/worker_pool.h"

namespace sheaf::http {

//! A source's destructor may block (it waits for its own threads), and its last reference may go inside one of its own
//! methods. So sources are shared pointers that can be let go anywhere; the deletion happens on a thread of the keeper.
class SourceKeeper : public std::enable_shared_from_this<SourceKeeper> {
 public:
  std::shared_ptr<BodySource> Adopt(std::unique_ptr<BodySource> source);
  //! Waits up to `patience` for the sources that are left, then joins the threads. Later ones are deleted in place.
  void Stop(std::chrono::milliseconds patience);

 private:
  void Destroy(BodySource* source);

  WorkerPool pool_{2, 1u << 20};
  std::mutex mutex_;
  std::condition_variable gone_;
  std::size_t alive_ = 0;
};

}  // namespace sheaf::http
