// CSV. The plan's columns are compiled once to a flat array of operations; a row is one pass over it, a cell is one
// jump. Ids and options are rendered beforehand, so that most cells are a copy of a few bytes.

#include <cmath>

#include "export/csv_text.h"
#include "export/encoder_formats.h"
#include "export/id_table.h"
#include "export/json_text.h"
#include "export/number_text.h"
#include "export/output_text.h"
#include "export/people_columns.h"
#include "export/time_text.h"

namespace sheaf::exporting {
namespace {

enum class CsvOp : std::uint8_t {
  kParticipant,
  kSession,
  kInteger,
  kTime,
  kTimeOffset,
  kDouble,
  kBoolean,
  kText,
  kPath,
  kOption,
  kJoinedSet,
  kJsonSet,
  kTicked,
  kPerson,  // looked up by number
  kConstant,
  kSkippedFields,
};

struct CsvColumn {
  CsvOp op = CsvOp::kText;
  std::size_t source = 0;
  std::int32_t field = -1;   // number; -1: a record's own column
  std::int32_t option = -1;  // kTicked
  std::size_t time = 0;      // kTime: which TimeText
  const OutputColumn* output = nullptr;
  std::vector<Rendered> options;   // kOption: whole cells
  std::vector<std::string> parts;  // kJoinedSet: texts as they are; kJsonSet: as JSON; kPerson: whole cells, empty: missing
};

// A column of one batch.
struct BoundColumn {
  CsvOp op;
  bool tells_skipped;
  std::uint32_t time;
  const void* data;
  const std::uint64_t* validity;
  const CsvColumn* column;
  const model::ColumnView* view;

  bool IsNull(std::size_t row) const { return validity != nullptr && ((validity[row >> 6] >> (row & 63)) & 1) == 0; }
  template <class T>
  const T& At(std::size_t row) const {
    return static_cast<const T*>(data)[row];
  }
};

class CsvEncoder final : public Encoder {
 public:
  explicit CsvEncoder(const Plan& plan);

  void Begin(std::string& out) const override;
  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const override;
  void End(std::string&, std::uint64_t) const override {}

 private:
  struct Run;

  CsvColumn Compile(const OutputColumn& output);
  void CompileOptions(const OutputColumn& output, CsvColumn& column) const;
  void CompilePerson(const OutputColumn& output, CsvColumn& column) const;
  char* PutCell(const BoundColumn& column, std::size_t row, Run& run, char* at) const;
  char* PutMissing(const BoundColumn& column, std::size_t row, Run& run, char* at) const;
  char* PutId(const IdTable& ids, std::int32_t number, Run& run, char* at) const;
  char* PutJoinedSet(const BoundColumn& column, std::size_t row, Run& run, char* at) const;
  char* PutJsonSet(const BoundColumn& column, std::size_t row, Run& run, char* at) const;
  char* PutPerson(const BoundColumn& column, std::size_t row, Run& run, char* at) const;
  char* PutPath(const OutputColumn& output, std::string_view id, Run& run, char* at) const;
  char* PutSkippedFields(const SkippedFields& skipped, Run& run, char* at) const;

  const Plan& plan_;
  CsvStyle style_;
  std::shared_ptr<const TimeZone> zone_;
  IdTable participants_, sessions_;
  std::vector<CsvColumn> columns_;
  std::size_t times_ = 0;
};

// What one call of Encode works with.
struct CsvEncoder::Run {
  EncodeBuffer buffer;
  const model::ColumnView& skipped;
  std::vector<TimeText> times;
  std::string scratch;
};

CsvEncoder::CsvEncoder(const Plan& plan)
    : plan_(plan),
      style_(plan.options),
      zone_(FindTimeZone(plan.options.timezone)),
      participants_(
          plan.people->ParticipantLimit(), [people = plan.people](std::int32_t number) { return people->ParticipantId(number); },
          [this](std::string_view id) { return style_.Render(id); }),
      sessions_(
          plan.people->SessionLimit(), [people = plan.people](std::int32_t number) { return people->SessionId(number); },
          [this](std::string_view id) { return style_.Render(id); }) {
  columns_.reserve(plan.output.size());
  for (const OutputColumn& output : plan.output) columns_.push_back(Compile(output));
}

const std::string& Worded(const std::string& text, const OutputColumn& output) {
  if (output.words == nullptr) return text;
  const auto word = output.words->find(text);
  return word == output.words->end() ? text : word->second;
}

//! A code that is a whole number as one, any other text as a string.
std::string JsonCode(const std::string& text) {
  const std::size_t sign = !text.empty() && text.front() == '-' ? 1 : 0;
  const bool digits = text.size() > sign && text.size() - sign <= 15 && text.find_first_not_of("0123456789", sign) == std::string::npos;
  const bool plain = digits && (text.size() - sign == 1 || text[sign] != '0') && text != "-0";
  return plain ? text : JsonText(text);
}

void CsvEncoder::CompileOptions(const OutputColumn& output, CsvColumn& column) const {
  const ValueStyle values = ValuesOf(plan_.options);
  if (output.type == model::FieldType::kEnum) {
    column.op = CsvOp::kOption;
    for (const model::Option& option : output.field->options) {
      const std::string& text = Worded(OptionText(option, values), output);
      column.options.emplace_back(values == ValueStyle::kCodes ? style_.RenderCode(text) : style_.Render(text));
    }
    return;
  }
  const bool json = plan_.options.sets == SetStyle::kJson;
  column.op = output.option >= 0 ? CsvOp::kTicked : json ? CsvOp::kJsonSet : CsvOp::kJoinedSet;
  column.option = output.option;
  if (output.option >= 0) return;
  for (const model::Option& option : output.field->options) {
    const std::string& text = OptionText(option, values);
    column.parts.push_back(json ? JsonCode(text) : text);
  }
}

void CsvEncoder::CompilePerson(const OutputColumn& output, CsvColumn& column) const {
  column.op = CsvOp::kPerson;
  if (output.people == nullptr) return;
  TimeText times(zone_.get(), plan_.options.times == TimeStyle::kSpaced);
  for (const auto& text : output.people->texts) {
    std::string& cell = column.parts.emplace_back();
    if (!text) continue;
    const auto time = output.type == model::FieldType::kDatetime ? ParseIsoTime(*text) : std::nullopt;
    if (time) {
      char written[64];
      cell.assign(written, static_cast<std::size_t>(times.Write(time->instant, written) - written));
    } else {
      cell = style_.Render(Worded(*text, output));
    }
  }
}

CsvColumn CsvEncoder::Compile(const OutputColumn& output) {
  using model::ColumnKind;
  using model::FieldType;
  CsvColumn column;
  column.source = output.source;
  column.output = &output;
  if (output.field != nullptr) column.field = output.column.field;
  switch (output.column.kind) {
    case ColumnKind::kParticipant: column.op = CsvOp::kParticipant; return column;
    case ColumnKind::kSession: column.op = CsvOp::kSession; return column;
    case ColumnKind::kTimeOffset: column.op = CsvOp::kTimeOffset; return column;
    case ColumnKind::kSkipped: column.op = CsvOp::kSkippedFields; return column;
    case ColumnKind::kStudy:
      column.op = CsvOp::kConstant;
      column.parts.push_back(style_.Render(Worded(output.column.attribute, output)));
      return column;
    default: break;
  }
  if (OfPeople(output.column)) {
    CompilePerson(output, column);
    return column;
  }
  switch (output.type) {
    case FieldType::kInteger: column.op = CsvOp::kInteger; break;
    case FieldType::kDouble: column.op = CsvOp::kDouble; break;
    case FieldType::kBoolean: column.op = CsvOp::kBoolean; break;
    case FieldType::kDatetime:
      column.op = CsvOp::kTime;
      column.time = times_++;
      break;
    case FieldType::kEnum:
    case FieldType::kSet: CompileOptions(output, column); break;
    case FieldType::kString:
    case FieldType::kIdentifier:
    case FieldType::kJson: column.op = output.paths ? CsvOp::kPath : CsvOp::kText; break;
  }
  return column;
}

void CsvEncoder::Begin(std::string& out) const {
  if (style_.HasMark()) out += "\xEF\xBB\xBF";
  for (std::size_t place = 0; place < plan_.output.size(); ++place) {
    if (place > 0) out += style_.Separator();
    out += style_.Render(plan_.output[place].title);
  }
  out += "\r\n";
}

void CsvEncoder::Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool, std::string& out) const {
  std::vector<BoundColumn> bound;
  bound.reserve(columns_.size());
  for (const CsvColumn& column : columns_) {
    const model::ColumnView& view = batch.columns[column.source];
    bound.push_back({column.op, style_.TellsSkipped() && column.field >= 0, static_cast<std::uint32_t>(column.time), view.data,
                     view.validity, &column, &view});
  }
  Run run{EncodeBuffer(out),
          batch.columns[plan_.skipped_source],
          std::vector<TimeText>(times_, TimeText(zone_.get(), plan_.options.times == TimeStyle::kSpaced)),
          {}};
  const char separator = style_.Separator();
  char* at = run.buffer.Begin();
  for (std::size_t row = begin; row < end; ++row) {
    for (const BoundColumn& column : bound) {
      at = run.buffer.Room(at);
      at = column.IsNull(row) ? PutMissing(column, row, run, at) : PutCell(column, row, run, at);
      at = run.buffer.Room(at);
      *at++ = separator;
    }
    at[-1] = '\r';
    *at++ = '\n';
  }
  run.buffer.Finish(at);
}

inline char* CsvEncoder::PutCell(const BoundColumn& column, std::size_t row, Run& run, char* at) const {
  switch (column.op) {
    case CsvOp::kParticipant: return PutId(participants_, column.At<std::int32_t>(row), run, at);
    case CsvOp::kSession: return PutId(sessions_, column.At<std::int32_t>(row), run, at);
    case CsvOp::kInteger: return WriteInteger(column.At<std::int64_t>(row), at);
    case CsvOp::kTime: return run.times[column.time].Write(column.At<std::int64_t>(row), at);
    case CsvOp::kDouble: {
      const double number = column.At<double>(row);
      return std::isfinite(number) ? WriteDouble(number, style_.Point(), at) : PutMissing(column, row, run, at);
    }
    case CsvOp::kBoolean: {
      const bool yes = column.At<bool>(row);
      std::memcpy(at, yes ? "true\0" : "false", 5);
      return at + (yes ? 4 : 5);
    }
    case CsvOp::kText: return style_.Put(column.At<model::StringCell>(row), run.buffer, at);
    case CsvOp::kPath: return PutPath(*column.column->output, column.At<model::StringCell>(row).View(), run, at);
    case CsvOp::kOption: {
      const auto number = static_cast<std::uint32_t>(column.At<std::int32_t>(row));
      if (number >= column.column->options.size()) return PutMissing(column, row, run, at);
      return run.buffer.Put(column.column->options[number], at);
    }
    case CsvOp::kJoinedSet: return PutJoinedSet(column, row, run, at);
    case CsvOp::kJsonSet: return PutJsonSet(column, row, run, at);
    case CsvOp::kPerson: return PutPerson(column, row, run, at);
    case CsvOp::kConstant: return run.buffer.Put(std::string_view(column.column->parts.front()), at);
    case CsvOp::kTicked: {
      const auto& ticked = column.At<model::ListCell>(row);
      const std::int32_t* const options = column.view->child + ticked.offset;
      char mark = '0';
      for (std::uint64_t place = 0; place < ticked.length; ++place) {
        if (options[place] == column.column->option) mark = '1';
      }
      *at = mark;
      return at + 1;
    }
    case CsvOp::kTimeOffset: {
      char text[6];
      WriteOffset(column.At<std::int16_t>(row), text);
      return style_.Put(std::string_view(text, sizeof(text)), run.buffer, at);
    }
    case CsvOp::kSkippedFields: return PutSkippedFields(SkippedFields(*column.view, row), run, at);
  }
  return at;
}

char* CsvEncoder::PutMissing(const BoundColumn& column, std::size_t row, Run& run, char* at) const {
  const bool skipped = column.tells_skipped && SkippedFields(run.skipped, row).Has(static_cast<std::uint16_t>(column.column->field));
  return run.buffer.Put(skipped ? style_.Skipped() : style_.Absent(), at);
}

inline char* CsvEncoder::PutId(const IdTable& ids, std::int32_t number, Run& run, char* at) const {
  if (char* const end = ids.Put(number, at); end != nullptr) [[likely]]
    return end;
  const std::string_view id = ids.Id(number);
  return id.empty() ? run.buffer.Put(style_.Absent(), at) : style_.Put(id, run.buffer, at);
}

char* CsvEncoder::PutJoinedSet(const BoundColumn& column, std::size_t row, Run& run, char* at) const {
  const auto& ticked = column.At<model::ListCell>(row);
  const std::int32_t* const options = column.view->child + ticked.offset;
  run.scratch.clear();
  for (std::uint64_t place = 0; place < ticked.length; ++place) {
    const auto number = static_cast<std::uint32_t>(options[place]);
    if (number >= column.column->parts.size()) continue;
    if (place > 0) run.scratch += ';';
    run.scratch += column.column->parts[number];
  }
  return style_.Put(std::string_view(run.scratch), run.buffer, at);
}

char* CsvEncoder::PutJsonSet(const BoundColumn& column, std::size_t row, Run& run, char* at) const {
  const auto& ticked = column.At<model::ListCell>(row);
  const std::int32_t* const options = column.view->child + ticked.offset;
  run.scratch = "[";
  for (std::uint64_t place = 0; place < ticked.length; ++place) {
    const auto number = static_cast<std::uint32_t>(options[place]);
    if (number >= column.column->parts.size()) continue;
    if (run.scratch.size() > 1) run.scratch += ',';
    run.scratch += column.column->parts[number];
  }
  run.scratch += ']';
  return style_.Put(std::string_view(run.scratch), run.buffer, at);
}

char* CsvEncoder::PutPerson(const BoundColumn& column, std::size_t row, Run& run, char* at) const {
  const std::int32_t number = column.At<std::int32_t>(row);
  const auto& cells = column.column->parts;
  if (number < 0 || static_cast<std::size_t>(number) >= cells.size() || cells[static_cast<std::size_t>(number)].empty()) {
    return run.buffer.Put(style_.Absent(), at);
  }
  return run.buffer.Put(std::string_view(cells[static_cast<std::size_t>(number)]), at);
}

char* CsvEncoder::PutPath(const OutputColumn& output, std::string_view id, Run& run, char* at) const {
  const auto path = output.paths->find(id);
  return style_.Put(path == output.paths->end() ? id : std::string_view(path->second), run.buffer, at);
}

char* CsvEncoder::PutSkippedFields(const SkippedFields& skipped, Run& run, char* at) const {
  run.scratch.clear();
  for (std::size_t place = 0; place < skipped.Size(); ++place) {
    if (skipped[place] >= plan_.dataset->fields.size()) continue;
    if (!run.scratch.empty()) run.scratch += ';';
    run.scratch += plan_.dataset->fields[skipped[place]].id;
  }
  return style_.Put(std::string_view(run.scratch), run.buffer, at);
}

}  // namespace

std::unique_ptr<Encoder> MakeCsvEncoder(const Plan& plan) { return std::make_unique<CsvEncoder>(plan); }

}  // namespace sheaf::exporting
