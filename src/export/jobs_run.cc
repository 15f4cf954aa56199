// Running jobs: workers that lease them, the heartbeat that keeps the leases, the sweeper of expired files.

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "export/job_file.h"
#include "export/job_runner.h"
#include "export/spool_file.h"
#include "export/tickets.h"

namespace sheaf::exporting {
namespace {
using catalog::ExportJob;
using catalog::ExportState;

constexpr auto kPoll = std::chrono::seconds(2);  // for jobs of other processes and leases that ran out
constexpr auto kSweepEvery = std::chrono::seconds(60);
constexpr int kMostAttempts = 3;
constexpr int kFinishAttempts = 5;
constexpr std::string_view kBlobFolder = "exports/";
constexpr const char* kGivenBack = "waiting to run again after a restart of the server";

std::string Sentence(const Error& error) { return error.detail.empty() ? std::string(Describe(error.code).title) + "." : error.detail; }
}  // namespace

JobRunner::Impl::Impl(Options options) : options_(std::move(options)), owner_(NewId("run_")) {}
JobRunner::Impl::~Impl() { Stop(0); }

Status JobRunner::Impl::Start() {
  RemoveLeftovers(options_.temporary, kJobFilePrefix);
  for (int i = 0; i < std::max(options_.limits.running, 1); ++i) workers_.emplace_back([this] { Work(); });
  helpers_.emplace_back([this] { Heartbeat(); });
  helpers_.emplace_back([this] { Sweep(); });
  return {};
}

void JobRunner::Impl::Stop(int grace_s) {
  {
    std::unique_lock lock(mutex_);
    if (stopped_) return;
    stopping_ = true;
    work_.notify_all();
    finished_.wait_for(lock, std::chrono::seconds(grace_s), [this] { return running_.empty(); });
    for (const auto& [id, running] : running_) {
      running->give_back = true;
      running->state.progress.cancelled = true;
    }
    finished_.notify_all();
  }
  for (auto& worker : workers_) worker.join();
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  tick_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

void JobRunner::Impl::Work() {
  std::uint64_t seen = 0;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      seen = submitted_;
    }
    auto leased = options_.catalog->LeaseExport(owner_, Now() + options_.limits.lease_s * 1'000'000);
    if (!leased) LogError("export jobs cannot be leased", {{"reason", Sentence(leased.error())}});
    if (leased && *leased) {
      Run(**leased);
      continue;
    }
    std::unique_lock lock(mutex_);
    work_.wait_for(lock, kPoll, [&] { return stopping_ || submitted_ != seen; });
  }
}

void JobRunner::Impl::Run(const ExportJob& job) {
  const auto running = std::make_shared<Running>(job);
  const auto options = OptionsFromJson(job.request);
  if (options && options->run_time_s > 0) running->until = MonotonicNow() + options->run_time_s * 1'000'000;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      running->give_back = true;
      running->state.progress.cancelled = true;
    }
    running_[job.id] = running;
  }
  Perform(*running);
  {
    const std::lock_guard lock(mutex_);
    running_.erase(job.id);
  }
  finished_.notify_all();
}

void JobRunner::Impl::Perform(Running& running) {
  const ExportJob& job = running.job;
  if (job.attempts > kMostAttempts && job.activity != kGivenBack) {
    return FinishFailed(job, "The server stopped " + std::to_string(kMostAttempts) +
                                 " times while it made this file, so it was given up. Ask for less at once, or tell the administrator.");
  }
  running.state.Say("starting");
  Beat(running);
  if (BecomeLeader(running)) {
    if (!FinishWithSharedFile(job)) FinishWithOwnFile(running);
  } else if (running.timed_out) {
    FinishFailed(job, std::string(kTimedOut));
  } else if (running.give_back) {
    GiveBack(job);
  }
}

//! Waits while an equal job runs here, whose file can then be shared. False: cancelled meanwhile.
bool JobRunner::Impl::BecomeLeader(Running& running) {
  std::unique_lock lock(mutex_);
  running.waits = true;
  const auto equal_runs = [&] {
    return std::any_of(running_.begin(), running_.end(),
                       [&](const auto& entry) { return !entry.second->waits && entry.second->job.fingerprint == running.job.fingerprint; });
  };
  if (equal_runs()) running.state.Say("waiting for an equal export to finish, to share its file");
  finished_.wait(lock, [&] { return running.state.Cancelled() || !equal_runs(); });
  running.waits = false;
  return !running.state.Cancelled();
}

//! Until the row is written the file may not go.
bool JobRunner::Impl::FinishWithSharedFile(const ExportJob& job) {
  const std::lock_guard sharing(share_mutex_);
  const auto equal = options_.catalog->FindExportByFingerprint(job.fingerprint);
  if (!equal || !*equal || (*equal)->state != ExportState::kSucceeded || !options_.blobs->Locate((*equal)->blob)) return false;
  ExportJob shared = job;
  CopyFile(**equal, shared);
  shared.state = ExportState::kSucceeded;
  shared.activity = "done; shares the file of an equal export";
  shared.finished_at = Now();
  shared.expires_at = ExpiryFromNow(options_.limits, shared);
  Finish(shared);
  return true;
}

Result<blobs::SealTo> JobRunner::Impl::SealTo(const std::string& study) const {
  if (!options_.keys) return blobs::SealTo();
  SHEAF_ASSIGN(const secrets::KeyBytes key, options_.keys->PublicKey(study));
  return blobs::SealTo(key);
}

void JobRunner::Impl::FinishWithOwnFile(Running& running) {
  ExportJob job = running.job;
  Result<JobFile> file = Fail(CancelledError());
  if (auto study = options_.vault->OpenStudy(job.study); !study) {
    file = tl::unexpected<Error>(study.error());
  } else if (auto about = options_.catalog->FindStudy(job.study); !about) {
    file = tl::unexpected<Error>(about.error());
  } else if (auto rights = model::ParseViewRights(job.rights); !rights) {
    file = tl::unexpected<Error>(rights.error());
  } else {
    const Viewer viewer = ViewerOf(*about, *std::move(rights));
    file = SealTo(job.study).and_then([&](const blobs::SealTo& seal_to) {
      const JobContext context{job,
                               viewer,
                               **study,
                               *options_.blobs,
                               seal_to,
                               options_.temporary,
                               running.state,
                               options_.files.get(),
                               options_.foreign.get(),
                               options_.quality.get()};
      return WriteJobFile(context, about->name);
    });
  }
  job.rows_done = running.state.progress.rows;
  job.rows_total = running.state.rows_total;
  if (!file) {
    // Somebody withdrew meanwhile: the file is to be without them.
    const bool again = file.error().code == ErrorCode::kStudyRewritten && job.attempts < kMostAttempts;
    if (again && !running.state.Cancelled()) return GiveBack(std::move(job));
    if (!running.state.Cancelled()) return FinishFailed(std::move(job), Sentence(file.error()));
    if (running.timed_out) return FinishFailed(std::move(job), std::string(kTimedOut));
    // Cancelled by its owner, or taken over: its row is no longer this one's to write.
    if (running.give_back) GiveBack(std::move(job));
    return;
  }
  job.state = ExportState::kSucceeded;
  job.activity = "done";
  job.bytes_done = job.file_size = file->size;
  job.file_name = file->name;
  job.blob = file->blob;
  job.sha256 = file->sha256;
  job.manifest = file->manifest;
  job.cursor = file->cursor;
  job.privacy = file->privacy;
  job.finished_at = Now();
  job.expires_at = ExpiryFromNow(options_.limits, job);
  // Taken over, cancelled, or the catalog is out of reach: without the row the file is nobody's.
  if (!Finish(job)) std::ignore = options_.blobs->Remove(job.blob);
}

Viewer JobRunner::Impl::ViewerOf(const model::Study& study, model::ViewRights rights) const {
  Viewer viewer{std::move(rights), study.settings, {}};
  if (options_.keys) viewer.code_key = [keys = options_.keys, id = study.id] { return keys->CodeKey(id); };
  return viewer;
}

void JobRunner::Impl::FinishFailed(ExportJob job, std::string sentence) {
  job.state = ExportState::kFailed;
  job.error = std::move(sentence);
  job.activity = "failed";
  job.finished_at = Now();
  Finish(job);
}

void JobRunner::Impl::GiveBack(ExportJob job) {
  job.state = ExportState::kPending;
  job.activity = kGivenBack;
  job.rows_done = job.bytes_done = 0;
  Finish(job);
}

//! One update makes the file visible. A busy catalog is asked again; a lost lease is final.
bool JobRunner::Impl::Finish(const ExportJob& ended) {
  for (int attempt = 1;; ++attempt) {
    const auto status = options_.catalog->FinishExport(ended, owner_);
    if (status) break;
    LogWarning("an export job's end was not written", {{"export", ended.id}, {"reason", Sentence(status.error())}});
    if (status.error().code == ErrorCode::kConflict || status.error().code == ErrorCode::kNotFound || attempt == kFinishAttempts)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(200 * attempt));
  }
  const std::string rows = std::to_string(ended.rows_done), bytes = std::to_string(ended.file_size);
  if (ended.state == ExportState::kSucceeded)
    LogInfo("export finished", {{"export", ended.id}, {"study", ended.study}, {"rows", rows}, {"bytes", bytes}});
  if (ended.state == ExportState::kFailed)
    LogWarning("export failed", {{"export", ended.id}, {"study", ended.study}, {"reason", ended.error}});
  if (options_.ended && (ended.state == ExportState::kSucceeded || ended.state == ExportState::kFailed)) options_.ended(ended);
  if (ended.state == ExportState::kPending) LogInfo("export given back", {{"export", ended.id}});
  return true;
}

void JobRunner::Impl::Heartbeat() {
  const auto interval = std::chrono::milliseconds(std::max<std::int64_t>(options_.limits.lease_s * 1000 / 3, 50));
  std::unique_lock lock(mutex_);
  while (!tick_.wait_for(lock, interval, [this] { return stopped_; })) {
    std::vector<std::shared_ptr<Running>> all;
    for (const auto& [id, running] : running_) all.push_back(running);
    lock.unlock();
    for (const auto& running : all) Beat(*running);
    lock.lock();
  }
}

void JobRunner::Impl::Beat(Running& running) {
  if (running.until && MonotonicNow() >= *running.until) {
    const std::lock_guard lock(mutex_);
    running.timed_out = true;
    running.state.progress.cancelled = true;
    finished_.notify_all();
  }
  ExportJob job = running.job;
  job.rows_done = running.state.progress.rows;
  job.rows_total = running.state.rows_total;
  job.bytes_done = running.state.bytes;
  job.activity = running.state.Activity();
  const auto status = options_.catalog->HeartbeatExport(job, owner_, Now() + options_.limits.lease_s * 1'000'000);
  if (status || status.error().code != ErrorCode::kConflict) return;
  // Cancelled by another process, or taken over: whatever this one makes is no longer wanted.
  const std::lock_guard lock(mutex_);
  running.state.progress.cancelled = true;
  finished_.notify_all();
}

void JobRunner::Impl::Sweep() {
  RemoveOrphans();
  std::unique_lock lock(mutex_);
  do {
    lock.unlock();
    RemoveExpired();
    lock.lock();
  } while (!tick_.wait_for(lock, kSweepEvery, [this] { return stopped_; }));
}

void JobRunner::Impl::RemoveExpired() {
  const auto expired = options_.catalog->ExpiredExports(Now());
  if (!expired) return LogError("expired exports cannot be listed", {{"reason", Sentence(expired.error())}});
  for (const auto& job : *expired) {
    const std::lock_guard sharing(share_mutex_);
    Status status = options_.catalog->MarkExpired(job.id);
    const auto shared = options_.catalog->BlobInUse(job.blob, job.id);
    if (status && shared && !*shared) status = options_.blobs->Remove(job.blob);
    if (!status) LogError("an expired export was not removed", {{"export", job.id}, {"reason", Sentence(status.error())}});
  }
}

//! Files of a process that died between publishing and writing the row.
void JobRunner::Impl::RemoveOrphans() {
  const auto names = options_.blobs->List(kBlobFolder);
  if (!names) return;
  for (const auto& name : *names) {
    const std::lock_guard sharing(share_mutex_);
    const auto used = options_.catalog->BlobInUse(name, {});
    if (!used || *used) continue;
    const std::size_t begin = name.starts_with(kBlobFolder) ? kBlobFolder.size() : 0;
    const auto job = options_.catalog->FindExport(name.substr(begin, name.rfind('-') - begin));
    // One that runs may have published this moment ago.
    if (job ? job->state == ExportState::kExecuting : job.error().code != ErrorCode::kNotFound) continue;
    std::ignore = options_.blobs->Remove(name);
  }
}

}  // namespace sheaf::exporting
