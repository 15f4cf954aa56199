#include "api/avicenna/create.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api/avicenna/columns.h"
#include "api/avicenna/numbers.h"
#include "api/avicenna/options.h"
#include "api/avicenna/rules.h"
#include "base/ids.h"
#include "base/time.h"
#include "model/strict_json.h"

namespace sheaf::api::avicenna {
namespace {

namespace json = boost::json;

tl::unexpected<Error> Bad(std::string detail, std::string place) {
  return Fail(ErrorCode::kBadMember, std::move(detail), std::move(place));
}

//! A whole number, also as a text of digits; nullopt where it is missing or null.
Result<std::optional<std::int64_t>> Number(const json::object& body, const char* name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::optional<std::int64_t>();
  std::optional<std::int64_t> number;
  if (value->is_int64() && value->get_int64() >= 0) number = value->get_int64();
  if (value->is_string()) number = WholeNumber(std::string_view(value->get_string().data(), value->get_string().size()));
  if (!number) return Bad("It must be a whole number", name);
  return number;
}

Result<std::optional<std::string>> Text(const json::object& body, const char* name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return std::optional<std::string>();
  if (!value->is_string()) return Bad("It must be a text", name);
  return std::optional(std::string(value->get_string()));
}

//! What every export of this protocol has in common.
exporting::ExportOptions CommonOptions(const access::StudyAccess& access, const std::string& dataset) {
  exporting::ExportOptions options;
  options.format = exporting::Format::kCsv;
  options.datasets = {dataset};
  options.times = exporting::TimeStyle::kSpaced;
  options.people = exporting::PeopleStyle::kNumbers;
  exporting::ApplyConsent(options, access.study.settings);
  return options;
}

void Take(const ChosenColumns& chosen, exporting::ExportOptions& options) {
  options.columns.clear();
  for (const std::string& column : chosen.columns) options.columns += (options.columns.empty() ? "" : ",") + column;
  options.titles = chosen.titles;
  options.words = chosen.words;
}

//! The filter, and the site where one was chosen.
std::string WithSite(const std::string& filter, const std::optional<std::int64_t>& site, const model::StudySettings& settings) {
  if (!site) return filter;
  std::string condition = R"({"field":)";
  model::AppendJsonString(condition, "participant." + settings.site_attribute);
  condition += R"(,"op":"=","value":")" + std::to_string(*site) + "\"}";
  if (filter.empty()) return condition;
  return R"({"all":[)" + filter + "," + condition + "]}";
}

struct FilterRequest {
  json::object body;
  std::int64_t study = 0;
  Entity entity = Entity::kSession;
  std::optional<std::int64_t> activity, site;
  std::string version;
};

Result<FilterRequest> ReadFilterRequest(std::string_view text) {
  json::value value;
  SHEAF_TRY(model::ParseStrictJson(text, {kMaxBody, 64}, value));
  if (!value.is_object()) return Fail(ErrorCode::kBadJson, "The body must be a JSON object");
  FilterRequest request;
  request.body = std::move(value.get_object());
  SHEAF_ASSIGN(const auto study, Number(request.body, "study_id"));
  if (!study) return Bad("It is missing", "study_id");
  request.study = *study;
  SHEAF_ASSIGN(const auto filter, Text(request.body, "filter"));
  if (filter == "PARTICIPATION") request.entity = Entity::kParticipation;
  else if (filter != "ACTIVITY_RESPONSE") return Bad("It must be ACTIVITY_RESPONSE or PARTICIPATION", "filter");
  SHEAF_ASSIGN(request.activity, Number(request.body, "activity_id"));
  if (request.entity == Entity::kSession && !request.activity) return Bad("It is missing", "activity_id");
  SHEAF_ASSIGN(request.site, Number(request.body, "site_ssid"));
  SHEAF_ASSIGN(const auto version, Text(request.body, "export_version"));
  request.version = version.value_or("");
  if (!request.version.empty() && request.version != "v1" && request.version != "v2") return Bad("It must be v1 or v2", "export_version");
  if (request.body.if_contains("rule_set") == nullptr) return Bad("It is missing", "rule_set");
  return request;
}

Result<std::shared_ptr<const model::Dataset>> FindActivity(vault::StudyVault& vault, const FilterRequest& request,
                                                           const access::StudyAccess& access) {
  if (request.entity == Entity::kParticipation) return vault.FindDataset(vault::kParticipantsDataset);
  const auto dataset = FindDataset(vault, model::DatasetKind::kSurvey, *request.activity);
  if (!dataset || !dataset->published || !model::MaySeeDataset(access.rights, dataset->id)) {
    return Bad("The study has no published activity of this number", "activity_id");
  }
  return dataset;
}

std::optional<std::int64_t> Millis(const Form& form, const char* name) {
  const auto found = form.find(name);
  if (found == form.end()) return std::nullopt;
  const bool negative = found->second.starts_with('-');
  const auto number = WholeNumber(std::string_view(found->second).substr(negative ? 1 : 0));
  if (!number) return std::nullopt;
  return negative ? -*number : *number;
}

//! The source's dataset: made from it, or of its name.
std::shared_ptr<const model::Dataset> FindSource(const native::Call& call, vault::StudyVault& vault, std::int64_t number) {
  const model::SensorSource* source = call.rooms->sensors->Find(number);
  std::shared_ptr<const model::Dataset> named;
  for (const auto& dataset : vault.Datasets()) {
    if (dataset->kind != model::DatasetKind::kSensor) continue;
    const auto from = model::DataSourceOf(*dataset);
    if (from && (*from == number || (source != nullptr && *from == source->number))) return dataset;
    if (!from && source != nullptr && dataset->id == source->definition.id) named = dataset;
  }
  return named;
}

//! Those of the list that the study knows; whoever sees codes alone has listed codes.
Result<std::vector<std::string>> Participants(const Form& form, vault::StudyVault& vault, const model::ViewRights& rights) {
  constexpr const char* kPlace = "participant_ids";
  const auto found = form.find(kPlace);
  std::string_view list = found == form.end() ? std::string_view() : std::string_view(found->second);
  std::vector<std::string> known;
  bool any = false;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(','), list.size());
    std::string_view id = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    while (!id.empty() && id.front() == ' ') id.remove_prefix(1);
    while (!id.empty() && id.back() == ' ') id.remove_suffix(1);
    if (id.empty()) continue;
    any = true;
    if (!IsRecordId(id)) return Bad("\"" + std::string(id.substr(0, 80)) + "\" is no participant's id", kPlace);
    std::string kept = ParticipantId(vault, id);
    if (!rights.identifiers || vault.ParticipantNumber(kept)) known.push_back(std::move(kept));
  }
  if (!any) return Bad("It names nobody; list the participants' ids, with commas", kPlace);
  if (known.empty()) return Bad("The study knows none of these participants", kPlace);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

Status SetRange(const Form& form, bool refuse_reversed, exporting::ExportOptions& options) {
  std::int64_t bounds[2];
  const char* const names[] = {"start_date", "end_date"};
  for (int i = 0; i < 2; ++i) {
    const auto millis = Millis(form, names[i]);
    if (!millis) return Bad("It must be milliseconds since 1970, a whole number", names[i]);
    if (*millis < kMinMicros / 1000 || *millis > kMaxMicros / 1000) return Bad("It lies beyond the years 1 to 9999", names[i]);
    bounds[i] = *millis;
  }
  if (bounds[0] > bounds[1]) {
    if (refuse_reversed) return Bad("It lies before start_date", names[1]);
    std::swap(bounds[0], bounds[1]);
  }
  options.since = FormatIsoUtc(bounds[0] * 1000);
  options.until = FormatIsoUtc(bounds[1] * 1000);
  return {};
}

ChosenColumns SensorColumns(const model::Dataset& dataset, std::int64_t study, const std::string& study_id) {
  ChosenColumns chosen;
  const auto add = [&chosen](const std::string& column, const std::string& title) {
    chosen.columns.push_back(column);
    chosen.titles[column] = title;
  };
  const std::string study_column = RecordColumnOf(dataset, "study");
  add(study_column, "study_id");
  chosen.words[study_column] = {{study_id, std::to_string(study)}};
  add(RecordColumnOf(dataset, "participant"), "user_id");
  const std::string device(model::kDeviceField);
  add(dataset.FieldNumber(device) >= 0 ? device : "participant." + device, device);
  add(RecordColumnOf(dataset, "time"), "record_time");
  for (const model::Field& field : dataset.fields) {
    if (field.id != device) add(field.id, field.id);
  }
  return chosen;
}

}  // namespace

std::string PreparedExport::PlaceOf(std::string_view place) const { return PlaceInRules(place); }

Result<PreparedExport> PrepareFilterExport(native::Call& call, std::string_view body) {
  SHEAF_ASSIGN(const FilterRequest request, ReadFilterRequest(body));
  SHEAF_ASSIGN(access::StudyAccess access, FindStudy(call, request.study, access::Action::kExport));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const auto dataset, FindActivity(*vault, request, access));
  const FieldNames names(request.entity, *dataset);
  const json::value& rule_set = request.body.at("rule_set");
  SHEAF_ASSIGN(const RuleSet rules,
               CompileRules(rule_set, names, [&vault](std::string_view asked) { return ParticipantId(*vault, asked); }));
  const HeaderStyle style = request.version == "v2" ? HeaderStyle::kNames : HeaderStyle::kLabels;
  const bool all = rules.columns.empty() && call.rooms->avicenna.empty_columns_are_all;
  if (rules.columns.empty() && !all) return Bad("It names no column", "rule_set.columns");
  SHEAF_ASSIGN(const ChosenColumns chosen, names.Choose(all ? names.All() : rules.columns, style));

  PreparedExport prepared;
  prepared.options = CommonOptions(access, dataset->id);
  Take(chosen, prepared.options);
  prepared.options.filter = WithSite(rules.filter, request.site, access.study.settings);
  prepared.options.sort = rules.sort;
  prepared.options.sets = style == HeaderStyle::kNames ? exporting::SetStyle::kJson : exporting::SetStyle::kSplit;
  Asked& asked = prepared.asked;
  asked.study = request.study;
  asked.site = request.site;
  asked.export_version = request.version;
  model::AppendJson(asked.rule_set, rule_set);
  model::AppendJson(asked.request, json::value(request.body));
  asked.stem = std::to_string(request.study);
  if (request.entity == Entity::kSession) {
    asked.kind = "ACTIVITY_RESPONSE";
    asked.activity = request.activity;
    asked.stem += "_survey_" + std::to_string(*request.activity);
    // Faces and voices identify: who does not see identifiers gets the CSV alone.
    if (chosen.files && access.rights.identifiers) {
      prepared.options.file_folder = kAnswerFolder;
      prepared.options.entry_name = asked.stem + ".csv";
    }
  } else {
    asked.kind = "PARTICIPATION";
    asked.stem += "_participation";
  }
  prepared.access = std::move(access);
  return prepared;
}

Result<PreparedExport> PrepareSensorExport(native::Call& call, const Form& form) {
  const auto number = [&form](const char* name) -> Result<std::int64_t> {
    const auto found = form.find(name);
    if (found == form.end() || found->second.empty()) return Bad("It is missing", name);
    const auto whole = WholeNumber(found->second);
    if (!whole) return Bad("It must be a whole number", name);
    return *whole;
  };
  SHEAF_ASSIGN(const std::int64_t study, number("study_id"));
  SHEAF_ASSIGN(const std::int64_t source, number("data_source"));
  const auto format = form.find("format");
  if (format != form.end() && format->second != "csv") return Bad("The one format here is csv", "format");
  PreparedExport prepared;
  SHEAF_ASSIGN(prepared.access, FindStudy(call, study, access::Action::kExport));
  SHEAF_ASSIGN(const auto vault, call.Vault(prepared.access.study));
  const auto dataset = FindSource(call, *vault, source);
  if (!dataset || !model::MaySeeDataset(prepared.access.rights, dataset->id)) {
    return Bad("The study has no such data source", "data_source");
  }
  prepared.options = CommonOptions(prepared.access, dataset->id);
  SHEAF_TRY(SetRange(form, call.rooms->avicenna.refuse_reversed_dates, prepared.options));
  SHEAF_ASSIGN(prepared.options.participants, Participants(form, *vault, prepared.access.rights));
  Take(SensorColumns(*dataset, study, prepared.access.study.id), prepared.options);
  const std::string participant = RecordColumnOf(*dataset, "participant"), time = RecordColumnOf(*dataset, "time");
  prepared.options.sort = "participant.id:number," + participant + "," + time;
  prepared.options.sort_up_to = static_cast<std::uint64_t>(call.rooms->avicenna.sort_up_to_rows);
  prepared.options.zip_from = static_cast<std::uint64_t>(call.rooms->avicenna.zip_from_bytes);
  prepared.options.entry_name = std::to_string(study) + "_" + dataset->id + ".csv";
  Asked& asked = prepared.asked;
  asked.study = study;
  asked.kind = "SENSOR";
  asked.data_source = source;
  std::string dashed = dataset->id;
  std::replace(dashed.begin(), dashed.end(), '_', '-');
  asked.stem = std::to_string(study) + "_" + dashed;
  json::object given;
  for (const auto& [name, value] : form) given[name] = value;
  model::AppendJson(asked.request, json::value(given));
  return prepared;
}

}  // namespace sheaf::api::avicenna
