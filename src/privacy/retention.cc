#include "privacy/retention.h"

#include <algorithm>
#include <tuple>

#include "base/log.h"
#include "vault/care.h"

namespace sheaf::privacy {
namespace {

constexpr Micros kDay = 86'400'000'000;
constexpr Micros kLease = 3'600'000'000;
constexpr const char* kDuty = "retention";
constexpr const char* kReason = "The data was deleted as the study's retention says.";

//! Of a dataset, or of all of a study; withdrawn participants' records count no more.
Result<std::optional<Micros>> LastRecord(vault::StudyVault& study, const std::string& dataset) {
  std::optional<Micros> last;
  for (const auto& one : study.Datasets()) {
    if (!dataset.empty() && one->id != dataset) continue;
    SHEAF_ASSIGN(const auto summary, study.Summarize(one->id));
    if (summary.last_received && (!last || *summary.last_received > *last)) last = summary.last_received;
  }
  return last;
}

}  // namespace

Status Retention::Load() {
  SHEAF_ASSIGN(const auto rows, options_.catalog->Care().Retentions(""));
  const std::lock_guard lock(mutex_);
  archived_.clear();
  for (const auto& row : rows) {
    if (!row.dataset.empty() && row.archived_at) archived_.emplace(row.study, row.dataset);
  }
  return {};
}

bool Retention::IsArchived(std::string_view study, std::string_view dataset) const {
  const std::lock_guard lock(mutex_);
  return !archived_.empty() && archived_.contains(std::pair(std::string(study), std::string(dataset)));
}

Status Retention::PutRule(const std::string& study, const std::string& dataset, const RetentionRule& rule) {
  const std::lock_guard work(work_mutex_);
  catalog::Retention row;
  row.study = study;
  row.dataset = dataset;
  row.rule = RetentionRuleJson(rule);
  // A new rule begins anew: what an earlier one archived is archived again when this one says so.
  SHEAF_TRY(options_.catalog->Care().PutRetention(row));
  const std::lock_guard lock(mutex_);
  archived_.erase(std::pair(study, dataset));
  return {};
}

Result<std::optional<RetentionRule>> Retention::FindRule(const std::string& study, const std::string& dataset) {
  SHEAF_ASSIGN(const auto row, options_.catalog->Care().FindRetention(study, dataset));
  if (!row) return std::optional<RetentionRule>();
  SHEAF_ASSIGN(auto rule, ParseRetentionRule(row->rule));
  return std::optional(std::move(rule));
}

Status Retention::RemoveRule(const std::string& study, const std::string& dataset) {
  const std::lock_guard work(work_mutex_);
  SHEAF_TRY(options_.catalog->Care().RemoveRetention(study, dataset));
  const std::lock_guard lock(mutex_);
  archived_.erase(std::pair(study, dataset));
  return {};
}

Status Retention::StepsOf(const catalog::Retention& row, bool with_notice, std::vector<RetentionStep>& steps) {
  SHEAF_ASSIGN(const RetentionRule rule, ParseRetentionRule(row.rule));
  SHEAF_ASSIGN(const auto study, options_.catalog->FindStudy(row.study));
  SHEAF_ASSIGN(const auto vault, options_.vault->OpenStudy(row.study));
  SHEAF_ASSIGN(auto last, LastRecord(*vault, row.dataset));
  if (options_.files) {
    // A file is kept of somebody as a record is, also one that belongs to no dataset.
    SHEAF_ASSIGN(const auto file, options_.files->LastArrival(row.study, row.dataset));
    if (file && (!last || *file > *last)) last = file;
  }
  const RetentionDates dates = DatesOf(rule, last, study.ends_at);
  // A hold of the study holds its datasets, too.
  bool held = rule.hold;
  if (!row.dataset.empty()) {
    SHEAF_ASSIGN(const auto above, FindRule(row.study, ""));
    held = held || (above && above->hold);
  } else {
    SHEAF_ASSIGN(const auto below, options_.catalog->Care().Retentions(row.study));
    for (const auto& one : below) {
      SHEAF_ASSIGN(const auto other, ParseRetentionRule(one.rule));
      held = held || other.hold;
    }
  }
  const Micros horizon = options_.now() + (with_notice ? rule.notice_days * kDay : 0);
  const bool archived = row.dataset.empty() ? study.status == model::StudyStatus::kArchived : row.archived_at.has_value();
  if (dates.archive_at && *dates.archive_at <= horizon && !archived) {
    steps.push_back({row.study, row.dataset, "archive", *dates.archive_at, held, false});
  }
  // Records of a dataset go once, unless others came since.
  const bool nothing = !row.dataset.empty() && row.deleted_at && (!last || *last <= *row.deleted_at);
  if (dates.delete_at && *dates.delete_at <= horizon && !nothing) {
    steps.push_back({row.study, row.dataset, "delete", *dates.delete_at, held, false});
  }
  return {};
}

Result<std::vector<RetentionStep>> Retention::Steps(const std::string& study, bool with_notice) {
  SHEAF_ASSIGN(const auto rows, options_.catalog->Care().Retentions(study));
  std::vector<RetentionStep> steps;
  for (const auto& row : rows) {
    if (const Status status = StepsOf(row, with_notice, steps); !status) {
      if (status.error().code != ErrorCode::kNotFound) return Fail(status.error());
      LogWarning("a rule of retention is of nothing that is there", {{"study", row.study}});
    }
  }
  // Datasets before their study, archiving before deleting.
  std::stable_sort(steps.begin(), steps.end(), [](const RetentionStep& a, const RetentionStep& b) {
    return std::tuple(a.study, a.dataset.empty(), a.action) < std::tuple(b.study, b.dataset.empty(), b.action);
  });
  return steps;
}

Result<std::vector<RetentionStep>> Retention::Notices(const std::string& study) { return Steps(study, true); }

Status Retention::Perform(const RetentionStep& step) {
  auto& care = options_.catalog->Care();
  // Filters quote what people said. First: once the data is gone, a rule's row no longer tells that this is left to do.
  if (step.action == "delete" && options_.redact_audit) SHEAF_TRY(options_.redact_audit(step.study, step.dataset));
  if (step.dataset.empty()) {
    if (step.action == "delete") {
      SHEAF_TRY(options_.delete_study(step.study));
      return care.Compact();
    }
    SHEAF_ASSIGN(auto study, options_.catalog->FindStudy(step.study));
    study.status = model::StudyStatus::kArchived;
    SHEAF_TRY(options_.catalog->UpdateStudy(study));
    return {};
  }
  SHEAF_ASSIGN(auto row, care.FindRetention(step.study, step.dataset));
  if (!row) return {};
  if (step.action == "archive") {
    row->archived_at = Now();
    SHEAF_TRY(care.PutRetention(*row));
    const std::lock_guard lock(mutex_);
    archived_.emplace(step.study, step.dataset);
    return {};
  }
  {
    SHEAF_ASSIGN(const auto vault, options_.vault->OpenStudy(step.study));
    auto* const people = vault->Care();
    if (people == nullptr) return Fail(ErrorCode::kInternal, "This store of records cannot delete for good.");
    SHEAF_TRY(options_.expire_files(step.study, step.dataset, kReason));
    if (options_.files) SHEAF_TRY(options_.files->RemoveOfDataset(step.study, step.dataset));
    SHEAF_TRY(people->EraseRecords(step.dataset));
  }
  row->deleted_at = Now();
  SHEAF_TRY(care.PutRetention(*row));
  return care.Compact();
}

Result<std::vector<RetentionStep>> Retention::Run(bool dry_run) {
  const std::lock_guard work(work_mutex_);
  SHEAF_ASSIGN(auto steps, Steps("", false));
  if (dry_run) return steps;
  std::string deleted;
  for (auto& step : steps) {
    if (step.held || step.study == deleted) continue;
    const Status done = Perform(step);
    step.done = done.has_value();
    if (!done) {
      LogError("retention could not be carried out", {{"study", step.study}, {"action", step.action}, {"detail", done.error().detail}});
      continue;
    }
    if (step.dataset.empty() && step.action == "delete") deleted = step.study;
    if (options_.carried_out) options_.carried_out(step);
    LogInfo("retention carried out", {{"study", step.study}, {"dataset", step.dataset}, {"action", step.action}});
  }
  return steps;
}

Status Retention::RunDaily() {
  const Micros now = Now();
  SHEAF_ASSIGN(const bool mine, options_.catalog->Care().TakeDuty(kDuty, options_.owner, now + kLease, now - now % kDay));
  if (!mine) return {};
  SHEAF_TRY(Run(false));
  return options_.catalog->Care().FinishDuty(kDuty, options_.owner);
}

}  // namespace sheaf::privacy
