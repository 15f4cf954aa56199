#pragma once
//! Counts of a dataset, kept at commit so that a summary costs no scan.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/column.h"
#include "model/record_batch.h"
#include "vault/vault.h"

namespace sheaf::vault {

//! Not thread-safe; the study guards it.
class Statistics {
 public:
  Statistics() = default;
  //! One that will be merged into another: costs what is counted, not what the study has participants.
  static Statistics Delta() {
    Statistics delta;
    delta.sparse_ = true;
    return delta;
  }
  //! Adds (sign 1) or takes away (-1) rows [begin, end) read from the vault with Columns(dataset); columns behind those
  //! are not looked at. `fields`: how many fields the dataset has.
  void Count(const model::ColumnBatch& batch, std::size_t fields, std::size_t begin, std::size_t end, int sign);
  //! Adds one row on its way in. `participant`, `session` are numbers (0: no session).
  void CountRow(const model::RecordBatch& batch, std::size_t row, std::int32_t participant, std::int32_t session, Micros received);
  //! Adds the counts of a Delta().
  void Merge(const Statistics& delta);

  Summary Summarize() const;
  std::uint64_t Records() const { return records_; }
  std::uint64_t RecordsOf(std::int32_t participant) const;
  bool RangeUncertain() const { return range_uncertain_; }
  //! Sets the ends of time again after a row at an end went; null: there is none.
  void SetRange(std::optional<Micros> first, std::optional<Micros> last, std::optional<Micros> first_received,
                std::optional<Micros> last_received);
  void SetFields(std::size_t fields) {
    if (fields > fields_.size()) fields_.resize(fields);
  }

  //! The columns Count expects, in order.
  static std::vector<model::Column> Columns(const model::Dataset& dataset);

  std::string Serialize() const;
  static std::optional<Statistics> Deserialize(std::string_view bytes);

  bool has_dead_rows = false;  //!< some row was replaced or deleted since the dataset began
  Seq last_seq = kNoSeq;       //!< of the last change of the dataset

 private:
  struct FieldCounts {
    std::int64_t answered = 0;
    std::int64_t skipped = 0;
  };
  void NoteTimes(Micros time, Micros received, int sign);
  // Rows by participant or session: dense by number, or in a delta only those that were counted.
  struct PersonCounts {
    std::vector<std::int64_t> dense;
    std::unordered_map<std::int32_t, std::int64_t> sparse;
  };
  void CountPerson(PersonCounts& counts, std::int32_t number, std::int64_t amount);

  std::uint64_t records_ = 0;
  Micros first_time_ = model::kNoTime, last_time_ = model::kNoTime;
  Micros first_received_ = model::kNoTime, last_received_ = model::kNoTime;
  bool range_uncertain_ = false;
  // In a delta: the range of rows taken away.
  Micros first_removed_ = model::kNoTime, last_removed_ = model::kNoTime;
  Micros first_removed_received_ = model::kNoTime, last_removed_received_ = model::kNoTime;
  std::vector<FieldCounts> fields_;
  PersonCounts participants_;
  PersonCounts sessions_;
  bool sparse_ = false;
};

}  // namespace sheaf::vault
