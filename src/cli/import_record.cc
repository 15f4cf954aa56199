#include "cli/import_record.h"

#include <boost/json.hpp>

#include <cctype>

namespace sheaf::cli {
namespace {

constexpr std::string_view kSkippedText = "<skipped>";

void AppendString(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

bool IsJson(std::string_view text) {
  boost::system::error_code broken;
  boost::json::parse(text, broken);
  return !broken;
}

bool IsJsonNumber(std::string_view text) {
  return !text.empty() && (text.front() == '-' || std::isdigit(static_cast<unsigned char>(text.front())) != 0) && IsJson(text);
}

//! "a;b" → ["a","b"]
void AppendList(std::string_view text, std::string& out) {
  out += '[';
  while (true) {
    const std::size_t end = text.find(';');
    AppendString(text.substr(0, end), out);
    if (end == std::string_view::npos) break;
    out += ',';
    text.remove_prefix(end + 1);
  }
  out += ']';
}

//! Text that says a value of the type becomes that value; any other text is sent as text, and the server says what is
//! wrong with it.
void AppendTyped(model::FieldType type, std::string_view text, std::string& out) {
  switch (type) {
    case model::FieldType::kInteger:
    case model::FieldType::kDouble:
      if (IsJsonNumber(text)) out += text;
      else AppendString(text, out);
      return;
    case model::FieldType::kBoolean:
      if (text == "true" || text == "TRUE" || text == "True" || text == "1") out += "true";
      else if (text == "false" || text == "FALSE" || text == "False" || text == "0") out += "false";
      else AppendString(text, out);
      return;
    case model::FieldType::kSet:
      if (text.empty()) out += "[]";
      else AppendList(text, out);
      return;
    case model::FieldType::kJson:
      if (IsJson(text)) out += text;
      else AppendString(text, out);
      return;
    default: return AppendString(text, out);
  }
}

//! An empty text and a set of which nothing was ticked are answers.
bool CanBeEmpty(model::FieldType type) { return type == model::FieldType::kString || type == model::FieldType::kSet; }

//! A record's own member: JSON as it is, text as text.
void AppendMember(std::string_view name, const ImportCell& cell, bool as_json, std::string& out) {
  if (cell.text.empty() || (cell.form == CellForm::kJson && cell.text == "null")) return;
  out += out.back() == '{' ? "\"" : ",\"";
  out += name;
  out += "\":";
  if (cell.form == CellForm::kJson || (as_json && IsJson(cell.text))) out += cell.text;
  else AppendString(cell.text, out);
}

//! The cell's text, without the quotes of a JSON string.
std::string PlainText(const ImportCell& cell) {
  if (cell.form != CellForm::kJson || cell.text.empty() || cell.text.front() != '"') return std::string(cell.text);
  boost::system::error_code broken;
  const auto value = boost::json::parse(cell.text, broken);
  return !broken && value.is_string() ? std::string(value.as_string()) : std::string(cell.text);
}

}  // namespace

void RecordWriter::AppendField(const model::Field& field, const ImportCell& cell, std::string& out) {
  const auto list_skipped = [&] {
    skipped_ += skipped_.empty() ? "" : ",";
    AppendString(field.id, skipped_);
  };
  if (cell.form == CellForm::kText && cell.text == kSkippedText) return list_skipped();
  if (cell.form != CellForm::kJson && cell.text.empty() && !(cell.form == CellForm::kQuoted && CanBeEmpty(field.type))) return;
  out += out.empty() ? "" : ",";
  AppendString(field.id, out);
  out += ':';
  if (cell.form == CellForm::kJson) out += cell.text;
  else AppendTyped(field.type, cell.text, out);
}

void RecordWriter::Append(const ImportRow& row, std::string& out) {
  if (!row.record.empty()) {
    out += row.record;
    out += '\n';
    return;
  }
  values_.clear();
  skipped_.clear();
  std::string record = "{", participant;
  for (const auto& cell : row.cells) {
    const auto& column = plan_.columns[cell.column];
    switch (column.role) {
      case ColumnRole::kField: AppendField(plan_.dataset.fields[static_cast<std::size_t>(column.field)], cell, values_); break;
      case ColumnRole::kParticipant:
        participant = PlainText(cell);
        AppendMember("participant", cell, false, record);
        break;
      case ColumnRole::kSession: AppendMember("session", cell, false, record); break;
      case ColumnRole::kTime: AppendMember("time", cell, false, record); break;
      case ColumnRole::kId: AppendMember("id", cell, false, record); break;
      case ColumnRole::kTimeOffset: AppendMember("time_offset", cell, false, record); break;
      case ColumnRole::kOnset: AppendMember("onset_ms", cell, true, record); break;
      case ColumnRole::kMetadata: AppendMember("metadata", cell, true, record); break;
      case ColumnRole::kSkipped:
        if (cell.form == CellForm::kJson && cell.text.size() > 2 && cell.text.front() == '[') {
          skipped_ += cell.text.substr(1, cell.text.size() - 2);
        } else if (cell.form != CellForm::kJson && !cell.text.empty()) {
          std::string list;
          AppendList(cell.text, list);
          skipped_ += list.substr(1, list.size() - 2);
        }
        break;
      case ColumnRole::kIgnored: break;
    }
  }
  // A keyed record needs an id that is the same when the file is imported again: the participant, numbered from the
  // second record on.
  if (plan_.dataset.mode == model::DatasetMode::kKeyed && !plan_.has_id && !participant.empty()) {
    const int copy = ++seen_[participant];
    record += record.back() == '{' ? "" : ",";
    record += "\"id\":";
    AppendString(copy == 1 ? participant : participant + "-" + std::to_string(copy), record);
  }
  record += record.back() == '{' ? "" : ",";
  record += "\"values\":{" + values_ + "}";
  if (!skipped_.empty()) record += ",\"skipped\":[" + skipped_ + "]";
  out += record;
  out += "}\n";
}

}  // namespace sheaf::cli
