// Whether a record sent again says anything new: a repetition must change nothing.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "vault/duckdb/transaction.h"

namespace sheaf::vault {
namespace {

using model::CellState;
using model::ColumnView;
using model::FieldType;

std::string_view TextAt(const ColumnView& column, std::size_t row) {
  return column.IsNull(row) ? std::string_view() : column.At<model::StringCell>(row).View();
}

bool IsSkipped(std::string_view skipped, std::size_t field) {
  for (std::size_t at = 0; at + 1 < skipped.size(); at += 2) {
    std::uint16_t number = 0;
    std::memcpy(&number, skipped.data() + at, 2);
    if (number == field) return true;
  }
  return false;
}

bool SameValue(const ColumnView& old_column, std::size_t old_row, const model::FieldColumn& column, std::size_t row) {
  switch (column.type) {
    case FieldType::kString:
    case FieldType::kIdentifier:
    case FieldType::kJson: return TextAt(old_column, old_row) == column.strings.At(row);
    case FieldType::kInteger:
    case FieldType::kDatetime: return old_column.At<std::int64_t>(old_row) == column.integers[row];
    case FieldType::kDouble: return old_column.At<double>(old_row) == column.doubles[row];
    case FieldType::kBoolean: return old_column.At<bool>(old_row) == (column.integers[row] != 0);
    case FieldType::kEnum: return old_column.At<std::int32_t>(old_row) == column.integers[row];
    case FieldType::kSet: break;
  }
  const auto& cell = old_column.At<model::ListCell>(old_row);
  const std::size_t begin = row == 0 ? 0 : column.option_ends[row - 1];
  const std::size_t length = column.option_ends[row] - begin;
  return cell.length == length && std::equal(old_column.child + cell.offset, old_column.child + cell.offset + length,
                                             column.options.begin() + static_cast<std::ptrdiff_t>(begin));
}

}  // namespace

std::vector<model::Column> CompareColumns(const model::Dataset& dataset) {
  auto columns = Statistics::Columns(dataset);
  for (const auto kind :
       {model::ColumnKind::kTimeOffset, model::ColumnKind::kOnset, model::ColumnKind::kMetadata, model::ColumnKind::kSeq}) {
    columns.push_back({kind, -1, {}});
  }
  return columns;
}

bool SameRecord(const model::ColumnBatch& old_batch, std::size_t old_row, const model::RecordBatch& batch, const RowStamp& stamp) {
  const auto& columns = old_batch.columns;
  const std::size_t row = stamp.row;
  const std::size_t extra = 5 + batch.fields.size();
  if (columns[0].At<std::int32_t>(old_row) != stamp.participant) return false;
  if ((columns[1].IsNull(old_row) ? 0 : columns[1].At<std::int32_t>(old_row)) != stamp.session) return false;
  if ((columns[2].IsNull(old_row) ? model::kNoTime : columns[2].At<std::int64_t>(old_row)) != batch.time[row]) return false;
  if ((columns[extra].IsNull(old_row) ? model::kNoOffset : columns[extra].At<std::int16_t>(old_row)) != batch.time_offset[row])
    return false;
  if (columns[extra + 1].IsNull(old_row) != std::isnan(stamp.onset_ms)) return false;
  if (!std::isnan(stamp.onset_ms) && columns[extra + 1].At<double>(old_row) != stamp.onset_ms) return false;
  if (TextAt(columns[extra + 2], old_row) != batch.metadata.At(row)) return false;
  const std::string_view skipped = TextAt(columns[4], old_row);
  for (std::size_t field = 0; field < batch.fields.size(); ++field) {
    const auto& column = batch.fields[field];
    const auto& old_column = columns[5 + field];
    const CellState old_state = !old_column.IsNull(old_row) ? CellState::kAnswered
                                : IsSkipped(skipped, field) ? CellState::kSkipped
                                                            : CellState::kAbsent;
    if (old_state != column.states[row]) return false;
    if (old_state == CellState::kAnswered && !SameValue(old_column, old_row, column, row)) return false;
  }
  return true;
}

}  // namespace sheaf::vault
