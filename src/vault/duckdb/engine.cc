#include "vault/duckdb/engine.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/log.h"

namespace sheaf::vault {
namespace {
constexpr std::size_t kIdleConnections = 16;
constexpr std::chrono::seconds kAttachPatience{20};
constexpr std::chrono::milliseconds kAttachPause{2};

bool Contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }
}  // namespace

Error EngineError(std::string_view message) {
  if (Contains(message, "INTERRUPT")) return {ErrorCode::kCancelled, "the query was stopped", {}};
  if (Contains(message, "No space left") || Contains(message, "max_temp_directory_size")) {
    return {ErrorCode::kStorageFull, "the disk has no room left for this", {}};
  }
  if (Contains(message, "Out of Memory") || Contains(message, "could not allocate block")) {
    return {ErrorCode::kUnavailable, "this needs more memory than the server may use; narrow the filter or leave out the sort", {}, 10};
  }
  if (Contains(message, "Unique file handle conflict") || Contains(message, "Cannot CHECKPOINT")) {
    return {ErrorCode::kUnavailable, "the study's file is in use for a moment; try again", {}, 1};
  }
  LogError("the record engine refused", {{"reason", message}});
  if (Contains(message, "FATAL") || Contains(message, "not a valid DuckDB") || Contains(message, "Corrupt") ||
      Contains(message, "checksum") || Contains(message, "Serialization Error")) {
    return {ErrorCode::kStorageDamaged, "the record engine reports damage; see the log", {}};
  }
  return {ErrorCode::kInternal, "the record engine refused; see the log", {}};
}

Rows& Rows::operator=(Rows&& other) noexcept {
  if (live_) duckdb_destroy_result(&result_);
  result_ = other.result_;
  live_ = other.live_;
  other.live_ = false;
  return *this;
}
Rows::~Rows() {
  if (live_) duckdb_destroy_result(&result_);
}
duckdb_data_chunk Rows::NextChunk() { return live_ ? duckdb_fetch_chunk(result_) : nullptr; }
std::optional<Error> Rows::StreamError() {
  if (!live_) return std::nullopt;
  const char* message = duckdb_result_error(&result_);
  if (message == nullptr || *message == '\0') return std::nullopt;
  return EngineError(message);
}
std::uint64_t Rows::Changed() { return live_ ? duckdb_rows_changed(&result_) : 0; }

Chunk& Chunk::operator=(Chunk&& other) noexcept {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  chunk_ = other.chunk_;
  other.chunk_ = nullptr;
  return *this;
}
Chunk::~Chunk() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
}
bool Chunk::IsNull(std::size_t column, std::size_t row) const {
  auto* validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk_, column));
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
}
std::string_view Chunk::Text(std::size_t column, std::size_t row) const {
  if (IsNull(column, row)) return {};
  auto* cell = const_cast<duckdb_string_t*>(&Data<duckdb_string_t>(column)[row]);
  return {duckdb_string_t_data(cell), duckdb_string_t_length(*cell)};
}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (statement_ != nullptr) duckdb_destroy_prepare(&statement_);
  statement_ = other.statement_;
  other.statement_ = nullptr;
  return *this;
}
Statement::~Statement() {
  if (statement_ != nullptr) duckdb_destroy_prepare(&statement_);
}
void Statement::BindTexts(int place, const std::vector<std::string>& values) {
  std::vector<duckdb_value> items;
  items.reserve(values.size());
  for (const auto& value : values) items.push_back(duckdb_create_varchar_length(value.data(), value.size()));
  duckdb_logical_type type = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  // The engine answers null, and falls over it when it is bound, where the place of no items is null.
  duckdb_value nothing = nullptr;
  duckdb_value list = duckdb_create_list_value(type, items.empty() ? &nothing : items.data(), items.size());
  duckdb_bind_value(statement_, Index(place), list);
  duckdb_destroy_value(&list);
  duckdb_destroy_logical_type(&type);
  for (auto& item : items) duckdb_destroy_value(&item);
}
void Statement::BindWords(int place, const std::vector<std::string>& words) {
  std::vector<const char*> names;
  names.reserve(words.size());
  for (const auto& word : words) names.push_back(word.c_str());
  duckdb_logical_type type = duckdb_create_enum_type(names.data(), names.size());
  std::vector<duckdb_value> items;
  items.reserve(words.size());
  for (std::size_t i = 0; i < words.size(); ++i) items.push_back(duckdb_create_enum_value(type, i));
  duckdb_value list = duckdb_create_list_value(type, items.data(), items.size());
  duckdb_bind_value(statement_, Index(place), list);
  duckdb_destroy_value(&list);
  duckdb_destroy_logical_type(&type);
  for (auto& item : items) duckdb_destroy_value(&item);
}
Result<Rows> Statement::Run() {
  duckdb_result result;
  if (duckdb_execute_prepared(statement_, &result) == DuckDBSuccess) return Rows(result);
  auto error = EngineError(duckdb_result_error(&result));
  duckdb_destroy_result(&result);
  return Fail(std::move(error));
}
Result<Rows> Statement::Stream() {
  duckdb_pending_result pending = nullptr;
  if (duckdb_pending_prepared_streaming(statement_, &pending) != DuckDBSuccess) {
    auto error = EngineError(pending == nullptr ? "" : duckdb_pending_error(pending));
    duckdb_destroy_pending(&pending);
    return Fail(std::move(error));
  }
  duckdb_result result;
  const auto state = duckdb_execute_pending(pending, &result);
  duckdb_destroy_pending(&pending);
  if (state == DuckDBSuccess) return Rows(result);
  auto error = EngineError(duckdb_result_error(&result));
  duckdb_destroy_result(&result);
  return Fail(std::move(error));
}

Connection::~Connection() { duckdb_disconnect(&connection_); }
Result<Rows> Connection::Query(const std::string& sql) {
  duckdb_result result;
  if (duckdb_query(connection_, sql.c_str(), &result) == DuckDBSuccess) return Rows(result);
  auto error = EngineError(duckdb_result_error(&result));
  duckdb_destroy_result(&result);
  return Fail(std::move(error));
}
Status Connection::Execute(const std::string& sql) {
  SHEAF_TRY(Query(sql));
  return {};
}
Result<Statement> Connection::Prepare(const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(connection_, sql.c_str(), &statement) == DuckDBSuccess) return Statement(statement);
  auto error = EngineError(statement == nullptr ? "" : duckdb_prepare_error(statement));
  duckdb_destroy_prepare(&statement);
  return Fail(std::move(error));
}

Status Connection::Attach(const std::string& file, const std::string& alias) {
  const std::string sql = fmt::format("ATTACH {} AS {}", SqlText(file), alias);
  const auto last = std::chrono::steady_clock::now() + kAttachPatience;
  while (true) {
    auto attached = Execute(sql);
    if (attached || attached.error().code != ErrorCode::kUnavailable || std::chrono::steady_clock::now() > last) return attached;
    std::this_thread::sleep_for(kAttachPause);
  }
}

Result<std::shared_ptr<Engine>> Engine::Open(const Options& options) {
  duckdb_config config = nullptr;
  duckdb_create_config(&config);
  const int threads = options.threads > 0 ? options.threads : static_cast<int>(std::thread::hardware_concurrency());
  const std::pair<const char*, std::string> settings[] = {
      {"threads", std::to_string(threads > 0 ? threads : 1)},
      {"memory_limit", fmt::format("{}MiB", std::max<std::uint64_t>(options.memory_bytes >> 20, 64))},
      {"temp_directory", options.temporary},
      {"autoload_known_extensions", "false"},
      {"autoinstall_known_extensions", "false"},
      {"allow_community_extensions", "false"},
      {"preserve_insertion_order", "true"},
      // A checkpoint compresses the last row group anew: rarely is cheaper, and replaying this much log takes a second.
      {"checkpoint_threshold", "128MiB"},
  };
  for (const auto& [name, value] : settings) duckdb_set_config(config, name, value.c_str());
  auto engine = std::shared_ptr<Engine>(new Engine);
  char* message = nullptr;
  const auto state = duckdb_open_ext(":memory:", &engine->database_, config, &message);
  duckdb_destroy_config(&config);
  if (state != DuckDBSuccess) {
    const std::string reason = message == nullptr ? "" : message;
    duckdb_free(message);
    return Fail(ErrorCode::kInternal, "the record engine does not start: " + reason);
  }
  SHEAF_ASSIGN(const auto connection, engine->Connect());
  SHEAF_TRY(RegisterRows(connection->Get()));
  return engine;
}

Engine::~Engine() {
  idle_.clear();
  duckdb_close(&database_);
}

Result<Engine::Lease> Engine::Connect() {
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!connection) {
    duckdb_connection raw = nullptr;
    if (duckdb_connect(database_, &raw) != DuckDBSuccess) { return Fail(ErrorCode::kInternal, "the record engine takes no connection"); }
    connection = std::make_unique<Connection>(raw);
  }
  return Lease(connection.release(), [this](Connection* returned) {
    std::unique_ptr<Connection> owned(returned);
    if (owned->Discarded()) return;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kIdleConnections) idle_.push_back(std::move(owned));
  });
}

std::string SqlText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + "'";
}

}  // namespace sheaf::vault
