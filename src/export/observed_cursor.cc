#include "export/observed_cursor.h"

#include <algorithm>

namespace sheaf::exporting {

std::size_t ColumnPlace(vault::Select& select, model::ColumnKind kind) {
  const model::Column column{kind, -1, {}};
  const auto found = std::find(select.columns.begin(), select.columns.end(), column);
  const auto place = static_cast<std::size_t>(found - select.columns.begin());
  if (found == select.columns.end()) select.columns.push_back(column);
  return place;
}

void TimeRange::Add(const model::ColumnView& time, std::size_t begin, std::size_t end) {
  rows += end - begin;
  Micros low = kMaxMicros + 1, high = kMinMicros - 1;
  const auto* cells = static_cast<const Micros*>(time.data);
  if (time.validity == nullptr) {
    for (std::size_t row = begin; row < end; ++row) {
      low = std::min(low, cells[row]);
      high = std::max(high, cells[row]);
    }
  } else {
    for (std::size_t row = begin; row < end; ++row) {
      if (time.IsNull(row)) continue;
      low = std::min(low, cells[row]);
      high = std::max(high, cells[row]);
    }
  }
  if (high < low) return;
  first = first ? std::min(*first, low) : low;
  last = last ? std::max(*last, high) : high;
}

void TimeRange::Add(const TimeRange& other) {
  rows += other.rows;
  if (other.first) first = first ? std::min(*first, *other.first) : *other.first;
  if (other.last) last = last ? std::max(*last, *other.last) : *other.last;
}

Result<std::shared_ptr<const model::ColumnBatch>> ObservedCursor::Next() {
  auto batch = cursor_->Next();
  if (batch && *batch) seen_.Add((*batch)->columns[time_place_], 0, (*batch)->rows);
  return batch;
}

}  // namespace sheaf::exporting
