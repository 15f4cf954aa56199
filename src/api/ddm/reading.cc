// overview, donations, responses.

#include <charconv>
#include <map>
#include <set>

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

std::string ConsentJson(const std::optional<bool>& consent) { return !consent ? "null" : *consent ? "true" : "false"; }

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
  JsonObject blueprints;
  std::uint64_t count = 0, rows = 0;
  for (const model::Blueprint& blueprint : visit.project.settings.blueprints) {
    if (wanted && wanted->count(blueprint.id) == 0) continue;
    ++count;
    SHEAF_ASSIGN(const auto donations, Donations(*visit.project.vault, blueprint.id, participants));
    JsonArray list;
    for (const DonationRecord& donation : donations) {
      SHEAF_ASSIGN(const std::string data, Payload(visit.Rooms(), visit.project, donation, {}));
      JsonObject one;
      one.Text("participant", people->ParticipantId(donation.participant)).Raw("data", CompactJson(data));
      one.Text("time_submitted", JsonTime(donation.time, *visit.service.zone)).Text("status", donation.status);
      one.Raw("consent", ConsentJson(donation.consent));
      list.Raw(one.Finish());
      ++rows;
    }
    JsonObject object;
    object.Text("blueprint_name", blueprint.name).Raw("donations", list.Finish());
    blueprints.Raw(std::to_string(blueprint.id), object.Finish());
  }
  JsonObject metadata, object;
  metadata.Count("n_blueprints", count);
  object.Raw("blueprints", blueprints.Finish()).Raw("metadata", metadata.Finish());
  visit.call.audit.rows = rows;
  visit.Log("API access: Donations retrieved.", "The donation data was accessed through the API.");
  return JsonAnswer(visit.Request(), object.Finish(), kReadAllow);
}

std::string ResponseData(const ingest::SnapshotReader& reader, const AnswerRecord& answer) {
  JsonObject data;
  for (const auto& [variable, json] : answer.values) data.Raw(reader.Names()[variable], json);
  return data.Finish();
}

//! A JSON scalar as Python's csv writer puts it.
std::string CellOf(const std::string& json) {
  if (json == "null") return {};
  if (json == "true") return "True";
  if (json == "false") return "False";
  if (json.front() != '"') return json;
  // Decoded by the one who knows how: CompactJson keeps a string a string.
  return json;
}

std::string Decoded(const std::string& json);

std::string ResponsesCsv(const Visit& visit, const ingest::SnapshotReader& reader, const std::vector<AnswerRecord>& answers) {
  const auto people = visit.project.vault->People();
  std::vector<bool> present(reader.Names().size());
  for (const AnswerRecord& answer : answers) {
    for (const auto& value : answer.values) present[value.first] = true;
  }
  std::string csv = "participant,time_submitted";
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (present[i]) csv += "," + CsvCell(reader.Names()[i]);
  }
  csv += "\r\n";
  std::vector<const std::string*> row(present.size());
  for (const AnswerRecord& answer : answers) {
    std::fill(row.begin(), row.end(), nullptr);
    for (const auto& [variable, json] : answer.values) row[variable] = &json;
    csv += CsvCell(people->ParticipantId(answer.participant));
    csv += "," + JsonTime(answer.time, *visit.service.zone);
    for (std::size_t i = 0; i < present.size(); ++i) {
      if (!present[i]) continue;
      csv += ',';
      if (row[i] != nullptr) csv += CsvCell(Decoded(CellOf(*row[i])));
    }
    csv += "\r\n";
  }
  return csv;
}

Result<http::Response> Responses(const Visit& visit) {
  if (visit.project.SuperSecret()) return Detail(405, "Endpoint disabled for super secret projects.");
  const http::Request& request = visit.Request();
  std::optional<std::vector<std::string>> participants;
  if (const auto asked = request.QueryParameter("participants")) {
    participants.emplace();
    for (std::string& id : SplitList(*asked)) {
      if (!id.empty()) participants->push_back(std::move(id));
    }
  }
  const ingest::SnapshotReader reader(visit.project.settings);
  SHEAF_ASSIGN(const auto answers, AllAnswers(visit.project, reader, participants));
  visit.call.audit.rows = answers.size();
  visit.Log("API access: Responses retrieved", "The response data was accessed through the API.");
  if (request.QueryParameter("csv").value_or("") == "true") {
    http::Response response;
    response.headers = {
        {"Content-Type", "text/csv"},
        {"Content-Disposition", "attachment; filename=\"ddm_" + visit.project.UrlId() + "_responses_" + StampOf(Now()) + ".csv\""},
        {"X-Content-Type-Options", "nosniff"}};
    response.body = ResponsesCsv(visit, reader, answers);
    return response;
  }
  const bool snapshots = request.QueryParameter("include_snapshot").value_or("") == "true";
  const auto people = visit.project.vault->People();
  JsonArray list;
  for (const AnswerRecord& answer : answers) {
    const std::string time = JsonTime(answer.time, *visit.service.zone);
    JsonObject one;
    one.Text("participant", people->ParticipantId(answer.participant));
    if (snapshots) {
      one.Text("time_submitted", time).Raw("questionnaire_snapshot", answer.snapshot.empty() ? "{}" : CompactJson(answer.snapshot));
      one.Raw("response_data", ResponseData(reader, answer))
          .Raw("questionnaire_config", answer.config.empty() ? "null" : CompactJson(answer.config));
    } else {
      one.Raw("response_data", ResponseData(reader, answer)).Text("time_submitted", time);
    }
    list.Raw(one.Finish());
  }
  JsonObject metadata, object;
  metadata.Count("n_responses", answers.size());
  object.Raw("responses", list.Finish()).Raw("metadata", metadata.Finish());
  return JsonAnswer(request, object.Finish(), kReadAllow);
}

//! A session is let in as the project's owner or an administrator only; a token is the owner's.
Status AllowSession(const Visit& visit) {
  if (visit.caller.way == Way::kToken || visit.caller.owner || visit.caller.superuser) return {};
  return Fail(ErrorCode::kForbidden, "User does not have access.");
}

//! The text of a JSON string; anything else as it is.
std::string Decoded(const std::string& json) {
  if (json.empty() || json.front() != '"') return json;
  std::string text;
  for (std::size_t i = 1; i + 1 < json.size(); ++i) {
    if (json[i] != '\\') {
      text += json[i];
      continue;
    }
    const char c = json[++i];
    if (c == 'u') {
      unsigned code = 0;
      std::from_chars(json.data() + i + 1, json.data() + i + 5, code, 16);
      i += 4;
      // Only control characters are written so.
      text += static_cast<char>(code);
    } else {
      text += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c;
    }
  }
  return text;
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
  Endpoint responses{"GET", "/api/project/{url_id}/responses", "Responses Api", "donations.responses", First::kSession};
  responses.allow = AllowSession;
  responses.handle = Responses;
  AddEndpoint(router, service, std::move(responses));
}

}  // namespace sheaf::api::ddm
