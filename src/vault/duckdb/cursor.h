#pragma once
//! A Select being read. See vault::Cursor for the contract.

#include <atomic>
#include <memory>
#include <mutex>

#include "vault/duckdb/engine.h"
#include "vault/vault.h"

namespace sheaf::vault {

class DuckStudy;

//! Makes the SQL anew each time the cursor (re)opens: the study may have got rows replaced meanwhile.
using RenderFunction = std::function<struct Sql(const Select&)>;

class DuckCursor : public Cursor {
 public:
  //! `keep_alive` holds the study (and with it the attached file) as long as the cursor lives.
  DuckCursor(std::shared_ptr<void> keep_alive, std::shared_ptr<Engine> engine, Select select, std::shared_ptr<const model::Dataset> dataset,
             RenderFunction render);
  ~DuckCursor() override;

  Result<std::shared_ptr<const model::ColumnBatch>> Next() override;
  bool Resumable() const override { return select_.order.empty(); }
  void Suspend() override;
  void Interrupt() override;

 private:
  Status OpenQuery();
  void CloseQuery();

  std::shared_ptr<void> keep_alive_;
  std::shared_ptr<Engine> engine_;
  Select select_;  // `after`, `position` and `limit` move on while reading
  std::shared_ptr<const model::Dataset> dataset_;
  std::vector<model::CellType> types_;
  RenderFunction render_;

  std::mutex mutex_;  // guards connection_ against Interrupt
  Engine::Lease connection_;
  Rows rows_;
  bool open_ = false;
  bool drained_ = false;  // the open query has given its last row
  bool ended_ = false;
  std::atomic<bool> interrupted_{false};
};

//! Views of a chunk's first `columns` columns; the batch owns the chunk.
std::shared_ptr<const model::ColumnBatch> MakeBatch(duckdb_data_chunk chunk, const std::vector<model::CellType>& types);

}  // namespace sheaf::vault
