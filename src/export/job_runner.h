#pragma once
//! The inside of JobRunner: asking for jobs (jobs_submit.cc) and running them (jobs_run.cc) share the rows, the locks
//! and what runs at present.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "export/job_state.h"
#include "export/jobs.h"

namespace sheaf::exporting {

struct JobRunner::Impl {
  explicit Impl(Options options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // jobs_submit.cc
  Result<catalog::ExportJob> Submit(std::string_view account, std::string_view study, const ExportOptions& options,
                                    std::string_view idempotency_key, bool& created, const model::ViewRights& rights,
                                    const DialectWords& words, std::string_view schedule);
  Status Check(std::string_view study, const ExportOptions& options, const model::ViewRights& rights);
  Result<catalog::ExportJob> Find(std::string_view id);
  Status CancelOrRemove(std::string_view id);

  // jobs_forget.cc
  Result<std::uint64_t> Forget(std::string_view study, const std::vector<std::string>& participants, bool scrub, std::string_view reason);
  Result<std::uint64_t> ExpireFiles(std::string_view study, std::string_view dataset, std::string_view reason);

  // jobs_run.cc
  Status Start();
  void Stop(int grace_s);

 private:
  //! A job that this process runs, or that waits here for an equal one.
  struct Running {
    explicit Running(catalog::ExportJob leased) : job(std::move(leased)) {}
    const catalog::ExportJob job;
    JobState state;
    bool waits = false;                  //!< for an equal job that runs here; guarded by mutex_
    std::optional<Micros> until;         //!< MonotonicNow(): when it has run for too long
    std::atomic<bool> timed_out{false};  //!< cancelled because it has
    std::atomic<bool> give_back{false};  //!< cancelled because the server stops: it shall run again
  };

  // jobs_submit.cc
  Result<std::optional<catalog::ExportJob>> FindByKey(std::string_view account, std::string_view study, const std::string& request,
                                                      std::string_view idempotency_key);
  Result<std::optional<catalog::ExportJob>> Share(const catalog::ExportJob& wanted, bool& created);
  Status CheckLimits(std::string_view account, std::string_view study);
  Status RemoveFinished(const catalog::ExportJob& job);
  void Overlay(catalog::ExportJob& job);

  // jobs_forget.cc
  void Restart(std::string_view study);
  Result<std::uint64_t> ForEachJob(std::string_view study, const std::function<Result<bool>(catalog::ExportJob&)>& visit);
  Status Expire(catalog::ExportJob& job, std::string_view reason);

  // jobs_run.cc
  void Work();
  void Run(const catalog::ExportJob& job);
  void Perform(Running& running);
  bool BecomeLeader(Running& running);
  bool FinishWithSharedFile(const catalog::ExportJob& job);
  void FinishWithOwnFile(Running& running);
  Result<blobs::SealTo> SealTo(const std::string& study) const;
  Viewer ViewerOf(const model::Study& study, model::ViewRights rights) const;
  void FinishFailed(catalog::ExportJob job, std::string sentence);
  void GiveBack(catalog::ExportJob job);
  bool Finish(const catalog::ExportJob& ended);
  void Heartbeat();
  void Beat(Running& running);
  void Sweep();
  void RemoveExpired();
  void RemoveOrphans();

  const Options options_;
  const std::string owner_;

  //! Held while a file gets another job or loses its last: a file is never removed under a job that begins to share it.
  std::mutex share_mutex_;

  std::mutex mutex_;
  std::condition_variable work_;      // a job may be there, or the end
  std::condition_variable finished_;  // a job left running_
  std::condition_variable tick_;      // of heartbeat and sweeper: the end
  std::map<std::string, std::shared_ptr<Running>> running_;
  std::uint64_t submitted_ = 0;
  bool stopping_ = false;
  bool stopped_ = false;
  std::vector<std::thread> workers_;
  std::vector<std::thread> helpers_;
};

//! A finished job's file, without what is the job's own.
void CopyFile(const catalog::ExportJob& from, catalog::ExportJob& to);
//! None for a schedule's: its files stay until newer ones push them out.
std::optional<Micros> ExpiryFromNow(const JobLimits& limits, const catalog::ExportJob& job);

}  // namespace sheaf::exporting
