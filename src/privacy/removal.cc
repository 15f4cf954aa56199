#include "privacy/removal.h"

#include "privacy/coded_people.h"
#include "privacy/mask.h"
#include "privacy/people_texts.h"
#include "query/filter.h"

namespace sheaf::privacy {
namespace {

using model::ColumnKind;
using model::FieldType;
using model::Operator;

tl::unexpected<Error> Removed(const std::string& name, std::string_view what, std::string place) {
  return Fail(ErrorCode::kIdentifierRemoved, "With identifiers removed " + name + " " + std::string(what) + ".", std::move(place));
}

bool IsNullTest(Operator op) { return op == Operator::kIsNull || op == Operator::kIsNotNull; }
bool IsEquality(Operator op) {
  return op == Operator::kEqual || op == Operator::kNotEqual || op == Operator::kIn || op == Operator::kNotIn;
}

}  // namespace

bool Removal::Leaves(const model::Field& field) const {
  if (field.privacy == model::PrivacyClass::kDirect) return false;
  const bool payload = field.type == FieldType::kJson &&
                       (dataset_.kind == model::DatasetKind::kDonation || dataset_.kind == model::DatasetKind::kRecordings);
  return payloads_ || !payload;
}

Status Removal::CheckColumns(const std::vector<model::Column>& columns) const {
  for (const auto& column : columns) {
    SHEAF_TRY(CheckPeople(column));
    const bool of_field = column.kind == ColumnKind::kField || (column.kind == ColumnKind::kMetadata && column.field >= 0);
    if (!of_field) continue;
    const auto& field = dataset_.fields[static_cast<std::size_t>(column.field)];
    if (Leaves(field)) continue;
    const bool direct = field.privacy == model::PrivacyClass::kDirect;
    return Removed("the field " + field.id, direct ? "is left out: it is a direct identifier" : "leaves only with payloads=true",
                   "columns");
  }
  return {};
}

//! What people have beside their ids leaves as it does in lists of them.
Status Removal::CheckPeople(const model::Column& column) const {
  const std::string place = "columns";
  switch (column.kind) {
    case ColumnKind::kParticipantCode:
    case ColumnKind::kSessionName:
    case ColumnKind::kSessionAttribute: return Removed(query::ColumnName(column, dataset_), "is left out", place);
    case ColumnKind::kParticipantAttribute:
      if (settings_.ClassOfAttribute(column.attribute) != model::PrivacyClass::kDirect) return {};
      return Removed(query::ColumnName(column, dataset_), "is left out: it is a direct identifier", place);
    default: return {};
  }
}

Status Removal::TranslateFilter(model::Predicate& predicate) const {
  if (predicate.op != Operator::kAll && predicate.op != Operator::kAny && predicate.op != Operator::kNot) return TranslateLeaf(predicate);
  for (auto& child : predicate.children) SHEAF_TRY(TranslateFilter(child));
  return {};
}

Status Removal::TranslateLeaf(model::Predicate& leaf) const {
  const std::string place = "/filter";
  const std::string name = query::ColumnName(leaf.column, dataset_);
  switch (leaf.column.kind) {
    case ColumnKind::kParticipant:
    case ColumnKind::kParticipantId:
      if (leaf.column.cast != FieldType::kString) return Removed(name, "cannot be filtered by", place);
      return TranslatePeople(leaf, CodeKind::kParticipant);
    case ColumnKind::kSession:
    case ColumnKind::kSessionId: return TranslatePeople(leaf, CodeKind::kSession);
    case ColumnKind::kParticipantCode: return Removed("participant.code", "cannot be filtered by", place);
    case ColumnKind::kSessionName:
    case ColumnKind::kSessionAttribute: return Removed(name, "cannot be filtered by", place);
    case ColumnKind::kParticipantAttribute:
      if (settings_.ClassOfAttribute(leaf.column.attribute) != model::PrivacyClass::kDirect) return TranslateMasked(leaf, name);
      return Removed(name, "is a direct identifier, which cannot be filtered by", place);
    case ColumnKind::kParticipantStatus:
    case ColumnKind::kSessionStatus: return TranslateMasked(leaf, name);
    case ColumnKind::kRecordId:
    case ColumnKind::kMetadata:
    case ColumnKind::kSkipped:
      if (IsNullTest(leaf.op)) return {};
      return Removed(name, "takes is_null and is_not_null alone", place);
    case ColumnKind::kField: {
      const auto& field = dataset_.fields[static_cast<std::size_t>(leaf.column.field)];
      if (!Leaves(field)) return Removed("the field " + field.id, "cannot be filtered by", place);
      if (field.type != FieldType::kJson || IsNullTest(leaf.op)) return {};
      return Removed("the json field " + field.id, "takes is_null and is_not_null alone", place);
    }
    default: return {};
  }
}

Status Removal::TranslatePeople(model::Predicate& leaf, CodeKind kind) const {
  if (IsNullTest(leaf.op)) return {};
  const std::string name = kind == CodeKind::kParticipant ? "participant" : "session";
  if (!IsEquality(leaf.op)) return Removed(name, "is compared with whole codes, by = != in and not_in", "/filter");
  std::vector<std::string> names;
  for (const auto& value : leaf.values) names.push_back(std::get<std::string>(value));
  SHEAF_ASSIGN(const auto ids, IdsOf(kind, names, "/filter"));
  leaf.values.assign(ids.begin(), ids.end());
  return {};
}

Status Removal::TranslateMasked(model::Predicate& leaf, const std::string& name) const {
  const PeopleTexts texts(study_, key_);
  for (auto& value : leaf.values) {
    auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) continue;
    if (!IsEquality(leaf.op)) return Removed(name, "is compared with whole texts, by = != in and not_in", "/filter");
    std::string masked;
    MaskCounts counts;
    if (MaskText(*text, masked, counts)) return Removed(name, "cannot be compared with addresses", "/filter");
    // To refuse an id would tell that it is somebody's: as it leaves, nothing that is kept is equal to it.
    const bool nested = text->starts_with('{') || text->starts_with('[');
    if (texts.Hides(*text)) *text = nested ? texts.Json(*text) : texts.Text(*text);
  }
  return {};
}

Status Removal::TranslateSort(std::vector<model::SortKey>& order) const {
  for (auto& key : order) {
    const std::string name = query::ColumnName(key.column, dataset_);
    switch (key.column.kind) {
      case ColumnKind::kParticipant:
      case ColumnKind::kParticipantId: key.column.kind = ColumnKind::kParticipantNumber; break;
      case ColumnKind::kSession:
      case ColumnKind::kSessionId: key.column.kind = ColumnKind::kSessionNumber; break;
      case ColumnKind::kRecordId:
      case ColumnKind::kParticipantCode:
      case ColumnKind::kSessionName:
      case ColumnKind::kSessionAttribute:
      // The order of texts would tell of what is masked in them.
      case ColumnKind::kParticipantAttribute:
      case ColumnKind::kParticipantStatus:
      case ColumnKind::kSessionStatus: return Removed(name, "cannot be sorted by", "sort");
      case ColumnKind::kField: {
        // As above.
        const auto& field = dataset_.fields[static_cast<std::size_t>(key.column.field)];
        const bool is_text = field.type == FieldType::kString || field.type == FieldType::kIdentifier;
        if (is_text || !Leaves(field)) return Removed(name, "cannot be sorted by", "sort");
        break;
      }
      default: break;
    }
  }
  return {};
}

Result<std::vector<std::string>> Removal::IdsOf(CodeKind kind, const std::vector<std::string>& names, std::string_view place) const {
  std::vector<std::string> codes;
  for (const auto& name : names) {
    SHEAF_ASSIGN(std::string code, naming_.CodeOf(kind, name, place));
    codes.push_back(std::move(code));
  }
  const auto known = IdsOfCodes(people_, key_, kind, codes);
  std::vector<std::string> ids;
  for (const auto& code : codes) {
    const auto found = known.find(code);
    // The empty text is nobody's id.
    ids.push_back(found == known.end() ? std::string() : found->second);
  }
  return ids;
}

}  // namespace sheaf::privacy
