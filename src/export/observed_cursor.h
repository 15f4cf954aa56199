#pragma once
//! A cursor that notes what passes: rows, first and last time.

#include <memory>
#include <optional>

#include "vault/vault.h"

namespace sheaf::exporting {

//! The place of this record column in the select, which is added behind the others when it is not there.
std::size_t ColumnPlace(vault::Select& select, model::ColumnKind kind);

struct TimeRange {
  std::uint64_t rows = 0;
  std::optional<Micros> first, last;
  //! Takes rows [begin, end) in. `time`: a column of kTime.
  void Add(const model::ColumnView& time, std::size_t begin, std::size_t end);
  void Add(const TimeRange& other);
};

class ObservedCursor final : public vault::Cursor {
 public:
  //! `time_place`: of kTime among the columns.
  ObservedCursor(std::unique_ptr<vault::Cursor> cursor, std::size_t time_place) : cursor_(std::move(cursor)), time_place_(time_place) {}
  Result<std::shared_ptr<const model::ColumnBatch>> Next() override;
  bool Resumable() const override { return cursor_->Resumable(); }
  void Suspend() override { cursor_->Suspend(); }
  void Interrupt() override { cursor_->Interrupt(); }
  const TimeRange& Seen() const { return seen_; }

 private:
  std::unique_ptr<vault::Cursor> cursor_;
  std::size_t time_place_;
  TimeRange seen_;
};

}  // namespace sheaf::exporting
