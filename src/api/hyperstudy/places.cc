#include "api/hyperstudy/places.h"

#include <algorithm>
#include <utility>

#include "export/rows.h"

namespace sheaf::api::hyperstudy {
namespace {

constexpr std::size_t kMostEntries = 4096;
constexpr std::size_t kMostBytes = 64u << 20;
// A client that has asked for a second page will ask for more: a block is read for many of them.
constexpr std::uint64_t kBlockRows = 32768;
constexpr std::size_t kBlockBytes = 16u << 20;
constexpr std::size_t kEntryBytes = 512;

std::string KeyOf(const std::string& list, std::uint64_t offset) { return std::to_string(offset) + "#" + list; }

std::size_t BytesOf(const model::ColumnBatch& batch) {
  std::size_t bytes = 0;
  for (const model::ColumnView& view : batch.columns) {
    bytes += batch.rows * 16;
    if (view.type != model::CellType::kString) continue;
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (!view.IsNull(row)) bytes += view.At<model::StringCell>(row).inlined.length;
    }
  }
  return bytes;
}

}  // namespace

std::size_t Places::BytesOf(const Entry& entry) {
  return kEntryBytes + entry.key.size() * 2 + (entry.place.block ? entry.place.block->bytes : 0);
}

std::optional<Place> Places::Find(const std::string& list, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(KeyOf(list, offset));
  if (found == by_key_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->place;
}

void Places::Put(const std::string& list, std::uint64_t offset, Place place) {
  Entry entry{KeyOf(list, offset), std::move(place)};
  const std::lock_guard lock(mutex_);
  if (const auto old = by_key_.find(entry.key); old != by_key_.end()) {
    bytes_ -= BytesOf(*old->second);
    entries_.erase(old->second);
    by_key_.erase(old);
  }
  bytes_ += BytesOf(entry);
  entries_.push_front(std::move(entry));
  by_key_[entries_.front().key] = entries_.begin();
  Shrink();
}

void Places::Lighten(const std::string& list, std::uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(KeyOf(list, offset));
  if (found == by_key_.end() || !found->second->place.block) return;
  Entry& entry = *found->second;
  bytes_ -= BytesOf(entry);
  if (entry.place.before) entry.place.behind = entry.place.before;
  entry.place.block.reset();
  entry.place.at = 0;
  bytes_ += BytesOf(entry);
}

void Places::Shrink() {
  while (entries_.size() > kMostEntries || (bytes_ > kMostBytes && entries_.size() > 1)) {
    bytes_ -= BytesOf(entries_.back());
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

Result<vault::Select::Position> BlockReader::Complete(vault::Select::Position position) {
  if (position.values.size() == plan_.select.order.size()) return position;
  SHEAF_ASSIGN(position.values, positions_.Find(position.seq));
  return position;
}

Result<std::shared_ptr<const Block>> BlockReader::ReadBlock(const std::optional<vault::Select::Position>& behind, std::uint64_t rows) {
  vault::Select select = plan_.select;
  if (behind) { SHEAF_ASSIGN(select.position, Complete(*behind)); }
  select.limit = rows + 1;
  SHEAF_ASSIGN(const auto cursor, exporting::ReadRows(study_, plan_, select));
  auto block = std::make_shared<Block>();
  while (!block->more) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    if (batch->rows == 0) continue;
    if (block->rows == rows || block->bytes > kBlockBytes) {
      block->more = true;
      break;
    }
    const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(batch->rows, rows - block->rows));
    block->more = taken < batch->rows;
    block->parts.push_back({batch, taken});
    block->rows += taken;
    block->bytes += BytesOf(*batch);
    block->last = positions_.Of(*batch, taken - 1);
  }
  return std::shared_ptr<const Block>(std::move(block));
}

Result<Place> BlockReader::Seek(std::uint64_t offset) {
  Place place;
  place.upto = plan_.select.upto;
  if (offset == 0) return place;
  // The rows passed over are not looked at, but for what tells where they stand; and as they are kept, whoever reads.
  exporting::Plan narrow = plan_;
  narrow.rewriter = nullptr;
  narrow.select.columns.clear();
  exporting::RowPositions positions(study_, narrow);
  SHEAF_TRY(positions.Begin());
  narrow.select.limit = offset;
  SHEAF_ASSIGN(const auto cursor, study_.Read(narrow.select));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    if (batch->rows == 0) continue;
    offset -= std::min<std::uint64_t>(offset, batch->rows);
    place.behind = positions.Of(*batch, batch->rows - 1);
  }
  return place;
}

Result<std::vector<Slice>> BlockReader::Read(Place& place, std::uint64_t limit) {
  std::vector<Slice> slices;
  const bool first = !place.behind && !place.block;
  while (limit > 0) {
    if (place.block && place.at == place.block->rows) {
      if (!place.block->more) break;
      place.behind = place.block->last;
      place.block.reset();
    }
    if (!place.block) {
      SHEAF_ASSIGN(place.block, ReadBlock(place.behind, first ? limit : std::max(limit, kBlockRows)));
      place.at = 0;
      if (place.block->rows == 0) break;
    }
    std::uint64_t before = 0;
    for (const Block::Part& part : place.block->parts) {
      const std::uint64_t after = before + part.rows;
      if (limit > 0 && place.at < after) {
        const std::uint64_t taken = std::min(limit, after - place.at);
        const auto begin = static_cast<std::size_t>(place.at - before);
        slices.push_back({part.batch, begin, begin + static_cast<std::size_t>(taken)});
        place.at += taken;
        limit -= taken;
      }
      before = after;
    }
  }
  if (!slices.empty()) place.before = positions_.Of(*slices.back().batch, slices.back().end - 1);
  // A block that has been read to its end is of no more use.
  if (place.block && place.at == place.block->rows && place.block->more) {
    place.behind = place.block->last;
    place.block.reset();
    place.at = 0;
  }
  return slices;
}

}  // namespace sheaf::api::hyperstudy
