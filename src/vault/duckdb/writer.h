#pragma once
//! The one writer of a study: takes requests from any thread, commits many at once, answers when they are durable.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "vault/duckdb/state.h"
#include "vault/duckdb/transaction.h"

namespace sheaf::vault {

class Writer {
 public:
  //! `changed`: called with the study's id after each commit; must not block.
  Writer(std::shared_ptr<StudyState> state, std::uint64_t queue_bytes, std::function<void(std::string_view study)> changed = nullptr);
  ~Writer();

  void Append(AppendRequest request, StudyVault::AppendDone done);
  //! Runs `work` alone in a transaction on the writer's thread and waits for its commit.
  Status Run(std::function<Status(Transaction&)> work);
  //! Runs `work` on the writer's thread outside any transaction, with its connection, and waits for it.
  Status RunAlone(std::function<Status(Connection&)> work);
  //! Finishes the queue, saves the statistics, ends the thread. Append answers kUnavailable from now on.
  void Stop();

 private:
  struct Task {
    AppendRequest request;
    StudyVault::AppendDone done;
    std::function<Status(Transaction&)> work;  //!< instead of a request
    std::function<Status(Connection&)> alone;  //!< or instead of a transaction
    std::function<void(Status)> work_done;
    std::size_t bytes = 0;
    bool IsWork() const { return work || alone; }
  };

  void Loop();
  void SaveWhenIdle();
  //! Takes from the queue what goes into one commit. The lock is held.
  std::deque<Task> TakeGroup();
  void CommitGroup(std::deque<Task> group);
  Status Enqueue(Task task);
  Status CommitWork(Task& task);
  //! Answers a known idempotency key; true when the task is done with.
  bool AnswerRepeated(Task& task);
  Status CheckRoom(std::size_t bytes);
  void TellChanged() const {
    if (changed_) changed_(state_->study);
  }

  std::shared_ptr<StudyState> state_;
  const std::uint64_t queue_limit_;
  const std::function<void(std::string_view study)> changed_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Task> queue_;
  std::uint64_t queued_bytes_ = 0;
  bool stopping_ = false;
  Engine::Lease connection_;
  std::thread thread_;
};

}  // namespace sheaf::vault
