// Files that hold somebody who withdrew or was erased.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "export/job_runner.h"
#include "export/json_text.h"

namespace sheaf::exporting {
namespace {
using catalog::ExportJob;
using catalog::ExportState;

constexpr std::uint64_t kJobsAtOnce = 200;

bool Finished(ExportState state) { return state != ExportState::kPending && state != ExportState::kExecuting; }

//! An unreadable request counts as one for everybody.
bool MayContain(const ExportJob& job, const std::vector<std::string>& participants) {
  const auto options = OptionsFromJson(job.request);
  if (!options || options->participants.empty()) return true;
  // There the participants are listed by their codes.
  if (options->privacy.identifiers != privacy::IdentifierMode::kKeep) return true;
  return std::find_first_of(options->participants.begin(), options->participants.end(), participants.begin(), participants.end()) !=
         options->participants.end();
}

bool MayHoldDataset(const ExportJob& job, std::string_view dataset) {
  const auto options = OptionsFromJson(job.request);
  if (dataset.empty() || !options || options->datasets.empty()) return true;
  return std::find(options->datasets.begin(), options->datasets.end(), dataset) != options->datasets.end();
}

//! As plain text and as JSON writes it.
bool Mentions(const ExportJob& job, const std::string& participant) {
  std::string escaped = JsonText(participant);
  const std::string_view inner = std::string_view(escaped).substr(1, escaped.size() - 2);
  for (const std::string* text :
       {&job.request, &job.manifest, &job.file_name, &job.idempotency_key, &job.error, &job.activity, &job.dialect_request}) {
    if (text->find(participant) != std::string::npos || text->find(inner) != std::string::npos) return true;
  }
  return false;
}

//! What is left tells which datasets were asked for and how, and of nobody.
void Scrub(ExportJob& job) {
  auto options = OptionsFromJson(job.request);
  ExportOptions kept = options ? *std::move(options) : ExportOptions();
  kept.participants.clear();
  kept.sessions.clear();
  kept.filter.clear();
  job.request = OptionsJson(kept);
  job.manifest.clear();
  job.dialect_request.clear();
  job.idempotency_key.clear();
}
}  // namespace

//! Jobs of the study that run here begin anew, and have stopped writing when this returns.
void JobRunner::Impl::Restart(std::string_view study) {
  std::unique_lock lock(mutex_);
  std::vector<std::weak_ptr<Running>> stopped;
  for (const auto& [id, running] : running_) {
    if (running->job.study != study) continue;
    running->give_back = true;
    running->state.progress.cancelled = true;
    stopped.push_back(running);
  }
  if (stopped.empty()) return;
  finished_.notify_all();
  const auto runs = [this](const std::weak_ptr<Running>& one) {
    const auto running = one.lock();
    return running && std::any_of(running_.begin(), running_.end(), [&](const auto& entry) { return entry.second == running; });
  };
  finished_.wait(lock, [&] { return std::none_of(stopped.begin(), stopped.end(), runs); });
  ++submitted_;
  work_.notify_all();
}

//! Answers for how many `visit` was true.
Result<std::uint64_t> JobRunner::Impl::ForEachJob(std::string_view study, const std::function<Result<bool>(ExportJob&)>& visit) {
  std::uint64_t count = 0;
  std::string before;
  while (true) {
    SHEAF_ASSIGN(auto jobs, options_.catalog->Exports("", study, before, kJobsAtOnce));
    if (jobs.empty()) return count;
    before = jobs.back().id;
    for (auto& job : jobs) {
      SHEAF_ASSIGN(const bool counted, visit(job));
      count += counted ? 1 : 0;
    }
  }
}

//! The file is gone when this returns, unless a job shares it that may keep it.
Status JobRunner::Impl::Expire(ExportJob& job, std::string_view reason) {
  const std::lock_guard sharing(share_mutex_);
  job.state = ExportState::kExpired;
  job.error = reason;
  SHEAF_TRY(options_.catalog->RewriteExport(job));
  SHEAF_ASSIGN(const bool shared, options_.catalog->BlobInUse(job.blob, job.id));
  if (shared) return {};
  return options_.blobs->Remove(job.blob);
}

Result<std::uint64_t> JobRunner::Impl::Forget(std::string_view study, const std::vector<std::string>& participants, bool scrub,
                                              std::string_view reason) {
  Restart(study);
  return ForEachJob(study, [&](ExportJob& job) -> Result<bool> {
    // Who is erased may be named in the records of anybody; who has withdrawn has taken back their own.
    const bool holds = scrub || MayContain(job, participants);
    const bool names = std::any_of(participants.begin(), participants.end(), [&](const std::string& one) { return Mentions(job, one); });
    const bool file = job.state == ExportState::kSucceeded && holds;
    if (scrub && names && !Finished(job.state)) {
      SHEAF_TRY(options_.catalog->CancelExport(job.id));
      job.state = ExportState::kCancelled;
      job.error = reason;
      job.finished_at = Now();
    }
    const bool rewrite = scrub && (names || (holds && Finished(job.state)));
    if (rewrite) Scrub(job);
    if (file) SHEAF_TRY(Expire(job, reason));
    else if (rewrite) SHEAF_TRY(options_.catalog->RewriteExport(job));
    return file;
  });
}

Result<std::uint64_t> JobRunner::Impl::ExpireFiles(std::string_view study, std::string_view dataset, std::string_view reason) {
  Restart(study);
  return ForEachJob(study, [&](ExportJob& job) -> Result<bool> {
    if (job.state != ExportState::kSucceeded || !MayHoldDataset(job, dataset)) return false;
    SHEAF_TRY(Expire(job, reason));
    return true;
  });
}

}  // namespace sheaf::exporting
