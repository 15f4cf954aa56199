#pragma once
//! Private to the room. What is known of one dataset up to a change, in memory and on disk, and how it is brought up to date.
//! Derived: whatever is wrong with the file, it is made anew.

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "quality/batch_checker.h"

namespace sheaf::quality {

//! When a check is to leave off; it goes on from there the next time.
struct Budget {
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::time_point::max();
  const std::atomic<bool>* stop = nullptr;
  bool Spent() const { return (stop != nullptr && stop->load()) || std::chrono::steady_clock::now() >= until; }
};

//! Not thread-safe.
class DatasetState {
 public:
  //! `directory`: where the study's files are.
  DatasetState(std::string directory, std::int32_t dataset);
  ~DatasetState();

  //! Up to the study's last change, or as far as the budget goes. `visible`: numbers of the participants who have not
  //! withdrawn, ascending; `generation`: that of the people when these were asked for.
  Status Refresh(vault::StudyVault& study, const std::shared_ptr<const model::Dataset>& dataset, const SessionWindows& sessions,
                 const std::vector<std::int32_t>& visible, std::uint64_t generation, const Budget& budget);
  //! Writes the file when it is worth it, or whenever something is not in it.
  enum class When { kWorthIt, kAlways };
  Status Save(When when);

  const quality::Design& Design() const { return design_; }
  const Groups& AllGroups() const { return groups_; }
  const Pairs& AllPairs() const { return pairs_; }
  vault::Seq Upto() const { return upto_; }
  bool UpToDate() const { return up_to_date_; }
  std::uint64_t Records() const { return records_; }  //!< that were checked
  std::optional<double> Interval() const { return design_.interval_ms ? design_.interval_ms : inferred_; }
  bool IntervalInferred() const { return !design_.interval_ms && inferred_; }
  std::uint64_t RecordsRead() const { return records_read_; }  //!< since it was made: what checking has cost

 private:
  friend class StateFile;
  void Reset();
  Status Load();
  Status Adopt(const model::Dataset& dataset);
  Status Infer(vault::StudyVault& study, const model::Dataset& dataset, vault::Seq upto);
  Status MarkChanged(vault::StudyVault& study, const model::Dataset& dataset, const SessionWindows& sessions, vault::Seq upto);
  Status CheckAnew(vault::StudyVault& study, BatchChecker& checker, vault::Seq upto);
  Status CheckNew(vault::StudyVault& study, BatchChecker& checker, vault::Seq upto, const Budget& budget);
  Status CheckUpto(vault::StudyVault& study, const model::Dataset& dataset, const SessionWindows& sessions, vault::Seq upto,
                   const Budget& budget);
  Result<bool> Complete(vault::StudyVault& study, vault::Seq upto);
  Micros MaxGap() const;
  void CountRecords();

  const std::string directory_;
  const std::int32_t number_;
  std::string dataset_;  // id
  bool loaded_ = false;
  quality::Design design_;
  std::uint64_t signature_ = 0;
  std::optional<double> inferred_;
  std::uint64_t inferred_from_ = 0;  // records there were when it was last tried
  bool infer_settled_ = false;
  vault::Seq upto_ = vault::kNoSeq;
  bool up_to_date_ = false;
  Groups groups_;
  Pairs pairs_;
  SessionWindows windows_;  // as they were when the groups were checked
  DuplicateIndex duplicates_;
  std::uint64_t generation_ = 0;
  std::uint64_t records_ = 0, records_read_ = 0, read_since_saved_ = 0;
  bool changed_ = false;
  std::chrono::steady_clock::time_point saved_at_{};
};

}  // namespace sheaf::quality
