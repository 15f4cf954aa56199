#include "cli/import_ddm.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "cli/ddm_files.h"
#include "cli/http_client.h"
#include "model/donation_project.h"

namespace sheaf::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kRowsAtOnce = 1000;

std::string Fingerprint(const std::string& text) {
  unsigned char hash[16];
  crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  std::string hex;
  for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
  return hex;
}

class Importer {
 public:
  Importer(HttpClient client, const DdmImport& command, DdmContent content)
      : client_(std::move(client)),
        study_(command.study),
        base_("/api/v1/studies/" + QueryEscape(command.study)),
        content_(std::move(content)) {}

  Status Run() {
    SHEAF_TRY(PrepareStudy());
    SHEAF_TRY(PrepareProject());
    for (const DdmPerson& person : content_.people) SHEAF_TRY(SendPerson(person));
    SHEAF_TRY(SendDonations());
    SHEAF_TRY(SendAnswers());
    fmt::print("{} participants, {} donations ({} with their payload), {} responses\n", content_.people.size(), donations_, payloads_,
               content_.answers.size());
    return {};
  }

 private:
  Result<HttpReply> Send(const std::string& method, const std::string& path, std::string body, const char* type = "application/json") {
    HttpRequest request;
    request.method = method;
    request.path = path;
    request.body = std::move(body);
    request.content_type = type;
    return client_.Send(request);
  }
  Status Demand(const std::string& method, const std::string& path, std::string body, const char* type = "application/json") {
    SHEAF_ASSIGN(const auto reply, Send(method, path, std::move(body), type));
    if (reply.status >= 400) return Fail(ErrorOf(reply));
    return {};
  }

  Status PrepareStudy() {
    SHEAF_ASSIGN(const auto found, Send("GET", base_, ""));
    if (found.status == 200) return {};
    if (found.status != 404) return Fail(ErrorOf(found));
    return Demand("POST", "/api/v1/studies", json::serialize(json::object{{"id", study_}, {"name", study_}}));
  }

  //! A project that is there stays as it is; without one, one is made of what the files name.
  Status PrepareProject() {
    SHEAF_ASSIGN(const auto found, Send("GET", base_ + "/donation-project", ""));
    if (found.status != 200 && found.status != 404) return Fail(ErrorOf(found));
    model::DonationProject project;
    if (found.status == 200) {
      boost::system::error_code broken;
      const auto value = json::parse(found.body, broken);
      const auto* const settings = broken || !value.is_object() ? nullptr : value.get_object().if_contains("settings");
      if (settings == nullptr) return Fail(ErrorCode::kInternal, "the server's answer is not understood");
      SHEAF_ASSIGN(project, model::ParseDonationProject(json::serialize(*settings)));
    }
    bool changed = found.status == 404;
    for (const auto& [id, name] : content_.blueprints) {
      if (project.FindBlueprint(id) != nullptr) continue;
      model::Blueprint blueprint;
      blueprint.id = id;
      blueprint.name = name.empty() ? fmt::format("Blueprint {}", id) : name;
      project.blueprints.push_back(std::move(blueprint));
      changed = true;
    }
    std::set<std::string> known;
    std::int64_t next = 1;
    for (const auto& variable : model::Variables(project)) known.insert(variable.name);
    for (const auto& question : project.questionnaire) next = std::max(next, question.id + 1);
    for (const std::string& name : content_.variables) {
      if (!known.insert(name).second) continue;
      model::Question question;
      question.id = next++;
      question.variable_name = name;
      project.questionnaire.push_back(std::move(question));
      changed = true;
    }
    if (!changed) return {};
    return Demand("PUT", base_ + "/donation-project", model::DonationProjectJson(project));
  }

  Status SendPerson(const DdmPerson& person) {
    json::object attributes;
    attributes["start_time"] = person.start_time;
    attributes["end_time"] = person.end_time.empty() ? json::value(nullptr) : json::value(person.end_time);
    attributes["completed"] = person.completed;
    attributes["current_step"] = person.current_step.empty() ? json::value(nullptr) : json::parse(person.current_step);
    attributes["extra_data"] = json::parse(person.extra_data);
    const json::object body{{"status", person.completed ? "completed" : "started"}, {"attributes", std::move(attributes)}};
    return Demand("PUT", base_ + "/participants/" + QueryEscape(person.id), json::serialize(body));
  }

  //! The payload under an id that follows from whose it is, so that sending it again finds it.
  Result<std::string> SendPayload(const DdmDonation& donation, const std::string& record) {
    const std::string id = "ddm-" + Fingerprint(record);
    const json::object words{{"id", id},
                             {"kind", "donation"},
                             {"name", model::BlueprintDatasetId(donation.blueprint) + ".json"},
                             {"media_type", "application/json"},
                             {"participant", donation.participant},
                             {"dataset", model::BlueprintDatasetId(donation.blueprint)},
                             {"record", record},
                             {"field", "payload"}};
    SHEAF_TRY(Demand("POST", base_ + "/files", json::serialize(words)));
    SHEAF_TRY(Demand("PUT", base_ + "/files/" + id + "/content", donation.data, "application/octet-stream"));
    ++payloads_;
    return id;
  }

  //! An overview knows of donations that no ZIP was given for; of both, the one with the payload counts.
  Status SendDonations() {
    std::map<std::string, const DdmDonation*> by_record;
    for (const DdmDonation& donation : content_.donations) {
      const std::string record = fmt::format("{}-{}-{}", donation.participant, donation.blueprint, donation.time);
      const auto [place, added] = by_record.try_emplace(record, &donation);
      if (!added && place->second->data.empty()) place->second = &donation;
    }
    for (const auto& [record, donation] : by_record) {
      json::object values{{"status", donation->status}};
      if (donation->consent != "null") values["consent"] = donation->consent == "true";
      if (!donation->data.empty()) {
        SHEAF_ASSIGN(const std::string file, SendPayload(*donation, record));
        values["payload"] = file;
      }
      const json::object row{
          {"id", record}, {"participant", donation->participant}, {"time", FormatIsoUtc(donation->time)}, {"values", std::move(values)}};
      const std::string path = base_ + "/datasets/" + model::BlueprintDatasetId(donation->blueprint) + "/records";
      SHEAF_TRY(Demand("POST", path, json::serialize(row) + "\n", "application/x-ndjson"));
      ++donations_;
    }
    return {};
  }

  Status SendAnswers() {
    std::string body;
    std::size_t rows = 0;
    const auto flush = [&]() -> Status {
      if (rows == 0) return {};
      rows = 0;
      return Demand("POST", base_ + "/datasets/" + std::string(model::kQuestionnaireDataset) + "/records", std::exchange(body, {}),
                    "application/x-ndjson");
    };
    for (const DdmAnswers& answers : content_.answers) {
      json::object values;
      for (const auto& [name, value] : answers.values) values[name] = value;
      body += json::serialize(json::object{{"id", fmt::format("{}-{}", answers.participant, answers.time)},
                                           {"participant", answers.participant},
                                           {"time", FormatIsoUtc(answers.time)},
                                           {"values", std::move(values)}}) +
              "\n";
      if (++rows == kRowsAtOnce) SHEAF_TRY(flush());
    }
    return flush();
  }

  HttpClient client_;
  const std::string study_, base_;
  const DdmContent content_;
  std::uint64_t donations_ = 0, payloads_ = 0;
};

}  // namespace

Status ImportDdm(const DdmImport& command) {
  DdmContent content;
  for (const std::string& path : command.paths) SHEAF_TRY(ReadDdmFile(path, content));
  SHEAF_ASSIGN(auto client, HttpClient::Make(command.server, command.key));
  return Importer(std::move(client), command, std::move(content)).Run();
}

}  // namespace sheaf::cli
