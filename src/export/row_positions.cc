#include "export/row_positions.h"

#include <algorithm>

namespace sheaf::exporting {
namespace {

using model::Column;
using model::ColumnKind;
using SortValue = std::optional<model::Value>;

// The column of a batch that tells a sort key's value: itself, or the number behind an id. nullopt: what a person or
// session has beside its id may change from page to page, and then pages would repeat and miss rows.
std::optional<Column> SourceOf(const Column& key) {
  if (key.cast != model::FieldType::kString) return std::nullopt;
  switch (key.kind) {
    case ColumnKind::kParticipantId:
    case ColumnKind::kParticipantNumber: return Column{ColumnKind::kParticipant, -1, {}};
    case ColumnKind::kSessionId:
    case ColumnKind::kSessionNumber: return Column{ColumnKind::kSession, -1, {}};
    case ColumnKind::kParticipantCode:
    case ColumnKind::kParticipantStatus:
    case ColumnKind::kParticipantAttribute:
    case ColumnKind::kSessionName:
    case ColumnKind::kSessionStatus:
    case ColumnKind::kSessionStart:
    case ColumnKind::kSessionEnd:
    case ColumnKind::kSessionAttribute: return std::nullopt;
    default: return key;
  }
}

SortValue CellOf(const model::ColumnView& view, std::size_t row) {
  switch (view.type) {
    case model::CellType::kInt16: return std::int64_t{view.At<std::int16_t>(row)};
    case model::CellType::kInt32: return std::int64_t{view.At<std::int32_t>(row)};
    case model::CellType::kInt64: return view.At<std::int64_t>(row);
    case model::CellType::kDouble: return view.At<double>(row);
    case model::CellType::kBool: return view.At<bool>(row);
    case model::CellType::kString: return std::string(view.At<model::StringCell>(row).View());
    case model::CellType::kInt32List: break;  // ParseSort refuses sets
  }
  return std::nullopt;
}

}  // namespace

std::size_t RowPositions::SourceColumn(const Column& column) {
  auto& columns = plan_.select.columns;
  const auto found = std::find(columns.begin(), columns.end(), column);
  const auto place = static_cast<std::size_t>(found - columns.begin());
  if (found == columns.end()) columns.push_back(column);
  return place;
}

Status RowPositions::Begin() {
  seq_source_ = SourceColumn({ColumnKind::kSeq, -1, {}});
  for (const model::SortKey& key : plan_.select.order) {
    const auto source = SourceOf(key.column);
    if (!source)
      return Fail(ErrorCode::kBadParameter,
                  "Of participants and sessions, pages can be sorted by the id alone; an export by the rest, too.", "sort");
    sources_.push_back(SourceColumn(*source));
  }
  return {};
}

vault::Select::Position RowPositions::Of(const model::ColumnBatch& batch, std::size_t row) const {
  vault::Select::Position position;
  if (plan_.rewriter == nullptr) position.values = ValuesOf(batch, row);
  position.seq = batch.columns[seq_source_].At<std::int64_t>(row);
  return position;
}

Result<std::vector<SortValue>> RowPositions::Find(vault::Seq seq) {
  vault::Select one = plan_.select;  // as it is kept: sorts go by that
  one.order.clear();
  one.position.reset();
  one.where.reset();  // a participant's attributes may have changed since; the row is the row
  one.after = seq - 1;
  one.limit = 1;
  SHEAF_ASSIGN(auto rows, study_.Read(one));
  SHEAF_ASSIGN(auto batch, rows->Next());
  if (batch == nullptr || batch->rows == 0 || batch->columns[seq_source_].At<std::int64_t>(0) != seq)
    return Fail(ErrorCode::kNotFound, "The row is not there any more.");
  return ValuesOf(*batch, 0);
}

std::vector<SortValue> RowPositions::ValuesOf(const model::ColumnBatch& batch, std::size_t row) const {
  std::vector<SortValue> values;
  for (std::size_t key = 0; key < sources_.size(); ++key) {
    const model::ColumnView& view = batch.columns[sources_[key]];
    const ColumnKind kind = plan_.select.order[key].column.kind;
    if (view.IsNull(row)) {
      values.emplace_back();
    } else if (kind == ColumnKind::kParticipant || kind == ColumnKind::kParticipantId) {
      values.emplace_back(std::string(people_->ParticipantId(view.At<std::int32_t>(row))));
    } else if (kind == ColumnKind::kSession || kind == ColumnKind::kSessionId) {
      values.emplace_back(std::string(people_->SessionId(view.At<std::int32_t>(row))));
    } else {
      values.push_back(CellOf(view, row));
    }
  }
  return values;
}

}  // namespace sheaf::exporting
