#include "model/definition_json.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "base/ids.h"
#include "model/strict_json.h"

namespace sheaf::model {
namespace {

namespace json = boost::json;

constexpr JsonLimits kLimits{8u << 20, 8};
constexpr std::size_t kMaxTextBytes = 16u << 10;

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

// One JSON object on its way to a struct: takes members by name, then says which ones nobody took.
class ObjectReader {
 public:
  ObjectReader(const json::object& object, std::string pointer) : object_(object), pointer_(std::move(pointer)) {}

  const std::string& Pointer() const { return pointer_; }
  std::string PlaceOf(std::string_view member) const { return PointerTo(pointer_, member); }

  //! The member, or nullptr when it is missing.
  const json::value* Take(std::string_view member) {
    const json::value* value = object_.if_contains(json::string_view(member.data(), member.size()));
    if (value != nullptr) ++taken_;
    known_.push_back(member);
    return value;
  }

  Status Text(std::string_view member, std::string& text) {
    const json::value* value = Take(member);
    if (value == nullptr) return {};
    if (!value->is_string()) return Wrong(member, "a string");
    const std::string_view view = View(value->get_string());
    if (view.size() > kMaxTextBytes) {
      return Fail(ErrorCode::kBadMember, "the text has more than " + std::to_string(kMaxTextBytes) + " bytes", PlaceOf(member));
    }
    if (view.find('\0') != std::string_view::npos) {
      return Fail(ErrorCode::kBadMember, "the text contains a NUL character", PlaceOf(member));
    }
    text = view;
    return {};
  }

  Status Flag(std::string_view member, bool& flag) {
    const json::value* value = Take(member);
    if (value == nullptr) return {};
    if (!value->is_bool()) return Wrong(member, "true or false");
    flag = value->get_bool();
    return {};
  }

  Status Number(std::string_view member, std::optional<double>& number) {
    const json::value* value = Take(member);
    if (value == nullptr) return {};
    if (!value->is_number()) return Wrong(member, "a number");
    number = value->to_number<double>();
    return {};
  }

  //! A word of a closed list, read by `from`; `present` tells whether it was there.
  template <class Enum>
  Status Choice(std::string_view member, std::optional<Enum> (*from)(std::string_view), Enum& choice, bool* present = nullptr) {
    const json::value* value = Take(member);
    if (value == nullptr) return {};
    if (!value->is_string()) return Wrong(member, "a string");
    const auto found = from(View(value->get_string()));
    if (!found) return Fail(ErrorCode::kBadMember, "this is no known " + std::string(member), PlaceOf(member));
    choice = *found;
    if (present != nullptr) *present = true;
    return {};
  }

  Status List(std::string_view member, const json::array*& list, std::size_t limit) {
    const json::value* value = Take(member);
    if (value == nullptr) return {};
    if (!value->is_array()) return Wrong(member, "an array");
    list = &value->get_array();
    if (list->size() > limit) {
      return Fail(ErrorCode::kBadDefinition, "there are more than " + std::to_string(limit) + " elements", PlaceOf(member));
    }
    return {};
  }

  //! Fails for the first member that was not taken.
  Status NothingElse() const {
    if (taken_ == object_.size()) return {};
    for (const auto& entry : object_) {
      const std::string_view name(entry.key().data(), entry.key().size());
      bool known = false;
      for (const std::string_view candidate : known_) known = known || candidate == name;
      if (!known) return Fail(ErrorCode::kUnknownMember, "there is no such member", PlaceOf(name));
    }
    return {};
  }

 private:
  Status Wrong(std::string_view member, std::string_view wanted) const {
    return Fail(ErrorCode::kBadMember, "'" + std::string(member) + "' must be " + std::string(wanted), PlaceOf(member));
  }

  const json::object& object_;
  std::string pointer_;
  std::vector<std::string_view> known_;
  std::size_t taken_ = 0;
};

Result<Option> ParseOption(const json::value& value, const std::string& pointer) {
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "an option must be an object", pointer);
  ObjectReader reader(value.get_object(), pointer);
  Option option;
  SHEAF_TRY(reader.Text("id", option.id));
  if (!IsRecordId(option.id)) { return Fail(ErrorCode::kBadId, "an option needs an id of 1 to 255 printable bytes", reader.PlaceOf("id")); }
  SHEAF_TRY(reader.Text("code", option.code));
  SHEAF_TRY(reader.Text("label", option.label));
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
  SHEAF_TRY(reader.Text("unit", field.unit));
  SHEAF_TRY(reader.Number("min", field.min));
  SHEAF_TRY(reader.Number("max", field.max));
  SHEAF_TRY(reader.Choice("privacy", PrivacyClassFrom, field.privacy));
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
  const json::array* fields = nullptr;
  SHEAF_TRY(reader.List("fields", fields, kMaxFields));
  SHEAF_TRY(reader.NothingElse());
  if (fields != nullptr) SHEAF_TRY(ParseFields(*fields, dataset.fields));
  return dataset;
}

// Writes members of an object in order, commas and all.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string& json) : json_(json) { json_ += '{'; }
  ~ObjectWriter() { json_ += '}'; }
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  std::string& Member(std::string_view name) {
    if (!first_) json_ += ',';
    first_ = false;
    AppendJsonString(json_, name);
    json_ += ':';
    return json_;
  }
  void Text(std::string_view name, std::string_view text) { AppendJsonString(Member(name), text); }
  void TextIfAny(std::string_view name, std::string_view text) {
    if (!text.empty()) Text(name, text);
  }
  void TrueIf(std::string_view name, bool flag) {
    if (flag) Member(name) += "true";
  }
  void NumberIfAny(std::string_view name, const std::optional<double>& number) {
    if (number) AppendJsonNumber(Member(name), *number);
  }

 private:
  std::string& json_;
  bool first_ = true;
};

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
    }
    json += ']';
  }
  writer.TextIfAny("group", field.group);
  writer.TrueIf("required", field.required);
  writer.TrueIf("system", field.system);
  writer.TextIfAny("visibility", field.visibility);
  writer.TextIfAny("unit", field.unit);
  writer.NumberIfAny("min", field.min);
  writer.NumberIfAny("max", field.max);
  writer.Text("privacy", Name(field.privacy));
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
