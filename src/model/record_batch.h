#pragma once
//! Records on their way in: decoded and validated, column by column. `ingest` fills it, `vault` appends it.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "model/definition.h"

namespace sheaf::model {

//! Three states that are never confused.
enum class CellState : std::uint8_t { kAbsent = 0, kSkipped = 1, kAnswered = 2 };

//! Strings one after the other in one buffer; no allocation per cell.
class StringColumn {
 public:
  void Append(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  std::string_view At(std::size_t row) const {
    const std::size_t begin = row == 0 ? 0 : ends_[row - 1];
    return std::string_view(bytes_).substr(begin, ends_[row] - begin);
  }
  std::size_t Size() const { return ends_.size(); }
  std::size_t Bytes() const { return bytes_.size() + ends_.size() * sizeof(std::size_t); }
  void Truncate(std::size_t rows) {
    bytes_.resize(rows == 0 ? 0 : ends_[rows - 1]);
    ends_.resize(rows);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

//! One field's cells. Exactly one of the value stores is used, after the field's type; it has an element for every
//! row, whatever the state (zero or empty where there is no answer).
struct FieldColumn {
  FieldType type = FieldType::kString;
  std::vector<CellState> states;
  std::vector<std::int64_t> integers;  //!< integer, datetime, boolean (0/1), enum (option number)
  std::vector<double> doubles;
  StringColumn strings;                  //!< string, identifier, json
  std::vector<std::int32_t> options;     //!< set: option numbers of all rows
  std::vector<std::size_t> option_ends;  //!< set: end of each row's slice of `options`
};

inline constexpr Micros kNoTime = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int16_t kNoOffset = std::numeric_limits<std::int16_t>::min();

//! Ids seen in a batch, each once; rows refer by place.
class IdDictionary {
 public:
  //! The place of `id`, adding it when new.
  std::int32_t Place(std::string_view id);
  const std::vector<std::string>& Ids() const { return ids_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  std::vector<std::string> ids_;
  std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> places_;
};

//! All columns have `rows` elements.
struct RecordBatch {
  std::size_t rows = 0;
  StringColumn ids;  //!< empty text: no id given
  IdDictionary participants;
  IdDictionary sessions;
  std::vector<std::int32_t> participant;  //!< places in `participants`
  std::vector<std::int32_t> session;      //!< places in `sessions`; -1: none
  std::vector<Micros> time;               //!< kNoTime: none
  std::vector<std::int16_t> time_offset;  //!< kNoOffset: none given, or Z
  std::vector<double> onset_ms;           //!< NaN: not given
  StringColumn metadata;                  //!< empty text: none
  std::vector<FieldColumn> fields;        //!< in the order of the definition
  std::size_t bytes = 0;                  //!< about what it occupies; kept by the builder

  //! An empty batch for this definition.
  static RecordBatch For(const Dataset& dataset);
};

}  // namespace sheaf::model
