#pragma once
//! Building batches of records row by row.

#include <functional>
#include <initializer_list>
#include <span>
#include <string_view>

#include "base/error.h"
#include "model/record_batch.h"

namespace sheaf::demo {

//! Takes a batch; its rows are in order.
using BatchSink = std::function<Status(model::RecordBatch&&)>;

//! The parts of a record that are not fields.
struct RowHead {
  std::string_view id;  //!< empty: none
  std::string_view participant;
  std::string_view session;  //!< empty: none
  Micros time = model::kNoTime;
  std::int16_t offset = model::kNoOffset;
  double onset_ms;  //!< NaN: none
};

//! Begin a row, give its answers in any order, End it: fields not given are absent. A field is given once a row and
//! by the setter of its type. Full batches go to the sink; Finish hands over the rest. The first failure of the
//! sink is kept and answered by Finish.
class Rows {
 public:
  Rows(const model::Dataset& dataset, const BatchSink& sink);

  //! The number of the field called so; the demo's definitions are known, so it is there.
  int Field(std::string_view id) const;

  void Begin(const RowHead& head);
  void Text(int field, std::string_view text);  //!< string, identifier, json
  void Integer(int field, std::int64_t value);  //!< integer, boolean (0, 1), datetime, enum (option number)
  void Double(int field, double value);
  void Set(int field, std::span<const std::int32_t> options);
  void Skip(int field);
  void End();

  Status Finish();

 private:
  model::FieldColumn& Column(int field) { return batch_.fields[static_cast<std::size_t>(field)]; }
  void Mark(model::FieldColumn& column, model::CellState state);
  void Flush();

  const model::Dataset& dataset_;
  const BatchSink& sink_;
  model::RecordBatch batch_;
  Status status_;
};

}  // namespace sheaf::demo
