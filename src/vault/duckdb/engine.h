#pragma once
//! DuckDB's C API as values that clean up after themselves, with Sheaf's errors. The only files that include duckdb.h
//! are in this folder.

#include <duckdb.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheaf::vault {

//! A finished (materialised) result. Movable.
class Rows {
 public:
  Rows() = default;
  explicit Rows(duckdb_result result) : result_(result), live_(true) {}
  Rows(Rows&& other) noexcept : result_(other.result_), live_(other.live_) { other.live_ = false; }
  Rows& operator=(Rows&& other) noexcept;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows();

  //! The next chunk, or null; the caller destroys it. Columns by duckdb_data_chunk_get_vector.
  duckdb_data_chunk NextChunk();
  //! After NextChunk gave null: why a streamed result broke off, nullopt when it came to its end.
  std::optional<Error> StreamError();
  std::uint64_t Changed();

 private:
  duckdb_result result_{};
  bool live_ = false;
};

//! One chunk of a result with typed access; nullopt-like access through IsNull.
class Chunk {
 public:
  Chunk() = default;
  explicit Chunk(duckdb_data_chunk chunk) : chunk_(chunk) {}
  Chunk(Chunk&& other) noexcept : chunk_(other.chunk_) { other.chunk_ = nullptr; }
  Chunk& operator=(Chunk&& other) noexcept;
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  ~Chunk();

  explicit operator bool() const { return chunk_ != nullptr; }
  duckdb_data_chunk Get() const { return chunk_; }
  std::size_t Size() const { return chunk_ == nullptr ? 0 : duckdb_data_chunk_get_size(chunk_); }
  bool IsNull(std::size_t column, std::size_t row) const;
  std::int64_t Int64(std::size_t column, std::size_t row) const { return Data<std::int64_t>(column)[row]; }
  std::int32_t Int32(std::size_t column, std::size_t row) const { return Data<std::int32_t>(column)[row]; }
  std::string_view Text(std::size_t column, std::size_t row) const;
  template <class T>
  const T* Data(std::size_t column) const {
    return static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, column)));
  }

 private:
  duckdb_data_chunk chunk_ = nullptr;
};

//! A prepared statement; parameters from 1 on.
class Statement {
 public:
  Statement() = default;
  explicit Statement(duckdb_prepared_statement statement) : statement_(statement) {}
  Statement(Statement&& other) noexcept : statement_(other.statement_) { other.statement_ = nullptr; }
  Statement& operator=(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  void Bind(int place, std::int64_t value) { duckdb_bind_int64(statement_, Index(place), value); }
  void Bind(int place, std::int32_t value) { duckdb_bind_int32(statement_, Index(place), value); }
  void Bind(int place, double value) { duckdb_bind_double(statement_, Index(place), value); }
  void Bind(int place, bool value) { duckdb_bind_boolean(statement_, Index(place), value); }
  void Bind(int place, std::string_view value) { duckdb_bind_varchar_length(statement_, Index(place), value.data(), value.size()); }
  void Bind(int place, const std::string& value) { Bind(place, std::string_view(value)); }
  void Bind(int place, const char*) = delete;  // would bind as bool
  void BindBlob(int place, std::string_view value) { duckdb_bind_blob(statement_, Index(place), value.data(), value.size()); }
  void BindNull(int place) { duckdb_bind_null(statement_, Index(place)); }
  void BindTexts(int place, const std::vector<std::string>& values);  //!< as VARCHAR[]
  //! As a list of an enumeration of just these words, which all differ and are not empty.
  void BindWords(int place, const std::vector<std::string>& words);
  template <class T>
  void BindOptional(int place, const std::optional<T>& value) {
    value ? Bind(place, *value) : BindNull(place);
  }
  Result<Rows> Run();
  //! Runs with the rows coming as they are fetched.
  Result<Rows> Stream();
  duckdb_prepared_statement Get() const { return statement_; }

 private:
  static idx_t Index(int place) { return static_cast<idx_t>(place); }
  duckdb_prepared_statement statement_ = nullptr;
};

//! One connection. One thread at a time, but for Interrupt.
class Connection {
 public:
  explicit Connection(duckdb_connection connection) : connection_(connection) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<Rows> Query(const std::string& sql);
  Status Execute(const std::string& sql);
  Result<Statement> Prepare(const std::string& sql);
  //! Waits a while for whoever still holds a file of this path that was detached: the engine lets a path be attached once,
  //! and other connections look through all attached files at times.
  Status Attach(const std::string& file, const std::string& alias);
  void Interrupt() { duckdb_interrupt(connection_); }
  //! A streamed result was left before its end: the engine would keep its transaction open until the connection's next
  //! query, so the connection is closed instead of going back to the pool.
  void Discard() { discarded_ = true; }
  bool Discarded() const { return discarded_; }
  duckdb_connection Get() const { return connection_; }

 private:
  duckdb_connection connection_;
  bool discarded_ = false;
};

//! The one DuckDB instance of the process; study files are attached to it. Thread-safe.
class Engine {
 public:
  struct Options {
    std::string temporary;
    std::uint64_t memory_bytes = 0;
    int threads = 0;
  };
  static Result<std::shared_ptr<Engine>> Open(const Options& options);
  ~Engine();

  //! A connection from the pool, given back by the deleter.
  using Lease = std::unique_ptr<Connection, std::function<void(Connection*)>>;
  Result<Lease> Connect();
  //! Held by the one reader that tries again for memory: two would take it from each other.
  std::timed_mutex& MemoryTurn() { return memory_turn_; }

 private:
  Engine() = default;
  duckdb_database database_ = nullptr;
  std::timed_mutex memory_turn_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

//! Adds the table function that WriteParquet reads foreign rows through (parquet_rows.cc). Once a database.
Status RegisterRows(duckdb_connection connection);

//! 'text' with quotes doubled: for paths in ATTACH and COPY, which take no parameters.
std::string SqlText(std::string_view text);
//! Sheaf's error for DuckDB's message: kStorageFull, kCancelled, kUnavailable (memory, or somebody in the way for a moment),
//! kStorageDamaged or kInternal.
Error EngineError(std::string_view message);

}  // namespace sheaf::vault
