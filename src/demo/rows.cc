#include "demo/rows.h"

#include <utility>

#include "model/column.h"

namespace sheaf::demo {
namespace {

using model::CellState;
using model::CellType;
using model::FieldColumn;

constexpr std::size_t kBatchRows = 65536;

// Fills the cell's place in the store of its type, where a column has one element per row.
void PadValue(FieldColumn& column) {
  switch (model::CellTypeOf(column.type)) {
    case CellType::kString: column.strings.Append({}); return;
    case CellType::kDouble: column.doubles.push_back(0); return;
    case CellType::kInt32List: column.option_ends.push_back(column.options.size()); return;
    default: column.integers.push_back(0);
  }
}

std::size_t BytesOf(const FieldColumn& column) {
  return column.states.size() + column.integers.size() * sizeof(std::int64_t) + column.doubles.size() * sizeof(double) +
         column.strings.Bytes() + column.options.size() * sizeof(std::int32_t) + column.option_ends.size() * sizeof(std::size_t);
}

}  // namespace

Rows::Rows(const model::Dataset& dataset, const BatchSink& sink)
    : dataset_(dataset), sink_(sink), batch_(model::RecordBatch::For(dataset)) {}

int Rows::Field(std::string_view id) const { return dataset_.FieldNumber(id); }

void Rows::Begin(const RowHead& head) {
  batch_.ids.Append(head.id);
  batch_.participant.push_back(batch_.participants.Place(head.participant));
  batch_.session.push_back(head.session.empty() ? -1 : batch_.sessions.Place(head.session));
  batch_.time.push_back(head.time);
  batch_.time_offset.push_back(head.offset);
  batch_.onset_ms.push_back(head.onset_ms);
  batch_.metadata.Append({});
}

void Rows::Mark(FieldColumn& column, CellState state) { column.states.push_back(state); }

void Rows::Text(int field, std::string_view text) {
  Mark(Column(field), CellState::kAnswered);
  Column(field).strings.Append(text);
}

void Rows::Integer(int field, std::int64_t value) {
  Mark(Column(field), CellState::kAnswered);
  Column(field).integers.push_back(value);
}

void Rows::Double(int field, double value) {
  Mark(Column(field), CellState::kAnswered);
  Column(field).doubles.push_back(value);
}

void Rows::Set(int field, std::span<const std::int32_t> options) {
  FieldColumn& column = Column(field);
  Mark(column, CellState::kAnswered);
  column.options.insert(column.options.end(), options.begin(), options.end());
  column.option_ends.push_back(column.options.size());
}

void Rows::Skip(int field) {
  Mark(Column(field), CellState::kSkipped);
  PadValue(Column(field));
}

void Rows::End() {
  ++batch_.rows;
  for (FieldColumn& column : batch_.fields) {
    if (column.states.size() == batch_.rows) continue;
    Mark(column, CellState::kAbsent);
    PadValue(column);
  }
  if (batch_.rows == kBatchRows) Flush();
}

void Rows::Flush() {
  batch_.bytes = batch_.ids.Bytes() + batch_.metadata.Bytes() + batch_.rows * 32;
  for (const FieldColumn& column : batch_.fields) batch_.bytes += BytesOf(column);
  model::RecordBatch full = std::exchange(batch_, model::RecordBatch::For(dataset_));
  if (status_) status_ = sink_(std::move(full));
}

Status Rows::Finish() {
  if (batch_.rows > 0) Flush();
  return status_;
}

}  // namespace sheaf::demo
