#include "api/hyperstudy/table.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "api/json_text.h"
#include "export/csv_text.h"

namespace sheaf::api::hyperstudy {
namespace {

bool Before(const std::string& left, const std::string& right) {
  const bool texts = left.front() == '"' && right.front() == '"';
  if (texts) return left < right;
  const auto number = [](const std::string& cell) { return cell == "true" ? 1 : cell == "false" ? 0 : std::strtod(cell.c_str(), nullptr); };
  if (left.front() == '"' || right.front() == '"') return right.front() == '"' && left.front() != '"';
  return number(left) < number(right);
}

std::string CsvCell(const std::string& json, const exporting::CsvStyle& style) {
  if (json == "null") return {};
  if (json.front() != '"') return style.Render(json);
  boost::system::error_code broken;
  const auto value = boost::json::parse(json, broken);
  return !broken && value.is_string() ? style.Render(std::string_view(value.as_string())) : style.Render(json);
}

std::string CsvLine(const std::vector<std::string>& cells) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i > 0 ? "," : "") + cells[i];
  return line + "\r\n";
}

std::string RowJson(const Table& table, const std::vector<std::string>& row) {
  JsonObject object;
  for (std::size_t column = 0; column < table.columns.size(); ++column) object.Raw(table.columns[column], row[column]);
  return object.Finish();
}

}  // namespace

Status SortTable(Table& table, const std::string& column, bool descending) {
  const auto found = std::find(table.columns.begin(), table.columns.end(), column);
  const auto place = static_cast<std::size_t>(found - table.columns.begin());
  const bool compound = found != table.columns.end() && std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) {
                          return row[place].front() == '{' || row[place].front() == '[';
                        });
  if (found == table.columns.end() || compound) return Fail(ErrorCode::kBadParameter, "Cannot sort by " + column + ".", "sort");
  std::stable_sort(table.rows.begin(), table.rows.end(), [&](const auto& left, const auto& right) {
    const bool left_null = left[place] == "null", right_null = right[place] == "null";
    if (left_null || right_null) return !left_null && right_null;
    return descending ? Before(right[place], left[place]) : Before(left[place], right[place]);
  });
  return {};
}

std::string TableText(const Table& table, std::size_t begin, std::size_t end, DataFormat format) {
  std::string text;
  if (format == DataFormat::kCsv) text = CsvLine(table.columns);
  const exporting::CsvStyle style{exporting::ExportOptions()};
  for (std::size_t row = begin; row < end; ++row) {
    if (format == DataFormat::kCsv) {
      std::vector<std::string> cells;
      for (const std::string& cell : table.rows[row]) cells.push_back(CsvCell(cell, style));
      text += CsvLine(cells);
      continue;
    }
    if (format == DataFormat::kJson && row > begin) text += ",\n";
    text += RowJson(table, table.rows[row]);
    if (format == DataFormat::kNdjson) text += '\n';
  }
  return text;
}

http::Response TableResponse(Envelope envelope, const Table& table, std::optional<std::uint64_t>* rows) {
  envelope.total = table.rows.size();
  const std::size_t begin = static_cast<std::size_t>(std::min<std::uint64_t>(envelope.query.offset, table.rows.size()));
  const std::size_t end = begin + static_cast<std::size_t>(std::min<std::uint64_t>(envelope.query.limit, table.rows.size() - begin));
  if (rows != nullptr) *rows = end - begin;
  const DataFormat format = envelope.query.format;
  std::string text = TableText(table, begin, end, format);
  if (format == DataFormat::kJson) return Enveloped("[" + text + "]", MetadataJson(envelope, end - begin));
  http::Response response;
  response.headers = {{"Content-Type", format == DataFormat::kCsv ? "text/csv; charset=utf-8" : "application/x-ndjson"},
                      {"Cache-Control", "no-store"},
                      {"X-Total-Count", std::to_string(envelope.total)}};
  response.body = std::move(text);
  return response;
}

std::string QuotedJson(std::string_view text) {
  std::string json;
  AppendJsonString(json, text);
  return json;
}

std::string TextOrNull(std::string_view text) { return text.empty() ? "null" : QuotedJson(text); }

}  // namespace sheaf::api::hyperstudy
