#pragma once
//! Files of others as rows of named cells: CSV, TSV, NDJSON, JSON and Parquet.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace sheaf::cli {

enum class FileFormat : std::uint8_t { kCsv, kTsv, kNdjson, kJson, kParquet };

struct ImportFile {
  std::string path;
  FileFormat format = FileFormat::kCsv;
  std::uint64_t bytes = 0;
};

//! The files named, and those below directories named, in order of path. Told apart by their endings: .csv .tsv .tab
//! .txt .ndjson .jsonl .json .parquet .pq. kUsage for a file that is none of these or is not there.
Result<std::vector<ImportFile>> FindImportFiles(const std::vector<std::string>& paths);

//! Column names of all files, each once, in order of first appearance.
class ColumnNames {
 public:
  std::size_t Place(std::string_view name);
  const std::vector<std::string>& Names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> places_;
};

enum class CellForm : std::uint8_t {
  kText,    //!< as written in CSV
  kQuoted,  //!< in quotes in CSV: an empty one is an empty text, not a missing answer
  kJson,    //!< a JSON value as text
};
struct ImportCell {
  std::size_t column = 0;  //!< place in ColumnNames
  CellForm form = CellForm::kText;
  std::string_view text;
};
struct ImportRow {
  std::uint64_t line = 0;  //!< in the file: a line, or the number of the record
  std::span<const ImportCell> cells;
  //! The row is a record as POST …/records takes it: sent as it is. `cells` are its values.
  std::string_view record;
  std::string_view fault;  //!< a sentence when the row cannot be used
};

//! Reads the file from front to back. `on_bytes` hears how far it is. An error of the sink ends it.
//! Errors: kIo, kBadCsv, kBadJson, with the line as place.
using RowSink = std::function<Status(const ImportRow&)>;
Status ReadRows(const ImportFile& file, ColumnNames& columns, const RowSink& sink, const std::function<void(std::uint64_t)>& on_bytes);
//! The Parquet part, in a file of its own since it alone needs the engine.
Status ReadParquetRows(const ImportFile& file, const std::function<Status(std::uint64_t line, std::string_view json)>& sink);

}  // namespace sheaf::cli
