#pragma once
//! The threads behind StreamPool: workers that take one step of one stream at a time in turn, a clock, and two runners
//! for exports that must be made in one go.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "export/pipeline.h"

namespace sheaf::exporting {

//! A stream as the pool sees it.
class StreamTask {
 public:
  virtual ~StreamTask() = default;
  //! About one block of work, on a worker. Never waits for a reader.
  virtual void Step() = 0;
  //! The pool is closing: end with an error, hold on to nothing.
  virtual void Abandon() = 0;
};

struct StreamPool::Impl {
  explicit Impl(Options options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  //! A turn for this stream, behind all that wait. The caller sees to it that a stream waits once only, or means it twice.
  void Schedule(std::shared_ptr<StreamTask> task);
  //! Calls `call` on the clock's thread; it must not block. Dropped when the pool closes.
  void After(std::chrono::milliseconds delay, std::function<void()> call);
  //! Runs on one of two dedicated threads, in order of asking; dropped when the pool closes.
  void RunAlone(std::function<void()> run);
  //! So that Close can reach it.
  void Register(const std::shared_ptr<StreamTask>& task);
  //! Ends all streams and joins all threads. No stream makes bytes after it.
  void Close();

  const Options options;
  const int threads;

 private:
  using Clock = std::chrono::steady_clock;
  void Work();
  void Tick();
  void RunQueue();

  std::mutex mutex_;
  std::condition_variable work_, tick_, run_;
  std::deque<std::shared_ptr<StreamTask>> ready_;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
  std::deque<std::function<void()>> runs_;
  std::vector<std::weak_ptr<StreamTask>> tasks_;
  std::size_t sweep_at_ = 64;
  bool closing_ = false;
  std::vector<std::thread> all_threads_;
};

Error StoppingError();

//! The parts of a stream's making that its kinds share.
struct StreamParts {
  std::shared_ptr<StreamPool::Impl> pool;
  std::shared_ptr<vault::StudyVault> study;
  std::shared_ptr<const Plan> plan;
  Compression compression = Compression::kNone;
  StreamPool::EncoderMaker make_encoder = nullptr;  //!< null: the plan's own format

  std::unique_ptr<Encoder> NewEncoder() const { return make_encoder ? make_encoder(*plan) : MakeEncoder(*plan); }
};

//! A core as its reader has it: the core may outlive the reader for as long as a worker holds it, and does nothing more then.
template <class Core>
class StreamOf final : public Stream {
 public:
  explicit StreamOf(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~StreamOf() override { core_->Cancel(); }
  void Read(Ready ready) override { core_->Read(std::move(ready)); }
  void Cancel() override { core_->Cancel(); }
  const Progress& GetProgress() const override { return core_->GetProgress(); }

 private:
  std::shared_ptr<Core> core_;
};

//! Makes a core, makes it known to the pool, and begins it.
template <class Core>
Result<std::unique_ptr<Stream>> BeginStream(StreamParts parts, std::unique_ptr<vault::Cursor> cursor) {
  const auto pool = parts.pool;
  auto core = std::make_shared<Core>(std::move(parts), std::move(cursor));
  pool->Register(core);
  SHEAF_TRY(core->Begin());
  return std::make_unique<StreamOf<Core>>(std::move(core));
}

//! In order of seq, suspended when the reader is slow. `cursor` is resumable.
Result<std::unique_ptr<Stream>> MakeLiveStream(StreamParts parts, std::unique_ptr<vault::Cursor> cursor);
//! At full speed into an unlinked file. Null `cursor`: Parquet, or it is opened by the run.
Result<std::unique_ptr<Stream>> MakeSpoolStream(StreamParts parts, std::unique_ptr<vault::Cursor> cursor);

}  // namespace sheaf::exporting
