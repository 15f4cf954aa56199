#pragma once
//! Decoding in tests: bodies in, rows and rejections as lines of text out.

#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "ingest/decode.h"

namespace sheaf::ingest::testing {

inline model::Field MakeField(std::string id, model::FieldType type) {
  model::Field field;
  field.id = field.name = field.label = std::move(id);
  field.type = type;
  return field;
}

//! One field of every type, each named after it; `kind` and `tags` have options.
inline model::Dataset AllTypes() {
  using model::FieldType;
  model::Dataset dataset;
  dataset.id = dataset.name = "all";
  dataset.fields = {
      MakeField("text", FieldType::kString),  MakeField("count", FieldType::kInteger), MakeField("size", FieldType::kDouble),
      MakeField("flag", FieldType::kBoolean), MakeField("when", FieldType::kDatetime), MakeField("code", FieldType::kIdentifier),
      MakeField("kind", FieldType::kEnum),    MakeField("tags", FieldType::kSet),      MakeField("raw", FieldType::kJson)};
  dataset.fields[1].name = "How many";
  // Option "1" has the code of option "2": the id wins.
  dataset.fields[6].options = {{"1", "2", "One"}, {"2", "1", "Two"}, {"red", "9", "Red"}};
  dataset.fields[7].options = {{"a", "1", "A"}, {"b", "2", "B"}, {"c;d", "3", "C or D"}};
  return dataset;
}

inline std::shared_ptr<const model::Dataset> DatasetNamed(std::string_view name) {
  model::Dataset dataset = AllTypes();
  if (name == "keyed") dataset.mode = model::DatasetMode::kKeyed;
  if (name == "required") dataset.fields[1].required = true;
  return std::make_shared<const model::Dataset>(std::move(dataset));
}

inline std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n') quoted += "\\n";
    else if (c == '\r') quoted += "\\r";
    else if (c == '\t') quoted += "\\t";
    else quoted += c;
  }
  return quoted + "\"";
}

inline std::string NumberText(double number) {
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, number).ptr};
}

inline std::string CellText(const model::FieldColumn& column, const model::Field& field, std::size_t row) {
  using model::FieldType;
  if (column.states[row] == model::CellState::kSkipped) return "<skipped>";
  switch (column.type) {
    case FieldType::kString:
    case FieldType::kIdentifier: return Quoted(column.strings.At(row));
    case FieldType::kJson: return std::string(column.strings.At(row));
    case FieldType::kInteger: return std::to_string(column.integers[row]);
    case FieldType::kBoolean: return column.integers[row] == 1 ? "true" : column.integers[row] == 0 ? "false" : "?";
    case FieldType::kDatetime: return FormatIsoUtc(column.integers[row]);
    case FieldType::kDouble: return NumberText(column.doubles[row]);
    case FieldType::kEnum: return field.options.at(static_cast<std::size_t>(column.integers[row])).id;
    case FieldType::kSet: {
      std::string text = "[";
      for (std::size_t place = row == 0 ? 0 : column.option_ends[row - 1]; place < column.option_ends[row]; ++place) {
        if (text.size() > 1) text += ' ';
        text += field.options.at(static_cast<std::size_t>(column.options[place])).id;
      }
      return text + "]";
    }
  }
  return "?";
}

//! participant=p session=s id=r time=… offset=120 onset=1.5 : field=value … : metadata; what is not there is left out.
inline std::string RowText(const model::RecordBatch& batch, const model::Dataset& dataset, std::size_t row) {
  std::string text = "participant=" + batch.participants.Ids().at(static_cast<std::size_t>(batch.participant[row]));
  if (batch.session[row] >= 0) text += " session=" + batch.sessions.Ids().at(static_cast<std::size_t>(batch.session[row]));
  if (!batch.ids.At(row).empty()) text += " id=" + std::string(batch.ids.At(row));
  if (batch.time[row] != model::kNoTime) text += " time=" + FormatIsoUtc(batch.time[row]);
  if (batch.time_offset[row] != model::kNoOffset) text += " offset=" + std::to_string(batch.time_offset[row]);
  if (!std::isnan(batch.onset_ms[row])) text += " onset=" + NumberText(batch.onset_ms[row]);
  text += " :";
  for (std::size_t field = 0; field < batch.fields.size(); ++field) {
    if (batch.fields[field].states[row] == model::CellState::kAbsent) continue;
    text += " " + dataset.fields[field].id + "=" + CellText(batch.fields[field], dataset.fields[field], row);
  }
  if (!batch.metadata.At(row).empty()) text += " : " + std::string(batch.metadata.At(row));
  return text;
}

//! Whether every column has an element for every row and nothing is left of rows that went.
inline bool IsWellFormed(const model::RecordBatch& batch) {
  const std::size_t rows = batch.rows;
  bool good = batch.ids.Size() == rows && batch.participant.size() == rows && batch.session.size() == rows && batch.time.size() == rows &&
              batch.time_offset.size() == rows && batch.onset_ms.size() == rows && batch.metadata.Size() == rows;
  for (const auto& column : batch.fields) {
    using model::FieldType;
    const bool strings = column.type == FieldType::kString || column.type == FieldType::kIdentifier || column.type == FieldType::kJson;
    const bool set = column.type == FieldType::kSet, real = column.type == FieldType::kDouble;
    good = good && column.states.size() == rows && column.strings.Size() == (strings ? rows : 0) &&
           column.option_ends.size() == (set ? rows : 0) && column.doubles.size() == (real ? rows : 0) &&
           column.integers.size() == (strings || set || real ? 0 : rows) &&
           column.options.size() == (set && rows > 0 ? column.option_ends.back() : 0);
  }
  return good;
}

struct Outcome {
  std::vector<std::string> rows;
  std::vector<std::string> rejected;      //!< "line field slug"; "-" for no field
  std::vector<std::string> participants;  //!< of all batches' dictionaries
  std::string error;                      //!< slug, empty when there was none
  std::string place;
  bool well_formed = true;
  std::size_t batches = 0;

  friend bool operator==(const Outcome& left, const Outcome& right) {
    return left.rows == right.rows && left.rejected == right.rejected && left.error == right.error && left.place == right.place &&
           left.participants == right.participants;
  }
};

inline Outcome DecodePieces(BodyFormat format, const std::shared_ptr<const model::Dataset>& dataset,
                            const std::vector<std::string_view>& pieces) {
  Outcome outcome;
  const auto decoder = MakeDecoder(
      format, dataset,
      [&](model::RecordBatch&& batch) {
        outcome.well_formed = outcome.well_formed && IsWellFormed(batch);
        for (std::size_t row = 0; outcome.well_formed && row < batch.rows; ++row) outcome.rows.push_back(RowText(batch, *dataset, row));
        for (const auto& id : batch.participants.Ids()) outcome.participants.push_back(id);
        ++outcome.batches;
        return Status();
      },
      [&](Rejection&& rejection) {
        outcome.rejected.push_back(std::to_string(rejection.line) + " " + (rejection.field.empty() ? "-" : rejection.field) + " " +
                                   std::string(Describe(rejection.code).slug));
        return Status();
      });
  Status status;
  for (const std::string_view piece : pieces) {
    // A copy of just this size, so that reading past its end is noticed by a sanitizer.
    const std::vector<char> exact(piece.begin(), piece.end());
    if (status) status = decoder->Feed(exact);
  }
  if (status) status = decoder->Finish();
  if (!status) {
    outcome.error = Describe(status.error().code).slug;
    outcome.place = status.error().place;
  }
  return outcome;
}

inline Outcome DecodeWhole(BodyFormat format, std::string_view body, std::string_view dataset = "all") {
  return DecodePieces(format, DatasetNamed(dataset), {body});
}

}  // namespace sheaf::ingest::testing
