#include "model/column.h"

namespace sheaf::model {

CellType CellTypeOf(FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kIdentifier:
    case FieldType::kJson: return CellType::kString;
    case FieldType::kInteger:
    case FieldType::kDatetime: return CellType::kInt64;
    case FieldType::kDouble: return CellType::kDouble;
    case FieldType::kBoolean: return CellType::kBool;
    case FieldType::kEnum: return CellType::kInt32;
    case FieldType::kSet: return CellType::kInt32List;
  }
  return CellType::kString;
}

CellType CellTypeOf(const Column& column, const Dataset& dataset) {
  switch (column.kind) {
    case ColumnKind::kSeq:
    case ColumnKind::kTime:
    case ColumnKind::kReceived:
    case ColumnKind::kUpdated:
    case ColumnKind::kSessionStart:
    case ColumnKind::kSessionEnd: return CellType::kInt64;
    case ColumnKind::kParticipant:
    case ColumnKind::kSession:
    case ColumnKind::kParticipantNumber:
    case ColumnKind::kSessionNumber: return CellType::kInt32;
    case ColumnKind::kTimeOffset: return CellType::kInt16;
    case ColumnKind::kOnset: return CellType::kDouble;
    case ColumnKind::kField: return CellTypeOf(dataset.fields[static_cast<std::size_t>(column.field)].type);
    case ColumnKind::kParticipantId:
    case ColumnKind::kParticipantAttribute:
    case ColumnKind::kSessionAttribute: return CellTypeOf(column.cast);
    case ColumnKind::kStudy:
    case ColumnKind::kRecordId:
    case ColumnKind::kSkipped:
    case ColumnKind::kMetadata:
    case ColumnKind::kParticipantCode:
    case ColumnKind::kParticipantStatus:
    case ColumnKind::kSessionId:
    case ColumnKind::kSessionName:
    case ColumnKind::kSessionStatus: return CellType::kString;
  }
  return CellType::kString;
}

}  // namespace sheaf::model
