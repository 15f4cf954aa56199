#include "model/definition_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "base/ids.h"
#include "model/json_object.h"
#include "model/strict_json.h"

namespace sheaf::model {
namespace {

namespace json = boost::json;

constexpr JsonLimits kLimits{8u << 20, 32};

Result<Option> ParseOption(const json::value& value, const std::string& pointer) {
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "an option must be an object", pointer);
  ObjectReader reader(value.get_object(), pointer);
  Option option;
  SHEAF_TRY(reader.Text("id", option.id));
  if (!IsRecordId(option.id)) { return Fail(ErrorCode::kBadId, "an option needs an id of 1 to 255 printable bytes", reader.PlaceOf("id")); }
  SHEAF_TRY(reader.Text("code", option.code));
  SHEAF_TRY(reader.Text("label", option.label));
  SHEAF_TRY(reader.Flag("hidden", option.hidden));
  SHEAF_TRY(reader.NothingElse());
  if (option.code.empty()) option.code = option.id;
  if (option.label.empty()) option.label = option.id;
  return option;
}

// What must hold between options, however they came together. `pointer` is the field's place.
Status CheckOptions(const Field& field, const std::string& pointer) {
  const std::string place = PointerTo(pointer, "options");
  const bool takes_options = field.type == FieldType::kEnum || field.type == FieldType::kSet;
  if (!takes_options && !field.options.empty()) { return Fail(ErrorCode::kBadDefinition, "only enum and set fields have options", place); }
  if (field.options.size() > kMaxOptions) {
    return Fail(ErrorCode::kBadDefinition, "there are more than " + std::to_string(kMaxOptions) + " options", place);
  }
  // An answer names an option by id or by code, so all of these words must lead to one option each.
  std::unordered_map<std::string_view, std::size_t> words;
  for (std::size_t number = 0; number < field.options.size(); ++number) {
    const Option& option = field.options[number];
    const std::string option_place = PointerTo(place, number);
    for (const auto& [member, word] : {std::pair{"id", &option.id}, std::pair{"code", &option.code}}) {
      if (words.emplace(*word, number).first->second != number) {
        return Fail(ErrorCode::kBadDefinition, "another option has '" + *word + "' as its id or code", PointerTo(option_place, member));
      }
      if (field.type == FieldType::kSet && word->find(';') != std::string::npos) {
        return Fail(ErrorCode::kBadDefinition, "ids and codes of a set's options cannot contain ';', which joins them",
                    PointerTo(option_place, member));
      }
      if (!IsRecordId(*word)) {
        return Fail(ErrorCode::kBadId, "ids and codes of options are 1 to 255 printable bytes", PointerTo(option_place, member));
      }
    }
  }
  return {};
}

Status CheckRange(const Field& field, const std::string& pointer) {
  if (!field.min && !field.max) return {};
  const std::string place = PointerTo(pointer, field.min ? "min" : "max");
  if (field.type != FieldType::kInteger && field.type != FieldType::kDouble) {
    return Fail(ErrorCode::kBadDefinition, "only integer and double fields have a range", place);
  }
  if (std::isnan(field.min.value_or(0)) || std::isnan(field.max.value_or(0))) {
    return Fail(ErrorCode::kBadDefinition, "a bound of the range is not a number", place);
  }
  if (field.min && field.max && *field.min > *field.max) { return Fail(ErrorCode::kBadDefinition, "'min' is greater than 'max'", place); }
  return {};
}

Result<Field> ParseField(const json::value& value, const std::string& pointer) {
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "a field must be an object", pointer);
  ObjectReader reader(value.get_object(), pointer);
  Field field;
  SHEAF_TRY(reader.Text("id", field.id));
  if (!IsSlug(field.id)) { return Fail(ErrorCode::kBadId, "a field needs an id of 1 to 64 of A-Z a-z 0-9 _ -", reader.PlaceOf("id")); }
  bool has_type = false;
  SHEAF_TRY(reader.Choice("type", FieldTypeFrom, field.type, &has_type));
  if (!has_type) return Fail(ErrorCode::kBadMember, "a field needs a type", reader.PlaceOf("type"));
  SHEAF_TRY(reader.Text("name", field.name));
  SHEAF_TRY(reader.Text("label", field.label));
  const json::array* options = nullptr;
  SHEAF_TRY(reader.List("options", options, kMaxOptions));
  SHEAF_TRY(reader.Text("group", field.group));
  SHEAF_TRY(reader.Flag("required", field.required));
  SHEAF_TRY(reader.Flag("system", field.system));
  SHEAF_TRY(reader.Text("visibility", field.visibility));
  SHEAF_TRY(reader.Text("content", field.content));
  SHEAF_TRY(reader.Text("unit", field.unit));
  SHEAF_TRY(reader.Number("min", field.min));
  SHEAF_TRY(reader.Number("max", field.max));
  SHEAF_TRY(reader.Choice("privacy", PrivacyClassFrom, field.privacy));
  SHEAF_TRY(reader.Text("question", field.question));
  SHEAF_TRY(reader.Object("attributes", field.attributes, kMaxAttributesBytes));
  SHEAF_TRY(reader.NothingElse());
  if (field.name.empty()) field.name = field.id;
  if (field.label.empty()) field.label = field.name;
  if (options != nullptr) {
    field.options.reserve(options->size());
    const std::string place = reader.PlaceOf("options");
    for (std::size_t i = 0; i < options->size(); ++i) {
      SHEAF_ASSIGN(Option option, ParseOption((*options)[i], PointerTo(place, i)));
      field.options.push_back(std::move(option));
    }
  }
  SHEAF_TRY(CheckOptions(field, pointer));
  SHEAF_TRY(CheckRange(field, pointer));
  return field;
}

Status ParseFields(const json::array& list, std::vector<Field>& fields) {
  std::unordered_set<std::string> ids;
  fields.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string pointer = PointerTo("/fields", i);
    SHEAF_ASSIGN(Field field, ParseField(list[i], pointer));
    if (!ids.insert(field.id).second) {
      return Fail(ErrorCode::kBadDefinition, "another field has the id '" + field.id + "'", PointerTo(pointer, "id"));
    }
    fields.push_back(std::move(field));
  }
  return {};
}

Result<FieldGroup> ParseGroup(const json::value& value, const std::string& pointer) {
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "a group must be an object", pointer);
  ObjectReader reader(value.get_object(), pointer);
  FieldGroup group;
  SHEAF_TRY(reader.Text("id", group.id));
  if (!IsRecordId(group.id)) return Fail(ErrorCode::kBadId, "a group needs an id of 1 to 255 printable bytes", reader.PlaceOf("id"));
  SHEAF_TRY(reader.Text("name", group.name));
  SHEAF_TRY(reader.Text("label", group.label));
  SHEAF_TRY(reader.Flag("required", group.required));
  SHEAF_TRY(reader.NothingElse());
  if (group.name.empty()) group.name = group.id;
  if (group.label.empty()) group.label = group.name;
  return group;
}

Status ParseGroups(const json::array& list, std::vector<FieldGroup>& groups) {
  std::unordered_set<std::string> ids;
  groups.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string pointer = PointerTo("/groups", i);
    SHEAF_ASSIGN(FieldGroup group, ParseGroup(list[i], pointer));
    if (!ids.insert(group.id).second) {
      return Fail(ErrorCode::kBadDefinition, "another group has the id '" + group.id + "'", PointerTo(pointer, "id"));
    }
    groups.push_back(std::move(group));
  }
  return {};
}

Result<Dataset> FromJson(const json::object& object, std::string_view dataset_id) {
  ObjectReader reader(object, "");
  Dataset dataset;
  dataset.id = dataset_id;
  std::string id(dataset_id);
  SHEAF_TRY(reader.Text("id", id));
  if (id != dataset_id) { return Fail(ErrorCode::kBadMember, "the id is not the one in the address", reader.PlaceOf("id")); }
  SHEAF_TRY(reader.Choice("kind", DatasetKindFrom, dataset.kind));
  const bool keyed_kind =
      dataset.kind == DatasetKind::kSurvey || dataset.kind == DatasetKind::kProfile || dataset.kind == DatasetKind::kDonation;
  dataset.mode = keyed_kind ? DatasetMode::kKeyed : DatasetMode::kAppend;
  SHEAF_TRY(reader.Choice("mode", DatasetModeFrom, dataset.mode));
  SHEAF_TRY(reader.Text("name", dataset.name));
  if (dataset.name.empty()) dataset.name = dataset.id;
  reader.Take("version");
  SHEAF_TRY(reader.Flag("published", dataset.published));
  SHEAF_TRY(reader.Object("attributes", dataset.attributes, kMaxAttributesBytes));
  const json::array* groups = nullptr;
  SHEAF_TRY(reader.List("groups", groups, kMaxFields));
  const json::array* fields = nullptr;
  SHEAF_TRY(reader.List("fields", fields, kMaxFields));
  SHEAF_TRY(reader.NothingElse());
  if (groups != nullptr) SHEAF_TRY(ParseGroups(*groups, dataset.groups));
  if (fields != nullptr) SHEAF_TRY(ParseFields(*fields, dataset.fields));
  return dataset;
}

void AppendField(std::string& json, const Field& field) {
  ObjectWriter writer(json);
  writer.Text("id", field.id);
  writer.Text("name", field.name);
  writer.Text("label", field.label);
  writer.Text("type", Name(field.type));
  if (!field.options.empty()) {
    writer.Member("options") += '[';
    for (std::size_t i = 0; i < field.options.size(); ++i) {
      if (i != 0) json += ',';
      ObjectWriter option(json);
      option.Text("id", field.options[i].id);
      option.Text("code", field.options[i].code);
      option.Text("label", field.options[i].label);
      option.TrueIf("hidden", field.options[i].hidden);
    }
    json += ']';
  }
  writer.TextIfAny("group", field.group);
  writer.TrueIf("required", field.required);
  writer.TrueIf("system", field.system);
  writer.TextIfAny("visibility", field.visibility);
  writer.TextIfAny("content", field.content);
  writer.TextIfAny("unit", field.unit);
  writer.NumberIfAny("min", field.min);
  writer.NumberIfAny("max", field.max);
  writer.Text("privacy", Name(field.privacy));
  writer.TextIfAny("question", field.question);
  writer.JsonIfAny("attributes", field.attributes);
}

void AppendGroups(ObjectWriter& writer, std::string& json, const std::vector<FieldGroup>& groups) {
  if (groups.empty()) return;
  writer.Member("groups") += '[';
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i != 0) json += ',';
    ObjectWriter group(json);
    group.Text("id", groups[i].id);
    group.Text("name", groups[i].name);
    group.Text("label", groups[i].label);
    group.TrueIf("required", groups[i].required);
  }
  json += ']';
}

// What is described anew takes the place of what was; what is left out stays.
Status MergeGroups(const std::vector<FieldGroup>& next, std::vector<FieldGroup>& groups) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < groups.size(); ++i) places.emplace(groups[i].id, i);
  for (const FieldGroup& group : next) {
    const auto [found, added] = places.emplace(group.id, groups.size());
    if (added) groups.push_back(group);
    else groups[found->second] = group;
  }
  if (groups.size() <= kMaxFields) return {};
  return Fail(ErrorCode::kBadDefinition, "the dataset has more than " + std::to_string(kMaxFields) + " groups", "/groups");
}

// `next` in the place of `current`: options keep their numbers.
Result<Field> MergeField(const Field& current, Field next, const std::string& pointer) {
  if (next.type != current.type) {
    return Fail(ErrorCode::kDefinitionConflict, "the field is of type " + std::string(Name(current.type)) + ", which cannot change",
                PointerTo(pointer, "type"));
  }
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<Option> options = current.options;
  for (std::size_t i = 0; i < current.options.size(); ++i) places.emplace(current.options[i].id, i);
  for (Option& option : next.options) {
    const auto found = places.find(option.id);
    if (found == places.end()) options.push_back(std::move(option));
    else options[found->second] = std::move(option);
  }
  next.options = std::move(options);
  SHEAF_TRY(CheckOptions(next, pointer));
  SHEAF_TRY(CheckRange(next, pointer));
  return next;
}

}  // namespace

Result<Dataset> ParseDataset(std::string_view json, std::string_view dataset_id) {
  if (!IsSlug(dataset_id)) return Fail(ErrorCode::kBadId, "a dataset's id is 1 to 64 of A-Z a-z 0-9 _ -");
  json::value value;
  SHEAF_TRY(ParseStrictJson(json, kLimits, value));
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "a definition is a JSON object");
  return FromJson(value.get_object(), dataset_id);
}

std::string DatasetJson(const Dataset& dataset) {
  std::string json;
  {
    ObjectWriter writer(json);
    writer.Text("id", dataset.id);
    writer.Text("kind", Name(dataset.kind));
    writer.Text("mode", Name(dataset.mode));
    writer.Text("name", dataset.name);
    writer.Member("version") += std::to_string(dataset.version);
    if (!dataset.published) writer.Member("published") += "false";
    writer.JsonIfAny("attributes", dataset.attributes);
    AppendGroups(writer, json, dataset.groups);
    writer.Member("fields") += '[';
    for (std::size_t i = 0; i < dataset.fields.size(); ++i) {
      if (i != 0) json += ',';
      AppendField(json, dataset.fields[i]);
    }
    json += ']';
  }
  return json;
}

Result<Dataset> MergeDefinitions(const Dataset& current, Dataset next) {
  if (next.kind != current.kind) {
    return Fail(ErrorCode::kDefinitionConflict, "the dataset is of kind " + std::string(Name(current.kind)) + ", which cannot change",
                "/kind");
  }
  if (next.mode != current.mode) {
    return Fail(ErrorCode::kDefinitionConflict, "the dataset's mode is " + std::string(Name(current.mode)) + ", which cannot change",
                "/mode");
  }
  Dataset merged = current;
  merged.name = std::move(next.name);
  merged.published = next.published;
  merged.attributes = std::move(next.attributes);
  SHEAF_TRY(MergeGroups(next.groups, merged.groups));
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < current.fields.size(); ++i) places.emplace(current.fields[i].id, i);
  for (std::size_t i = 0; i < next.fields.size(); ++i) {
    Field& field = next.fields[i];
    const std::string pointer = PointerTo("/fields", i);
    const auto [found, added] = places.emplace(field.id, merged.fields.size());
    if (added) {
      if (merged.fields.size() >= kMaxFields) {
        return Fail(ErrorCode::kBadDefinition, "with this field the dataset has more than " + std::to_string(kMaxFields) + " fields",
                    pointer);
      }
      SHEAF_TRY(CheckOptions(field, pointer));
      SHEAF_TRY(CheckRange(field, pointer));
      merged.fields.push_back(std::move(field));
    } else {
      SHEAF_ASSIGN(merged.fields[found->second], MergeField(merged.fields[found->second], std::move(field), pointer));
    }
  }
  merged.version = current.version;
  if (DatasetJson(merged) != DatasetJson(current)) merged.version = current.version + 1;
  return merged;
}

}  // namespace sheaf::model
