#include "vault/duckdb/row_appender.h"

#include <cmath>
#include <cstring>

#include "vault/duckdb/schema.h"

namespace sheaf::vault {
namespace {

using model::CellState;
using model::FieldType;

// One column of a chunk being filled. Null cells cost a bit; columns without any keep no mask.
class Target {
 public:
  Target(duckdb_data_chunk chunk, std::size_t column) : vector_(duckdb_data_chunk_get_vector(chunk, column)) {}
  template <class T>
  T* Data() {
    return static_cast<T*>(duckdb_vector_get_data(vector_));
  }
  void SetNull(std::size_t row) {
    if (validity_ == nullptr) {
      duckdb_vector_ensure_validity_writable(vector_);
      validity_ = duckdb_vector_get_validity(vector_);
    }
    duckdb_validity_set_row_invalid(validity_, row);
  }
  void SetText(std::size_t row, std::string_view text) { duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size()); }
  duckdb_vector Get() { return vector_; }

 private:
  duckdb_vector vector_;
  std::uint64_t* validity_ = nullptr;
};

template <class T, class Get>
void FillPlain(Target target, std::size_t count, Get get) {
  T* data = target.Data<T>();
  for (std::size_t i = 0; i < count; ++i) data[i] = get(i);
}
template <class T, class Get, class Present>
void FillOptional(Target target, std::size_t count, Get get, Present present) {
  T* data = target.Data<T>();
  for (std::size_t i = 0; i < count; ++i) {
    if (present(i)) data[i] = get(i);
    else target.SetNull(i);
  }
}

void FillSet(Target target, const model::FieldColumn& column, const RowStamp* rows, std::size_t count) {
  auto* entries = target.Data<duckdb_list_entry>();
  const std::size_t base = duckdb_list_vector_get_size(target.Get());
  std::size_t total = 0;
  const auto slice = [&](std::size_t row) {
    const std::size_t begin = row == 0 ? 0 : column.option_ends[row - 1];
    return std::pair(begin, column.option_ends[row] - begin);
  };
  for (std::size_t i = 0; i < count; ++i) total += slice(rows[i].row).second;
  duckdb_list_vector_reserve(target.Get(), base + total);
  duckdb_list_vector_set_size(target.Get(), base + total);
  auto* child = static_cast<std::int32_t*>(duckdb_vector_get_data(duckdb_list_vector_get_child(target.Get())));
  std::size_t at = base;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [begin, length] = slice(rows[i].row);
    entries[i] = {at, length};
    if (column.states[rows[i].row] != CellState::kAnswered) target.SetNull(i);
    std::copy_n(column.options.begin() + static_cast<std::ptrdiff_t>(begin), length, child + at);
    at += length;
  }
}

void FillField(Target target, const model::FieldColumn& column, const RowStamp* rows, std::size_t count) {
  const auto answered = [&](std::size_t i) { return column.states[rows[i].row] == CellState::kAnswered; };
  const auto integer = [&](std::size_t i) { return column.integers[rows[i].row]; };
  switch (column.type) {
    case FieldType::kString:
    case FieldType::kIdentifier:
    case FieldType::kJson:
      for (std::size_t i = 0; i < count; ++i) {
        if (answered(i)) target.SetText(i, column.strings.At(rows[i].row));
        else target.SetNull(i);
      }
      return;
    case FieldType::kInteger:
    case FieldType::kDatetime: return FillOptional<std::int64_t>(target, count, integer, answered);
    case FieldType::kDouble:
      return FillOptional<double>(
          target, count, [&](std::size_t i) { return column.doubles[rows[i].row]; }, answered);
    case FieldType::kBoolean:
      return FillOptional<bool>(
          target, count, [&](std::size_t i) { return integer(i) != 0; }, answered);
    case FieldType::kEnum:
      return FillOptional<std::int32_t>(
          target, count, [&](std::size_t i) { return static_cast<std::int32_t>(integer(i)); }, answered);
    case FieldType::kSet: return FillSet(target, column, rows, count);
  }
}

// Field numbers of skipped cells, two bytes each; null when the row has none.
void FillSkipped(Target target, const model::RecordBatch& batch, const RowStamp* rows, std::size_t count) {
  std::string numbers;
  for (std::size_t i = 0; i < count; ++i) {
    numbers.clear();
    for (std::size_t field = 0; field < batch.fields.size(); ++field) {
      if (batch.fields[field].states[rows[i].row] != CellState::kSkipped) continue;
      const auto number = static_cast<std::uint16_t>(field);
      numbers.append(reinterpret_cast<const char*>(&number), 2);
    }
    if (numbers.empty()) target.SetNull(i);
    else target.SetText(i, numbers);
  }
}

void FillText(Target target, const model::StringColumn& column, const RowStamp* rows, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = column.At(rows[i].row);
    if (text.empty()) target.SetNull(i);
    else target.SetText(i, text);
  }
}

void FillRecordColumns(duckdb_data_chunk chunk, const model::RecordBatch& batch, const RowStamp* rows, std::size_t count) {
  FillPlain<std::int64_t>(Target(chunk, 0), count, [&](std::size_t i) { return rows[i].seq; });
  Target dead(chunk, 1);
  for (std::size_t i = 0; i < count; ++i) dead.SetNull(i);
  FillText(Target(chunk, 2), batch.ids, rows, count);
  FillPlain<std::int32_t>(Target(chunk, 3), count, [&](std::size_t i) { return rows[i].participant; });
  FillOptional<std::int32_t>(
      Target(chunk, 4), count, [&](std::size_t i) { return rows[i].session; }, [&](std::size_t i) { return rows[i].session != 0; });
  FillOptional<std::int64_t>(
      Target(chunk, 5), count, [&](std::size_t i) { return batch.time[rows[i].row]; },
      [&](std::size_t i) { return batch.time[rows[i].row] != model::kNoTime; });
  FillOptional<std::int16_t>(
      Target(chunk, 6), count, [&](std::size_t i) { return batch.time_offset[rows[i].row]; },
      [&](std::size_t i) { return batch.time_offset[rows[i].row] != model::kNoOffset; });
  FillOptional<double>(
      Target(chunk, 7), count, [&](std::size_t i) { return rows[i].onset_ms; },
      [&](std::size_t i) { return !std::isnan(rows[i].onset_ms); });
  FillPlain<std::int64_t>(Target(chunk, 8), count, [&](std::size_t i) { return rows[i].received; });
  FillPlain<std::int64_t>(Target(chunk, 9), count, [&](std::size_t i) { return rows[i].updated; });
  FillSkipped(Target(chunk, 10), batch, rows, count);
  FillText(Target(chunk, 11), batch.metadata, rows, count);
}

duckdb_logical_type TypeOf(FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kIdentifier:
    case FieldType::kJson: return duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
    case FieldType::kInteger:
    case FieldType::kDatetime: return duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    case FieldType::kDouble: return duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
    case FieldType::kBoolean: return duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    case FieldType::kEnum: return duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
    case FieldType::kSet: break;
  }
  duckdb_logical_type element = duckdb_create_logical_type(DUCKDB_TYPE_INTEGER);
  duckdb_logical_type list = duckdb_create_list_type(element);
  duckdb_destroy_logical_type(&element);
  return list;
}

}  // namespace

Result<RowAppender> RowAppender::Open(Connection& connection, const std::string& alias, const model::Dataset& dataset) {
  RowAppender appender;
  const std::string table = "d" + std::to_string(dataset.number);
  if (duckdb_appender_create_ext(connection.Get(), alias.c_str(), "main", table.c_str(), &appender.appender_) != DuckDBSuccess) {
    const char* message = duckdb_appender_error(appender.appender_);
    return Fail(EngineError(message == nullptr ? "no appender" : message));
  }
  constexpr duckdb_type kRecordTypes[kRecordColumns] = {DUCKDB_TYPE_BIGINT,  DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_VARCHAR,  DUCKDB_TYPE_INTEGER,
                                                        DUCKDB_TYPE_INTEGER, DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_SMALLINT, DUCKDB_TYPE_DOUBLE,
                                                        DUCKDB_TYPE_BIGINT,  DUCKDB_TYPE_BIGINT, DUCKDB_TYPE_BLOB,     DUCKDB_TYPE_VARCHAR};
  for (const auto type : kRecordTypes) appender.types_.push_back(duckdb_create_logical_type(type));
  for (const auto& field : dataset.fields) appender.types_.push_back(TypeOf(field.type));
  return appender;
}

RowAppender::RowAppender(RowAppender&& other) noexcept : appender_(other.appender_), types_(std::move(other.types_)) {
  other.appender_ = nullptr;
  other.types_.clear();
}
RowAppender::~RowAppender() {
  // Without Flush the transaction is rolled back anyway; what destroy flushes goes with it.
  if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
  for (auto& type : types_) duckdb_destroy_logical_type(&type);
}

Status RowAppender::AppendChunk(const model::RecordBatch& batch, const RowStamp* rows, std::size_t count) {
  duckdb_data_chunk chunk = duckdb_create_data_chunk(types_.data(), types_.size());
  const Chunk owned(chunk);
  FillRecordColumns(chunk, batch, rows, count);
  for (std::size_t field = 0; field < batch.fields.size(); ++field) {
    FillField(Target(chunk, kRecordColumns + field), batch.fields[field], rows, count);
  }
  duckdb_data_chunk_set_size(chunk, count);
  if (duckdb_append_data_chunk(appender_, chunk) == DuckDBSuccess) return {};
  return Fail(EngineError(duckdb_appender_error(appender_)));
}

Status RowAppender::Append(const model::RecordBatch& batch, const std::vector<RowStamp>& rows) {
  const std::size_t step = duckdb_vector_size();
  for (std::size_t at = 0; at < rows.size(); at += step) {
    SHEAF_TRY(AppendChunk(batch, rows.data() + at, std::min(step, rows.size() - at)));
  }
  return {};
}

Status RowAppender::Flush() {
  if (duckdb_appender_flush(appender_) == DuckDBSuccess) return {};
  return Fail(EngineError(duckdb_appender_error(appender_)));
}

}  // namespace sheaf::vault
