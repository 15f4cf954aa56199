#include <algorithm>
#include <set>

#include "query/filter.h"
#include "query/names.h"

namespace sheaf::query {
namespace {

using model::Column;
using model::ColumnKind;
using model::FieldType;

constexpr std::size_t kMaxSortKeys = 32;

// Calls `take` for each part between commas, without the spaces around it; nothing for an empty text.
template <class Take>
Status ForEachPart(std::string_view text, std::string_view place, const Take& take) {
  if (text.empty()) return {};
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    std::string_view part = text.substr(begin, end - begin);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (part.empty()) return Fail(ErrorCode::kBadParameter, "there is an empty name in the list", std::string(place));
    SHEAF_TRY(take(part));
    begin = end + 1;
  }
  return {};
}

bool CanBeSorted(const Column& column, const model::Dataset& dataset) {
  if (column.kind == ColumnKind::kSkipped || column.kind == ColumnKind::kMetadata) return false;
  if (column.kind != ColumnKind::kField) return true;
  const FieldType type = dataset.fields[static_cast<std::size_t>(column.field)].type;
  return type != FieldType::kSet && type != FieldType::kJson;
}

}  // namespace

Result<std::vector<model::SortKey>> ParseSort(std::string_view text, const model::Dataset& dataset) {
  const Names names(dataset);
  std::vector<model::SortKey> keys;
  SHEAF_TRY(ForEachPart(text, "sort", [&](std::string_view part) -> Status {
    model::SortKey key;
    key.descending = part.front() == '-';
    if (part.front() == '-' || part.front() == '+') part.remove_prefix(1);
    SHEAF_ASSIGN(key.column, names.ForCondition(part, "sort"));
    if (!CanBeSorted(key.column, dataset)) { return Fail(ErrorCode::kBadParameter, Quoted(part) + " cannot be sorted by", "sort"); }
    for (const model::SortKey& other : keys) {
      if (other.column == key.column) return Fail(ErrorCode::kBadParameter, Quoted(part) + " is named twice", "sort");
    }
    if (keys.size() == kMaxSortKeys) {
      return Fail(ErrorCode::kBadParameter, "there are more than " + std::to_string(kMaxSortKeys) + " sort keys", "sort");
    }
    keys.push_back(std::move(key));
    return {};
  }));
  return keys;
}

Result<std::vector<Column>> ParseColumns(std::string_view text, const model::Dataset& dataset) {
  const Names names(dataset);
  std::vector<Column> columns;
  std::vector<bool> fields_seen(dataset.fields.size());
  std::set<std::string> others_seen;
  SHEAF_TRY(ForEachPart(text, "columns", [&](std::string_view part) -> Status {
    SHEAF_ASSIGN(Column column, names.ForOutput(part, "columns"));
    const bool is_field = column.kind == ColumnKind::kField;
    const bool seen =
        is_field ? fields_seen[static_cast<std::size_t>(column.field)] : !others_seen.insert(ColumnName(column, dataset)).second;
    if (seen) return Fail(ErrorCode::kBadParameter, Quoted(part) + " is named twice", "columns");
    if (is_field) fields_seen[static_cast<std::size_t>(column.field)] = true;
    columns.push_back(std::move(column));
    return {};
  }));
  return columns;
}

std::string ColumnName(const Column& column, const model::Dataset& dataset) {
  if (column.kind == ColumnKind::kField) return dataset.fields[static_cast<std::size_t>(column.field)].id;
  const std::string cast(CastWord(column.cast));
  if (column.kind == ColumnKind::kParticipantAttribute) return "participant." + column.attribute + cast;
  if (column.kind == ColumnKind::kSessionAttribute) return "session." + column.attribute + cast;
  if (column.kind == ColumnKind::kMetadata && column.field >= 0) return "metadata." + column.attribute;
  const std::string name = std::string(WordOf(column.kind)) + cast;
  return dataset.FieldNumber(name) >= 0 ? "record." + name : name;
}

}  // namespace sheaf::query
