#pragma once
//! The fetching and the ordering of blocks, which the pipeline and the pulled streams share.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "export/compression.h"
#include "export/encoder.h"
#include "vault/vault.h"

namespace sheaf::exporting {

//! What a block should have before compression. The work per byte is about the same from 128 KiB to 1 MiB, so the
//! memory of a waiting stream decides: it holds three.
inline constexpr std::size_t kBlockBytes = 256u << 10;
//! Of the first block, so that a reader gets rows at once.
inline constexpr std::size_t kFirstRows = 256;

//! The rows of one block.
struct Ticket {
  struct Slice {
    std::shared_ptr<const model::ColumnBatch> batch;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::uint64_t number = 0;
  std::uint64_t rows = 0;
  bool first = false;  //!< no row was fetched before
  std::vector<Slice> slices;
};

//! Cuts a cursor's batches into tickets of about kBlockBytes encoded: several small batches make one, a wide one makes
//! several. Take and Suspend: one thread at a time; Measured: any.
class Tickets {
 public:
  //! `first_rows`: of the tickets before anything is measured.
  Tickets(vault::Cursor& cursor, std::size_t first_rows) : cursor_(cursor), first_rows_(first_rows) {}
  //! False: the end.
  Result<bool> Take(Ticket& ticket);
  void Suspend() { cursor_.Suspend(); }
  //! What rows came to, so that later tickets have the right size.
  void Measured(std::uint64_t rows, std::uint64_t bytes);
  std::uint64_t Rows() const { return rows_; }
  std::uint64_t Count() const { return count_; }

 private:
  std::size_t TargetRows() const;
  Status Refill();
  vault::Cursor& cursor_;
  std::size_t first_rows_;
  std::shared_ptr<const model::ColumnBatch> batch_;
  std::size_t position_ = 0;
  bool ended_ = false;
  std::uint64_t rows_ = 0;
  std::uint64_t count_ = 0;
  std::atomic<std::uint64_t> bytes_per_row_{0};  // 0: nothing measured yet
};

//! Encodes a ticket's rows; errors for exceptions of the encoder.
Status EncodeTicket(const Encoder& encoder, const Ticket& ticket, std::string& out);

//! Blocks finished in any order, given out in order. Not thread-safe.
class Reorder {
 public:
  void Put(std::uint64_t number, Block block) { waiting_.emplace(number, std::move(block)); }
  std::optional<Block> Take();
  std::uint64_t Next() const { return next_; }  //!< how many were given out

 private:
  std::map<std::uint64_t, Block> waiting_;
  std::uint64_t next_ = 0;
};

//! Calls `interrupt` again and again, from its own thread, from when `cancelled` is set until it is destroyed: an Interrupt that
//! comes just before the call it is meant for would be lost.
class InterruptWatch {
 public:
  InterruptWatch(const std::atomic<bool>& cancelled, std::function<void()> interrupt);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

 private:
  const std::atomic<bool>& cancelled_;
  std::function<void()> interrupt_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

Error CancelledError();

}  // namespace sheaf::exporting
