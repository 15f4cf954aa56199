#pragma once
//! Columns of a dataset's table as the rooms name them: for selecting, filtering and sorting. How a store keeps
//! them is the store's affair.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/definition.h"

namespace sheaf::model {

enum class ColumnKind : std::uint8_t {
  kSeq,          //!< int64: the study-wide commit sequence
  kRecordId,     //!< string, null when the sender gave none
  kParticipant,  //!< int32: participant number (PeopleView has the ids)
  kSession,      //!< int32: session number, null when there is none
  kTime,         //!< int64 Micros, null when there is none
  kTimeOffset,   //!< int16 minutes east of UTC as sent, null when sent without or with Z
  kOnset,        //!< double, milliseconds from the session's start, null when unknown
  kReceived,     //!< int64 Micros: first arrival of the record
  kUpdated,      //!< int64 Micros: arrival of this version of the record
  kSkipped,      //!< blob: uint16 little-endian field numbers of skipped fields, ascending; null when none
  kMetadata,     //!< string: a JSON object {field:{…}}; null when none. With `field`: of that field alone, and `attribute` is its id
  kField,        //!< the dataset's own field number `field`
  kStudy,        //!< for output only: the study's id, the same in every row
  // For filters and sorts; what is beside the ids also for output, where it is looked up by number:
  kParticipantId,
  kParticipantCode,
  kParticipantStatus,
  kParticipantAttribute,
  kSessionId,
  kSessionName,
  kSessionStatus,
  kSessionStart,
  kSessionEnd,
  kSessionAttribute,
  // For sorts only: an order that tells nothing of the ids.
  kParticipantNumber,
  kSessionNumber,
};

struct Column {
  ColumnKind kind = ColumnKind::kSeq;
  std::int32_t field = -1;  //!< for kField
  std::string attribute;    //!< for the attribute kinds: the member's name
  //! Attributes, and a participant's id: what the text is read as. kDatetime, kDouble or kBoolean; null where it cannot be read so.
  FieldType cast = FieldType::kString;

  friend bool operator==(const Column&, const Column&) = default;
};

//! How a cell lies in memory.
enum class CellType : std::uint8_t {
  kInt16,
  kInt32,
  kInt64,
  kDouble,
  kBool,
  kString,
  kInt32List,  //!< set fields: option numbers
};
//! How cells of a column lie in memory: string, identifier and json fields are kString; integer and datetime
//! kInt64; double kDouble; boolean kBool; enum kInt32 (option number); set kInt32List.
CellType CellTypeOf(const Column& column, const Dataset& dataset);
CellType CellTypeOf(FieldType type);

//! A string cell: 16 bytes, up to 12 characters inline, else a prefix and a pointer (the layout of DuckDB's
//! duckdb_string_t and of Umbra's papers). Valid as long as the batch that holds it.
struct StringCell {
  struct Inlined {
    std::uint32_t length;
    char text[12];
  };
  struct Pointer {
    std::uint32_t length;
    char prefix[4];
    const char* data;
  };
  union {
    Inlined inlined;
    Pointer pointer;
  };
  std::string_view View() const {
    return inlined.length <= 12 ? std::string_view(inlined.text, inlined.length) : std::string_view(pointer.data, pointer.length);
  }
};
static_assert(sizeof(StringCell) == 16);

//! A list cell: a slice of ColumnView::child.
struct ListCell {
  std::uint64_t offset;
  std::uint64_t length;
};

//! One column of a batch: `data` is an array of the cell type (std::int16_t, …, bool, StringCell, ListCell).
struct ColumnView {
  CellType type = CellType::kInt64;
  const void* data = nullptr;
  const std::uint64_t* validity = nullptr;  //!< bit set: not null. nullptr: no nulls
  const std::int32_t* child = nullptr;      //!< elements of kInt32List (never null themselves)

  bool IsNull(std::size_t row) const { return validity != nullptr && ((validity[row >> 6] >> (row & 63)) & 1) == 0; }
  template <class T>
  const T& At(std::size_t row) const {
    return static_cast<const T*>(data)[row];
  }
};

//! Rows out of the vault, column by column, in the order of the Select's columns. Immutable: may be read from
//! several threads. `owner` keeps the memory.
struct ColumnBatch {
  std::size_t rows = 0;
  std::vector<ColumnView> columns;
  std::shared_ptr<const void> owner;
};

}  // namespace sheaf::model
