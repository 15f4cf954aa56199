#include "export/alida.h"

#include <algorithm>
#include <array>

#include "export/json_text.h"
#include "export/plan.h"
#include "model/survey.h"
#include "privacy/guids.h"

namespace sheaf::exporting {
namespace {

using model::Field;
using model::FieldType;
using privacy::GuidKind;

constexpr std::array<std::string_view, 4> kLeftOut = {"highlighter", "click_map", "media_player", "image_upload"};
constexpr std::string_view kHidden = "hidden", kDeleted = "deleted";

//! Without tags, blanks in one.
std::string PlainText(std::string_view text) {
  std::string plain;
  // What opens behind the last that closes is no tag.
  const std::size_t last = text.rfind('>');
  bool in_tag = false, blank = false;
  for (std::size_t place = 0; place < text.size(); ++place) {
    const char c = text[place];
    if (c == '<' && last != std::string_view::npos && place < last) in_tag = true;
    const bool space = in_tag || c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space) {
      if (blank && !plain.empty()) plain += ' ';
      plain += c;
    }
    blank = space || (blank && space);
    if (c == '>') in_tag = false;
  }
  return plain;
}

std::string FieldName(const Field& field, const model::FieldGroup* group) {
  if (group == nullptr || field.name == group->name || field.name.starts_with(group->name + "_")) return field.name;
  return group->name + "_" + PlainText(field.label);
}

std::string_view DataType(const Field& field, const AlidaOptions& options) {
  switch (field.type) {
    case FieldType::kInteger:
    case FieldType::kDouble: return "double";
    case FieldType::kDatetime: return "datetime";
    case FieldType::kIdentifier: return "identifier";
    case FieldType::kBoolean:
    case FieldType::kEnum: return options.single_as_set ? "set" : "enum";
    case FieldType::kSet: return "set";
    case FieldType::kString:
    case FieldType::kJson: break;
  }
  return "string";
}

class DefinitionWriter {
 public:
  explicit DefinitionWriter(const Plan& plan) : plan_(plan), guids_(plan.alida->key, *plan.dataset) {}

  std::string Write() {
    std::string fields, groups;
    for (const OutputColumn& output : plan_.output) {
      if (output.field == nullptr) continue;
      fields += (fields.empty() ? "\n" : ",\n") + FieldJson(*output.field);
    }
    for (const std::string& group : Groups()) groups += (groups.empty() ? "\n" : ",\n") + GroupJson(group);
    return "{\"fields\":[" + fields + "],\"fieldGroups\":[" + groups + "]}";
  }

 private:
  //! Those of exported fields, in the order of their first.
  std::vector<std::string> Groups() const {
    std::vector<std::string> groups;
    for (const OutputColumn& output : plan_.output) {
      if (output.field == nullptr || output.field->group.empty()) continue;
      if (std::find(groups.begin(), groups.end(), output.field->group) == groups.end()) groups.push_back(output.field->group);
    }
    return groups;
  }

  std::string OptionJson(const std::string& id, std::string_view name, bool hidden) const {
    std::string json = "{\"id\":\"" + id + "\",\"name\":" + JsonText(name);
    if (hidden) json += ",\"meta\":{\"visibility\":\"hidden\"}";
    else if (plan_.options.alida.visibility) json += ",\"meta\":{\"visibility\":\"active\"}";
    return json + "}";
  }

  std::string TypeJson(const Field& field) const {
    std::string values;
    const auto add = [&values](const std::string& option) { values += (values.empty() ? "" : ",") + option; };
    if (field.type == FieldType::kBoolean) {
      for (const char* word : {"true", "false"}) add(OptionJson(guids_.OfOption(field, word), word, false));
    }
    for (const model::Option& option : field.options) add(OptionJson(guids_.OfOption(field, option.id), option.label, option.hidden));
    const std::string_view type = DataType(field, plan_.options.alida);
    std::string json = "{\"dataType\":\"" + std::string(type) + "\"";
    if (type == "enum" || type == "set") json += ",\"values\":[" + values + "]";
    return json + "}";
  }

  std::string FieldJson(const Field& field) const {
    const model::FieldGroup* const group = plan_.dataset->FindGroup(field.group);
    const bool sensitive = field.privacy == model::PrivacyClass::kDirect || field.privacy == model::PrivacyClass::kSensitive;
    std::string json = "{\"id\":\"" + guids_.OfField(field) + "\",\"name\":" + JsonText(FieldName(field, group));
    json += ",\"type\":" + TypeJson(field) + ",\"isSensitive\":" + (sensitive ? "true" : "false");
    json += ",\"meta\":{\"description\":" + JsonText(group != nullptr ? group->label : field.label);
    json += std::string(",\"visibility\":\"") + (field.visibility == kHidden ? "hidden" : "active");
    json += std::string("\",\"isSystem\":") + (field.system ? "true" : "false");
    if (field.required || (group != nullptr && group->required)) json += ",\"isRequired\":true";
    return json + "}}";
  }

  std::string GroupJson(const std::string& id) const {
    const model::FieldGroup* const group = plan_.dataset->FindGroup(id);
    std::string json =
        "{\"id\":\"" + guids_.OfGroup(id) + "\",\"name\":" + JsonText(group != nullptr ? group->name : id) + ",\"fieldIds\":[";
    bool first = true;
    for (const OutputColumn& output : plan_.output) {
      if (output.field == nullptr || output.field->group != id) continue;
      json += (first ? "\"" : ",\"") + guids_.OfField(*output.field) + "\"";
      first = false;
    }
    json += "],\"meta\":{\"description\":" + JsonText(group != nullptr ? group->label : id);
    if (group != nullptr && group->required) json += ",\"isRequired\":true";
    return json + "}}";
  }

  const Plan& plan_;
  const AlidaGuids guids_;
};

//! By reading: what is kept of a dataset tells when records arrived first, not when they changed last.
Result<std::optional<Micros>> LastChange(vault::StudyVault& study, const Plan& plan) {
  vault::Select select;
  select.dataset = plan.select.dataset;
  select.upto = plan.select.upto;
  select.columns = {{model::ColumnKind::kUpdated, -1, {}}};
  select.order = {{{model::ColumnKind::kUpdated, -1, {}}, true}};
  select.limit = 1;
  SHEAF_ASSIGN(const auto cursor, study.Read(select));
  SHEAF_ASSIGN(const auto batch, cursor->Next());
  if (batch == nullptr || batch->rows == 0) return std::optional<Micros>();
  return std::optional<Micros>(batch->columns[0].At<std::int64_t>(0));
}

}  // namespace

std::string AlidaGuids::OfDataset() const { return privacy::Guid(key_, GuidKind::kDataset, {}, dataset_.id); }
std::string AlidaGuids::OfField(const Field& field) const { return privacy::Guid(key_, GuidKind::kField, {dataset_.id}, field.id); }
std::string AlidaGuids::OfGroup(std::string_view group) const { return privacy::Guid(key_, GuidKind::kGroup, {dataset_.id}, group); }
std::string AlidaGuids::OfOption(const Field& field, std::string_view option) const {
  if (field.group.empty()) return privacy::Guid(key_, GuidKind::kOption, {dataset_.id, "field", field.id}, option);
  return privacy::Guid(key_, GuidKind::kOption, {dataset_.id, "group", field.group}, option);
}

bool InAlidaFile(const model::Dataset& dataset, std::size_t number) {
  const Field& field = dataset.fields[number];
  if (std::find(kLeftOut.begin(), kLeftOut.end(), field.question) != kLeftOut.end()) return false;
  return field.visibility != kDeleted && model::TestFieldNumber(dataset) != static_cast<int>(number);
}

std::string AlidaTime(Micros instant) {
  std::string text = FormatIsoUtc(ToMilliseconds(instant));
  return text;
}

std::string AlidaHead(const Plan& plan, const std::string& id) {
  const AlidaFile& file = *plan.alida;
  const bool profile = plan.dataset->kind == model::DatasetKind::kProfile;
  const std::string& echo = plan.options.alida.echo;
  std::string json = "{\"id\":\"" + id + "\"";
  if (!profile) json += ",\"datasetId\":\"" + AlidaGuids(file.key, *plan.dataset).OfDataset() + "\"";
  if (!profile || !echo.empty()) json += ",\"exportOptions\":" + (echo.empty() ? "{}" : echo);
  json += ",\"exportDate\":\"" + AlidaTime(file.exported_at) + "\",\"lastSyncDate\":";
  json += file.synced_at ? "\"" + AlidaTime(*file.synced_at) + "\"" : "null";
  return json + ",\"definition\":" + DefinitionWriter(plan).Write() + ",\"records\":[";
}

Status PrepareAlida(vault::StudyVault& study, Plan& plan) {
  const bool any = std::any_of(plan.output.begin(), plan.output.end(), [](const OutputColumn& output) { return output.field != nullptr; });
  if (!any) return Fail(ErrorCode::kBadDefinition, std::string(kAlidaNoFields));
  SHEAF_ASSIGN(plan.alida->synced_at, LastChange(study, plan));
  return {};
}

}  // namespace sheaf::exporting
