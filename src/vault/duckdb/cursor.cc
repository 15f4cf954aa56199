#include "vault/duckdb/cursor.h"

#include <thread>

#include "vault/duckdb/sql.h"
#include "vault/duckdb/state.h"

namespace sheaf::vault {
namespace {
using Clock = std::chrono::steady_clock;
// A query that does not get the memory it needs is tried again for so long; not one that has worked for a while.
constexpr auto kPatience = std::chrono::seconds(15);
constexpr auto kQuickly = std::chrono::seconds(5);
constexpr auto kPause = std::chrono::milliseconds(50);
}  // namespace

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

Error RewrittenError() {
  return {ErrorCode::kStudyRewritten, "somebody withdrew or was erased while the study was read; ask again", {}, 1};
}

DuckCursor::DuckCursor(std::shared_ptr<void> keep_alive, std::shared_ptr<StudyState> state, Select select,
                       std::shared_ptr<const model::Dataset> dataset, RenderFunction render)
    : keep_alive_(std::move(keep_alive)),
      state_(std::move(state)),
      select_(std::move(select)),
      dataset_(std::move(dataset)),
      render_(std::move(render)) {
  for (const auto& column : select_.columns) types_.push_back(model::CellTypeOf(column, *dataset_));
}

DuckCursor::~DuckCursor() {
  const std::lock_guard use(use_mutex_);
  CloseQuery();
}

bool DuckCursor::Outdated() const { return generation_ != 0 && generation_ != state_->people->Generation(); }

Status DuckCursor::OpenQuery() {
  // Before the people are read: who withdraws in between is noticed at the next batch.
  const std::uint64_t generation = state_->people->Generation();
  // A sorted read cannot go on from where its query was closed.
  if (generation_ != 0 && !Resumable()) return Fail(RewrittenError());
  pass_ = state_->gate.Enter(this);
  SHEAF_ASSIGN(auto connection, state_->engine->Connect());
  {
    const std::lock_guard lock(mutex_);
    connection_ = std::move(connection);
  }
  if (interrupted_) return Fail(ErrorCode::kCancelled, "the query was stopped");
  generation_ = generation;
  const Sql sql = render_(select_);
  SHEAF_ASSIGN(auto statement, connection_->Prepare(sql.text));
  SHEAF_TRY(BindParameters(statement, sql.parameters));
  SHEAF_ASSIGN(rows_, statement.Stream());
  open_ = true;
  drained_ = false;
  return {};
}

//! Under use_mutex_.
void DuckCursor::CloseQuery() {
  rows_ = Rows();
  {
    const std::lock_guard lock(mutex_);
    if (connection_ && open_ && !drained_) connection_->Discard();
    open_ = false;
    connection_.reset();
  }
  pass_.Leave();
}

bool DuckCursor::Evict() {
  evicted_ = true;
  {
    const std::lock_guard lock(mutex_);
    if (connection_) connection_->Interrupt();
  }
  const std::unique_lock use(use_mutex_, std::try_to_lock);
  if (!use) return false;
  pass_.Abandon();
  CloseQuery();
  return true;
}

Result<DuckCursor::Batch> DuckCursor::Next() {
  const std::lock_guard use(use_mutex_);
  const auto began = Clock::now();
  auto attempt = began;
  std::unique_lock turn(state_->engine->MemoryTurn(), std::defer_lock);
  while (true) {
    if (ended_) return Batch();
    evicted_ = false;
    auto batch = NextBatch();
    const bool stopped = evicted_ && !interrupted_;
    if (!batch && !stopped && Clock::now() - attempt < kQuickly && WaitForMemory(batch.error(), began, turn)) {
      StartAgain();
      if (!Resumable()) generation_ = 0;
      attempt = Clock::now();
      continue;
    }
    if (batch ? !Outdated() || *batch == nullptr : !stopped) return batch;
    // What was read may hold rows of somebody who is not to be seen any more.
    StartAgain();
    if (!Resumable()) return Fail(RewrittenError());
  }
}

void DuckCursor::StartAgain() {
  CloseQuery();
  ended_ = false;
  select_.after = resume_after_;
  select_.limit = resume_limit_;
}

bool DuckCursor::WaitForMemory(const Error& error, std::chrono::steady_clock::time_point began,
                               std::unique_lock<std::timed_mutex>& turn) const {
  const bool memory = error.code == ErrorCode::kUnavailable && !interrupted_ && (Resumable() || !delivered_);
  if (!memory || Clock::now() - began > kPatience) return false;
  if (!turn && !turn.try_lock_until(began + kPatience)) return false;
  std::this_thread::sleep_for(kPause);
  return true;
}

Result<DuckCursor::Batch> DuckCursor::NextBatch() {
  resume_after_ = select_.after;
  resume_limit_ = select_.limit;
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
      if (error && evicted_) return Fail(std::move(*error));
      ended_ = drained_ = true;
      CloseQuery();
      if (error) return Fail(std::move(*error));
      return Batch();
    }
    const std::size_t size = duckdb_data_chunk_get_size(chunk);
    if (size > 0) return TakeChunk(chunk, size);
    duckdb_destroy_data_chunk(&chunk);
  }
}

Result<DuckCursor::Batch> DuckCursor::TakeChunk(duckdb_data_chunk chunk, std::size_t size) {
  const auto* seqs = static_cast<const std::int64_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, types_.size())));
  if (Resumable()) {
    select_.after = std::max(select_.after, seqs[size - 1]);
    if (select_.limit > 0) {
      select_.limit -= std::min<std::uint64_t>(select_.limit, size);
      ended_ = select_.limit == 0;
    }
  }
  auto batch = MakeBatch(chunk, types_);
  delivered_ = true;
  if (ended_) CloseQuery();
  return batch;
}

void DuckCursor::Suspend() {
  const std::lock_guard use(use_mutex_);
  if (Resumable()) CloseQuery();
}

void DuckCursor::Interrupt() {
  interrupted_ = true;
  const std::lock_guard lock(mutex_);
  if (connection_) connection_->Interrupt();
}

}  // namespace sheaf::vault
