#include "query/names.h"

#include <utility>

namespace sheaf::query {
namespace {

using model::Column;
using model::ColumnKind;

constexpr std::size_t kMaxAttributeName = 255;
constexpr std::size_t kMaxQuoted = 80;
constexpr std::string_view kRecordPrefix = "record.";
constexpr std::string_view kParticipantPrefix = "participant.";
constexpr std::string_view kSessionPrefix = "session.";

constexpr std::pair<std::string_view, ColumnKind> kRecordColumns[] = {
    {"time", ColumnKind::kTime},
    {"seq", ColumnKind::kSeq},
    {"id", ColumnKind::kRecordId},
    {"onset_ms", ColumnKind::kOnset},
    {"participant", ColumnKind::kParticipant},
    {"session", ColumnKind::kSession},
    {"received_at", ColumnKind::kReceived},
    {"updated_at", ColumnKind::kUpdated},
    {"time_offset", ColumnKind::kTimeOffset},
    {"skipped", ColumnKind::kSkipped},
    {"metadata", ColumnKind::kMetadata},
};
constexpr std::pair<std::string_view, ColumnKind> kPeopleColumns[] = {
    {"participant.id", ColumnKind::kParticipantId},
    {"participant.code", ColumnKind::kParticipantCode},
    {"participant.status", ColumnKind::kParticipantStatus},
    {"session.id", ColumnKind::kSessionId},
    {"session.name", ColumnKind::kSessionName},
    {"session.status", ColumnKind::kSessionStatus},
    {"session.start", ColumnKind::kSessionStart},
    {"session.end", ColumnKind::kSessionEnd},
};

constexpr std::pair<std::string_view, model::FieldType> kCasts[] = {
    {":datetime", model::FieldType::kDatetime},
    {":number", model::FieldType::kDouble},
    {":boolean", model::FieldType::kBoolean},
};
constexpr std::string_view kMetadataPrefix = "metadata.";
constexpr std::string_view kStudyWord = "study";

Column Of(ColumnKind kind) { return Column{kind, -1, {}}; }

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

std::optional<Column> PeopleColumn(std::string_view name) {
  for (const auto& [word, kind] : kPeopleColumns) {
    if (word == name) return Of(kind);
  }
  const bool participant = StartsWith(name, kParticipantPrefix);
  if (!participant && !StartsWith(name, kSessionPrefix)) return std::nullopt;
  const std::string_view attribute = name.substr((participant ? kParticipantPrefix : kSessionPrefix).size());
  if (attribute.empty() || attribute.size() > kMaxAttributeName) return std::nullopt;
  for (const char c : attribute) {
    // Quotes and backslashes have a meaning in JSON paths, which stores may use to reach the member.
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '"' || c == '\\') return std::nullopt;
  }
  const ColumnKind kind = participant ? ColumnKind::kParticipantAttribute : ColumnKind::kSessionAttribute;
  return Column{kind, -1, std::string(attribute)};
}

//! "participant.joined:datetime": an attribute, or a participant's id, read as something else than text.
std::optional<Column> CastPeopleColumn(std::string_view name) {
  for (const auto& [suffix, type] : kCasts) {
    if (!name.ends_with(suffix)) continue;
    auto column = PeopleColumn(name.substr(0, name.size() - suffix.size()));
    if (!column) return std::nullopt;
    const bool is_attribute = column->kind == ColumnKind::kParticipantAttribute || column->kind == ColumnKind::kSessionAttribute;
    if (!is_attribute && column->kind != ColumnKind::kParticipantId) return std::nullopt;
    column->cast = type;
    return column;
  }
  return PeopleColumn(name);
}

std::string_view WithoutRecordPrefix(std::string_view name) {
  return StartsWith(name, kRecordPrefix) ? name.substr(kRecordPrefix.size()) : name;
}

auto UnknownField(std::string_view name, std::string_view place) {
  return Fail(ErrorCode::kUnknownField, "there is no field " + Quoted(name) + " here", std::string(place));
}

}  // namespace

std::string Quoted(std::string_view text) {
  if (text.size() <= kMaxQuoted) return "'" + std::string(text) + "'";
  std::size_t end = kMaxQuoted;
  // Not in the middle of a character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return "'" + std::string(text.substr(0, end)) + "…'";
}

std::optional<ColumnKind> RecordColumn(std::string_view word) {
  for (const auto& [name, kind] : kRecordColumns) {
    if (name == word) return kind;
  }
  return std::nullopt;
}

std::string_view WordOf(ColumnKind kind) {
  if (kind == ColumnKind::kStudy) return kStudyWord;
  for (const auto& [name, candidate] : kRecordColumns) {
    if (candidate == kind) return name;
  }
  for (const auto& [name, candidate] : kPeopleColumns) {
    if (candidate == kind) return name;
  }
  return {};
}

Names::Names(const model::Dataset& dataset) : dataset_(dataset) {
  fields_.reserve(dataset.fields.size());
  for (std::size_t i = 0; i < dataset.fields.size(); ++i) { fields_.emplace(dataset.fields[i].id, static_cast<std::int32_t>(i)); }
}

std::optional<Column> Names::Field(std::string_view name) const {
  const auto found = fields_.find(name);
  if (found == fields_.end()) return std::nullopt;
  return Column{ColumnKind::kField, found->second, {}};
}

Result<Column> Names::ForCondition(std::string_view name, std::string_view place) const {
  if (auto field = Field(name)) return *std::move(field);
  if (auto people = CastPeopleColumn(name)) return *std::move(people);
  const auto kind = RecordColumn(WithoutRecordPrefix(name));
  if (!kind || *kind == ColumnKind::kTimeOffset) return UnknownField(name, place);
  if (*kind == ColumnKind::kParticipant) return Of(ColumnKind::kParticipantId);
  if (*kind == ColumnKind::kSession) return Of(ColumnKind::kSessionId);
  return Of(*kind);
}

Result<Column> Names::ForOutput(std::string_view name, std::string_view place) const {
  if (auto field = Field(name)) return *std::move(field);
  if (auto people = CastPeopleColumn(name)) {
    // Ids have their own columns, which are written more quickly.
    if (people->kind == ColumnKind::kParticipantId) return Of(ColumnKind::kParticipant);
    if (people->kind == ColumnKind::kSessionId) return Of(ColumnKind::kSession);
    return *std::move(people);
  }
  if (StartsWith(name, kMetadataPrefix)) {
    auto field = Field(name.substr(kMetadataPrefix.size()));
    if (!field) return UnknownField(name, place);
    return Column{ColumnKind::kMetadata, field->field, std::string(name.substr(kMetadataPrefix.size()))};
  }
  if (WithoutRecordPrefix(name) == kStudyWord) return Of(ColumnKind::kStudy);
  const auto kind = RecordColumn(WithoutRecordPrefix(name));
  if (!kind) return UnknownField(name, place);
  return Of(*kind);
}

std::string_view CastWord(model::FieldType type) {
  for (const auto& [suffix, candidate] : kCasts) {
    if (candidate == type) return suffix;
  }
  return {};
}

}  // namespace sheaf::query
