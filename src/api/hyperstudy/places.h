#pragma once
//! Where a client that pages by offset will go on reading, so that its thousandth page costs what its first did. What is
//! forgotten costs time alone.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "export/plan.h"
#include "export/row_positions.h"
#include "vault/vault.h"

namespace sheaf::api::hyperstudy {

//! Rows of a plan read in one go. Immutable once made.
struct Block {
  struct Part {
    std::shared_ptr<const model::ColumnBatch> batch;
    std::size_t rows = 0;  //!< of the batch, from its first on
  };
  std::vector<Part> parts;
  std::uint64_t rows = 0;
  bool more = false;               //!< rows follow behind `last`
  vault::Select::Position last{};  //!< of the last row; nothing when there is none
  std::size_t bytes = 0;           //!< about
};

//! A row that a page may begin with.
struct Place {
  vault::Seq upto = 0;                            //!< the instant of the first page
  std::uint64_t total = 0;                        //!< counted then
  std::optional<Micros> started;                  //!< experimentStartedAt
  std::optional<vault::Select::Position> behind;  //!< of the row before the block's first; none: the list's beginning
  std::shared_ptr<const Block> block;             //!< may be none: it is read again
  std::uint64_t at = 0;                           //!< row of the block
  std::optional<vault::Select::Position> before;  //!< of the row before `at`
};

//! Rows [begin, end) of a batch.
struct Slice {
  std::shared_ptr<const model::ColumnBatch> batch;
  std::size_t begin = 0, end = 0;
};

//! Thread-safe; bounded in entries and bytes.
class Places {
 public:
  std::optional<Place> Find(const std::string& list, std::uint64_t offset);
  void Put(const std::string& list, std::uint64_t offset, Place place);
  //! Keeps where the place is, and lets go of its rows: a client may ask again, but seldom does.
  void Lighten(const std::string& list, std::uint64_t offset);

 private:
  struct Entry {
    std::string key;
    Place place;
  };
  static std::size_t BytesOf(const Entry& entry);
  void Shrink();

  std::mutex mutex_;
  std::list<Entry> entries_;  // the latest first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::size_t bytes_ = 0;
};

//! Reads on from a place. `plan` is at the place's instant.
class BlockReader {
 public:
  BlockReader(vault::StudyVault& study, exporting::Plan& plan) : study_(study), plan_(plan), positions_(study, plan) {}
  //! Before all else. kBadParameter (sort).
  Status Begin() { return positions_.Begin(); }
  //! The place `offset` rows from the beginning, found by passing over them.
  Result<Place> Seek(std::uint64_t offset);
  //! Up to `limit` rows from `place` on, which moves behind them.
  Result<std::vector<Slice>> Read(Place& place, std::uint64_t limit);
  //! The position to read on from, with its values.
  Result<vault::Select::Position> Complete(vault::Select::Position position);

 private:
  Result<std::shared_ptr<const Block>> ReadBlock(const std::optional<vault::Select::Position>& behind, std::uint64_t rows);

  vault::StudyVault& study_;
  exporting::Plan& plan_;
  exporting::RowPositions positions_;
};

}  // namespace sheaf::api::hyperstudy
