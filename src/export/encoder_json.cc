// JSON and NDJSON. A record is compiled once to a flat array of operations whose keys are rendered beforehand; a row
// is one pass over it.

#include <algorithm>
#include <cmath>

#include "export/encoder_formats.h"
#include "export/id_table.h"
#include "export/json_text.h"
#include "export/number_text.h"
#include "export/output_text.h"
#include "export/people_columns.h"
#include "export/time_text.h"
#include "model/definition_json.h"

namespace sheaf::exporting {
namespace {

enum class JsonOp : std::uint8_t {
  kParticipant,
  kSession,
  kInteger,
  kTime,
  kTimeOffset,
  kDouble,
  kBoolean,
  kText,
  kOption,
  kSet,
  kValue,
  kSkippedFields,
  kPerson,  // looked up by number
  kConstant,
  kOpenValues,
  kCloseValues,
};

struct JsonMember {
  JsonOp op = JsonOp::kText;
  Rendered key;  // `,"name":`; without the comma where it is the first
  std::size_t source = 0;
  std::size_t time = 0;             // kTime: which TimeText
  std::vector<Rendered> options;    // kOption, kSet: whole strings
  std::vector<std::string> values;  // kPerson: whole values, empty: missing; kConstant: the one
};

// A member for one batch.
struct BoundMember {
  JsonOp op;
  std::uint32_t time;
  const void* data;
  const std::uint64_t* validity;
  const JsonMember* member;
  const model::ColumnView* view;

  bool IsNull(std::size_t row) const { return validity != nullptr && ((validity[row >> 6] >> (row & 63)) & 1) == 0; }
  template <class T>
  const T& At(std::size_t row) const {
    return static_cast<const T*>(data)[row];
  }
};

// The order of members, whatever the order of the columns. Fields stand where kField is.
int Place(model::ColumnKind kind) {
  using model::ColumnKind;
  static constexpr ColumnKind kOrder[] = {ColumnKind::kRecordId,   ColumnKind::kParticipant, ColumnKind::kSession, ColumnKind::kTime,
                                          ColumnKind::kTimeOffset, ColumnKind::kOnset,       ColumnKind::kField,   ColumnKind::kSkipped,
                                          ColumnKind::kMetadata,   ColumnKind::kSeq,         ColumnKind::kUpdated, ColumnKind::kReceived};
  int place = 0;
  for (const ColumnKind other : kOrder) {
    if (other == kind) break;
    ++place;
  }
  return place;
}

std::string TombstoneJson(const vault::Tombstone& tombstone);

class JsonEncoder final : public Encoder {
 public:
  JsonEncoder(const Plan& plan, bool lines);

  void Begin(std::string& out) const override;
  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const override;
  void End(std::string& out, std::uint64_t rows) const override;

 private:
  struct Run;

  JsonMember Compile(const OutputColumn& output);
  void CompilePerson(const OutputColumn& output, JsonMember& member) const;
  char* PutRecord(const std::vector<BoundMember>& members, std::size_t row, Run& run, char* at) const;
  char* PutValue(const BoundMember& member, std::size_t row, Run& run, char* at) const;
  char* PutId(const IdTable& ids, std::int32_t number, Run& run, char* at) const;
  char* PutSet(const BoundMember& member, std::size_t row, Run& run, char* at) const;
  char* PutSkippedFields(const SkippedFields& skipped, Run& run, char* at) const;
  static char* PutKey(const Rendered& key, std::size_t comma, char* at);

  const Plan& plan_;
  bool lines_;
  std::shared_ptr<const TimeZone> zone_;
  IdTable participants_, sessions_;
  std::vector<JsonMember> members_;
  std::vector<std::string> field_names_;  // as strings of JSON
  std::size_t times_ = 0;
};

struct JsonEncoder::Run {
  EncodeBuffer buffer;
  std::vector<TimeText> times;
};

JsonEncoder::JsonEncoder(const Plan& plan, bool lines)
    : plan_(plan),
      lines_(lines),
      zone_(FindTimeZone(plan.options.timezone)),
      participants_(
          plan.people->ParticipantLimit(), [people = plan.people](std::int32_t number) { return people->ParticipantId(number); }, JsonText),
      sessions_(
          plan.people->SessionLimit(), [people = plan.people](std::int32_t number) { return people->SessionId(number); }, JsonText) {
  std::vector<const OutputColumn*> ordered;
  for (const OutputColumn& output : plan.output) ordered.push_back(&output);
  std::stable_sort(ordered.begin(), ordered.end(), [](const OutputColumn* left, const OutputColumn* right) {
    return Place(left->column.kind) < Place(right->column.kind);
  });
  bool in_values = false;
  const auto toggle_values = [&](bool wanted) {
    if (in_values == wanted) return;
    JsonMember& member = members_.emplace_back();
    member.op = wanted ? JsonOp::kOpenValues : JsonOp::kCloseValues;
    member.key = Rendered(",\"values\":{");
    in_values = wanted;
  };
  // A whole record has its "values" even where the dataset has no field yet.
  const bool whole = plan.options.columns.empty();
  bool had_values = false;
  for (const OutputColumn* output : ordered) {
    const bool is_field = output->column.kind == model::ColumnKind::kField;
    const bool behind = Place(output->column.kind) > Place(model::ColumnKind::kField);
    if (is_field || (whole && behind && !had_values)) {
      toggle_values(true);
      had_values = true;
    }
    if (!is_field) toggle_values(false);
    members_.push_back(Compile(*output));
  }
  toggle_values(false);
  for (const model::Field& field : plan.dataset->fields) field_names_.push_back(JsonText(field.id));
}

JsonMember JsonEncoder::Compile(const OutputColumn& output) {
  using model::ColumnKind;
  using model::FieldType;
  JsonMember member;
  // A record's own member keeps its name beside a field of the same name, which stands in "values".
  const std::string_view name = output.name;
  const std::string_view prefix = "record.";
  member.key = Rendered("," + JsonText(output.field == nullptr && name.starts_with(prefix) ? name.substr(prefix.size()) : name) + ":");
  member.source = output.source;
  switch (output.column.kind) {
    case ColumnKind::kParticipant: member.op = JsonOp::kParticipant; return member;
    case ColumnKind::kSession: member.op = JsonOp::kSession; return member;
    case ColumnKind::kTimeOffset: member.op = JsonOp::kTimeOffset; return member;
    case ColumnKind::kSkipped: member.op = JsonOp::kSkippedFields; return member;
    case ColumnKind::kStudy:
      member.op = JsonOp::kConstant;
      member.values.push_back(JsonText(output.column.attribute));
      return member;
    default: break;
  }
  if (OfPeople(output.column)) {
    CompilePerson(output, member);
    return member;
  }
  switch (output.type) {
    case FieldType::kInteger: member.op = JsonOp::kInteger; break;
    case FieldType::kDouble: member.op = JsonOp::kDouble; break;
    case FieldType::kBoolean: member.op = JsonOp::kBoolean; break;
    case FieldType::kDatetime:
      member.op = JsonOp::kTime;
      member.time = times_++;
      break;
    case FieldType::kEnum:
    case FieldType::kSet:
      member.op = output.type == FieldType::kEnum ? JsonOp::kOption : JsonOp::kSet;
      for (const model::Option& option : output.field->options) {
        member.options.emplace_back(JsonText(OptionText(option, ValuesOf(plan_.options))));
      }
      break;
    case FieldType::kJson: member.op = JsonOp::kValue; break;
    case FieldType::kString:
    case FieldType::kIdentifier: member.op = JsonOp::kText; break;
  }
  return member;
}

void JsonEncoder::CompilePerson(const OutputColumn& output, JsonMember& member) const {
  using model::FieldType;
  member.op = JsonOp::kPerson;
  if (output.people == nullptr) return;
  TimeText times(zone_.get());
  for (const auto& text : output.people->texts) {
    std::string& value = member.values.emplace_back();
    if (!text) continue;
    const auto time = output.type == FieldType::kDatetime ? ParseIsoTime(*text) : std::nullopt;
    if (time) {
      char written[64];
      value = JsonText(std::string_view(written, static_cast<std::size_t>(times.Write(time->instant, written) - written)));
    } else if (output.type == FieldType::kDouble) {
      char written[64];
      value.assign(written, static_cast<std::size_t>(WriteDouble(std::strtod(text->c_str(), nullptr), '.', written) - written));
    } else {
      value = output.type == FieldType::kBoolean ? *text : JsonText(*text);
    }
  }
}

void JsonEncoder::Begin(std::string& out) const {
  if (lines_) return;
  out += "{\"definition\":";
  if (plan_.rewriter && plan_.rewriter->Rules().remove) {
    // Fields that do not leave are no part of what is described.
    model::Dataset shown = *plan_.dataset;
    std::erase_if(shown.fields, [](const model::Field& field) { return field.privacy == model::PrivacyClass::kDirect; });
    out += model::DatasetJson(shown);
  } else {
    out += model::DatasetJson(*plan_.dataset);
  }
  out += ",\"records\":[";
}

void JsonEncoder::Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool first, std::string& out) const {
  static const model::ColumnView kNone{};
  std::vector<BoundMember> members;
  members.reserve(members_.size());
  for (const JsonMember& member : members_) {
    const bool braces = member.op == JsonOp::kOpenValues || member.op == JsonOp::kCloseValues;
    const model::ColumnView& view = braces ? kNone : batch.columns[member.source];
    members.push_back({member.op, static_cast<std::uint32_t>(member.time), view.data, view.validity, &member, &view});
  }
  Run run{EncodeBuffer(out), std::vector<TimeText>(times_, TimeText(zone_.get()))};
  char* at = run.buffer.Begin();
  for (std::size_t row = begin; row < end; ++row) {
    at = run.buffer.Room(at);
    if (!lines_) {
      if (!first) *at++ = ',';
      *at++ = '\n';
      first = false;
    }
    at = PutRecord(members, row, run, at);
    if (lines_) *at++ = '\n';
  }
  run.buffer.Finish(at);
}

inline char* JsonEncoder::PutRecord(const std::vector<BoundMember>& members, std::size_t row, Run& run, char* at) const {
  *at++ = '{';
  std::size_t comma = 1;  // how much of a key is left out: its comma, before the first member
  for (const BoundMember& member : members) {
    at = run.buffer.Room(at);
    if (member.op == JsonOp::kCloseValues) {
      *at++ = '}';
      comma = 0;
      continue;
    }
    if (member.IsNull(row)) continue;
    char* const value = PutKey(member.member->key, comma, at);
    if (member.op == JsonOp::kOpenValues) {
      at = value;
      comma = 1;
    } else if (char* const end = PutValue(member, row, run, value); end != nullptr) {
      at = end;
      comma = 0;
    }
  }
  at = run.buffer.Room(at);
  *at++ = '}';
  return at;
}

// Names of columns are at most 64 bytes, so the room suffices.
inline char* JsonEncoder::PutKey(const Rendered& key, std::size_t comma, char* at) {
  std::memcpy(at, key.Data() + comma, 24);
  if (key.Size() > 24) [[unlikely]]
    std::memcpy(at, key.Data() + comma, key.Size());
  return at + key.Size() - comma;
}

// nullptr: the cell has nothing to write, and nothing was written.
inline char* JsonEncoder::PutValue(const BoundMember& member, std::size_t row, Run& run, char* at) const {
  switch (member.op) {
    case JsonOp::kParticipant: return PutId(participants_, member.At<std::int32_t>(row), run, at);
    case JsonOp::kSession: return PutId(sessions_, member.At<std::int32_t>(row), run, at);
    case JsonOp::kInteger: return WriteInteger(member.At<std::int64_t>(row), at);
    case JsonOp::kDouble: {
      const double number = member.At<double>(row);
      return std::isfinite(number) ? WriteDouble(number, '.', at) : nullptr;
    }
    case JsonOp::kTime:
      *at++ = '"';
      at = run.times[member.time].Write(member.At<std::int64_t>(row), at);
      *at++ = '"';
      return at;
    case JsonOp::kTimeOffset:
      *at++ = '"';
      at = WriteOffset(member.At<std::int16_t>(row), at);
      *at++ = '"';
      return at;
    case JsonOp::kBoolean: {
      const bool yes = member.At<bool>(row);
      std::memcpy(at, yes ? "true\0" : "false", 5);
      return at + (yes ? 4 : 5);
    }
    case JsonOp::kText: return PutJsonCell(member.At<model::StringCell>(row), run.buffer, at);
    case JsonOp::kOption: {
      const auto number = static_cast<std::uint32_t>(member.At<std::int32_t>(row));
      return number < member.member->options.size() ? run.buffer.Put(member.member->options[number], at) : nullptr;
    }
    case JsonOp::kSet: return PutSet(member, row, run, at);
    case JsonOp::kValue: {
      const std::string_view json = member.At<model::StringCell>(row).View();
      return json.empty() ? nullptr : PutJsonValue(json, run.buffer, at);
    }
    case JsonOp::kSkippedFields: return PutSkippedFields(SkippedFields(*member.view, row), run, at);
    case JsonOp::kConstant: return run.buffer.Put(std::string_view(member.member->values.front()), at);
    case JsonOp::kPerson: {
      const auto number = static_cast<std::size_t>(member.At<std::int32_t>(row));
      const auto& values = member.member->values;
      if (number >= values.size() || values[number].empty()) return nullptr;
      return run.buffer.Put(std::string_view(values[number]), at);
    }
    case JsonOp::kOpenValues:
    case JsonOp::kCloseValues: break;
  }
  return at;
}

inline char* JsonEncoder::PutId(const IdTable& ids, std::int32_t number, Run& run, char* at) const {
  if (char* const end = ids.Put(number, at); end != nullptr) [[likely]]
    return end;
  const std::string_view id = ids.Id(number);
  return id.empty() ? nullptr : PutJsonText(id, run.buffer, at);
}

char* JsonEncoder::PutSet(const BoundMember& member, std::size_t row, Run& run, char* at) const {
  const auto& ticked = member.At<model::ListCell>(row);
  const std::int32_t* const options = member.view->child + ticked.offset;
  *at++ = '[';
  bool first = true;
  for (std::uint64_t place = 0; place < ticked.length; ++place) {
    const auto number = static_cast<std::uint32_t>(options[place]);
    if (number >= member.member->options.size()) continue;
    at = run.buffer.Room(at);
    if (!first) *at++ = ',';
    first = false;
    at = run.buffer.Put(member.member->options[number], at);
  }
  at = run.buffer.Room(at);
  *at++ = ']';
  return at;
}

char* JsonEncoder::PutSkippedFields(const SkippedFields& skipped, Run& run, char* at) const {
  if (skipped.Size() == 0) return nullptr;
  *at++ = '[';
  bool first = true;
  for (std::size_t place = 0; place < skipped.Size(); ++place) {
    if (skipped[place] >= field_names_.size()) continue;
    at = run.buffer.Room(at);
    if (!first) *at++ = ',';
    first = false;
    at = run.buffer.Put(std::string_view(field_names_[skipped[place]]), at);
  }
  at = run.buffer.Room(at);
  *at++ = ']';
  return at;
}

void JsonEncoder::End(std::string& out, std::uint64_t rows) const {
  if (lines_) {
    for (const vault::Tombstone& tombstone : plan_.tombstones) {
      out += "{\"deleted\":";
      out += TombstoneJson(tombstone);
      out += "}\n";
    }
    return;
  }
  out += "\n]";
  if (plan_.options.tombstones) out += ",\"deleted\":" + TombstonesJson(plan_.tombstones);
  out += ",\"count\":" + std::to_string(rows) + ",\"cursor\":" + JsonText(plan_.cursor) + "}\n";
}

std::string TombstoneJson(const vault::Tombstone& tombstone) {
  std::string json = "{";
  if (!tombstone.record_id.empty()) json += "\"id\":" + JsonText(tombstone.record_id) + ",";
  json += "\"record_seq\":" + std::to_string(tombstone.record_seq) + ",\"seq\":" + std::to_string(tombstone.seq);
  return json + ",\"deleted_at\":\"" + FormatIsoUtc(tombstone.deleted_at) + "\"}";
}

}  // namespace

std::string TombstonesJson(const std::vector<vault::Tombstone>& tombstones) {
  std::string json = "[";
  for (const vault::Tombstone& tombstone : tombstones) {
    json += json.size() == 1 ? "\n" : ",\n";
    json += TombstoneJson(tombstone);
  }
  return json + "]";
}

std::unique_ptr<Encoder> MakeJsonEncoder(const Plan& plan, bool lines) { return std::make_unique<JsonEncoder>(plan, lines); }

}  // namespace sheaf::exporting
