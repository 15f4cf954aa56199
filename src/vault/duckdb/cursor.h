#pragma once
//! A Select being read. See vault::Cursor for the contract.

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>

#include "vault/duckdb/engine.h"
#include "vault/duckdb/read_gate.h"
#include "vault/vault.h"

namespace sheaf::vault {

class DuckStudy;
struct StudyState;

//! Makes the SQL anew each time the cursor (re)opens: the study may have got rows replaced meanwhile.
using RenderFunction = std::function<struct Sql(const Select&)>;

//! The answer to a reader that cannot go on after somebody withdrew or was erased.
Error RewrittenError();

class DuckCursor : public Cursor, private ReadGate::Evictable {
 public:
  //! `keep_alive` holds the study (and with it the attached file) as long as the cursor lives.
  DuckCursor(std::shared_ptr<void> keep_alive, std::shared_ptr<StudyState> state, Select select,
             std::shared_ptr<const model::Dataset> dataset, RenderFunction render);
  ~DuckCursor() override;

  Result<std::shared_ptr<const model::ColumnBatch>> Next() override;
  bool Resumable() const override { return select_.order.empty(); }
  void Suspend() override;
  void Interrupt() override;

 private:
  using Batch = std::shared_ptr<const model::ColumnBatch>;
  Status OpenQuery();
  void CloseQuery();
  bool Evict() override;
  Result<Batch> NextBatch();
  Result<Batch> TakeChunk(duckdb_data_chunk chunk, std::size_t size);
  //! Another read may have the memory, and is over soon. Waits for its turn and a moment; false: it is not that, or has been
  //! too long.
  bool WaitForMemory(const Error& error, std::chrono::steady_clock::time_point began, std::unique_lock<std::timed_mutex>& turn) const;
  //! The next batch is read by a new query, from where the last batch began.
  void StartAgain();
  //! Somebody withdrew or was erased since reading began.
  bool Outdated() const;

  std::shared_ptr<void> keep_alive_;
  std::shared_ptr<StudyState> state_;
  Select select_;  // `after`, `position` and `limit` move on while reading
  std::shared_ptr<const model::Dataset> dataset_;
  std::vector<model::CellType> types_;
  RenderFunction render_;

  std::mutex use_mutex_;  // held by whoever works with rows_; taken before mutex_
  std::mutex mutex_;      // guards connection_ against Interrupt
  ReadGate::Pass pass_;
  std::uint64_t generation_ = 0;  // of the people, when the query was rendered; 0: never yet
  Engine::Lease connection_;
  Rows rows_;
  bool open_ = false;
  bool drained_ = false;  // the open query has given its last row
  bool ended_ = false;
  bool delivered_ = false;  // a batch
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> evicted_{false};
  Seq resume_after_ = kNoSeq;  // where the last batch began
  std::uint64_t resume_limit_ = 0;
};

//! Views of a chunk's first `columns` columns; the batch owns the chunk.
std::shared_ptr<const model::ColumnBatch> MakeBatch(duckdb_data_chunk chunk, const std::vector<model::CellType>& types);

}  // namespace sheaf::vault
