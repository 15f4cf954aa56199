#include "export/datapackage.h"

#include <boost/json.hpp>

#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "export/output_text.h"
#include "export/pretty_json.h"

namespace sheaf::exporting {
namespace {
namespace json = boost::json;
using model::ColumnKind;
using model::FieldType;

std::string_view TypeName(FieldType type, bool parquet) {
  switch (type) {
    case FieldType::kInteger: return "integer";
    case FieldType::kDouble: return "number";
    case FieldType::kBoolean: return "boolean";
    case FieldType::kDatetime: return "datetime";
    case FieldType::kSet: return parquet ? "array" : "list";
    case FieldType::kJson: return "any";
    default: return "string";
  }
}

//! A categorical field lists the values as they are written, with their labels.
json::array Categories(const model::Field& field, ValueStyle style) {
  json::array categories;
  std::unordered_set<std::string_view> seen;
  for (const auto& option : field.options) {
    const std::string& value = OptionText(option, style);
    if (seen.insert(value).second) categories.push_back(json::object{{"value", value}, {"label", option.label}});
  }
  return categories;
}

json::value Number(double number) {
  if (std::floor(number) == number && std::abs(number) < 9e15) return static_cast<std::int64_t>(number);
  return number;
}

bool AlwaysThere(ColumnKind kind) {
  return kind == ColumnKind::kParticipant || kind == ColumnKind::kSeq || kind == ColumnKind::kReceived || kind == ColumnKind::kUpdated;
}

class SchemaWriter {
 public:
  SchemaWriter(const Plan& plan, const vault::Summary* summary)
      : plan_(plan),
        summary_(summary),
        parquet_(InnerFormat(plan.options) == Format::kParquet),
        style_(parquet_ ? ValueStyle::kIds : ValuesOf(plan.options)) {}

  json::object Schema() const {
    json::array fields;
    for (const auto& column : plan_.output) fields.push_back(Field(column));
    json::object schema{{"fields", std::move(fields)}};
    if (!parquet_) schema["missingValues"] = MissingValues();
    if (const std::string id = IdColumn(); !id.empty()) schema["primaryKey"] = json::array{json::value(id)};
    return schema;
  }

 private:
  std::string NameOf(const OutputColumn& column) const { return parquet_ ? column.name : column.title; }

  std::string IdColumn() const {
    if (plan_.dataset->mode != model::DatasetMode::kKeyed) return {};
    for (const auto& column : plan_.output) {
      if (column.column.kind == ColumnKind::kRecordId) return NameOf(column);
    }
    return {};
  }

  json::object Field(const OutputColumn& column) const {
    json::object field{{"name", NameOf(column)}};
    if (column.field == nullptr) return RecordField(column, std::move(field));
    const model::Field& source = *column.field;
    if (column.option >= 0) return TickedField(column, std::move(field));
    field["type"] = TypeName(column.type, parquet_);
    field["title"] = source.label;
    if (column.type == FieldType::kSet && !parquet_) {
      field["delimiter"] = ";";
      field["itemType"] = "string";
    }
    if (column.type == FieldType::kEnum) {
      field["categories"] = Categories(source, style_);
      field["categoriesOrdered"] = false;
    } else if (column.type == FieldType::kSet) {
      // `categories` is for single values only.
      field["options"] = Categories(source, style_);
    }
    if (column.type == FieldType::kDouble && plan_.options.profile == CsvProfile::kExcelEu) field["decimalChar"] = ",";
    if (!source.unit.empty()) field["unit"] = source.unit;
    if (json::object constraints = Constraints(column); !constraints.empty()) field["constraints"] = std::move(constraints);
    return field;
  }

  json::object RecordField(const OutputColumn& column, json::object field) const {
    field["type"] = TypeName(column.type, parquet_);
    switch (column.column.kind) {
      case ColumnKind::kRecordId: field["title"] = "Id of the record"; break;
      case ColumnKind::kParticipant: field["title"] = "Participant"; break;
      case ColumnKind::kSession: field["title"] = "Session"; break;
      case ColumnKind::kTime: field["title"] = "Time of the record"; break;
      case ColumnKind::kTimeOffset: field["title"] = "Offset from UTC as it was sent"; break;
      case ColumnKind::kOnset:
        field["title"] = "Milliseconds from the start of the session";
        field["unit"] = "ms";
        if (plan_.options.profile == CsvProfile::kExcelEu) field["decimalChar"] = ",";
        break;
      case ColumnKind::kSeq: field["title"] = "Sequence number of the change in the study"; break;
      case ColumnKind::kReceived: field["title"] = "When the server first received the record"; break;
      case ColumnKind::kUpdated: field["title"] = "When the server received this version of the record"; break;
      case ColumnKind::kSkipped: field["title"] = "Fields the participant was asked and declined to answer"; break;
      case ColumnKind::kMetadata: field["title"] = "Metadata of the fields, as JSON"; break;
      default: break;
    }
    if (AlwaysThere(column.column.kind)) field["constraints"] = json::object{{"required", true}};
    return field;
  }

  static json::object TickedField(const OutputColumn& column, json::object field) {
    const model::Option& option = column.field->options[static_cast<std::size_t>(column.option)];
    field["type"] = "integer";
    field["title"] = column.field->label + ": " + option.label;
    field["categories"] = json::array{json::object{{"value", 0}, {"label", "not ticked"}}, json::object{{"value", 1}, {"label", "ticked"}}};
    field["categoriesOrdered"] = false;
    return field;
  }

  json::object Constraints(const OutputColumn& column) const {
    json::object constraints;
    const model::Field& field = *column.field;
    // A required field may be skipped, and is then empty in the file: only what was always answered is required here.
    const auto number = static_cast<std::size_t>(column.column.field);
    if (field.required && summary_ != nullptr && number < summary_->fields.size() && summary_->fields[number].skipped == 0 &&
        summary_->fields[number].absent == 0) {
      constraints["required"] = true;
    }
    if (column.type != FieldType::kInteger && column.type != FieldType::kDouble) return constraints;
    if (field.min) constraints["minimum"] = Number(*field.min);
    if (field.max) constraints["maximum"] = Number(*field.max);
    return constraints;
  }

  json::array MissingValues() const {
    const auto& missing = plan_.options.missing;
    if (missing.absent == missing.skipped) {
      return {json::object{{"value", missing.absent}, {"label", "no answer: skipped or not asked"}}};
    }
    return {json::object{{"value", missing.absent}, {"label", "not asked"}},
            json::object{{"value", missing.skipped}, {"label", "skipped"}}};
  }

  const Plan& plan_;
  const vault::Summary* summary_;
  const bool parquet_;
  const ValueStyle style_;
};

//! Names of resources: [a-z0-9._-], each once.
std::string ResourceName(std::string_view dataset, std::unordered_map<std::string, int>& used) {
  std::string name;
  for (const char c : dataset) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const int number = ++used[name];
  return number == 1 ? name : name + "." + std::to_string(number);
}

json::object Resource(const FileEntry& file, const PackageDataset& dataset, const ExportOptions& options,
                      std::unordered_map<std::string, int>& used) {
  json::object resource{{"name", ResourceName(file.dataset, used)}, {"path", file.path}};
  std::string title = dataset.title;
  if (file.participant) title += ", participant " + *file.participant + (file.session ? ", session " + *file.session : ", no session");
  resource["title"] = title;
  if (!dataset.schema.empty()) resource["type"] = "table";
  resource["format"] = Name(file.format);
  resource["mediatype"] = MediaType(file.format);
  if (file.format != Format::kParquet) resource["encoding"] = "utf-8";
  resource["bytes"] = file.bytes;
  resource["hash"] = "sha256:" + file.sha256;
  resource["rows"] = file.rows.value_or(0);
  if (file.format == Format::kCsv) {
    resource["dialect"] = json::object{{"delimiter", options.profile == CsvProfile::kExcelEu ? ";" : ","},
                                       {"lineTerminator", "\r\n"},
                                       {"quoteChar", "\""},
                                       {"doubleQuote", true},
                                       {"header", true}};
  }
  if (!dataset.schema_path.empty()) {
    resource["schema"] = dataset.schema_path;
  } else if (!dataset.schema.empty()) {
    resource["schema"] = json::parse(dataset.schema);
  }
  return resource;
}
}  // namespace

std::string TableSchemaJson(const Plan& plan, const vault::Summary* summary) {
  return PrettyJson(json::serialize(SchemaWriter(plan, summary).Schema()));
}

std::string DataPackageJson(const Manifest& manifest, const ExportOptions& options, const std::vector<PackageDataset>& datasets) {
  std::unordered_map<std::string_view, const PackageDataset*> known;
  for (const auto& dataset : datasets) known[dataset.dataset] = &dataset;
  json::array resources;
  std::unordered_map<std::string, int> used;
  for (const auto& file : manifest.files) {
    const auto found = known.find(file.dataset);
    if (found != known.end()) resources.push_back(Resource(file, *found->second, options, used));
  }
  std::string name;
  for (const char c : manifest.study) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  const json::object package{{"$schema", "https://datapackage.org/profiles/2.0/datapackage.json"},
                             {"name", name},
                             {"id", manifest.export_id},
                             {"title", manifest.study_name.empty() ? manifest.study : manifest.study_name},
                             {"created", FormatIsoUtc(manifest.created_at)},
                             {"resources", std::move(resources)}};
  return PrettyJson(json::serialize(package));
}

}  // namespace sheaf::exporting
