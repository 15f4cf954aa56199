// overview, donations.

#include <charconv>
#include <map>
#include <set>

#include "api/ddm/pieces.h"
#include "api/ddm/route.h"
#include "api/ddm/texts.h"
#include "api/json_text.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::string_view kReadAllow = "GET, HEAD, OPTIONS";

std::string OptionalText(const std::optional<std::string>& text) {
  if (!text) return "null";
  std::string json;
  AppendJsonString(json, *text);
  return json;
}

std::string BlueprintJson(const model::Blueprint& blueprint) {
  JsonArray expected, extracted, rules;
  std::set<std::string> seen;
  for (const std::string& field : blueprint.expected_fields) expected.Text(field);
  for (const model::ExtractionRule& rule : blueprint.extraction_rules) {
    if (!rule.comparison_operator && seen.insert(rule.field).second) extracted.Text(rule.field);
    JsonObject object;
    object.Integer("id", rule.id).Text("field", rule.field).Flag("regex_field", rule.regex_field);
    object.Raw("comparison_operator", OptionalText(rule.comparison_operator)).Text("comparison_value", rule.comparison_value);
    object.Text("replacement_value", rule.replacement_value);
    rules.Raw(object.Finish());
  }
  JsonObject object;
  object.Integer("id", blueprint.id).Text("name", blueprint.name).Raw("description", OptionalText(blueprint.description));
  object.Text("format", blueprint.format)
      .Text("json_extraction_root", blueprint.json_extraction_root)
      .Raw("expected_fields", expected.Finish());
  object.Flag("exp_fields_regex_matching", blueprint.exp_fields_regex_matching).Raw("fields_to_extract", extracted.Finish());
  object.Raw("regex_path", OptionalText(blueprint.regex_path))
      .Raw("extraction_rules", rules.Finish())
      .Text("csv_delimiter", blueprint.csv_delimiter);
  return object.Finish();
}

std::string PersonJson(const Person& person, const exporting::TimeZone& zone) {
  JsonObject object;
  object.Text("external_id", person.id).Text("start_time", JsonTime(person.start_time, zone));
  object.Raw("end_time", JsonTimeOrNull(person.end_time, zone)).Flag("completed", person.completed);
  object.Raw("extra_data", CompactJson(person.extra_data));
  object.Raw("current_step", person.current_step ? std::to_string(*person.current_step) : "null");
  return object.Finish();
}

Result<http::Response> Overview(const Visit& visit) {
  const exporting::TimeZone& zone = *visit.service.zone;
  const model::DonationProject& settings = visit.project.settings;
  SHEAF_ASSIGN(const auto people, People(*visit.project.vault));
  JsonArray participants, blueprints;
  for (const Person& person : people) participants.Raw(PersonJson(person, zone));
  for (const model::Blueprint& blueprint : settings.blueprints) blueprints.Raw(BlueprintJson(blueprint));
  JsonObject project, metadata, object;
  project.Text("url_id", visit.project.UrlId()).Text("slug", visit.project.row.slug).Text("name", visit.project.study.name);
  project.Text("date_created", JsonTime(visit.project.row.created_at, zone)).Flag("active", settings.active);
  project.Text("contact_information", settings.contact_information).Text("data_protection_statement", settings.data_protection_statement);
  project.Flag("url_parameter_enabled", settings.url_parameter_enabled).Text("expected_url_parameters", settings.expected_url_parameters);
  metadata.Count("n_blueprints", settings.blueprints.size()).Count("n_participants", people.size());
  object.Raw("participants", participants.Finish()).Raw("blueprints", blueprints.Finish()).Raw("project", project.Finish());
  object.Raw("metadata", metadata.Finish());
  visit.call.audit.rows = people.size();
  visit.Log("API access: Project details retrieved.", "The project detail data were accessed through the API.");
  return JsonAnswer(visit.Request(), object.Finish(), kReadAllow);
}

Result<std::optional<std::set<std::int64_t>>> WantedBlueprints(const http::Request& request) {
  const auto text = request.QueryParameter("blueprints");
  if (!text) return std::optional<std::set<std::int64_t>>();
  std::set<std::int64_t> wanted;
  for (const std::string& word : SplitList(*text)) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size())
      return Fail(ErrorCode::kBadParameter, "blueprints must be a list of integers.");
    wanted.insert(number);
  }
  return std::optional(std::move(wanted));
}

Result<http::Response> GetDonations(const Visit& visit) {
  if (visit.project.SuperSecret()) return Detail(405, "Endpoint disabled for super secret projects.");
  const auto asked = visit.Request().QueryParameter("participants");
  if (!asked) return Fail(ErrorCode::kBadParameter, "The parameter participants is required.");
  SHEAF_ASSIGN(const auto wanted, WantedBlueprints(visit.Request()));
  std::vector<std::string> participants;
  for (std::string& id : SplitList(*asked)) {
    if (!id.empty()) participants.push_back(std::move(id));
  }
  const auto people = visit.project.vault->People();
  std::vector<Part> parts = {{R"({"blueprints":{)", {}}};
  std::uint64_t count = 0, rows = 0;
  for (const model::Blueprint& blueprint : visit.project.settings.blueprints) {
    if (wanted && wanted->count(blueprint.id) == 0) continue;
    std::string name;
    AppendJsonString(name, blueprint.name);
    const std::string place = (count++ == 0 ? "\"" : ",\"") + std::to_string(blueprint.id);
    parts.push_back({place + R"(":{"blueprint_name":)" + name + R"(,"donations":[)", {}});
    SHEAF_ASSIGN(const auto donations, Donations(*visit.project.vault, blueprint.id, participants));
    for (std::size_t i = 0; i < donations.size(); ++i) {
      if (i != 0) parts.push_back({",", {}});
      AppendDonation(parts, people->ParticipantId(donations[i].participant), donations[i], *visit.service.zone);
    }
    rows += donations.size();
    parts.push_back({"]}", {}});
  }
  parts.push_back({R"(},"metadata":{"n_blueprints":)" + std::to_string(count) + "}}", {}});
  visit.call.audit.rows = rows;
  SHEAF_ASSIGN(auto answer,
               JsonAnswer(visit.Request(), PartsOf(visit.service.rooms, visit.project.study.id, std::move(parts), {}), kReadAllow));
  visit.Log("API access: Donations retrieved.", "The donation data was accessed through the API.");
  return answer;
}

}  // namespace

void AddReadEndpoints(http::Router& router, const std::shared_ptr<const Service>& service) {
  Endpoint overview{"GET", "/api/project/{url_id}/overview", "Project Detail Api", "donations.overview"};
  overview.session = false;
  overview.handle = Overview;
  AddEndpoint(router, service, std::move(overview));
  Endpoint donations{"GET", "/api/project/{url_id}/donations", "Donations Api", "donations.read"};
  donations.session = false;
  donations.handle = GetDonations;
  AddEndpoint(router, service, std::move(donations));
}

}  // namespace sheaf::api::ddm
