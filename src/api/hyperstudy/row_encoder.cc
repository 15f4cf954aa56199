#include "api/hyperstudy/row_encoder.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <utility>

#include "api/hyperstudy/envelope.h"
#include "export/csv_text.h"
#include "export/json_text.h"
#include "export/number_text.h"
#include "export/output_text.h"
#include "export/time_text.h"
#include "model/strict_json.h"

namespace sheaf::api::hyperstudy {
namespace {

using exporting::EncodeBuffer;
using exporting::Rendered;
using model::CellType;
using model::ColumnKind;
using model::ColumnView;

constexpr std::size_t kNoSource = static_cast<std::size_t>(-1);

// A key compiled for one plan.
struct Cell {
  std::string name;
  Rendered key;  // `,"name":`
  Source source = Source::kField;
  std::size_t place = kNoSource;  // in the batch
  CellType type = CellType::kString;
  model::FieldType field_type = model::FieldType::kString;
  int field = -1;
  std::string absent_json, absent_csv;
  bool keeps_null = false;
  std::vector<std::string> options;  // ids of enum and set
};

// JSON text of a value as a cell of CSV: strings without their quotes, null as nothing.
std::string CsvOf(std::string_view json) {
  if (json == "null") return {};
  if (json.size() >= 2 && json.front() == '"') {
    boost::system::error_code broken;
    const auto value = boost::json::parse(json, broken);
    if (!broken && value.is_string()) return std::string(value.as_string());
  }
  return std::string(json);
}

class RowEncoder final : public exporting::Encoder {
 public:
  explicit RowEncoder(RowStyle style) : style_(std::move(style)), csv_(style_.plan.options) {
    for (const Key& key : style_.type.keys) cells_.push_back(Compile(key));
    AddOtherFields();
    id_place_ = PlaceOf(ColumnKind::kRecordId);
    seq_place_ = PlaceOf(ColumnKind::kSeq);
    session_place_ = PlaceOf(ColumnKind::kSession);
    skipped_place_ = PlaceOf(ColumnKind::kSkipped);
    const int extra = style_.plan.dataset->FieldNumber(kExtraField);
    if (extra >= 0) extra_place_ = PlaceOf(ColumnKind::kField, extra);
  }

  void Begin(std::string& out) const override {
    if (style_.format == DataFormat::kJson) out += style_.envelope ? R"({"status":"success","data":[)" : "[";
    if (style_.format != DataFormat::kCsv) return;
    if (csv_.HasMark()) out += "\xEF\xBB\xBF";
    for (const Cell& cell : cells_) {
      if (&cell != &cells_.front()) out += csv_.Separator();
      out += csv_.Render(cell.name);
    }
    if (extra_place_ != kNoSource) out += csv_.Separator() + std::string(kExtraField);
    out += "\r\n";
  }

  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const override {
    EncodeBuffer buffer(out);
    exporting::TimeText times(nullptr);
    Run run{batch, buffer, times, {}};
    char* at = buffer.Begin();
    for (std::size_t row = begin; row < end; ++row) {
      at = buffer.Room(at);
      if (style_.format == DataFormat::kJson && !first) {
        *at++ = ',';
        *at++ = '\n';
      }
      first = false;
      at = PutRow(run, row, at);
    }
    buffer.Finish(at);
  }

  void End(std::string& out, std::uint64_t rows) const override {
    if (style_.format != DataFormat::kJson) return;
    if (!style_.envelope) {
      out += "]\n";
      return;
    }
    out += "],\"metadata\":";
    out += style_.metadata ? style_.metadata(rows) : "{}";
    out += "}\n";
  }

 private:
  struct Run {
    const model::ColumnBatch& batch;
    EncodeBuffer& buffer;
    exporting::TimeText& times;
    boost::json::object extra;
  };

  bool Csv() const { return style_.format == DataFormat::kCsv; }

  std::size_t PlaceOf(ColumnKind kind, int field = -1) const {
    const auto& columns = style_.plan.select.columns;
    const auto found = std::find_if(columns.begin(), columns.end(),
                                    [&](const model::Column& column) { return column.kind == kind && column.field == field; });
    return found == columns.end() ? kNoSource : static_cast<std::size_t>(found - columns.begin());
  }

  Cell Compile(const Key& key) const {
    static constexpr ColumnKind kKinds[] = {ColumnKind::kRecordId,    ColumnKind::kRecordId, ColumnKind::kSession,
                                            ColumnKind::kParticipant, ColumnKind::kTime,     ColumnKind::kOnset};
    Cell cell;
    cell.name = key.name;
    cell.key = Rendered("," + exporting::JsonText(key.name) + ":");
    cell.source = key.source;
    cell.absent_json = key.absent;
    cell.absent_csv = csv_.Render(CsvOf(key.absent));
    if (key.absent == "null") cell.absent_csv.clear();
    cell.keeps_null = key.keeps_null;
    if (key.source == Source::kField) BindField(cell);
    else if (key.source != Source::kMedia && key.source != Source::kStudy) cell.place = PlaceOf(kKinds[static_cast<int>(key.source)]);
    return cell;
  }

  void BindField(Cell& cell) const {
    cell.field = style_.plan.dataset->FieldNumber(cell.name);
    if (cell.field < 0) return;
    const model::Field& field = style_.plan.dataset->fields[static_cast<std::size_t>(cell.field)];
    cell.place = PlaceOf(ColumnKind::kField, cell.field);
    cell.type = model::CellTypeOf(field.type);
    cell.field_type = field.type;
    for (const model::Option& option : field.options) cell.options.push_back(option.id);
  }

  // Fields that the study has beside those of the type.
  void AddOtherFields() {
    for (const model::Field& field : style_.plan.dataset->fields) {
      if (field.id == kExtraField || style_.type.FindKey(field.id) != nullptr) continue;
      Key key;
      key.name = field.id;
      Cell cell = Compile(key);
      if (cell.place != kNoSource) cells_.push_back(std::move(cell));
    }
  }

  char* PutRow(Run& run, std::size_t row, char* at) const {
    const bool has_extra = ReadExtra(run, row);
    if (!Csv()) *at++ = '{';
    bool first = true;
    for (const Cell& cell : cells_) {
      at = run.buffer.Room(at);
      if (Csv()) {
        if (!first) *at++ = csv_.Separator();
      } else {
        const auto skip = static_cast<std::size_t>(first);
        at = run.buffer.Put(cell.key.View().substr(skip), at);
      }
      first = false;
      at = run.buffer.Room(at);
      const boost::json::value* const instead = has_extra ? run.extra.if_contains(cell.name) : nullptr;
      at = instead != nullptr ? PutJson(model::CompactJson(*instead), run, at) : PutCell(cell, run, row, at);
    }
    return PutRowEnd(run, has_extra, at);
  }

  bool ReadExtra(Run& run, std::size_t row) const {
    if (extra_place_ == kNoSource) return false;
    const ColumnView& view = run.batch.columns[extra_place_];
    if (view.IsNull(row)) return false;
    boost::json::value value;
    if (!model::ParseDataJson(view.At<model::StringCell>(row).View(), value) || !value.is_object()) return false;
    run.extra = std::move(value.as_object());
    return true;
  }

  char* PutRowEnd(Run& run, bool has_extra, char* at) const {
    at = run.buffer.Room(at);
    boost::json::object rest;
    if (has_extra) {
      for (auto& member : run.extra) {
        const bool own = std::any_of(cells_.begin(), cells_.end(), [&](const Cell& cell) { return cell.name == member.key(); });
        if (!own) rest[member.key()] = member.value();
      }
    }
    if (Csv()) {
      if (extra_place_ != kNoSource) *at++ = csv_.Separator();
      if (!rest.empty()) at = csv_.Put(model::CompactJson(rest), run.buffer, at);
      at = run.buffer.Room(at);
      *at++ = '\r';
      *at++ = '\n';
      return at;
    }
    for (const auto& member : rest) {
      at = run.buffer.Put("," + exporting::JsonText(member.key()) + ":", at);
      at = run.buffer.Put(model::CompactJson(member.value()), at);
      at = run.buffer.Room(at);
    }
    *at++ = '}';
    if (style_.format == DataFormat::kNdjson) *at++ = '\n';
    return at;
  }

  char* PutText(std::string_view text, Run& run, char* at) const {
    return Csv() ? csv_.Put(text, run.buffer, at) : exporting::PutJsonText(text, run.buffer, at);
  }
  char* PutJson(std::string_view json, Run& run, char* at) const {
    if (!Csv()) return exporting::PutJsonValue(json, run.buffer, at);
    const std::string text = CsvOf(json);
    return text.empty() && json != "\"\"" ? at : csv_.Put(text, run.buffer, at);
  }
  char* PutAbsent(const Cell& cell, Run& run, std::size_t row, char* at) const {
    if (style_.facts && cell.source == Source::kField && id_place_ != kNoSource && !run.batch.columns[id_place_].IsNull(row)) {
      const std::string fact = style_.facts(cell.name, run.batch.columns[id_place_].At<model::StringCell>(row).View());
      if (fact != "null") return PutJson(fact, run, at);
    }
    const bool sent_null = cell.keeps_null && cell.field >= 0 && skipped_place_ != kNoSource &&
                           exporting::SkippedFields(run.batch.columns[skipped_place_], row).Has(static_cast<std::uint16_t>(cell.field));
    if (Csv()) return run.buffer.Put(sent_null ? std::string_view() : std::string_view(cell.absent_csv), at);
    return run.buffer.Put(sent_null ? std::string_view("null") : std::string_view(cell.absent_json), at);
  }

  char* PutCell(const Cell& cell, Run& run, std::size_t row, char* at) const {
    if (cell.source == Source::kStudy) return PutText(style_.study, run, at);
    if (cell.source == Source::kMedia) return PutMedia(cell, run, row, at);
    if (cell.place == kNoSource) return PutAbsent(cell, run, row, at);
    const ColumnView& view = run.batch.columns[cell.place];
    if (view.IsNull(row)) return cell.source == Source::kRecordId ? PutSeqId(run, row, at) : PutAbsent(cell, run, row, at);
    switch (cell.source) {
      case Source::kRecordId: return PutText(view.At<model::StringCell>(row).View(), run, at);
      case Source::kSession: return PutText(style_.plan.people->SessionId(view.At<std::int32_t>(row)), run, at);
      case Source::kParticipant: {
        const std::int32_t number = view.At<std::int32_t>(row);
        if (number == style_.nobody) return PutAbsent(cell, run, row, at);
        return PutText(style_.plan.people->ParticipantId(number), run, at);
      }
      case Source::kTime: return PutTime(view.At<std::int64_t>(row), run, at);
      case Source::kOnset: return PutNumber(view.At<double>(row), cell, run, row, at);
      default: return PutField(cell, view, run, row, at);
    }
  }

  // A record that was sent without an id has one all the same: clients build names of files from it.
  char* PutSeqId(Run& run, std::size_t row, char* at) const {
    return PutText("seq_" + std::to_string(run.batch.columns[seq_place_].At<std::int64_t>(row)), run, at);
  }

  char* PutMedia(const Cell& cell, Run& run, std::size_t row, char* at) const {
    if (!style_.media || id_place_ == kNoSource || session_place_ == kNoSource) return PutAbsent(cell, run, row, at);
    const ColumnView& ids = run.batch.columns[id_place_];
    const ColumnView& sessions = run.batch.columns[session_place_];
    if (ids.IsNull(row) || sessions.IsNull(row)) return PutAbsent(cell, run, row, at);
    return PutJson(style_.media(ids.At<model::StringCell>(row).View(), style_.plan.people->SessionId(sessions.At<std::int32_t>(row))), run,
                   at);
  }

  char* PutTime(Micros instant, Run& run, char* at) const {
    if (!Csv()) *at++ = '"';
    at = run.times.Write(FloorMillis(instant), at);
    if (!Csv()) *at++ = '"';
    return at;
  }

  char* PutNumber(double number, const Cell& cell, Run& run, std::size_t row, char* at) const {
    return std::isfinite(number) ? exporting::WriteDouble(number, Csv() ? csv_.Point() : '.', at) : PutAbsent(cell, run, row, at);
  }

  char* PutField(const Cell& cell, const ColumnView& view, Run& run, std::size_t row, char* at) const {
    switch (cell.type) {
      case CellType::kInt64: {
        const std::int64_t number = view.At<std::int64_t>(row);
        return cell.field_type == model::FieldType::kDatetime ? PutTime(number, run, at) : exporting::WriteInteger(number, at);
      }
      case CellType::kDouble: return PutNumber(view.At<double>(row), cell, run, row, at);
      case CellType::kBool: return run.buffer.Put(view.At<bool>(row) ? std::string_view("true") : std::string_view("false"), at);
      case CellType::kInt32: {
        const auto option = static_cast<std::size_t>(view.At<std::int32_t>(row));
        return option < cell.options.size() ? PutText(cell.options[option], run, at) : PutAbsent(cell, run, row, at);
      }
      case CellType::kInt32List: return PutSet(cell, view, run, row, at);
      default: {
        const std::string_view text = view.At<model::StringCell>(row).View();
        return cell.field_type == model::FieldType::kJson ? PutJson(text, run, at) : PutText(text, run, at);
      }
    }
  }

  char* PutSet(const Cell& cell, const ColumnView& view, Run& run, std::size_t row, char* at) const {
    const auto& ticked = view.At<model::ListCell>(row);
    boost::json::array options;
    for (std::uint64_t place = 0; place < ticked.length; ++place) {
      const auto option = static_cast<std::size_t>(view.child[ticked.offset + place]);
      if (option < cell.options.size()) options.emplace_back(cell.options[option]);
    }
    return PutJson(boost::json::serialize(options), run, at);
  }

  const RowStyle style_;
  const exporting::CsvStyle csv_;
  std::vector<Cell> cells_;
  std::size_t id_place_ = kNoSource, seq_place_ = kNoSource, session_place_ = kNoSource;
  std::size_t skipped_place_ = kNoSource, extra_place_ = kNoSource;
};

}  // namespace

std::unique_ptr<exporting::Encoder> MakeRowEncoder(RowStyle style) { return std::make_unique<RowEncoder>(std::move(style)); }

}  // namespace sheaf::api::hyperstudy
