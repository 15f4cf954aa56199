#pragma once
//! Rows of a RecordBatch → DuckDB data chunks → the dataset's table, inside the caller's transaction.

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/record_batch.h"
#include "vault/duckdb/engine.h"
#include "vault/vault.h"

namespace sheaf::vault {

//! What the vault adds to a row.
struct RowStamp {
  std::size_t row = 0;  //!< in the batch
  Seq seq = kNoSeq;
  std::int32_t participant = 0;
  std::int32_t session = 0;  //!< 0: none
  double onset_ms = 0;       //!< NaN: none
  Micros received = 0;
  Micros updated = 0;
};

//! One table, one transaction. Rows are there for queries of the transaction after Flush.
class RowAppender {
 public:
  static Result<RowAppender> Open(Connection& connection, const std::string& alias, const model::Dataset& dataset);
  RowAppender(RowAppender&& other) noexcept;
  RowAppender& operator=(RowAppender&&) = delete;
  RowAppender(const RowAppender&) = delete;
  RowAppender& operator=(const RowAppender&) = delete;
  ~RowAppender();

  Status Append(const model::RecordBatch& batch, const std::vector<RowStamp>& rows);
  Status Flush();

 private:
  RowAppender() = default;
  Status AppendChunk(const model::RecordBatch& batch, const RowStamp* rows, std::size_t count);

  duckdb_appender appender_ = nullptr;
  std::vector<duckdb_logical_type> types_;
};

}  // namespace sheaf::vault
