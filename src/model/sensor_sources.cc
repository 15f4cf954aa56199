#include "model/sensor_sources.h"

#include <algorithm>
#include <boost/json/parse.hpp>

#include "base/ids.h"
#include "model/definition_json.h"
#include "model/json_object.h"

namespace sheaf::model {
namespace {

namespace json = boost::json;

constexpr JsonLimits kLimits{4u << 20, 32};
constexpr std::size_t kMaxSources = 10000;
constexpr std::int64_t kMaxNumber = 2147483647;
constexpr const char* kSourceAttribute = "data_source";

struct ParsedSource {
  std::int64_t number = 0;
  std::int64_t alias_of = 0;  // 0: none
  Dataset definition;
};

//! The fields stand in the file as in a definition, so a definition is made of them and read.
Result<Dataset> ReadDefinition(const std::string& name, const std::string& label, const json::value* fields, const std::string& place) {
  std::string definition;
  {
    ObjectWriter writer(definition);
    writer.Text("kind", "sensor");
    writer.TextIfAny("name", label);
    std::string& out = writer.Member("fields");
    out += R"([{"id":"device_id","name":"Device","type":"identifier","system":true,"privacy":"quasi"})";
    for (const json::value& field : fields->get_array()) {
      out += ',';
      AppendJson(out, field);
    }
    out += ']';
  }
  auto dataset = ParseDataset(definition, name);
  if (dataset) return dataset;
  Error error = dataset.error();
  // "/fields/3/…": in the file the device is not among them.
  constexpr std::string_view kFields = "/fields/";
  if (error.place.starts_with(kFields)) {
    const std::size_t end = std::min(error.place.find('/', kFields.size()), error.place.size());
    const std::string number = error.place.substr(kFields.size(), end - kFields.size());
    const int shifted = std::max(std::atoi(number.c_str()) - 1, 0);
    error.place = std::string(kFields) + std::to_string(shifted) + error.place.substr(end);
  }
  error.place = place + error.place;
  return Fail(std::move(error));
}

Result<ParsedSource> ReadSource(const json::value& value, const std::string& place) {
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "a source must be an object", place);
  ObjectReader reader(value.get_object(), place);
  ParsedSource source;
  SHEAF_TRY(reader.Integer("id", source.number, 1, kMaxNumber));
  if (source.number == 0) return Fail(ErrorCode::kBadMember, "a source needs an id, a whole number", reader.PlaceOf("id"));
  SHEAF_TRY(reader.Integer("alias_of", source.alias_of, 1, kMaxNumber));
  if (source.alias_of > 0) {
    SHEAF_TRY(reader.NothingElse());
    return source;
  }
  std::string name, label;
  SHEAF_TRY(reader.Text("name", name));
  if (!IsSlug(name)) return Fail(ErrorCode::kBadId, "a source needs a name of 1 to 64 of A-Z a-z 0-9 _ -", reader.PlaceOf("name"));
  SHEAF_TRY(reader.Text("label", label));
  const json::value* fields = reader.Take("fields");
  SHEAF_TRY(reader.NothingElse());
  if (fields == nullptr || !fields->is_array()) {
    return Fail(ErrorCode::kBadMember, "a source needs an array of fields", reader.PlaceOf("fields"));
  }
  SHEAF_ASSIGN(source.definition, ReadDefinition(name, label, fields, place));
  return source;
}

}  // namespace

Result<SensorSources> SensorSources::Parse(std::string_view text) {
  json::value value;
  SHEAF_TRY(ParseStrictJson(text, kLimits, value));
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "the registry is a JSON object");
  ObjectReader reader(value.get_object(), "");
  const json::array* list = nullptr;
  SHEAF_TRY(reader.List("sources", list, kMaxSources));
  SHEAF_TRY(reader.NothingElse());
  if (list == nullptr) return Fail(ErrorCode::kBadMember, "there is no array of sources", "/sources");
  SensorSources sources;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const std::string place = PointerTo("/sources", i);
    SHEAF_ASSIGN(ParsedSource source, ReadSource((*list)[i], place));
    if (sources.Find(source.number) != nullptr || sources.aliases_.contains(source.number)) {
      return Fail(ErrorCode::kBadDefinition, "another source has the id " + std::to_string(source.number), PointerTo(place, "id"));
    }
    if (source.alias_of > 0) {
      sources.aliases_[source.number] = source.alias_of;
      continue;
    }
    if (sources.Find(std::string_view(source.definition.id)) != nullptr) {
      return Fail(ErrorCode::kBadDefinition, "another source has the name '" + source.definition.id + "'", PointerTo(place, "name"));
    }
    sources.sources_.push_back({source.number, std::move(source.definition)});
  }
  std::sort(sources.sources_.begin(), sources.sources_.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  for (const auto& [alias, number] : sources.aliases_) {
    const bool known =
        std::any_of(sources.sources_.begin(), sources.sources_.end(), [n = number](const auto& one) { return one.number == n; });
    if (!known) {
      return Fail(ErrorCode::kBadDefinition,
                  "the source " + std::to_string(alias) + " is an alias of " + std::to_string(number) + ", which is not there", "/sources");
    }
  }
  return sources;
}

const SensorSource* SensorSources::Find(std::int64_t number) const {
  const auto alias = aliases_.find(number);
  if (alias != aliases_.end()) number = alias->second;
  for (const SensorSource& source : sources_) {
    if (source.number == number) return &source;
  }
  return nullptr;
}

const SensorSource* SensorSources::Find(std::string_view name) const {
  for (const SensorSource& source : sources_) {
    if (source.definition.id == name) return &source;
  }
  return nullptr;
}

std::string SensorSources::Json() const {
  std::string text = R"({"sources":[)";
  for (const SensorSource& source : sources_) {
    if (text.back() == '}') text += ',';
    // Everything but the device, which each of them has.
    Dataset own = source.definition;
    own.fields.erase(own.fields.begin());
    const std::string definition = DatasetJson(own);
    ObjectWriter writer(text);
    writer.Member("id") += std::to_string(source.number);
    writer.Text("name", own.id);
    writer.Text("label", own.name);
    const std::size_t fields = definition.find(R"("fields":)") + std::string_view(R"("fields":)").size();
    writer.Member("fields") += definition.substr(fields, definition.size() - fields - 1);
  }
  for (const auto& [alias, number] : aliases_) {
    if (text.back() == '}') text += ',';
    ObjectWriter writer(text);
    writer.Member("id") += std::to_string(alias);
    writer.Member("alias_of") += std::to_string(number);
  }
  return text + "]}";
}

Dataset DatasetFrom(const SensorSource& source, std::string_view dataset_id) {
  Dataset dataset = source.definition;
  dataset.id = dataset_id;
  dataset.attributes = "{\"" + std::string(kSourceAttribute) + "\":" + std::to_string(source.number) + "}";
  return dataset;
}

std::optional<std::int64_t> DataSourceOf(const Dataset& dataset) {
  if (dataset.kind != DatasetKind::kSensor || dataset.attributes.empty()) return std::nullopt;
  boost::system::error_code error;
  const json::value attributes = json::parse(dataset.attributes, error);
  if (error || !attributes.is_object()) return std::nullopt;
  const json::value* number = attributes.get_object().if_contains(kSourceAttribute);
  if (number == nullptr || !number->is_int64()) return std::nullopt;
  return number->get_int64();
}

}  // namespace sheaf::model
