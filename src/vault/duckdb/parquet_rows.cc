// Rows that were changed on their way out, as Parquet. The engine writes the file; it reads the rows through a table
// function, which finds their cursor by a number.

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <mutex>

#include "vault/duckdb/study.h"
#include "vault/duckdb/watch.h"

namespace sheaf::vault {
namespace {

using model::ColumnKind;
using model::ColumnView;
using model::FieldType;

constexpr const char* kFunction = "sheaf_rows";

enum class Shape { kParticipant, kSession, kOption, kOptions, kSkipped, kText, kInt16, kInt64, kInstant, kDouble, kBoolean };

Shape ShapeOf(const model::Column& column, const model::Dataset& dataset) {
  switch (column.kind) {
    case ColumnKind::kParticipant: return Shape::kParticipant;
    case ColumnKind::kSession: return Shape::kSession;
    case ColumnKind::kSkipped: return Shape::kSkipped;
    case ColumnKind::kTime:
    case ColumnKind::kReceived:
    case ColumnKind::kUpdated: return Shape::kInstant;
    case ColumnKind::kTimeOffset: return Shape::kInt16;
    case ColumnKind::kSeq: return Shape::kInt64;
    case ColumnKind::kOnset: return Shape::kDouble;
    case ColumnKind::kField: break;
    default: return Shape::kText;
  }
  switch (dataset.fields[static_cast<std::size_t>(column.field)].type) {
    case FieldType::kInteger: return Shape::kInt64;
    case FieldType::kDouble: return Shape::kDouble;
    case FieldType::kBoolean: return Shape::kBoolean;
    case FieldType::kDatetime: return Shape::kInstant;
    case FieldType::kEnum: return Shape::kOption;
    case FieldType::kSet: return Shape::kOptions;
    default: return Shape::kText;
  }
}

duckdb_logical_type TypeOf(Shape shape) {
  switch (shape) {
    case Shape::kInt16: return duckdb_create_logical_type(DUCKDB_TYPE_SMALLINT);
    case Shape::kInt64: return duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
    case Shape::kInstant: return duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP_TZ);
    case Shape::kDouble: return duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
    case Shape::kBoolean: return duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
    default: break;
  }
  duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  if (shape != Shape::kOptions && shape != Shape::kSkipped) return text;
  duckdb_logical_type list = duckdb_create_list_type(text);
  duckdb_destroy_logical_type(&text);
  return list;
}

void SetNull(duckdb_vector vector, std::size_t row) {
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

void SetText(duckdb_vector vector, std::size_t row, std::string_view text) {
  duckdb_vector_assign_string_element_len(vector, row, text.data(), text.size());
}

//! What one statement reads. One thread at a time.
class RowSource {
 public:
  explicit RowSource(const ParquetRows& rows) : rows_(rows) {
    for (const auto& column : rows.columns) shapes_.push_back(ShapeOf(column, rows.dataset));
  }

  void AddColumns(duckdb_bind_info info) const {
    for (std::size_t column = 0; column < shapes_.size(); ++column) {
      duckdb_logical_type type = TypeOf(shapes_[column]);
      duckdb_bind_add_result_column(info, rows_.names[column].c_str(), type);
      duckdb_destroy_logical_type(&type);
    }
  }

  Status Fill(duckdb_data_chunk output) {
    while (batch_ == nullptr || position_ >= batch_->rows) {
      SHEAF_ASSIGN(batch_, rows_.cursor.Next());
      position_ = 0;
      if (batch_ == nullptr) {
        duckdb_data_chunk_set_size(output, 0);
        return {};
      }
    }
    const std::size_t count = std::min<std::size_t>(batch_->rows - position_, duckdb_vector_size());
    for (std::size_t column = 0; column < shapes_.size(); ++column) {
      duckdb_vector vector = duckdb_data_chunk_get_vector(output, column);
      FillColumn(column, vector, count);
    }
    duckdb_data_chunk_set_size(output, count);
    position_ += count;
    return {};
  }

  std::optional<Error> failure;

 private:
  void FillColumn(std::size_t column, duckdb_vector vector, std::size_t count) {
    const ColumnView& view = batch_->columns[column];
    switch (shapes_[column]) {
      case Shape::kInt16: return Copy<std::int16_t>(view, vector, count);
      case Shape::kInt64:
      case Shape::kInstant: return Copy<std::int64_t>(view, vector, count);
      case Shape::kDouble: return Copy<double>(view, vector, count);
      case Shape::kBoolean: return Copy<bool>(view, vector, count);
      case Shape::kOptions:
      case Shape::kSkipped: return FillLists(column, view, vector, count);
      default: break;
    }
    for (std::size_t row = 0; row < count; ++row) {
      if (view.IsNull(position_ + row)) {
        SetNull(vector, row);
        continue;
      }
      const auto text = TextOf(column, view, position_ + row);
      if (text) SetText(vector, row, *text);
      else SetNull(vector, row);
    }
  }

  template <class T>
  void Copy(const ColumnView& view, duckdb_vector vector, std::size_t count) const {
    std::memcpy(duckdb_vector_get_data(vector), static_cast<const T*>(view.data) + position_, count * sizeof(T));
    if (view.validity == nullptr) return;
    for (std::size_t row = 0; row < count; ++row) {
      if (view.IsNull(position_ + row)) SetNull(vector, row);
    }
  }

  std::optional<std::string_view> TextOf(std::size_t column, const ColumnView& view, std::size_t row) const {
    switch (shapes_[column]) {
      case Shape::kParticipant: return rows_.people.ParticipantId(view.At<std::int32_t>(row));
      case Shape::kSession: return rows_.people.SessionId(view.At<std::int32_t>(row));
      case Shape::kOption: return OptionOf(column, view.At<std::int32_t>(row));
      default: return view.At<model::StringCell>(row).View();
    }
  }

  std::optional<std::string_view> OptionOf(std::size_t column, std::int32_t number) const {
    const auto& options = rows_.dataset.fields[static_cast<std::size_t>(rows_.columns[column].field)].options;
    if (number < 0 || static_cast<std::size_t>(number) >= options.size()) return std::nullopt;
    return options[static_cast<std::size_t>(number)].id;
  }

  void FillLists(std::size_t column, const ColumnView& view, duckdb_vector vector, std::size_t count) {
    auto* entries = static_cast<duckdb_list_entry*>(duckdb_vector_get_data(vector));
    elements_.clear();
    for (std::size_t row = 0; row < count; ++row) {
      entries[row] = {elements_.size(), 0};
      if (view.IsNull(position_ + row)) {
        SetNull(vector, row);
        continue;
      }
      shapes_[column] == Shape::kOptions ? AddOptions(column, view, position_ + row) : AddSkipped(view, position_ + row);
      entries[row].length = elements_.size() - entries[row].offset;
    }
    duckdb_list_vector_reserve(vector, elements_.size());
    duckdb_list_vector_set_size(vector, elements_.size());
    duckdb_vector child = duckdb_list_vector_get_child(vector);
    for (std::size_t element = 0; element < elements_.size(); ++element) SetText(child, element, elements_[element]);
  }

  void AddOptions(std::size_t column, const ColumnView& view, std::size_t row) {
    const auto& cell = view.At<model::ListCell>(row);
    for (std::uint64_t place = 0; place < cell.length; ++place) {
      if (const auto id = OptionOf(column, view.child[cell.offset + place])) elements_.push_back(*id);
    }
  }

  void AddSkipped(const ColumnView& view, std::size_t row) {
    const std::string_view numbers = view.At<model::StringCell>(row).View();
    for (std::size_t at = 0; at + 1 < numbers.size(); at += 2) {
      const auto field =
          static_cast<std::size_t>(static_cast<unsigned char>(numbers[at]) | static_cast<unsigned char>(numbers[at + 1]) << 8);
      if (field < rows_.dataset.fields.size()) elements_.push_back(rows_.dataset.fields[field].id);
    }
  }

  const ParquetRows& rows_;
  std::vector<Shape> shapes_;
  std::shared_ptr<const model::ColumnBatch> batch_;
  std::size_t position_ = 0;
  std::vector<std::string_view> elements_;
};

//! Sources by the number their statement names. A statement that nobody here made finds nothing.
class Sources {
 public:
  static Sources& Get() {
    static Sources sources;
    return sources;
  }
  std::int64_t Add(RowSource& source) {
    const std::lock_guard lock(mutex_);
    sources_[++last_] = &source;
    return last_;
  }
  void Remove(std::int64_t number) {
    const std::lock_guard lock(mutex_);
    sources_.erase(number);
  }
  RowSource* Find(std::int64_t number) {
    const std::lock_guard lock(mutex_);
    const auto found = sources_.find(number);
    return found == sources_.end() ? nullptr : found->second;
  }

 private:
  std::mutex mutex_;
  std::map<std::int64_t, RowSource*> sources_;
  std::int64_t last_ = 0;
};

class Listing {
 public:
  explicit Listing(RowSource& source) : number_(Sources::Get().Add(source)) {}
  ~Listing() { Sources::Get().Remove(number_); }
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;
  std::int64_t Number() const { return number_; }

 private:
  const std::int64_t number_;
};

void Bind(duckdb_bind_info info) {
  duckdb_value number = duckdb_bind_get_parameter(info, 0);
  RowSource* const source = Sources::Get().Find(duckdb_get_int64(number));
  duckdb_destroy_value(&number);
  if (source == nullptr) return duckdb_bind_set_error(info, "no such rows");
  source->AddColumns(info);
  duckdb_bind_set_bind_data(info, source, nullptr);
}

// Rows come in order, so one thread fetches them.
void Init(duckdb_init_info info) { duckdb_init_set_max_threads(info, 1); }

void Produce(duckdb_function_info info, duckdb_data_chunk output) {
  auto& source = *static_cast<RowSource*>(duckdb_function_get_bind_data(info));
  Status filled = source.Fill(output);
  if (filled) return;
  source.failure = std::move(filled).error();
  duckdb_function_set_error(info, "the rows broke off");
}

}  // namespace

Status RegisterRows(duckdb_connection connection) {
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, kFunction);
  duckdb_logical_type number = duckdb_create_logical_type(DUCKDB_TYPE_BIGINT);
  duckdb_table_function_add_parameter(function, number);
  duckdb_destroy_logical_type(&number);
  duckdb_table_function_set_bind(function, Bind);
  duckdb_table_function_set_init(function, Init);
  duckdb_table_function_set_function(function, Produce);
  const auto state = duckdb_register_table_function(connection, function);
  duckdb_destroy_table_function(&function);
  if (state != DuckDBSuccess) return Fail(ErrorCode::kInternal, "the record engine takes no table function");
  return {};
}

Result<std::uint64_t> DuckStudy::WriteParquetOf(const ParquetRows& rows, const std::string& path, const std::function<bool()>& interrupt) {
  if (rows.names.empty() || rows.names.size() != rows.columns.size())
    return Fail(ErrorCode::kInternal, "a Parquet file needs a name for each column");
  RowSource source(rows);
  const Listing listing(source);
  SHEAF_ASSIGN(auto connection, state_->engine->Connect());
  SHEAF_ASSIGN(auto statement, connection->Prepare(fmt::format(
                                   "COPY (SELECT * FROM {}({})) TO {} (FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 4096)",
                                   kFunction, listing.Number(), SqlText(path))));
  const Watch watch(*connection, [&] {
    if (!interrupt || !interrupt()) return false;
    rows.cursor.Interrupt();
    return true;
  });
  auto written = statement.Run();
  if (source.failure) return Fail(std::move(*source.failure));
  if (!written) return Fail(std::move(written).error());
  return written->Changed();
}

}  // namespace sheaf::vault
