#include "vault/duckdb/writer.h"

#include <sys/statvfs.h>

#include <cstdlib>
#include <future>
#include <set>

#include "base/log.h"

namespace sheaf::vault {
namespace {

// A commit takes this much at most, so that the first of its requests does not wait long for the last.
constexpr std::size_t kGroupBytes = 24u << 20;
constexpr std::size_t kGroupRequests = 4096;
// Refuse before the disk is full: a commit that fails half-way would cost the engine, not just the request.
constexpr std::uint64_t kReservedDisk = 96ull << 20;
// Statistics are saved when the writer has been idle so long, or behind so many rows.
constexpr auto kIdle = std::chrono::seconds(2);
constexpr std::uint64_t kRowsBehind = 2'000'000;

}  // namespace

Writer::Writer(std::shared_ptr<StudyState> state, std::uint64_t queue_bytes, std::function<void(std::string_view study)> changed)
    : state_(std::move(state)), queue_limit_(queue_bytes), changed_(std::move(changed)), thread_([this] { Loop(); }) {}

Writer::~Writer() { Stop(); }

void Writer::Append(AppendRequest request, StudyVault::AppendDone done) {
  Task task;
  task.bytes = request.batches->Bytes() + 256;
  task.request = std::move(request);
  task.done = std::move(done);
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && (queued_bytes_ == 0 || queued_bytes_ + task.bytes <= queue_limit_)) {
      queued_bytes_ += task.bytes;
      queue_.push_back(std::move(task));
      arrived_.notify_one();
      return;
    }
  }
  task.done(tl::unexpected<Error>(Error{ErrorCode::kUnavailable, "too many records are waiting to be written", {}, 1}));
}

Status Writer::Run(std::function<Status(Transaction&)> work) {
  Task task;
  task.work = std::move(work);
  return Enqueue(std::move(task));
}

Status Writer::RunAlone(std::function<Status(Connection&)> work) {
  Task task;
  task.alone = std::move(work);
  return Enqueue(std::move(task));
}

Status Writer::Enqueue(Task task) {
  std::promise<Status> promise;
  auto outcome = promise.get_future();
  task.work_done = [&promise](Status status) { promise.set_value(std::move(status)); };
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Fail(ErrorCode::kUnavailable, "the study is being closed");
    queue_.push_back(std::move(task));
  }
  arrived_.notify_one();
  return outcome.get();
}

void Writer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Writer::Loop() {
  while (true) {
    std::deque<Task> group;
    {
      std::unique_lock lock(mutex_);
      const bool woken = arrived_.wait_for(lock, kIdle, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty() && stopping_) break;
      if (woken) group = TakeGroup();
    }
    if (group.empty()) {
      SaveWhenIdle();
      continue;
    }
    if (!connection_) {
      auto connection = state_->engine->Connect();
      if (connection) connection_ = std::move(*connection);
    }
    CommitGroup(std::move(group));
    if (state_->rows_since_saved > kRowsBehind) SaveWhenIdle();
  }
  SaveWhenIdle();
  connection_.reset();
}

void Writer::SaveWhenIdle() {
  if (state_->rows_since_saved == 0 || !connection_) return;
  auto status = connection_->Execute("BEGIN");
  if (status) status = SaveStatistics(*state_, *connection_);
  if (status) status = connection_->Execute("COMMIT");
  // They are derived: what is not saved now is counted at the next start.
  if (!status) (void)connection_->Execute("ROLLBACK");
  state_->rows_since_saved = 0;
}

std::deque<Writer::Task> Writer::TakeGroup() {
  std::deque<Task> group;
  std::size_t bytes = 0;
  std::set<std::string> keys;
  while (!queue_.empty() && group.size() < kGroupRequests) {
    Task& next = queue_.front();
    const bool alone = next.IsWork() || next.bytes > kGroupBytes;
    if (!group.empty() && (alone || bytes + next.bytes > kGroupBytes)) break;
    // Two requests of one key in one commit could not see each other.
    if (!next.IsWork() && !next.request.idempotency_key.empty() && !keys.insert(next.request.idempotency_key).second) break;
    bytes += next.bytes;
    queued_bytes_ -= next.bytes;
    group.push_back(std::move(next));
    queue_.pop_front();
    if (alone) break;
  }
  return group;
}

Status Writer::CheckRoom(std::size_t bytes) {
  struct statvfs disk {};
  if (statvfs(state_->file.c_str(), &disk) != 0) return {};
  const std::uint64_t free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (free_bytes > kReservedDisk + 3 * static_cast<std::uint64_t>(bytes)) return {};
  LogError("the disk is nearly full; writing is refused", {{"study", state_->study}});
  return Fail(ErrorCode::kStorageFull, "the disk is nearly full");
}

bool Writer::AnswerRepeated(Task& task) {
  if (task.request.idempotency_key.empty()) return false;
  if (auto status = OpenIndex(*state_, *connection_); !status) {
    task.done(tl::unexpected<Error>(status.error()));
    return true;
  }
  const auto known = state_->index->FindRequest(state_->index->HashKey(task.request.idempotency_key));
  if (!known) return false;
  if (known->digest != task.request.request_digest) {
    task.done(Fail(ErrorCode::kIdempotencyMismatch, "this Idempotency-Key came with other records before"));
    return true;
  }
  AppendResult result;
  result.accepted = known->accepted;
  result.seq = known->seq;
  result.repeated = true;
  result.response = known->response;
  task.done(std::move(result));
  return true;
}

Status Writer::CommitWork(Task& task) {
  if (task.alone) return task.alone(*connection_);
  Transaction transaction(*state_, *connection_);
  SHEAF_TRY(transaction.Begin());
  SHEAF_TRY(task.work(transaction));
  return transaction.Commit();
}

void Writer::CommitGroup(std::deque<Task> group) {
  const auto fail_all = [&group](const Error& error) {
    for (auto& task : group) {
      if (task.IsWork()) task.work_done(tl::unexpected<Error>(error));
      else task.done(tl::unexpected<Error>(error));
    }
  };
  if (!connection_) return fail_all({ErrorCode::kUnavailable, "the record engine takes no connection", {}, 5});
  std::size_t bytes = 0;
  for (const auto& task : group) bytes += task.bytes;
  if (auto room = CheckRoom(bytes); !room) return fail_all(room.error());
  if (group.front().IsWork()) {
    Status done = CommitWork(group.front());
    const bool changed = done.has_value();
    group.front().work_done(std::move(done));
    if (changed) TellChanged();
    return;
  }

  std::deque<std::pair<Task, AppendResult>> taken;
  Status status;
  {
    Transaction transaction(*state_, *connection_);
    bool begun = false;
    for (auto& task : group) {
      const auto dataset = state_->Find(task.request.dataset);
      if (!dataset || dataset->version != task.request.definition_version) {
        task.done(dataset ? Fail(ErrorCode::kDefinitionConflict, "the definition has changed meanwhile")
                          : Fail(ErrorCode::kNotFound, "there is no dataset with this id"));
        continue;
      }
      if (AnswerRepeated(task)) continue;
      if (task.request.people_generation != 0 && task.request.people_generation != state_->people->Generation()) {
        task.done(
            tl::unexpected<Error>(Error{ErrorCode::kStudyRewritten, "a participant withdrew meanwhile; send the records again", {}, 1}));
        continue;
      }
      taken.emplace_back(std::move(task), AppendResult{});
      if (!status) continue;
      if (!begun) {
        status = transaction.Begin();
        begun = true;
      }
      if (status) status = transaction.Append(taken.back().first.request, taken.back().second);
    }
    if (taken.empty()) return;
    if (status) status = transaction.Commit();
  }
  for (auto& [task, result] : taken) {
    if (!status) {
      task.done(tl::unexpected<Error>(status.error()));
      continue;
    }
    result.seq = state_->last_seq;
    task.done(std::move(result));
  }
  if (status) TellChanged();
}

}  // namespace sheaf::vault
