#pragma once
//! What is known in memory of an open study. The writer changes it after commits; readers share it.

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "vault/duckdb/engine.h"
#include "vault/duckdb/people.h"
#include "vault/duckdb/read_gate.h"
#include "vault/duckdb/record_index.h"
#include "vault/duckdb/statistics.h"
#include "vault/vault.h"

namespace sheaf::vault {

//! A connection for reading the study's file, which stays the same file while this lives.
struct Reading {
  ReadGate::Pass pass;
  Engine::Lease connection;  // goes first
  Connection* operator->() const { return connection.get(); }
  Connection& operator*() const { return *connection; }
};

struct StudyState {
  std::string study;  //!< id
  std::string alias;  //!< name of the attached database
  std::string file;   //!< path of the DuckDB file
  std::string index_directory;
  std::string index_key;  //!< 32 bytes
  std::shared_ptr<Engine> engine;
  std::shared_ptr<People> people = std::make_shared<People>();
  std::atomic<Seq> last_seq{kNoSeq};
  ReadGate gate;  //!< everyone but the writer reads through it

  mutable std::shared_mutex mutex;  //!< guards the two below; by dataset number - 1
  std::vector<std::shared_ptr<const model::Dataset>> datasets;
  std::vector<Statistics> statistics;

  // The writer's alone.
  std::unique_ptr<RecordIndex> index;  //!< opened when a request first needs it
  std::uint64_t rows_since_saved = 0;  //!< statistics on disk are this far behind

  std::shared_ptr<const model::Dataset> Find(std::string_view id) const {
    const std::shared_lock lock(mutex);
    for (const auto& dataset : datasets) {
      if (dataset->id == id) return dataset;
    }
    return nullptr;
  }
  Result<Reading> Reader() {
    Reading reading;
    reading.pass = gate.Enter();
    SHEAF_ASSIGN(reading.connection, engine->Connect());
    return reading;
  }
  bool HasDeadRows(const model::Dataset& dataset) const {
    if (dataset.number == 0) return false;
    const std::shared_lock lock(mutex);
    return statistics[static_cast<std::size_t>(dataset.number - 1)].has_dead_rows;
  }
};

//! Reads people, definitions, statistics and the last seq of a freshly attached file; counts what the saved statistics
//! do not cover yet.
Status LoadState(StudyState& state, Connection& connection);
//! Opens the record index and adds what it lacks. Writer only.
Status OpenIndex(StudyState& state, Connection& connection);
//! Writes the statistics into the file, inside the caller's transaction.
Status SaveStatistics(const StudyState& state, Connection& connection);
//! Removes versions that were replaced or deleted more than a day ago, and old idempotency keys. In its own transactions.
Status Purge(StudyState& state, Connection& connection);

}  // namespace sheaf::vault
