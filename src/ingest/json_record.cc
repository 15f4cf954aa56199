#include "ingest/json_record.h"

#include <algorithm>
#include <array>

#include "ingest/number.h"

namespace sheaf::ingest {
namespace {

enum Member : int {
  kId,
  kParticipant,
  kSession,
  kTime,
  kTimeOffset,
  kOnset,
  kValues,
  kSkippedList,
  kMetadataObject,
  kSeqMember,
  kUpdatedAt,
  kReceivedAt,
};
constexpr std::array<std::string_view, 12> kMembers = {"id",     "participant", "session",  "time", "time_offset", "onset_ms",
                                                       "values", "skipped",     "metadata", "seq",  "updated_at",  "received_at"};

std::string_view Kind(char first) {
  switch (first) {
    case '"': return "a string";
    case '{': return "an object";
    case '[': return "an array";
    case 't':
    case 'f': return "a boolean";
    case 'n': return "null";
    default: return "a number";
  }
}

std::string_view Takes(model::FieldType type) {
  using model::FieldType;
  switch (type) {
    case FieldType::kString: return "a string";
    case FieldType::kInteger: return "a whole number";
    case FieldType::kDouble: return "a number";
    case FieldType::kBoolean: return "true or false";
    case FieldType::kDatetime: return "an ISO 8601 time as a string";
    case FieldType::kIdentifier: return "a string or a whole number";
    case FieldType::kEnum: return "the id or code of an option as a string";
    case FieldType::kSet: return "an array of option ids or codes";
    case FieldType::kJson: return "any JSON";
  }
  return "another type";
}

bool IsIntegerToken(std::string_view token) {
  const auto kind = ParseJsonNumber(token).kind;
  if (kind == Number::Kind::kInteger || kind == Number::Kind::kBigInteger) return true;
  return false;
}

bool Malformed(const JsonReader& reader, RowBuilder& row, std::string_view expected) {
  std::string sentence = "Byte " + std::to_string(reader.Offset() + 1) + ": ";
  sentence += expected;
  sentence += " is expected.";
  return row.Fail(ErrorCode::kBadJson, {}, std::move(sentence));
}

}  // namespace

JsonRecordParser::JsonRecordParser(RowBuilder& row) : row_(row) {
  const auto fields = static_cast<int>(row.FieldCount());
  field_order_.reserve(row.FieldCount());
  field_keys_.reserve(row.FieldCount());
  for (int field = 0; field < fields; ++field) {
    field_order_.push_back(field);
    field_keys_.emplace_back(row.FieldAt(field).id);
  }
  for (const std::string_view name : kMembers) member_keys_.emplace_back(name);
}

bool JsonRecordParser::BadJson(const JsonReader& reader, std::string_view expected) { return Malformed(reader, row_, expected); }

bool JsonRecordParser::Parse(JsonReader& reader) {
  members_seen_ = 0;
  if (!reader.Take('{')) {
    raw_.clear();
    if (reader.TakeRaw(raw_) && reader.AtEnd()) return row_.Fail(ErrorCode::kBadMember, {}, "A record is a JSON object.");
    return BadJson(reader, "a JSON object");
  }
  if (!reader.Take('}')) {
    for (std::size_t place = 0;; ++place) {
      if (!ParseMember(reader, place)) return false;
      if (reader.Take(',')) continue;
      if (reader.Take('}')) break;
      return BadJson(reader, "a comma or }");
    }
  }
  return reader.AtEnd() || BadJson(reader, "the end of the record");
}

bool JsonRecordParser::TakeMemberKey(JsonReader& reader, std::size_t place, int* member) {
  if (place < member_order_.size()) {
    *member = member_order_[place];
    if (reader.TakeKey(member_keys_[static_cast<std::size_t>(*member)])) return true;
  }
  std::string_view key;
  if (!reader.TakeAnyKey(&key, key_)) return BadJson(reader, "a member's name and a colon");
  const auto found = std::find(kMembers.begin(), kMembers.end(), key);
  if (found == kMembers.end()) {
    return row_.Fail(ErrorCode::kUnknownMember, {}, "A record has no member " + Excerpt(key) + "; fields belong into `values`.");
  }
  *member = static_cast<int>(found - kMembers.begin());
  if (place < member_order_.size()) member_order_[place] = *member;
  else if (member_order_.size() < kMembers.size()) member_order_.push_back(*member);
  return true;
}

bool JsonRecordParser::ParseMember(JsonReader& reader, std::size_t place) {
  int member = 0;
  if (!TakeMemberKey(reader, place, &member)) return false;
  const std::uint32_t bit = 1u << member;
  if ((members_seen_ & bit) != 0) {
    return row_.Fail(ErrorCode::kBadMember, kMembers[static_cast<std::size_t>(member)], "The record has the member twice.");
  }
  members_seen_ |= bit;
  switch (member) {
    case kId:
    case kParticipant:
    case kSession: return ParseId(reader, member);
    case kTime:
    case kTimeOffset: return ParseTimes(reader, member);
    case kOnset: return ParseOnset(reader);
    case kValues: return ParseValues(reader);
    case kSkippedList: return ParseSkipped(reader);
    case kMetadataObject:
      metadata_.clear();
      if (reader.Token() == "null") {
        reader.Advance();
        return true;
      }
      if (!ReadMetadata(reader, row_, metadata_)) return false;
      row_.SetMetadata(metadata_);
      return true;
    default: raw_.clear(); return reader.TakeRaw(raw_) || BadJson(reader, "a JSON value");
  }
}

bool JsonRecordParser::WrongMember(JsonReader& reader, int member, std::string_view expected) {
  const char first = reader.Peek();
  raw_.clear();
  if (!reader.TakeRaw(raw_)) return BadJson(reader, "a JSON value");
  const std::string_view name = kMembers[static_cast<std::size_t>(member)];
  std::string sentence = "`";
  sentence.append(name).append("` takes ").append(expected).append(", not ").append(Kind(first)).append(".");
  return row_.Fail(ErrorCode::kBadMember, name, std::move(sentence));
}

bool JsonRecordParser::ParseId(JsonReader& reader, int member) {
  std::string& kept = member == kId ? record_id_ : member == kParticipant ? participant_ : session_;
  std::string_view id;
  if (reader.Peek() == '"') {
    if (!reader.TakeString(&id, kept)) return BadJson(reader, "a well-formed string");
    if (id.empty()) {
      const std::string_view name = kMembers[static_cast<std::size_t>(member)];
      return row_.Fail(member == kParticipant ? ErrorCode::kMissingParticipant : ErrorCode::kBadId, name, "The id is empty.");
    }
  } else {
    id = reader.Token();
    const bool null = id == "null";
    if (!null && !IsIntegerToken(id)) return WrongMember(reader, member, "a string or a whole number");
    if (null) id = {};
    reader.Advance();
  }
  if (member == kId) return row_.SetRecordId(id);
  return member == kParticipant ? row_.SetParticipant(id) : row_.SetSession(id);
}

bool JsonRecordParser::ParseTimes(JsonReader& reader, int member) {
  if (reader.Peek() != '"') {
    if (reader.Token() != "null") return WrongMember(reader, member, "a string");
    reader.Advance();
    return true;
  }
  std::string_view text;
  if (!reader.TakeString(&text, text_)) return BadJson(reader, "a well-formed string");
  return member == kTime ? row_.SetTime(text) : row_.SetTimeOffset(text);
}

bool JsonRecordParser::ParseOnset(JsonReader& reader) {
  const std::string_view token = reader.Token();
  if (token == "null") {
    reader.Advance();
    return true;
  }
  const Number number = ParseJsonNumber(token);
  if (number.kind == Number::Kind::kInvalid) return WrongMember(reader, kOnset, "a number");
  if (number.kind == Number::Kind::kTooLarge) return row_.Fail(ErrorCode::kOutOfRange, "onset_ms", "The number is too large.");
  reader.Advance();
  return row_.SetOnset(number.real);
}

bool JsonRecordParser::ParseSkipped(JsonReader& reader) {
  if (reader.Token() == "null") {
    reader.Advance();
    return true;
  }
  if (reader.Peek() != '[') return WrongMember(reader, kSkippedList, "an array of field ids");
  reader.Advance();
  if (reader.Take(']')) return true;
  while (true) {
    if (reader.Peek() != '"') return WrongMember(reader, kSkippedList, "an array of field ids");
    std::string_view name;
    if (!reader.TakeString(&name, text_)) return BadJson(reader, "a well-formed string");
    const int field = row_.FindField(name);
    if (field < 0)
      return row_.Fail(ErrorCode::kUnknownField, name.size() <= 64 ? name : std::string_view(),
                       "The dataset has no field " + Excerpt(name) + ".");
    if (!row_.PutSkipped(field)) return false;
    if (reader.Take(']')) return true;
    if (!reader.Take(',')) return BadJson(reader, "a comma or ]");
  }
}

bool JsonRecordParser::ParseValues(JsonReader& reader) {
  if (reader.Peek() != '{') return WrongMember(reader, kValues, "an object");
  reader.Advance();
  if (reader.Take('}')) return true;
  for (std::size_t place = 0;; ++place) {
    int field = 0;
    if (!TakeFieldKey(reader, place, &field) || !ParseValue(reader, field)) return false;
    if (reader.Take(',')) continue;
    if (reader.Take('}')) return true;
    return BadJson(reader, "a comma or }");
  }
}

bool JsonRecordParser::TakeFieldKey(JsonReader& reader, std::size_t place, int* field) {
  if (place < field_order_.size()) {
    *field = field_order_[place];
    if (reader.TakeKey(field_keys_[static_cast<std::size_t>(*field)])) return true;
  }
  std::string_view key;
  if (!reader.TakeAnyKey(&key, key_)) return BadJson(reader, "a field's id and a colon");
  *field = row_.FindField(key);
  if (*field < 0) {
    return row_.Fail(ErrorCode::kUnknownField, key.size() <= 64 ? key : std::string_view(),
                     "The dataset has no field " + Excerpt(key) + ".");
  }
  if (place < field_order_.size()) field_order_[place] = *field;
  return true;
}

bool JsonRecordParser::ParseValue(JsonReader& reader, int field) {
  using model::FieldType;
  if (!row_.Claim(field)) return false;
  if (reader.Peek() == 'n' && reader.Token() == "null") {
    reader.Advance();
    return row_.PutSkipped(field);
  }
  const FieldType type = row_.FieldAt(field).type;
  switch (type) {
    case FieldType::kInteger:
    case FieldType::kDouble: return ParseNumber(reader, field);
    case FieldType::kString:
    case FieldType::kDatetime:
    case FieldType::kEnum: return ParseText(reader, field);
    case FieldType::kIdentifier: return ParseIdentifier(reader, field);
    case FieldType::kSet: return ParseSet(reader, field);
    case FieldType::kBoolean: {
      const std::string_view token = reader.Token();
      if (token != "true" && token != "false") return WrongType(reader, field);
      reader.Advance();
      return row_.PutBoolean(field, token == "true");
    }
    case FieldType::kJson:
      raw_.clear();
      if (!reader.TakeRaw(raw_)) return BadJson(reader, "a JSON value");
      return row_.PutJson(field, raw_);
  }
  return false;
}

// The value is not of the field's type, or it is no JSON at all.
bool JsonRecordParser::WrongType(JsonReader& reader, int field) {
  const char first = reader.Peek();
  raw_.clear();
  if (!reader.TakeRaw(raw_)) return BadJson(reader, "a JSON value");
  std::string sentence = "The field takes ";
  sentence.append(Takes(row_.FieldAt(field).type)).append(", not ").append(Kind(first)).append(".");
  return row_.FailField(ErrorCode::kWrongType, field, std::move(sentence));
}

bool JsonRecordParser::ParseNumber(JsonReader& reader, int field) {
  const Number number = ParseJsonNumber(reader.Token());
  if (number.kind == Number::Kind::kInvalid) return WrongType(reader, field);
  reader.Advance();
  if (row_.FieldAt(field).type == model::FieldType::kDouble) {
    if (number.kind == Number::Kind::kTooLarge) return row_.FailField(ErrorCode::kOutOfRange, field, "The number is too large.");
    return row_.PutDouble(field, number.real);
  }
  std::int64_t value = 0;
  switch (ToInteger(number, &value)) {
    case IntegerFit::kFits: return row_.PutInteger(field, value);
    case IntegerFit::kFraction: return row_.FailField(ErrorCode::kWrongType, field, "The field takes a whole number, not a fraction.");
    case IntegerFit::kOutOfRange: break;
  }
  return row_.FailField(ErrorCode::kOutOfRange, field, "The number does not fit 64 bits.");
}

bool JsonRecordParser::ParseText(JsonReader& reader, int field) {
  if (reader.Peek() != '"') return WrongType(reader, field);
  std::string_view text;
  if (!reader.TakeString(&text, text_)) return BadJson(reader, "a well-formed string");
  switch (row_.FieldAt(field).type) {
    case model::FieldType::kDatetime: return row_.PutDatetime(field, text);
    case model::FieldType::kEnum: return row_.PutOption(field, text);
    default: return row_.PutText(field, text);
  }
}

bool JsonRecordParser::ParseIdentifier(JsonReader& reader, int field) {
  if (reader.Peek() == '"') {
    std::string_view text;
    if (!reader.TakeString(&text, text_)) return BadJson(reader, "a well-formed string");
    return row_.PutIdentifier(field, text);
  }
  const std::string_view token = reader.Token();
  if (!IsIntegerToken(token)) return WrongType(reader, field);
  reader.Advance();
  return row_.PutIdentifier(field, token);
}

bool JsonRecordParser::ParseSet(JsonReader& reader, int field) {
  if (reader.Peek() != '[') return WrongType(reader, field);
  reader.Advance();
  if (!row_.BeginSet(field)) return false;
  if (reader.Take(']')) return true;
  while (true) {
    if (reader.Peek() != '"') {
      raw_.clear();
      if (!reader.TakeRaw(raw_)) return BadJson(reader, "a JSON value");
      return row_.FailField(ErrorCode::kWrongType, field, "The set takes option ids or codes as strings.");
    }
    std::string_view text;
    if (!reader.TakeString(&text, text_)) return BadJson(reader, "a well-formed string");
    if (!row_.AddToSet(field, text)) return false;
    if (reader.Take(']')) return true;
    if (!reader.Take(',')) return BadJson(reader, "a comma or ]");
  }
}

bool ReadMetadata(JsonReader& reader, RowBuilder& row, std::string& out) {
  out.clear();
  if (!reader.Take('{')) {
    if (!reader.TakeRaw(out)) return Malformed(reader, row, "a JSON value");
    return row.Fail(ErrorCode::kBadMember, "metadata", "`metadata` takes an object of objects.");
  }
  if (reader.Take('}')) return true;
  std::string key_text;
  std::vector<bool> seen(row.FieldCount());
  while (true) {
    std::string_view key;
    if (!reader.TakeAnyKey(&key, key_text)) return Malformed(reader, row, "a field's id and a colon");
    const int field = row.FindField(key);
    if (field < 0) {
      return row.Fail(ErrorCode::kUnknownField, key.size() <= 64 ? key : std::string_view(),
                      "`metadata` names " + Excerpt(key) + ", which is no field of the dataset.");
    }
    if (seen[static_cast<std::size_t>(field)]) return row.FailField(ErrorCode::kBadMember, field, "`metadata` names the field twice.");
    seen[static_cast<std::size_t>(field)] = true;
    out.append(out.empty() ? "{\"" : ",\"").append(row.FieldAt(field).id).append("\":");
    const bool object = reader.Peek() == '{';
    if (!reader.TakeRaw(out)) return Malformed(reader, row, "a JSON value");
    if (!object) return row.FailField(ErrorCode::kBadMember, field, "`metadata` takes an object for each field.");
    if (reader.Take('}')) break;
    if (!reader.Take(',')) return Malformed(reader, row, "a comma or }");
  }
  out += '}';
  return true;
}

}  // namespace sheaf::ingest
