#include "api/avicenna/columns.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "api/avicenna/numbers.h"
#include "api/avicenna/options.h"

namespace sheaf::api::avicenna {
namespace {

struct KnownName {
  std::string_view name;
  const char* label;
  ValueKind kind;
};

// Of a session: fields of the activity, else attributes of the native session.
constexpr std::array kOfSession = std::to_array<KnownName>({
    {"prompt_time", "Prompt Time", ValueKind::kTime},
    {"scheduled_time", "Session Scheduled Time", ValueKind::kTime},
    {"expiry_time", "Expiry Time", ValueKind::kTime},
    {"start_time", "Start Time", ValueKind::kTime},
    {"end_time", "End Time", ValueKind::kTime},
    {"status_id", "Status", ValueKind::kNumber},
    {"unanswered_status_id", "Unanswered Status", ValueKind::kNumber},
    {"activity_version", "Activity Version", ValueKind::kNumber},
    {"triggering_logic_id", "Triggering Logic ID", ValueKind::kNumber},
    {"triggering_logic_type", "Triggering Logic Type", ValueKind::kText},
    {"duration_from_scheduled", "Duration (seconds) from scheduled to completion time", ValueKind::kNumber},
    {"duration_from_first_response", "Duration (seconds) from first response to completion time", ValueKind::kNumber},
    {"location", "Location", ValueKind::kText},
});
// Fields of the activity, else attributes of the participant; `device.id` is `device_id` there.
constexpr std::array kOfDevice = std::to_array<KnownName>({
    {"device.id", "Device ID", ValueKind::kText},
    {"device.model", "Device Model", ValueKind::kText},
    {"device.manufacturer", "Device Manufacturer", ValueKind::kText},
    {"device.last_used", "Device Last Used", ValueKind::kTime},
    {"device.app_version", "Device App Version", ValueKind::kText},
    {"device.app_update_date", "Device App Update Date", ValueKind::kTime},
});
struct OfParticipant {
  std::string_view name;
  const char* column;
  const char* label;
  const char* own_label;  // in an export of participants
  ValueKind kind;
};
constexpr std::array kOfParticipant = std::to_array<OfParticipant>({
    {"id", "participant", "Participant ID", "ID", ValueKind::kParticipant},
    {"label", "participant.code", "Participant Label", "Label", ValueKind::kText},
    {"start_time", "participant.start_time:datetime", "Participant Start Time", "Start Time", ValueKind::kTime},
    {"end_time", "participant.end_time:datetime", "Participant End Time", "End Time", ValueKind::kTime},
    {"status_id", "participant.status", "Participant Status", "Status", ValueKind::kStatus},
});

std::string WithUnderscore(std::string_view name) {
  std::string plain(name);
  std::replace(plain.begin(), plain.end(), '.', '_');
  return plain;
}

ValueKind KindOf(const model::Field& field) {
  switch (field.type) {
    case model::FieldType::kInteger:
    case model::FieldType::kDouble: return ValueKind::kNumber;
    case model::FieldType::kBoolean: return ValueKind::kBoolean;
    case model::FieldType::kDatetime: return ValueKind::kTime;
    case model::FieldType::kEnum: return ValueKind::kOption;
    case model::FieldType::kSet: return ValueKind::kOptions;
    default: return ValueKind::kText;
  }
}

const char* CastOf(ValueKind kind) {
  if (kind == ValueKind::kTime) return ":datetime";
  return "";
}

std::string CodeOf(const model::Field& field) {
  if (!field.attributes.empty()) {
    boost::system::error_code error;
    const boost::json::value attributes = boost::json::parse(field.attributes, error);
    if (!error && attributes.is_object()) {
      const boost::json::value* code = attributes.get_object().if_contains("code");
      if (code != nullptr && code->is_string()) return std::string(code->get_string());
    }
  }
  for (const QuestionCode& known : kQuestionCodes) {
    if (known.question == field.question) return std::string(known.code);
  }
  switch (field.type) {
    case model::FieldType::kEnum:
    case model::FieldType::kBoolean: return "SAQ";
    case model::FieldType::kSet: return "MAQ";
    case model::FieldType::kInteger:
    case model::FieldType::kDouble: return field.min && field.max ? "VAS" : "NUM";
    case model::FieldType::kDatetime: return "DTM";
    default: return "TXT";
  }
}

//! "[7_SAQ] How are you?"; "[7_MAQ_2] Tea" for an option; "[7_SAQ Metadata] How are you?".
std::string Heading(const NamedField& found, const std::string& suffix, const std::string& label) {
  return "[" + std::to_string(found.question) + "_" + CodeOf(*found.field) + suffix + "] " + label;
}

//! "Q7" → 7, "7" → 7 where `bare`.
std::optional<std::int64_t> QuestionNumber(std::string_view name, bool bare) {
  const bool letter = !name.empty() && (name.front() == 'Q' || name.front() == 'q');
  if (letter) name.remove_prefix(1);
  else if (!bare) return std::nullopt;
  return WholeNumber(name);
}

tl::unexpected<Error> Unknown(std::string_view name, std::string_view place) {
  return Fail(ErrorCode::kUnknownField, "There is no field \"" + std::string(name.substr(0, 80)) + "\" here", std::string(place));
}

constexpr std::string_view kMetadataPrefix = "mQ", kMetadataSuffix = "_metadata";

//! "mQ7_metadata" → "Q7"
std::optional<std::string> MetadataOf(std::string_view name) {
  if (!name.starts_with(kMetadataPrefix) || !name.ends_with(kMetadataSuffix)) return std::nullopt;
  return "Q" + std::string(name.substr(2, name.size() - 2 - kMetadataSuffix.size()));
}

}  // namespace

std::map<std::string, std::string> StatusNumbers() {
  std::map<std::string, std::string> numbers;
  for (const StatusWord& state : kParticipantStates) numbers.emplace(state.label, std::to_string(state.number));
  return numbers;
}

std::string RecordColumnOf(const model::Dataset& dataset, std::string_view word) {
  return (dataset.FieldNumber(word) >= 0 ? "record." : "") + std::string(word);
}

std::string FieldNames::RecordColumn(std::string_view word) const { return RecordColumnOf(dataset_, word); }

FieldNames::FieldNames(Entity entity, const model::Dataset& dataset) : entity_(entity), dataset_(dataset) {
  std::unordered_map<std::int64_t, std::vector<const model::Field*>> grids;
  for (const model::Field& field : dataset.fields) {
    if (field.system) continue;
    if (const auto number = QuestionNumber(field.id, true)) questions_[*number] = {&field};
    if (const auto number = QuestionNumber(field.group, true)) grids[*number].push_back(&field);
  }
  // A grid: one field a row, together in the group of the question.
  questions_.merge(grids);
}

std::vector<NamedField> FieldNames::Question(std::int64_t number) const {
  std::vector<NamedField> fields;
  const auto found = questions_.find(number);
  if (found == questions_.end()) return fields;
  for (const model::Field* field : found->second) fields.push_back({field->id, KindOf(*field), field->label, field, number});
  return fields;
}

std::optional<NamedField> FieldNames::OfActivity(std::string_view name, const char* label, ValueKind kind) const {
  for (const std::string& id : {WithUnderscore(name), std::string(name == "status_id" ? "status" : "")}) {
    const int number = id.empty() ? -1 : dataset_.FieldNumber(id);
    if (number < 0) continue;
    const model::Field& field = dataset_.fields[static_cast<std::size_t>(number)];
    return NamedField{field.id, KindOf(field), label, &field, 0};
  }
  const bool of_device = name.starts_with("device.");
  const std::string attribute = (of_device ? "participant." : "session.") + WithUnderscore(name) + CastOf(kind);
  return NamedField{attribute, kind == ValueKind::kTime ? kind : ValueKind::kAny, label, nullptr, 0};
}

std::optional<NamedField> FieldNames::Known(std::string_view name) const {
  if (name == "uuid" && entity_ == Entity::kSession) return NamedField{RecordColumn("id"), ValueKind::kText, "UUID", nullptr, 0};
  if (name == "record_time" && entity_ == Entity::kSession) {
    if (dataset_.FieldNumber(name) >= 0) return OfActivity(name, "Record Time", ValueKind::kTime);
    return NamedField{RecordColumn("time"), ValueKind::kTime, "Record Time", nullptr, 0};
  }
  if (entity_ == Entity::kSession) {
    for (const KnownName& known : kOfSession) {
      if (known.name == name) return OfActivity(name, known.label, known.kind);
    }
  }
  for (const KnownName& known : kOfDevice) {
    if (known.name == name) return OfActivity(name, known.label, known.kind);
  }
  const bool own = entity_ == Entity::kParticipation;
  std::string_view rest = name;
  if (rest.starts_with("participant.")) rest.remove_prefix(std::string_view("participant.").size());
  else if (!own) return std::nullopt;
  if (own && rest == "participant_id") rest = "id";
  for (const OfParticipant& known : kOfParticipant) {
    if (known.name != rest) continue;
    const std::string column = known.kind == ValueKind::kParticipant ? RecordColumn(known.column) : known.column;
    return NamedField{column, known.kind, own ? known.own_label : known.label, nullptr, 0};
  }
  return std::nullopt;
}

Result<std::vector<NamedField>> FieldNames::Find(std::string_view name, std::string_view place) const {
  const std::string_view asked = name;
  const std::string_view prefix = entity_ == Entity::kSession ? "session." : "participation.";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  if (entity_ == Entity::kSession) {
    if (const auto number = QuestionNumber(name, false)) {
      auto found = Question(*number);
      if (!found.empty()) return found;
      return Unknown(asked, place);
    }
  }
  if (auto known = Known(name)) return std::vector<NamedField>{*std::move(known)};
  return Unknown(asked, place);
}

std::vector<std::string> FieldNames::All() const {
  std::vector<std::string> names;
  const bool session = entity_ == Entity::kSession;
  for (const OfParticipant& known : kOfParticipant) names.push_back((session ? "participant." : "") + std::string(known.name));
  if (session) {
    names.insert(names.end(), {"uuid", "record_time"});
    for (const KnownName& known : kOfSession) names.emplace_back(known.name);
  }
  for (const KnownName& known : kOfDevice) names.emplace_back(known.name);
  if (!session) return names;
  std::vector<std::int64_t> numbers;
  for (const auto& [number, fields] : questions_) numbers.push_back(number);
  std::sort(numbers.begin(), numbers.end());
  for (const std::int64_t number : numbers) names.push_back("Q" + std::to_string(number));
  return names;
}

void FieldNames::Add(const NamedField& found, const std::string& asked, bool one, HeaderStyle style, ChosenColumns& chosen) const {
  const bool names = style == HeaderStyle::kNames;
  const auto add = [&chosen](const std::string& column, const std::string& title) {
    if (!chosen.titles.emplace(column, title).second) return;
    chosen.columns.push_back(column);
  };
  if (found.question == 0) {
    add(found.column, names ? asked : found.label);
    if (found.kind == ValueKind::kStatus) chosen.words[found.column] = StatusNumbers();
    return;
  }
  add(found.column, names ? (one ? asked : found.field->id) : Heading(found, "", found.field->label));
  chosen.files = chosen.files || found.field->content == "file";
  if (names) {
    const std::string name = one ? "Q" + std::to_string(found.question) : found.field->id;
    add("metadata." + found.column, "m" + name + std::string(kMetadataSuffix));
    return;
  }
  for (std::size_t option = 0; found.kind == ValueKind::kOptions && option < found.field->options.size(); ++option) {
    const model::Option& choice = found.field->options[option];
    chosen.titles[found.column + "/" + choice.id] = Heading(found, "_" + std::to_string(option + 1), choice.label);
  }
}

Result<ChosenColumns> FieldNames::Choose(const std::vector<std::string>& names, HeaderStyle style) const {
  ChosenColumns chosen;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string place = "rule_set.columns[" + std::to_string(i) + "]";
    std::string name = names[i];
    const auto question = entity_ == Entity::kSession ? MetadataOf(name) : std::nullopt;
    SHEAF_ASSIGN(const auto fields, Find(question ? *question : name, place));
    for (const NamedField& field : fields) {
      if (!question) {
        Add(field, name, fields.size() == 1, style, chosen);
        continue;
      }
      // Asked for by itself: behind its question when that comes later, else here.
      const std::string column = "metadata." + field.column;
      const std::string title = style == HeaderStyle::kNames
                                    ? (fields.size() == 1 ? name : "m" + field.field->id + std::string(kMetadataSuffix))
                                    : Heading(field, " Metadata", field.field->label);
      if (chosen.titles.emplace(column, title).second) chosen.columns.push_back(column);
    }
  }
  return chosen;
}

}  // namespace sheaf::api::avicenna
