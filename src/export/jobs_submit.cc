// Asking for jobs: validation, equal requests, limits, cancelling and removing.

#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "export/digest.h"
#include "export/job_file.h"
#include "export/job_runner.h"
#include "export/media.h"
#include "export/tickets.h"
#include "privacy/generalise.h"
#include "privacy/naming.h"
#include "query/filter.h"

namespace sheaf::exporting {
namespace {
using catalog::ExportJob;
using catalog::ExportState;

constexpr int kRetryAfter = 30;

Error WithPlace(Error error, const std::string& dataset, bool several) {
  // The same filter is bound to each dataset: say which one does not know it.
  if (several) error.detail = "Dataset " + dataset + ": " + error.detail;
  return error;
}

//! A rule that no dataset has a field for is a slip that would leave a field as it is.
Status CheckRuleNames(vault::StudyVault& study, const ExportOptions& options, const std::vector<std::string>& datasets) {
  if (options.privacy.generalise.empty()) return {};
  SHEAF_ASSIGN(const auto rules, privacy::ParseGeneralisation(options.privacy.generalise, "generalise"));
  for (const auto& [name, rule] : rules) {
    bool known = name.starts_with("participant.") || name == "time" || name == "received_at" || name == "updated_at";
    for (const auto& id : datasets) {
      SHEAF_ASSIGN(const auto dataset, study.FindDataset(id));
      known = known || dataset->FieldNumber(name) >= 0;
    }
    if (!known) return Fail(ErrorCode::kUnknownField, "No dataset has a field " + name + " to generalise.", "generalise");
  }
  return {};
}

//! Everything that can be wrong is said now, not by a job that fails later.
Status Validate(vault::StudyVault& study, const ExportOptions& options, const Viewer& viewer) {
  SHEAF_ASSIGN(const auto datasets, ResolveDatasets(study, options, viewer.rights));
  const bool is_zip = options.format == Format::kZip;
  if (is_zip && options.tombstones && IsByPerson(options.layout)) {
    return Fail(ErrorCode::kBadParameter, "What was deleted belongs to no participant's folder any more; ask for layout dataset.",
                "tombstones");
  }
  for (const auto& dataset : datasets) {
    if (auto plan = MakePlan(study, options, dataset, 0, viewer); !plan)
      return Fail(WithPlace(std::move(plan).error(), dataset, datasets.size() > 1));
  }
  return CheckRuleNames(study, options, datasets);
}

//! The request in the words of its answer: who may see identifiers asks by ids, what is kept of the request and told beside
//! the file names people by code.
Result<ExportOptions> InCodes(vault::StudyVault& study, ExportOptions options, const Viewer& viewer) {
  const bool names = !options.participants.empty() || !options.sessions.empty() || !options.filter.empty();
  if (options.privacy.identifiers == privacy::IdentifierMode::kKeep || !names) return options;
  SHEAF_ASSIGN(const auto key, CodeKeyOf(viewer));
  const privacy::Naming naming(study, key, viewer.rights.identifiers);
  const auto rename = [&](std::vector<std::string>& people, privacy::CodeKind kind, const char* place) -> Status {
    for (std::string& one : people) { SHEAF_ASSIGN(one, naming.CodeOf(kind, one, place)); }
    return {};
  };
  SHEAF_TRY(rename(options.participants, privacy::CodeKind::kParticipant, "participant"));
  SHEAF_TRY(rename(options.sessions, privacy::CodeKind::kSession, "session"));
  if (options.filter.empty()) return options;
  SHEAF_ASSIGN(const auto datasets, ResolveDatasets(study, options, viewer.rights));
  std::optional<std::string> filter;
  for (const auto& id : datasets) {
    SHEAF_ASSIGN(const auto dataset, study.FindDataset(id));
    SHEAF_ASSIGN(auto renamed, query::RenamePeople(options.filter, *dataset, [&](model::ColumnKind column, std::string_view name) {
                   const bool session = column == model::ColumnKind::kSession || column == model::ColumnKind::kSessionId;
                   return naming.CodeOf(session ? privacy::CodeKind::kSession : privacy::CodeKind::kParticipant, name, "/filter");
                 }));
    if (filter && *filter != renamed)
      return Fail(ErrorCode::kBadFilter, "Some of the datasets have a field of this name: write record.participant or record.session.",
                  "/filter");
    filter = std::move(renamed);
  }
  if (filter) options.filter = *std::move(filter);
  return options;
}

//! Changes when a byte of the file could: the request, the definitions, the records, the people.
Result<std::string> Fingerprint(vault::StudyVault& study, const model::Study& about, const ExportOptions& options,
                                const model::ViewRights& rights, const std::string& request) {
  std::string text = "sheaf-export-2\n" + study.StudyId() + "\n" + about.name + "\n" + model::StudySettingsJson(about.settings) + "\n" +
                     model::ViewRightsJson(rights) + "\n" + request + "\n" + std::to_string(study.LastSeq()) + "\n";
  // Files come and go without a change of the records.
  if (options.media || !options.file_folder.empty()) text += NewId("media_");
  SHEAF_ASSIGN(const auto datasets, ResolveDatasets(study, options, rights));
  for (const auto& id : datasets) {
    SHEAF_ASSIGN(const auto dataset, study.FindDataset(id));
    SHEAF_ASSIGN(const auto summary, study.Summarize(id));
    text +=
        id + " " + std::to_string(dataset->version) + " " + std::to_string(summary.last_seq) + " " + std::to_string(summary.records) + "\n";
  }
  return Sha256Hex(text);
}
}  // namespace

void CopyFile(const ExportJob& from, ExportJob& to) {
  to.rows_done = from.rows_done;
  to.rows_total = from.rows_total;
  to.bytes_done = from.bytes_done;
  to.file_name = from.file_name;
  to.blob = from.blob;
  to.file_size = from.file_size;
  to.sha256 = from.sha256;
  to.manifest = from.manifest;
  to.cursor = from.cursor;
  to.privacy = from.privacy;
}

std::optional<Micros> ExpiryFromNow(const JobLimits& limits, const ExportJob& job) {
  if (!job.schedule.empty()) return std::nullopt;
  return Now() + limits.file_lifetime_s * 1'000'000;
}

Result<ExportJob> JobRunner::Impl::Submit(std::string_view account, std::string_view study_id, const ExportOptions& asked,
                                          std::string_view idempotency_key, bool& created, const model::ViewRights& rights,
                                          const DialectWords& words, std::string_view schedule) {
  created = false;
  SHEAF_TRY(RequireMedia(ForViewer(asked, rights), rights));
  SHEAF_ASSIGN(const auto study, options_.vault->OpenStudy(study_id));
  SHEAF_ASSIGN(const auto about, options_.catalog->FindStudy(study_id));
  SHEAF_ASSIGN(const ExportOptions options, InCodes(*study, ForViewer(asked, rights), ViewerOf(about, rights)));
  ExportJob job;
  job.id = NewId("exp_");
  job.account = account;
  job.study = study_id;
  job.idempotency_key = idempotency_key;
  job.schedule = schedule;
  job.request = OptionsJson(options);
  job.rights = model::ViewRightsJson(rights);
  job.dialect = words.dialect;
  job.dialect_request = words.request;
  SHEAF_ASSIGN(auto known, FindByKey(account, study_id, job.request, idempotency_key));
  if (known) return *std::move(known);
  SHEAF_TRY(Validate(*study, options, ViewerOf(about, rights)));
  SHEAF_ASSIGN(job.fingerprint, Fingerprint(*study, about, options, rights, job.request));
  // A file that names its own job is no other's.
  if (options.format == Format::kAlida) job.fingerprint = Sha256Hex(job.fingerprint + "\n" + job.id);
  // One at a time from here: of two equal requests the second finds the first.
  const std::lock_guard sharing(share_mutex_);
  SHEAF_ASSIGN(auto shared, Share(job, created));
  if (shared) return *std::move(shared);
  SHEAF_TRY(CheckLimits(account, study_id));
  job.activity = "waiting for its turn";
  job.created_at = Now();
  auto added = options_.catalog->AddExport(job);
  if (!added && added.error().code == ErrorCode::kConflict && !idempotency_key.empty()) {
    // Another request with the same key was quicker.
    SHEAF_ASSIGN(auto other, FindByKey(account, study_id, job.request, idempotency_key));
    if (other) return *std::move(other);
  }
  if (!added) return added;
  created = true;
  {
    const std::lock_guard lock(mutex_);
    ++submitted_;
  }
  work_.notify_one();
  return added;
}

Status JobRunner::Impl::Check(std::string_view study_id, const ExportOptions& asked, const model::ViewRights& rights) {
  SHEAF_ASSIGN(const auto study, options_.vault->OpenStudy(study_id));
  SHEAF_ASSIGN(const auto about, options_.catalog->FindStudy(study_id));
  return Validate(*study, ForViewer(asked, rights), ViewerOf(about, rights));
}

Result<std::optional<ExportJob>> JobRunner::Impl::FindByKey(std::string_view account, std::string_view study, const std::string& request,
                                                            std::string_view idempotency_key) {
  if (idempotency_key.empty()) return std::optional<ExportJob>();
  SHEAF_ASSIGN(auto known, options_.catalog->FindExportByKey(account, idempotency_key));
  if (!known) return known;
  if (known->study != study || known->request != request) {
    return Fail(ErrorCode::kIdempotencyMismatch,
                "The Idempotency-Key belongs to the export " + known->id + ", which asked for something else.", "Idempotency-Key");
  }
  Overlay(*known);
  return known;
}

Result<std::optional<ExportJob>> JobRunner::Impl::Share(const ExportJob& wanted, bool& created) {
  using Found = std::optional<ExportJob>;
  SHEAF_ASSIGN(auto equal, options_.catalog->FindExportByFingerprint(wanted.fingerprint));
  if (!equal) return Found();
  const bool native = equal->dialect.empty() && wanted.dialect.empty();
  const bool own =
      native && equal->account == wanted.account && (wanted.idempotency_key.empty() || wanted.idempotency_key == equal->idempotency_key);
  if (equal->state != ExportState::kSucceeded) {
    // Another account's or dialect's job becomes this one's file when it is done; until then this one waits in the queue.
    if (!own) return Found();
    Overlay(*equal);
    return equal;
  }
  if (!options_.blobs->Locate(equal->blob)) return Found();
  const Micros half_life = options_.limits.file_lifetime_s * 500'000;
  if (own && equal->expires_at && *equal->expires_at > Now() + half_life) return equal;
  ExportJob job = wanted;
  CopyFile(*equal, job);
  job.state = ExportState::kSucceeded;
  job.activity = "done; shares the file of an equal export";
  job.created_at = Now();
  job.started_at = job.finished_at = job.created_at;
  job.expires_at = ExpiryFromNow(options_.limits, job);
  SHEAF_ASSIGN(auto added, options_.catalog->AddExport(job));
  created = true;
  return Found(std::move(added));
}

Status JobRunner::Impl::CheckLimits(std::string_view account, std::string_view study) {
  const auto unfinished = [this](std::string_view of_account, std::string_view of_study) -> Result<std::uint64_t> {
    SHEAF_ASSIGN(const auto pending, options_.catalog->CountExports(of_account, of_study, ExportState::kPending));
    SHEAF_ASSIGN(const auto executing, options_.catalog->CountExports(of_account, of_study, ExportState::kExecuting));
    return pending + executing;
  };
  const auto refuse = [](std::uint64_t count, const std::string& whose) {
    return Fail(Error{ErrorCode::kTooManyExports,
                      std::to_string(count) + " exports of " + whose + " are waiting or running, which is as many as there may be.",
                      {},
                      kRetryAfter});
  };
  SHEAF_ASSIGN(const auto of_account, unfinished(account, {}));
  if (of_account >= static_cast<std::uint64_t>(options_.limits.unfinished_per_account)) return refuse(of_account, "this account");
  SHEAF_ASSIGN(const auto of_study, unfinished({}, study));
  if (of_study >= static_cast<std::uint64_t>(options_.limits.unfinished_per_study)) return refuse(of_study, "this study");
  return {};
}

void JobRunner::Impl::Overlay(ExportJob& job) {
  if (job.state != ExportState::kExecuting) return;
  std::shared_ptr<Running> running;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(job.id);
    if (found == running_.end()) return;
    running = found->second;
  }
  job.rows_done = running->state.progress.rows;
  job.rows_total = running->state.rows_total;
  job.bytes_done = running->state.bytes;
  job.activity = running->state.Activity();
}

Result<ExportJob> JobRunner::Impl::Find(std::string_view id) {
  SHEAF_ASSIGN(auto job, options_.catalog->FindExport(id));
  Overlay(job);
  return job;
}

Status JobRunner::Impl::CancelOrRemove(std::string_view id) {
  SHEAF_ASSIGN(const bool cancelled, options_.catalog->CancelExport(id));
  if (!cancelled) {
    const std::lock_guard sharing(share_mutex_);
    SHEAF_ASSIGN(const auto job, options_.catalog->FindExport(id));
    return RemoveFinished(job);
  }
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(std::string(id));
  if (found != running_.end()) found->second->state.progress.cancelled = true;
  finished_.notify_all();  // it may wait for an equal one
  return {};
}

Status JobRunner::Impl::RemoveFinished(const ExportJob& job) {
  SHEAF_TRY(options_.catalog->RemoveExport(job.id));
  if (job.blob.empty()) return {};
  SHEAF_ASSIGN(const bool shared, options_.catalog->BlobInUse(job.blob, job.id));
  if (shared) return {};
  return options_.blobs->Remove(job.blob);
}

}  // namespace sheaf::exporting
