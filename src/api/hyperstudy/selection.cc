#include "api/hyperstudy/selection.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <type_traits>

#include "api/hyperstudy/envelope.h"
#include "api/hyperstudy/extracts.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;

template <class T>
json::object Condition(std::string_view field, std::string_view op, const T& value) {
  json::object condition{{"field", field}, {"op", op}};
  if constexpr (std::is_convertible_v<T, std::string_view>) condition["value"] = json::string(std::string_view(value));
  else condition["value"] = value;
  return condition;
}
json::object AnyOf(json::array conditions) { return {{"any", std::move(conditions)}}; }

const model::Field* FieldOf(const model::Dataset& dataset, std::string_view name) {
  const int number = dataset.FieldNumber(name);
  return number < 0 ? nullptr : &dataset.fields[static_cast<std::size_t>(number)];
}

//! field = text; nothing where the field is missing or cannot have the value.
void AddEqual(const model::Dataset& dataset, std::string_view name, std::string_view text, json::array& any) {
  const model::Field* const field = FieldOf(dataset, name);
  if (field == nullptr) return;
  const bool is_text = field->type == model::FieldType::kString || field->type == model::FieldType::kIdentifier;
  if (field->type == model::FieldType::kEnum ? field->OptionNumber(text) >= 0 : is_text) any.push_back(Condition(name, "=", text));
}

//! Platforms spell them ShowVideo, showvideo and show_video.
std::string PlainName(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

//! The spellings there are in the records of a component type that was asked for.
Result<json::array> ComponentTypes(const Target& target, const model::Dataset& dataset, std::string_view asked) {
  json::array any;
  const int field = dataset.FieldNumber("componentType");
  if (field < 0) return any;
  vault::AggregateRequest request;
  request.part.dataset = dataset.id;
  request.part.upto = target.vault->LastSeq();
  request.groups.push_back({{model::ColumnKind::kField, field, {}}, {}, {}, {}});
  request.fields.push_back(field);
  request.limit = 100000;
  SHEAF_ASSIGN(const auto cells, target.vault->Aggregate(request));
  const model::Field& definition = dataset.fields[static_cast<std::size_t>(field)];
  for (const vault::AggregateCell& cell : cells) {
    if (cell.option >= 0 || cell.groups.empty() || !cell.groups.front()) continue;
    std::string name = *cell.groups.front();
    if (definition.type == model::FieldType::kEnum) {
      const auto number = static_cast<std::size_t>(std::strtoul(name.c_str(), nullptr, 10));
      if (number >= definition.options.size()) continue;
      name = definition.options[number].id;
    }
    if (PlainName(name) == PlainName(asked)) any.push_back(Condition("componentType", "=", name));
  }
  if (PlainName(asked) == "unknown") any.push_back({{"field", "componentType"}, {"op", "is_null"}});
  return any;
}

void AddTimes(const RecordType& type, const model::Dataset& dataset, const DataQuery& query, json::array& all) {
  const model::Field* const start = type.path == "recordings" ? FieldOf(dataset, "startTime") : nullptr;
  const bool by_start = start != nullptr && start->type == model::FieldType::kDatetime;
  const std::string_view field = by_start ? "startTime" : "record.time";
  if (query.start_time) all.push_back(Condition(field, ">=", FormatIsoUtc(*query.start_time)));
  // Times are shown in milliseconds: what is shown as the end is within it.
  if (query.end_time) {
    const Micros end = std::min(FloorMillis(*query.end_time) + 999, kMaxMicros);
    all.push_back(Condition(field, "<=", FormatIsoUtc(end)));
  }
}

void AddCategory(const model::Dataset& dataset, std::string_view category, json::array& all) {
  if (category == kQuestionnaireFile) {
    const std::string filter = FilterOf(EventKind::kQuestionnaire, dataset, [](const model::Field&) { return true; });
    all.push_back(filter.empty() ? json::value(AnyOf({})) : json::parse(filter));
    return;
  }
  json::array any;
  AddEqual(dataset, "category", category, any);
  all.push_back(AnyOf(std::move(any)));
}

void AddDeployment(const Target& target, const model::Dataset& dataset, std::string_view deployment, json::array& all) {
  json::array any;
  AddEqual(dataset, "deploymentId", deployment, any);
  // Who sees codes sees no attributes of sessions.
  if (target.access.rights.identifiers) {
    any.push_back(Condition("session.deploymentId", "=", deployment));
    // Rooms of no deployment are of the one that every experiment has.
    if (deployment == target.Experiment()) any.push_back({{"field", "session.deploymentId"}, {"op", "is_null"}});
  } else if (deployment == target.Experiment()) {
    return;
  }
  all.push_back(AnyOf(std::move(any)));
}

tl::unexpected<Error> NoSort(std::string_view name) {
  return Fail(ErrorCode::kBadParameter, "Cannot sort by " + std::string(name) + ".", "sort");
}

//! The name that a filter and a sort know; empty for what is the same in all records.
Result<std::string> SortName(const RecordType& type, const model::Dataset& dataset, const std::string& name) {
  const Key* const key = type.FindKey(name);
  const model::Field* const field = FieldOf(dataset, name);
  const bool sortable = field != nullptr && field->type != model::FieldType::kJson && field->type != model::FieldType::kSet;
  if (key == nullptr || key->source == Source::kField) {
    if (sortable) return name;
    const bool scalar = key != nullptr && key->type != model::FieldType::kJson;
    if (field != nullptr || !scalar) return NoSort(name);
    return std::string();
  }
  switch (key->source) {
    case Source::kRecordId: return std::string("record.id");
    case Source::kSession: return std::string("record.session");
    case Source::kParticipant: return std::string("record.participant");
    case Source::kTime: return std::string("record.time");
    case Source::kOnset: return std::string("record.onset_ms");
    case Source::kStudy: return std::string();
    default: return NoSort(name);
  }
}

}  // namespace

Result<exporting::ExportOptions> SelectRecords(const Target& target, const RecordType& type, const model::Dataset& dataset,
                                               const DataQuery& query) {
  exporting::ExportOptions options;
  options.format = exporting::Format::kJson;
  if (!target.participant.empty()) options.participants = {target.participant};
  if (!target.room.empty()) options.sessions = {target.room};
  json::array all;
  AddTimes(type, dataset, query, all);
  if (!query.category.empty() && type.path == "events") AddCategory(dataset, query.category, all);
  if (!query.deployment.empty()) AddDeployment(target, dataset, query.deployment, all);
  if (type.path == "components") {
    if (!query.component_type.empty()) {
      SHEAF_ASSIGN(json::array any, ComponentTypes(target, dataset, query.component_type));
      all.push_back(AnyOf(std::move(any)));
    }
    if (query.completed) {
      const model::Field* const completed = FieldOf(dataset, "completed");
      const bool known = completed != nullptr && completed->type == model::FieldType::kBoolean;
      all.push_back(known ? Condition("completed", "=", *query.completed) : AnyOf({}));
    }
    if (!query.state.empty()) {
      json::array any;
      AddEqual(dataset, "stateId", query.state, any);
      all.push_back(AnyOf(std::move(any)));
    }
  }
  if (!all.empty()) options.filter = json::serialize(json::object{{"all", std::move(all)}});
  SHEAF_ASSIGN(const std::string sort, SortName(type, dataset, query.sort));
  if (!sort.empty()) options.sort = (query.descending ? "-" : "") + sort;
  exporting::ApplyConsent(options, target.access.study.settings);
  return options;
}

}  // namespace sheaf::api::hyperstudy
