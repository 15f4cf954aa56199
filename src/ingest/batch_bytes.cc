#include <cstring>
#include <optional>
#include <type_traits>

#include "ingest/spool.h"

namespace sheaf::ingest {
namespace {

using model::FieldColumn;
using model::StringColumn;

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void Put(std::uint64_t number) { out_.append(reinterpret_cast<const char*>(&number), sizeof number); }
  template <class T>
  void Put(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    Put(values.size());
    out_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  void Put(std::string_view text) {
    Put(text.size());
    out_.append(text);
  }
  void Put(const StringColumn& column) {
    Put(column.Size());
    for (std::size_t row = 0; row < column.Size(); ++row) Put(column.At(row));
  }
  void Put(const std::vector<std::string>& texts) {
    Put(texts.size());
    for (const std::string& text : texts) Put(std::string_view(text));
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool Get(std::uint64_t* number) {
    if (bytes_.size() < sizeof *number) return false;
    std::memcpy(number, bytes_.data(), sizeof *number);
    bytes_.remove_prefix(sizeof *number);
    return true;
  }
  template <class T>
  bool Get(std::vector<T>* values) {
    std::uint64_t size = 0;
    if (!Get(&size) || size > bytes_.size() / sizeof(T)) return false;
    values->resize(size);
    if (size > 0) std::memcpy(values->data(), bytes_.data(), size * sizeof(T));
    bytes_.remove_prefix(size * sizeof(T));
    return true;
  }
  bool Get(std::string_view* text) {
    std::uint64_t size = 0;
    if (!Get(&size) || size > bytes_.size()) return false;
    *text = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }
  bool Get(StringColumn* column) {
    return ForEach([&](std::string_view text) { column->Append(text); });
  }
  bool Get(model::IdDictionary* dictionary) {
    return ForEach([&](std::string_view text) { dictionary->Place(text); });
  }
  bool AtEnd() const { return bytes_.empty(); }

 private:
  template <class Take>
  bool ForEach(Take take) {
    std::uint64_t count = 0;
    if (!Get(&count)) return false;
    for (; count > 0; --count) {
      std::string_view text;
      if (!Get(&text)) return false;
      take(text);
    }
    return true;
  }

  std::string_view bytes_;
};

bool GetField(Reader& reader, FieldColumn* column, std::size_t rows) {
  std::uint64_t type = 0;
  if (!reader.Get(&type)) return false;
  column->type = static_cast<model::FieldType>(type);
  return reader.Get(&column->states) && reader.Get(&column->integers) && reader.Get(&column->doubles) && reader.Get(&column->strings) &&
         reader.Get(&column->options) && reader.Get(&column->option_ends) && column->states.size() == rows;
}

}  // namespace

void WriteBatch(const model::RecordBatch& batch, std::string& out) {
  out.clear();
  Writer writer(out);
  writer.Put(batch.rows);
  writer.Put(batch.bytes);
  writer.Put(batch.ids);
  writer.Put(batch.participants.Ids());
  writer.Put(batch.sessions.Ids());
  writer.Put(batch.participant);
  writer.Put(batch.session);
  writer.Put(batch.time);
  writer.Put(batch.time_offset);
  writer.Put(batch.onset_ms);
  writer.Put(batch.metadata);
  writer.Put(batch.fields.size());
  for (const FieldColumn& column : batch.fields) {
    writer.Put(static_cast<std::uint64_t>(column.type));
    writer.Put(column.states);
    writer.Put(column.integers);
    writer.Put(column.doubles);
    writer.Put(column.strings);
    writer.Put(column.options);
    writer.Put(column.option_ends);
  }
}

std::optional<model::RecordBatch> ReadBatch(std::string_view bytes) {
  model::RecordBatch batch;
  Reader reader(bytes);
  std::uint64_t rows = 0, size = 0, fields = 0;
  if (!reader.Get(&rows) || !reader.Get(&size) || !reader.Get(&batch.ids) || !reader.Get(&batch.participants) ||
      !reader.Get(&batch.sessions) || !reader.Get(&batch.participant) || !reader.Get(&batch.session) || !reader.Get(&batch.time) ||
      !reader.Get(&batch.time_offset) || !reader.Get(&batch.onset_ms) || !reader.Get(&batch.metadata) || !reader.Get(&fields) ||
      fields > model::kMaxFields) {
    return std::nullopt;
  }
  batch.rows = rows;
  batch.bytes = size;
  batch.fields.resize(fields);
  for (FieldColumn& column : batch.fields) {
    if (!GetField(reader, &column, rows)) return std::nullopt;
  }
  if (!reader.AtEnd() || batch.ids.Size() != rows || batch.participant.size() != rows) return std::nullopt;
  return batch;
}

void AddNewFields(model::RecordBatch& batch, const model::Dataset& dataset) {
  for (std::size_t field = batch.fields.size(); field < dataset.fields.size(); ++field) {
    FieldColumn column;
    column.type = dataset.fields[field].type;
    column.states.resize(batch.rows, model::CellState::kAbsent);
    switch (column.type) {
      case model::FieldType::kInteger:
      case model::FieldType::kDatetime:
      case model::FieldType::kBoolean:
      case model::FieldType::kEnum: column.integers.resize(batch.rows); break;
      case model::FieldType::kDouble: column.doubles.resize(batch.rows); break;
      case model::FieldType::kSet: column.option_ends.resize(batch.rows); break;
      case model::FieldType::kString:
      case model::FieldType::kIdentifier:
      case model::FieldType::kJson:
        for (std::size_t row = 0; row < batch.rows; ++row) column.strings.Append({});
        break;
    }
    batch.fields.push_back(std::move(column));
  }
}

}  // namespace sheaf::ingest
