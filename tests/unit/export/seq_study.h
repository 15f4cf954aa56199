#pragma once
//! Many plain rows for the tests of pipeline, streams and jobs, and an encoder that writes each row's seq on a line.

#include <string>

#include "export/encoder.h"
#include "fake_vault.h"

namespace sheaf::exporting {

inline model::Dataset SeqDataset(const std::string& id) {
  model::Dataset dataset;
  dataset.id = dataset.name = id;
  dataset.kind = model::DatasetKind::kSensor;
  model::Field field;
  field.id = field.name = field.label = "note";
  field.type = model::FieldType::kString;
  dataset.fields.push_back(field);
  return dataset;
}

//! `rows` rows; the note has `width` characters.
inline void FillStudy(FakeStudy& study, const std::string& dataset, int rows, std::size_t width = 8) {
  study.Add(SeqDataset(dataset));
  for (int row = 0; row < rows; ++row) {
    FakeRow fake;
    fake.participant = "P" + std::to_string(row % 7);
    if (row % 3 != 0) fake.session = "S" + std::to_string(row % 2);
    fake.time = 1'700'000'000'000'000 + row * 1000;
    fake.values[0] = std::string(width, static_cast<char>('a' + row % 26));
    study.Add(dataset, std::move(fake));
  }
}

inline vault::Select SeqSelect(FakeStudy& study, const std::string& dataset) {
  vault::Select select;
  select.dataset = dataset;
  select.columns = {model::Column{model::ColumnKind::kSeq, -1, {}}, model::Column{model::ColumnKind::kField, 0, {}}};
  select.upto = study.LastSeq();
  return select;
}

//! "begin\n", one "SEQ NOTE\n" a row, "end ROWS\n". Says so when `first` is wrong.
class SeqEncoder final : public Encoder {
 public:
  void Begin(std::string& out) const override { out += "begin\n"; }
  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const override {
    if (first != (batch.columns[0].At<std::int64_t>(begin) == 1)) out += "wrong first\n";
    for (std::size_t row = begin; row < end; ++row) {
      out += std::to_string(batch.columns[0].At<std::int64_t>(row));
      out += ' ';
      out += batch.columns[1].At<model::StringCell>(row).View();
      out += '\n';
    }
  }
  void End(std::string& out, std::uint64_t rows) const override { out += "end " + std::to_string(rows) + "\n"; }
};

inline std::string SeqText(int rows, std::size_t width = 8) {
  std::string text = "begin\n";
  for (int row = 0; row < rows; ++row) {
    text += std::to_string(row + 1) + " " + std::string(width, static_cast<char>('a' + row % 26)) + "\n";
  }
  return text + "end " + std::to_string(rows) + "\n";
}

}  // namespace sheaf::exporting
