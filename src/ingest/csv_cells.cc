#include "ingest/csv_cells.h"

#include "ingest/json_record.h"
#include "ingest/number.h"

namespace sheaf::ingest {
namespace {

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c) != lower[i]) return false;
  }
  return true;
}

// Calls `take` with each part between separators until it answers false; answers whether it never did.
template <class Take>
bool ForEachPart(std::string_view text, Take take) {
  while (true) {
    const std::size_t end = text.find(kListSeparator);
    if (!take(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

bool CsvCells::PutField(int field, const CsvCell& cell) {
  using model::FieldType;
  const std::string_view text = cell.text;
  const FieldType type = row_.FieldAt(field).type;
  if (text.empty()) {
    // "" is an answer where an answer can be empty: a text, and a set of which nothing was ticked.
    if (cell.quoted && type == FieldType::kString) return row_.PutText(field, text);
    return cell.quoted && type == FieldType::kSet ? row_.BeginSet(field) : true;
  }
  if (text == kSkippedText) return row_.PutSkipped(field);
  switch (type) {
    case FieldType::kString: return row_.PutText(field, text);
    case FieldType::kInteger:
    case FieldType::kDouble: return PutNumber(field, text);
    case FieldType::kBoolean: return PutBoolean(field, text);
    case FieldType::kDatetime: return row_.PutDatetime(field, text);
    case FieldType::kIdentifier: return row_.PutIdentifier(field, text);
    case FieldType::kEnum: return row_.PutOption(field, text);
    case FieldType::kSet: return PutSet(field, text);
    case FieldType::kJson:
      if (!json_.Minify(text, minified_)) return row_.FailField(ErrorCode::kWrongType, field, "The field takes JSON.");
      return row_.PutJson(field, minified_);
  }
  return false;
}

bool CsvCells::PutNumber(int field, std::string_view text) {
  const Number number = ParsePlainNumber(text);
  if (number.kind == Number::Kind::kInvalid) return row_.FailField(ErrorCode::kWrongType, field, Excerpt(text) + " is no number.");
  if (row_.FieldAt(field).type == model::FieldType::kDouble) {
    if (number.kind == Number::Kind::kTooLarge) return row_.FailField(ErrorCode::kOutOfRange, field, "The number is too large.");
    return row_.PutDouble(field, number.real);
  }
  std::int64_t value = 0;
  switch (ToInteger(number, &value)) {
    case IntegerFit::kFits: return row_.PutInteger(field, value);
    case IntegerFit::kFraction: return row_.FailField(ErrorCode::kWrongType, field, Excerpt(text) + " is no whole number.");
    case IntegerFit::kOutOfRange: break;
  }
  return row_.FailField(ErrorCode::kOutOfRange, field, "The number does not fit 64 bits.");
}

bool CsvCells::PutBoolean(int field, std::string_view text) {
  if (text == "1" || EqualsIgnoringCase(text, "true")) return row_.PutBoolean(field, true);
  if (text == "0" || EqualsIgnoringCase(text, "false")) return row_.PutBoolean(field, false);
  return row_.FailField(ErrorCode::kWrongType, field, Excerpt(text) + " is neither true nor false, 1 nor 0.");
}

bool CsvCells::PutSet(int field, std::string_view text) {
  if (!row_.BeginSet(field)) return false;
  // The id of an option may hold the separator.
  if (row_.FindOption(field, text) >= 0) return row_.AddToSet(field, text);
  return ForEachPart(text, [&](std::string_view part) { return row_.AddToSet(field, part); });
}

bool CsvCells::PutOnset(std::string_view text) {
  if (text.empty()) return true;
  const Number number = ParsePlainNumber(text);
  if (number.kind == Number::Kind::kInvalid) return row_.Fail(ErrorCode::kWrongType, "onset_ms", Excerpt(text) + " is no number.");
  if (number.kind == Number::Kind::kTooLarge) return row_.Fail(ErrorCode::kOutOfRange, "onset_ms", "The number is too large.");
  return row_.SetOnset(number.real);
}

bool CsvCells::PutSkippedList(std::string_view text) {
  if (text.empty()) return true;
  return ForEachPart(text, [&](std::string_view name) {
    const int field = row_.FindField(name);
    if (field >= 0) return row_.PutSkipped(field);
    return row_.Fail(ErrorCode::kUnknownField, name.size() <= 64 ? name : std::string_view(),
                     "`skipped` names " + Excerpt(name) + ", which is no field of the dataset.");
  });
}

bool CsvCells::PutMetadata(std::string_view text) {
  if (text.empty()) return true;
  JsonReader reader({}, {}, 0, 0);
  if (!json_.Minify(text, minified_) || !json_.Open(minified_, &reader)) {
    return row_.Fail(ErrorCode::kBadJson, "metadata", "`metadata` takes JSON.");
  }
  if (!ReadMetadata(reader, row_, metadata_)) return false;
  row_.SetMetadata(metadata_);
  return true;
}

}  // namespace sheaf::ingest
