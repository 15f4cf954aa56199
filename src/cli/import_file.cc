#include "cli/import_file.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "ingest/csv_reader.h"
#include "ingest/decode.h"
#include "model/definition.h"

namespace sheaf::cli {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kReadBytes = 1u << 20;

std::optional<FileFormat> FormatOf(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (ending == ".csv" || ending == ".txt") return FileFormat::kCsv;
  if (ending == ".tsv" || ending == ".tab") return FileFormat::kTsv;
  if (ending == ".ndjson" || ending == ".jsonl") return FileFormat::kNdjson;
  if (ending == ".json") return FileFormat::kJson;
  if (ending == ".parquet" || ending == ".pq") return FileFormat::kParquet;
  return std::nullopt;
}

using FileHandle = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

//! Pieces of the file, one after the other.
Status ReadPieces(const std::string& path, const std::function<Status(std::string_view)>& take,
                  const std::function<void(std::uint64_t)>& on_bytes) {
  const FileHandle file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) return Fail(ErrorCode::kIo, fmt::format("{} cannot be opened", path));
  std::vector<char> buffer(kReadBytes);
  std::uint64_t read = 0;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    SHEAF_TRY(take({buffer.data(), size}));
    on_bytes(read += size);
  }
  if (std::ferror(file.get()) != 0) return Fail(ErrorCode::kIo, fmt::format("{} cannot be read", path));
  return {};
}

Status ReadDelimited(const ImportFile& file, char separator, ColumnNames& columns, const RowSink& sink,
                     const std::function<void(std::uint64_t)>& on_bytes) {
  std::vector<std::size_t> places;
  std::vector<ImportCell> cells;
  bool header = true;
  ingest::CsvReader reader(separator, ingest::kMaxRecordBytes, model::kMaxFields + 16, [&](const ingest::CsvRow& row) -> Status {
    if (header) {
      header = false;
      std::vector<std::string_view> seen;
      for (const auto& cell : row.cells) {
        if (std::find(seen.begin(), seen.end(), cell.text) != seen.end()) {
          return Fail(ErrorCode::kBadCsv, fmt::format("{}: two columns are called \"{}\"", file.path, cell.text), "line 1");
        }
        seen.push_back(cell.text);
        // R writes row names under an empty heading.
        places.push_back(columns.Place(cell.text.empty() ? "rownames" : cell.text));
      }
      return {};
    }
    ImportRow out;
    out.line = row.line;
    out.fault = row.fault;
    if (out.fault.empty() && row.cell_count != places.size()) out.fault = "The row has more or fewer cells than the header.";
    cells.clear();
    for (std::size_t i = 0; out.fault.empty() && i < row.cells.size(); ++i) {
      cells.push_back({places[i], row.cells[i].quoted ? CellForm::kQuoted : CellForm::kText, row.cells[i].text});
    }
    out.cells = cells;
    return sink(out);
  });
  SHEAF_TRY(ReadPieces(
      file.path, [&reader](std::string_view piece) { return reader.Feed(piece); }, on_bytes));
  return reader.Finish();
}

//! JSON objects to rows. A record of Sheaf's own form is passed on whole.
class ObjectReader {
 public:
  ObjectReader(ColumnNames& columns, const RowSink& sink) : columns_(columns), sink_(sink) {}

  Status Take(std::uint64_t line, std::string_view text) {
    simdjson::dom::element element;
    if (parser_.parse(text.data(), text.size()).get(element) != simdjson::SUCCESS) return Faulty(line, "This is no valid JSON.");
    return Take(line, element);
  }
  Status Take(std::uint64_t line, simdjson::dom::element element) {
    simdjson::dom::object object;
    if (element.get(object) != simdjson::SUCCESS) return Faulty(line, "A record is a JSON object.");
    simdjson::dom::object values;
    const bool is_record = object["participant"].error() == simdjson::SUCCESS && object["values"].get(values) == simdjson::SUCCESS;
    cells_.clear();
    texts_.clear();
    for (const auto member : is_record ? values : object) {
      if (member.value.is_null() && !is_record) continue;
      texts_.push_back(std::make_unique<std::string>(simdjson::minify(member.value)));
      cells_.push_back({columns_.Place(member.key), CellForm::kJson, *texts_.back()});
    }
    ImportRow row;
    row.line = line;
    row.cells = cells_;
    const std::string record = is_record ? simdjson::minify(element) : std::string();
    row.record = record;
    return sink_(row);
  }

 private:
  Status Faulty(std::uint64_t line, std::string_view fault) {
    ImportRow row;
    row.line = line;
    row.fault = fault;
    return sink_(row);
  }
  ColumnNames& columns_;
  const RowSink& sink_;
  simdjson::dom::parser parser_;
  std::vector<ImportCell> cells_;
  std::vector<std::unique_ptr<std::string>> texts_;
};

Status ReadNdjson(const ImportFile& file, ColumnNames& columns, const RowSink& sink, const std::function<void(std::uint64_t)>& on_bytes) {
  ObjectReader reader(columns, sink);
  std::string line;
  std::uint64_t number = 0;
  const auto take_line = [&]() -> Status {
    ++number;
    const bool blank = line.find_first_not_of(" \t\r\n") == std::string::npos;
    Status status = blank ? Status() : reader.Take(number, line);
    line.clear();
    return status;
  };
  SHEAF_TRY(ReadPieces(
      file.path,
      [&](std::string_view piece) -> Status {
        while (!piece.empty()) {
          const std::size_t end = piece.find('\n');
          line.append(piece.substr(0, end));
          if (line.size() > ingest::kMaxRecordBytes)
            return Fail(ErrorCode::kPayloadTooLarge, fmt::format("{}: line {} is longer than 16 MiB", file.path, number + 1));
          if (end == std::string_view::npos) break;
          SHEAF_TRY(take_line());
          piece.remove_prefix(end + 1);
        }
        return {};
      },
      on_bytes));
  return line.empty() ? Status() : take_line();
}

//! An array of objects, or an object with such an array in "records". Read as a whole.
Status ReadJson(const ImportFile& file, ColumnNames& columns, const RowSink& sink, const std::function<void(std::uint64_t)>& on_bytes) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (const auto error = parser.load(file.path).get(document); error != simdjson::SUCCESS) {
    return Fail(error == simdjson::IO_ERROR ? ErrorCode::kIo : ErrorCode::kBadJson,
                fmt::format("{}: {}", file.path, simdjson::error_message(error)));
  }
  simdjson::dom::array records;
  if (document.get(records) != simdjson::SUCCESS && document["records"].get(records) != simdjson::SUCCESS) {
    return Fail(ErrorCode::kBadJson, fmt::format("{}: neither an array of objects nor an object with \"records\"", file.path));
  }
  ObjectReader reader(columns, sink);
  std::uint64_t number = 0;
  for (const auto record : records) SHEAF_TRY(reader.Take(++number, record));
  on_bytes(file.bytes);
  return {};
}

}  // namespace

std::size_t ColumnNames::Place(std::string_view name) {
  const auto [entry, added] = places_.try_emplace(std::string(name), names_.size());
  if (added) names_.emplace_back(name);
  return entry->second;
}

Result<std::vector<ImportFile>> FindImportFiles(const std::vector<std::string>& paths) {
  std::vector<ImportFile> files;
  const auto add = [&files](const fs::path& path, FileFormat format) {
    std::error_code error;
    const auto size = fs::file_size(path, error);
    files.push_back({path.string(), format, error ? 0 : static_cast<std::uint64_t>(size)});
  };
  for (const auto& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      std::vector<fs::path> found;
      for (const auto& entry : fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, error)) {
        if (entry.is_regular_file() && FormatOf(entry.path())) found.push_back(entry.path());
      }
      std::sort(found.begin(), found.end());
      for (const auto& entry : found) add(entry, *FormatOf(entry));
      continue;
    }
    if (!fs::is_regular_file(path, error)) return Fail(ErrorCode::kUsage, fmt::format("{} is not there", path));
    const auto format = FormatOf(path);
    if (!format) return Fail(ErrorCode::kUsage, fmt::format("{}: a file ends with .csv .tsv .ndjson .jsonl .json or .parquet", path));
    add(path, *format);
  }
  if (files.empty()) return Fail(ErrorCode::kUsage, "there is no file to import");
  return files;
}

Status ReadRows(const ImportFile& file, ColumnNames& columns, const RowSink& sink, const std::function<void(std::uint64_t)>& on_bytes) {
  switch (file.format) {
    case FileFormat::kCsv: return ReadDelimited(file, ',', columns, sink, on_bytes);
    case FileFormat::kTsv: return ReadDelimited(file, '\t', columns, sink, on_bytes);
    case FileFormat::kNdjson: return ReadNdjson(file, columns, sink, on_bytes);
    case FileFormat::kJson: return ReadJson(file, columns, sink, on_bytes);
    case FileFormat::kParquet: {
      ObjectReader reader(columns, sink);
      SHEAF_TRY(ReadParquetRows(file, [&reader](std::uint64_t line, std::string_view json) { return reader.Take(line, json); }));
      on_bytes(file.bytes);
      return {};
    }
  }
  return {};
}

}  // namespace sheaf::cli
