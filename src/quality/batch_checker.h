#pragma once
//! Private to the room. Holds batches of one dataset's records to its rules, and counts by group what breaks them.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "model/column.h"
#include "quality/design.h"
#include "quality/duplicates.h"
#include "quality/groups.h"
#include "vault/vault.h"

namespace sheaf::quality {

//! Start and end by session number; kNoTime where there is none.
struct SessionWindow {
  Micros start = model::kNoTime, end = model::kNoTime;
  friend bool operator==(const SessionWindow&, const SessionWindow&) = default;
};
using SessionWindows = std::unordered_map<std::int32_t, SessionWindow>;

//! The pairs of component and state that were met: hashes, a group has their places.
using Pairs = std::vector<std::uint64_t>;
inline constexpr std::size_t kMostPairs = 4096;

//! Refers to what it is made of. One thread at a time.
class BatchChecker {
 public:
  struct Parts {
    const model::Dataset& dataset;
    const Design& design;
    const SessionWindows& sessions;
    Micros max_gap = 0;  //!< 0: gaps are not looked for
    Groups& groups;
    Pairs& pairs;
    DuplicateIndex& duplicates;
  };
  explicit BatchChecker(const Parts& parts);

  //! What batches must hold, in this order.
  const std::vector<model::Column>& Columns() const { return columns_; }
  //! `dirty`: whether records of groups marked so are looked at, or those of the others. kAggregateTooLarge.
  Status Check(const model::ColumnBatch& batch, bool dirty);
  //! To be called after the last batch.
  Status Finish();

 private:
  struct Source {
    int field = 0;
    std::size_t place = 0;  //!< in the batch
  };
  Status FindGroups(const model::ColumnBatch& batch, bool dirty);
  void CheckTimes(const model::ColumnBatch& batch);
  void CheckTime(Group& group, Micros time, Micros received, double onset, vault::Seq seq);
  void CheckRequired(const model::ColumnBatch& batch, const Source& source);
  void CheckValues(const model::ColumnBatch& batch, const Source& source);
  void CheckSpan(const model::ColumnBatch& batch, const Source& start, const Source& end);
  void CountCells(const model::ColumnBatch& batch);
  void NotePairs(const model::ColumnBatch& batch);
  void NoteEvents(const model::ColumnBatch& batch);
  Status FindDuplicates(const model::ColumnBatch& batch);
  Group& At(std::size_t row) { return parts_.groups.All()[rows_[row]]; }
  bool Skipped(const model::ColumnBatch& batch, std::size_t row, int field) const;
  void AddSource(int field, std::vector<Source>& sources);
  template <class Take>
  void EachRow(const model::ColumnBatch& batch, const Take& take) {
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (rows_[row] != kNotLooked) take(row);
    }
  }

  static constexpr std::uint32_t kNotLooked = 0xFFFFFFFF;
  const Parts parts_;
  std::vector<model::Column> columns_;
  std::vector<int> place_of_field_;  // -1: not selected
  std::vector<Source> required_, valued_, counted_, hashed_, pair_, event_, event_of_;
  std::vector<std::pair<Source, Source>> spans_;
  std::vector<Moment> event_options_;  // of an event's type that has options
  bool order_matters_ = false, duplicates_matter_ = false;
  DuplicateIndex::Report report_;
  std::vector<std::uint32_t> rows_;  // group of each row
  std::vector<std::uint64_t> hashes_;
};

}  // namespace sheaf::quality
