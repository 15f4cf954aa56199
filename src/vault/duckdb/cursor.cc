#include "vault/duckdb/cursor.h"

#include "vault/duckdb/sql.h"

namespace sheaf::vault {

static_assert(sizeof(model::StringCell) == sizeof(duckdb_string_t));
static_assert(sizeof(model::ListCell) == sizeof(duckdb_list_entry));

std::shared_ptr<const model::ColumnBatch> MakeBatch(duckdb_data_chunk chunk, const std::vector<model::CellType>& types) {
  auto batch = std::make_shared<model::ColumnBatch>();
  batch->owner = std::make_shared<Chunk>(chunk);
  batch->rows = duckdb_data_chunk_get_size(chunk);
  batch->columns.resize(types.size());
  for (std::size_t column = 0; column < types.size(); ++column) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(chunk, column);
    auto& view = batch->columns[column];
    view.type = types[column];
    view.data = duckdb_vector_get_data(vector);
    view.validity = duckdb_vector_get_validity(vector);
    if (view.type == model::CellType::kInt32List) {
      view.child = static_cast<const std::int32_t*>(duckdb_vector_get_data(duckdb_list_vector_get_child(vector)));
    }
  }
  return batch;
}

DuckCursor::DuckCursor(std::shared_ptr<void> keep_alive, std::shared_ptr<Engine> engine, Select select,
                       std::shared_ptr<const model::Dataset> dataset, RenderFunction render)
    : keep_alive_(std::move(keep_alive)),
      engine_(std::move(engine)),
      select_(std::move(select)),
      dataset_(std::move(dataset)),
      render_(std::move(render)) {
  for (const auto& column : select_.columns) types_.push_back(model::CellTypeOf(column, *dataset_));
}

DuckCursor::~DuckCursor() { CloseQuery(); }

Status DuckCursor::OpenQuery() {
  SHEAF_ASSIGN(auto connection, engine_->Connect());
  {
    const std::lock_guard lock(mutex_);
    connection_ = std::move(connection);
  }
  if (interrupted_) return Fail(ErrorCode::kCancelled, "the query was stopped");
  const Sql sql = render_(select_);
  SHEAF_ASSIGN(auto statement, connection_->Prepare(sql.text));
  SHEAF_TRY(BindParameters(statement, sql.parameters));
  SHEAF_ASSIGN(rows_, statement.Stream());
  open_ = true;
  drained_ = false;
  return {};
}

void DuckCursor::CloseQuery() {
  rows_ = Rows();
  const std::lock_guard lock(mutex_);
  if (connection_ && open_ && !drained_) connection_->Discard();
  open_ = false;
  connection_.reset();
}

Result<std::shared_ptr<const model::ColumnBatch>> DuckCursor::Next() {
  using Batch = std::shared_ptr<const model::ColumnBatch>;
  if (ended_) return Batch();
  if (!open_) {
    if (auto status = OpenQuery(); !status) {
      CloseQuery();
      return Fail(std::move(status).error());
    }
  }
  while (true) {
    duckdb_data_chunk chunk = rows_.NextChunk();
    if (interrupted_) {
      duckdb_destroy_data_chunk(&chunk);
      CloseQuery();
      return Fail(ErrorCode::kCancelled, "the query was stopped");
    }
    if (chunk == nullptr) {
      auto error = rows_.StreamError();
      ended_ = drained_ = true;
      CloseQuery();
      if (error) return Fail(std::move(*error));
      return Batch();
    }
    const std::size_t size = duckdb_data_chunk_get_size(chunk);
    if (size == 0) {
      duckdb_destroy_data_chunk(&chunk);
      continue;
    }
    const auto* seqs = static_cast<const std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, types_.size())));
    if (Resumable()) {
      select_.after = std::max(select_.after, seqs[size - 1]);
      if (select_.limit > 0) {
        select_.limit -= std::min<std::uint64_t>(select_.limit, size);
        ended_ = select_.limit == 0;
      }
    }
    auto batch = MakeBatch(chunk, types_);
    if (ended_) CloseQuery();
    return batch;
  }
}

void DuckCursor::Suspend() {
  if (Resumable()) CloseQuery();
}

void DuckCursor::Interrupt() {
  interrupted_ = true;
  const std::lock_guard lock(mutex_);
  if (connection_) connection_->Interrupt();
}

}  // namespace sheaf::vault
