// Parquet files through the engine that reads them, one JSON object a row.

#include <duckdb.h>
#include <fmt/format.h>

#include "cli/import_file.h"

namespace sheaf::cli {
namespace {

//! A private engine for one file; everything is released at the end.
class ParquetEngine {
 public:
  ~ParquetEngine() {
    if (streaming_) duckdb_destroy_result(&result_);
    duckdb_destroy_prepare(&statement_);
    duckdb_disconnect(&connection_);
    duckdb_close(&database_);
  }
  Status Open(const std::string& path) {
    if (duckdb_open(nullptr, &database_) != DuckDBSuccess || duckdb_connect(database_, &connection_) != DuckDBSuccess) {
      return Fail(ErrorCode::kInternal, "the engine for Parquet does not start");
    }
    // Instants are written in UTC whatever the machine's zone.
    duckdb_query(connection_, "SET TimeZone = 'UTC'", nullptr);
    SHEAF_ASSIGN(const std::string columns, TimesAsIso(path));
    SHEAF_TRY(Prepare(fmt::format("SELECT to_json(parquet)::VARCHAR FROM (SELECT * {} FROM read_parquet(?)) parquet", columns), path));
    duckdb_pending_result pending = nullptr;
    if (duckdb_pending_prepared_streaming(statement_, &pending) != DuckDBSuccess) {
      const std::string reason = duckdb_pending_error(pending);
      duckdb_destroy_pending(&pending);
      return Fail(ErrorCode::kIo, fmt::format("{}: {}", path, reason));
    }
    const auto state = duckdb_execute_pending(pending, &result_);
    duckdb_destroy_pending(&pending);
    streaming_ = true;
    if (state != DuckDBSuccess) return Fail(ErrorCode::kIo, fmt::format("{}: {}", path, duckdb_result_error(&result_)));
    return {};
  }
  duckdb_data_chunk Next() { return duckdb_fetch_chunk(result_); }
  const char* Broken() { return duckdb_result_error(&result_); }

 private:
  Status Prepare(const std::string& sql, const std::string& path) {
    duckdb_destroy_prepare(&statement_);
    if (duckdb_prepare(connection_, sql.c_str(), &statement_) != DuckDBSuccess) {
      return Fail(ErrorCode::kIo, fmt::format("{}: {}", path, duckdb_prepare_error(statement_)));
    }
    duckdb_bind_varchar_length(statement_, 1, path.data(), path.size());
    return {};
  }

  //! " REPLACE (…)" that writes the columns of times as Sheaf does; empty when there are none.
  Result<std::string> TimesAsIso(const std::string& path) {
    SHEAF_TRY(Prepare("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet(?))", path));
    duckdb_result described;
    if (duckdb_execute_prepared(statement_, &described) != DuckDBSuccess) {
      const std::string reason = duckdb_result_error(&described);
      duckdb_destroy_result(&described);
      return Fail(ErrorCode::kIo, fmt::format("{}: {}", path, reason));
    }
    std::string replaced;
    while (duckdb_data_chunk chunk = duckdb_fetch_chunk(described)) {
      const auto text = [chunk](idx_t column, idx_t row) {
        auto* cells = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, column)));
        return std::string(duckdb_string_t_data(&cells[row]), duckdb_string_t_length(cells[row]));
      };
      for (idx_t row = 0; row < duckdb_data_chunk_get_size(chunk); ++row) {
        if (!text(1, row).starts_with("TIMESTAMP")) continue;
        const std::string name = Quoted(text(0, row));
        replaced += fmt::format(
            "{}strftime({}, CASE WHEN epoch_us({}) % 1000 = 0 THEN '%Y-%m-%dT%H:%M:%S.%gZ' ELSE '%Y-%m-%dT%H:%M:%S.%fZ' END) AS {}",
            replaced.empty() ? "" : ", ", name, name, name);
      }
      duckdb_destroy_data_chunk(&chunk);
    }
    duckdb_destroy_result(&described);
    return replaced.empty() ? "" : "REPLACE (" + replaced + ")";
  }

  static std::string Quoted(const std::string& name) {
    std::string quoted = "\"";
    for (const char c : name) {
      if (c == '"') quoted += '"';
      quoted += c;
    }
    return quoted + "\"";
  }

  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
  duckdb_prepared_statement statement_ = nullptr;
  duckdb_result result_{};
  bool streaming_ = false;
};

}  // namespace

Status ReadParquetRows(const ImportFile& file, const std::function<Status(std::uint64_t line, std::string_view json)>& sink) {
  ParquetEngine engine;
  SHEAF_TRY(engine.Open(file.path));
  std::uint64_t line = 0;
  while (duckdb_data_chunk chunk = engine.Next()) {
    auto* cells = static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
    const std::size_t rows = duckdb_data_chunk_get_size(chunk);
    Status status;
    for (std::size_t row = 0; row < rows && status; ++row) {
      status = sink(++line, {duckdb_string_t_data(&cells[row]), duckdb_string_t_length(cells[row])});
    }
    duckdb_destroy_data_chunk(&chunk);
    SHEAF_TRY(status);
  }
  if (const char* reason = engine.Broken(); reason != nullptr && *reason != '\0')
    return Fail(ErrorCode::kIo, fmt::format("{}: {}", file.path, reason));
  return {};
}

}  // namespace sheaf::cli
