#pragma once
//! How long a study's data stays: rules, the dates that follow from them, and the daily work.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "catalog/care.h"
#include "catalog/catalog.h"
#include "files/files.h"
#include "vault/vault.h"

namespace sheaf::privacy {

struct RetentionRule {
  enum class From { kLastRecord, kStudyEnd };
  std::optional<std::int64_t> archive_after_days;  //!< read-only from then on
  std::optional<Micros> delete_on;
  std::optional<std::int64_t> delete_after_days;  //!< the earlier of the two counts
  From counted_from = From::kLastRecord;
  std::int64_t notice_days = 30;  //!< how long before it is announced
  bool hold = false;              //!< nothing happens until it ends
  std::string hold_reason;
};
//! A JSON object with these members; kBadMember, kUnknownMember, kBadTime with a JSON pointer as place.
Result<RetentionRule> ParseRetentionRule(std::string_view json);
std::string RetentionRuleJson(const RetentionRule& rule);

//! When what falls due. Nothing is counted from what has not been: no record, no end.
struct RetentionDates {
  std::optional<Micros> archive_at, delete_at;
};
RetentionDates DatesOf(const RetentionRule& rule, std::optional<Micros> last_record, std::optional<Micros> study_end);

//! One thing to be done.
struct RetentionStep {
  std::string study;
  std::string dataset;  //!< empty: the whole study
  std::string action;   //!< "archive" or "delete"
  Micros due_at = 0;
  bool held = false;  //!< due, but on hold
  bool done = false;
};
std::string RetentionStepJson(const RetentionStep& step);

class Retention {
 public:
  struct Options {
    std::shared_ptr<catalog::Catalog> catalog;
    std::shared_ptr<vault::Vault> vault;
    //! Files that may hold what goes: of a study, of one dataset.
    std::function<Result<std::uint64_t>(std::string_view study, std::string_view dataset, std::string_view reason)> expire_files;
    std::shared_ptr<files::Files> files;  //!< may be null
    //! Takes out of the audit what quotes or names whose data goes: of a dataset, of a study (an empty name). May be empty.
    std::function<Status(const std::string& study, const std::string& dataset)> redact_audit;
    std::function<Status(const std::string& study)> delete_study;
    std::function<void(const RetentionStep& step)> carried_out;  //!< after each step that was done; for the audit
    std::string owner;                                           //!< of the daily work's lease: this process
    std::function<Micros()> now = &Now;                          //!< a test may have another day
  };
  explicit Retention(Options options) : options_(std::move(options)) {}

  Status PutRule(const std::string& study, const std::string& dataset, const RetentionRule& rule);
  Result<std::optional<RetentionRule>> FindRule(const std::string& study, const std::string& dataset);
  //! Where there is none, nothing. What was archived by it is writable again.
  Status RemoveRule(const std::string& study, const std::string& dataset);

  //! Whether a rule has made the dataset read-only. Costs no query.
  bool IsArchived(std::string_view study, std::string_view dataset) const;

  //! What falls due within each rule's notice, or is due; of one study or, with an empty name, of all.
  Result<std::vector<RetentionStep>> Notices(const std::string& study);
  //! Does what is due, and says what; with `dry_run` only says. A step that fails is logged and tried again next time.
  Result<std::vector<RetentionStep>> Run(bool dry_run);
  //! Run, unless another process or this one has done it since midnight (UTC). Called every few minutes.
  Status RunDaily();
  //! Reads which datasets are archived. At the start.
  Status Load();

 private:
  Result<std::vector<RetentionStep>> Steps(const std::string& study, bool with_notice);
  Status StepsOf(const catalog::Retention& row, bool with_notice, std::vector<RetentionStep>& steps);
  Status Perform(const RetentionStep& step);

  const Options options_;
  std::mutex work_mutex_;  // one run at a time
  mutable std::mutex mutex_;
  std::set<std::pair<std::string, std::string>, std::less<>> archived_;
};

}  // namespace sheaf::privacy
