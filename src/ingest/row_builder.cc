#include "ingest/row_builder.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "base/ids.h"

namespace sheaf::ingest {
namespace {

using model::CellState;
using model::FieldColumn;
using model::FieldType;

enum class Store : std::uint8_t { kIntegers, kDoubles, kStrings, kOptions };

Store StoreOf(FieldType type) {
  switch (type) {
    case FieldType::kInteger:
    case FieldType::kDatetime:
    case FieldType::kBoolean:
    case FieldType::kEnum: return Store::kIntegers;
    case FieldType::kDouble: return Store::kDoubles;
    case FieldType::kSet: return Store::kOptions;
    case FieldType::kString:
    case FieldType::kIdentifier:
    case FieldType::kJson: return Store::kStrings;
  }
  return Store::kStrings;
}

// Absent cells are written only when a later row, or the end of the batch, needs the column to be as long as the rest:
// a record that answers ten of four thousand fields costs ten cells.
void PadTo(FieldColumn& column, std::size_t rows) {
  column.states.resize(rows, CellState::kAbsent);
  switch (StoreOf(column.type)) {
    case Store::kIntegers: column.integers.resize(rows); break;
    case Store::kDoubles: column.doubles.resize(rows); break;
    case Store::kOptions: column.option_ends.resize(rows, column.options.size()); break;
    case Store::kStrings:
      while (column.strings.Size() < rows) column.strings.Append({});
      break;
  }
}

void TruncateTo(FieldColumn& column, std::size_t rows) {
  if (column.states.size() <= rows) return;
  column.states.resize(rows);
  switch (StoreOf(column.type)) {
    case Store::kIntegers: column.integers.resize(rows); break;
    case Store::kDoubles: column.doubles.resize(rows); break;
    case Store::kOptions:
      column.option_ends.resize(rows);
      column.options.resize(rows == 0 ? 0 : column.option_ends[rows - 1]);
      break;
    case Store::kStrings: column.strings.Truncate(rows); break;
  }
}

bool HasNul(std::string_view text) { return !text.empty() && std::memchr(text.data(), '\0', text.size()) != nullptr; }

constexpr std::size_t kBytesPerId = 2 * sizeof(std::string) + 48;
constexpr std::size_t kFixedRowBytes = 8 + 4 + 4 + 8 + 2 + 8 + 8;
constexpr std::size_t kFixedCellBytes = 1 + 8;

}  // namespace

std::string Excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  const bool cut = text.size() > kLongest;
  if (cut) {
    std::size_t size = kLongest;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    text = text.substr(0, size);
  }
  std::string quoted = "\"";
  for (const char c : text) quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  quoted += cut ? "…\"" : "\"";
  return IsUtf8(quoted) ? quoted : "\"?\"";
}

RowBuilder::RowBuilder(std::shared_ptr<const model::Dataset> dataset, BatchSink sink)
    : dataset_(std::move(dataset)), sink_(std::move(sink)), batch_(model::RecordBatch::For(*dataset_)), names_(dataset_->fields.size()) {
  const std::size_t count = dataset_->fields.size();
  for (std::size_t field = 0; field < count; ++field) {
    names_.Add(dataset_->fields[field].id, static_cast<int>(field));
    // What a participant must answer before going on lacks where they dropped off before.
    const bool may_lack = dataset_->kind == model::DatasetKind::kSurvey;
    if (dataset_->fields[field].required && !may_lack) required_.push_back(static_cast<int>(field));
  }
  option_ids_.resize(count);
  option_codes_.resize(count);
  written_.resize(count);
  claimed_.resize(count);
  touched_.resize(count);
  row_bytes_ = kFixedRowBytes + count * kFixedCellBytes;
}

int RowBuilder::FindOption(int field, std::string_view id_or_code) {
  const auto place = static_cast<std::size_t>(field);
  if (!option_ids_[place]) {
    const auto& options = FieldAt(field).options;
    option_ids_[place].emplace(options.size());
    option_codes_[place].emplace(options.size());
    for (std::size_t number = 0; number < options.size(); ++number) {
      option_ids_[place]->Add(options[number].id, static_cast<int>(number));
      option_codes_[place]->Add(options[number].code, static_cast<int>(number));
    }
  }
  const int by_id = option_ids_[place]->Find(id_or_code);
  return by_id >= 0 ? by_id : option_codes_[place]->Find(id_or_code);
}

void RowBuilder::Begin() {
  ++row_stamp_;
  touched_count_ = 0;
  variable_bytes_ = 0;
  participant_ = session_ = record_id_ = metadata_ = {};
  time_ = model::kNoTime;
  time_offset_ = model::kNoOffset;
  offset_given_ = false;
  onset_ms_ = std::numeric_limits<double>::quiet_NaN();
}

bool RowBuilder::Fail(ErrorCode code, std::string_view field, std::string sentence) {
  fault_ = {code, std::string(field), std::move(sentence)};
  return false;
}

bool RowBuilder::SetId(std::string_view member, std::string_view id, std::string_view* kept) {
  if (!id.empty() && !IsRecordId(id)) {
    return Fail(ErrorCode::kBadId, member, "An id has 1 to 255 bytes of UTF-8 without control characters.");
  }
  if (barred_ && kept == &participant_ && barred_(id)) {
    return Fail(ErrorCode::kParticipantWithdrawn, member, "The participant has withdrawn.");
  }
  *kept = id;
  return true;
}

bool RowBuilder::SetTime(std::string_view iso) {
  const auto parsed = ParseIsoTime(iso);
  if (!parsed) return Fail(ErrorCode::kBadTime, "time", Excerpt(iso) + " is no ISO 8601 time.");
  time_ = parsed->instant;
  const bool zulu = iso.back() == 'Z' || iso.back() == 'z';
  if (!offset_given_ && parsed->offset_minutes && !zulu) time_offset_ = *parsed->offset_minutes;
  return true;
}

bool RowBuilder::SetTimeOffset(std::string_view offset) {
  std::string probe = "2000-01-01T00:00";
  const bool plausible = !offset.empty() && offset.size() <= 6 && (offset.front() == '+' || offset.front() == '-');
  if (plausible) probe += offset;
  const auto parsed = plausible ? ParseIsoTime(probe) : std::nullopt;
  if (!parsed || !parsed->offset_minutes) {
    return Fail(ErrorCode::kBadTime, "time_offset", Excerpt(offset) + " is no offset from UTC, for example +02:00.");
  }
  time_offset_ = *parsed->offset_minutes;
  offset_given_ = true;
  return true;
}

bool RowBuilder::SetOnset(double milliseconds) {
  if (!std::isfinite(milliseconds)) return Fail(ErrorCode::kOutOfRange, "onset_ms", "The number is too large.");
  onset_ms_ = milliseconds;
  return true;
}

bool RowBuilder::MakeRoom(int field, FieldColumn& column) {
  if (written_[static_cast<std::size_t>(field)] == row_stamp_) {
    return FailField(ErrorCode::kBadMember, field, "The field is both answered and skipped.");
  }
  PadTo(column, batch_.rows);
  return true;
}

bool RowBuilder::PutSkipped(int field) {
  const auto place = static_cast<std::size_t>(field);
  if (written_[place] == row_stamp_ && batch_.fields[place].states.back() == CellState::kSkipped) return true;
  FieldColumn* const column = Open(field, CellState::kSkipped);
  if (column == nullptr) return false;
  switch (StoreOf(column->type)) {
    case Store::kIntegers: column->integers.push_back(0); break;
    case Store::kDoubles: column->doubles.push_back(0); break;
    case Store::kStrings: column->strings.Append({}); break;
    case Store::kOptions: column->option_ends.push_back(column->options.size()); break;
  }
  return true;
}

bool RowBuilder::PutDatetime(int field, std::string_view iso) {
  const auto parsed = ParseIsoTime(iso);
  if (!parsed) return FailField(ErrorCode::kBadTime, field, Excerpt(iso) + " is no ISO 8601 time.");
  return PutInteger(field, parsed->instant);
}

bool RowBuilder::PutText(int field, std::string_view text) {
  // No store that takes SQL keeps it everywhere, and no CSV reader agrees on it.
  if (HasNul(text)) return FailField(ErrorCode::kWrongType, field, "The text holds the character U+0000, which cannot be kept.");
  return PutJson(field, text);
}

bool RowBuilder::PutIdentifier(int field, std::string_view text) {
  if (!IsRecordId(text)) {
    return FailField(ErrorCode::kBadId, field, "An identifier has 1 to 255 bytes of UTF-8 without control characters.");
  }
  return PutJson(field, text);
}

bool RowBuilder::PutJson(int field, std::string_view minified) {
  FieldColumn* const column = Open(field, CellState::kAnswered);
  if (column == nullptr) return false;
  column->strings.Append(minified);
  variable_bytes_ += minified.size();
  return true;
}

bool RowBuilder::UnknownOption(int field, std::string_view option) {
  return FailField(ErrorCode::kUnknownOption, field, "The field has no option " + Excerpt(option) + ".");
}

bool RowBuilder::PutOption(int field, std::string_view id_or_code) {
  const int number = FindOption(field, id_or_code);
  if (number < 0) return UnknownOption(field, id_or_code);
  return PutInteger(field, number);
}

bool RowBuilder::BeginSet(int field) {
  FieldColumn* const column = Open(field, CellState::kAnswered);
  if (column == nullptr) return false;
  column->option_ends.push_back(column->options.size());
  ++set_stamp_;
  if (in_set_.size() < FieldAt(field).options.size()) in_set_.resize(FieldAt(field).options.size());
  return true;
}

bool RowBuilder::AddToSet(int field, std::string_view id_or_code) {
  const int number = FindOption(field, id_or_code);
  if (number < 0) return UnknownOption(field, id_or_code);
  FieldColumn& column = batch_.fields[static_cast<std::size_t>(field)];
  auto& stamp = in_set_[static_cast<std::size_t>(number)];
  if (stamp == set_stamp_) return FailField(ErrorCode::kWrongType, field, "The set names the option " + Excerpt(id_or_code) + " twice.");
  stamp = set_stamp_;
  column.options.push_back(number);
  column.option_ends.back() = column.options.size();
  variable_bytes_ += sizeof(std::int32_t);
  return true;
}

std::int32_t RowBuilder::PlaceOf(std::string_view id, model::IdDictionary& dictionary, std::string& last_id, std::int32_t& last_place) {
  if (last_place >= 0 && last_id == id) return last_place;
  const std::size_t before = dictionary.Ids().size();
  last_place = dictionary.Place(id);
  last_id = id;
  if (dictionary.Ids().size() > before) variable_bytes_ += kBytesPerId + 2 * id.size();
  return last_place;
}

bool RowBuilder::Finish() {
  if (participant_.empty()) return Fail(ErrorCode::kMissingParticipant, "participant", "The record has no participant.");
  if (record_id_.empty() && dataset_->mode == model::DatasetMode::kKeyed) {
    return Fail(ErrorCode::kMissingRecordId, "id", "The record has no id.");
  }
  for (const int field : required_) {
    if (written_[static_cast<std::size_t>(field)] != row_stamp_) {
      return FailField(ErrorCode::kMissingValue, field, "The field is required and has neither a value nor a skip.");
    }
  }
  batch_.ids.Append(record_id_);
  batch_.participant.push_back(PlaceOf(participant_, batch_.participants, last_participant_, last_participant_place_));
  batch_.session.push_back(session_.empty() ? -1 : PlaceOf(session_, batch_.sessions, last_session_, last_session_place_));
  batch_.time.push_back(time_);
  batch_.time_offset.push_back(time_offset_);
  batch_.onset_ms.push_back(onset_ms_);
  batch_.metadata.Append(metadata_);
  batch_.bytes += row_bytes_ + variable_bytes_ + record_id_.size() + metadata_.size();
  ++batch_.rows;
  return true;
}

void RowBuilder::Discard() {
  for (std::size_t place = 0; place < touched_count_; ++place) {
    TruncateTo(batch_.fields[static_cast<std::size_t>(touched_[place])], batch_.rows);
  }
  touched_count_ = 0;
}

Status RowBuilder::Flush() {
  if (batch_.rows == 0) return {};
  for (FieldColumn& column : batch_.fields) {
    if (column.states.size() < batch_.rows) PadTo(column, batch_.rows);
  }
  model::RecordBatch full = std::move(batch_);
  batch_ = model::RecordBatch::For(*dataset_);
  last_participant_place_ = last_session_place_ = -1;
  return sink_(std::move(full));
}

}  // namespace sheaf::ingest
