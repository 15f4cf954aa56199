#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <boost/json.hpp>
#include <cstdlib>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/http_client.h"
#include "cli/report.h"
#include "cli/sensor_file.h"

namespace sheaf::cli {
namespace {

struct SensorsCommand {
  std::string data, server, key, study, source, id;
};

int RunList(const SensorsCommand& command) {
  const auto directory = DataDirectory::Open(command.data, DataDirectory::Missing::kRefuse);
  if (!directory) return ReportFailure(directory.error());
  const auto sources = LoadSensorSources(directory->SensorsPath());
  if (!sources) return ReportFailure(sources.error());
  for (const auto& source : (*sources)->All()) {
    std::string fields;
    for (const auto& field : source.definition.fields) fields += (fields.empty() ? "" : ", ") + field.id;
    fmt::print("{:>6}  {:<28} {}\n", source.number, source.definition.id, fields);
  }
  for (const auto& [alias, number] : (*sources)->Aliases()) fmt::print("{:>6}  alias of {}\n", alias, number);
  return kExitOk;
}

int RunAdd(const SensorsCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  boost::json::object body;
  const bool is_number = command.source.find_first_not_of("0123456789") == std::string::npos && command.source.size() < 11;
  if (is_number) body["source"] = std::strtoll(command.source.c_str(), nullptr, 10);
  else body["source"] = command.source;
  if (!command.id.empty()) body["id"] = command.id;
  HttpRequest request;
  request.method = "POST";
  request.path = fmt::format("/api/v1/studies/{}/sensors", QueryEscape(command.study));
  request.content_type = "application/json";
  request.body = boost::json::serialize(body);
  const auto reply = client->Send(request);
  if (!reply) return ReportFailure(reply.error());
  if (reply->status != 200 && reply->status != 201) return ReportFailure(ErrorOf(*reply));
  boost::system::error_code error;
  const auto dataset = boost::json::parse(reply->body, error);
  const std::string id =
      !error && dataset.is_object() && dataset.get_object().contains("id") ? std::string(dataset.at("id").as_string()) : "";
  fmt::print("dataset {} {}\n", id, reply->status == 201 ? "created" : "is there already");
  return kExitOk;
}

}  // namespace

void AddSensorsCommand(CLI::App& app, Run& run) {
  CLI::App* sensors = app.add_subcommand("sensors", "The registry of data sources, and datasets made from it");
  sensors->require_subcommand(1);
  auto command = std::make_shared<SensorsCommand>();
  CLI::App* list = sensors->add_subcommand("list", "Check the registry of a data directory and print its sources");
  list->add_option("--data", command->data, "The data directory; its sensors.json is read")->required()->type_name("DIR");
  list->callback([command, &run] { run = [command] { return RunList(*command); }; });
  CLI::App* add = sensors->add_subcommand("add", "Make a dataset of a study from a source");
  add->add_option("study", command->study, "The study's id")->required();
  add->add_option("source", command->source, "The source's number or name")->required();
  add->add_option("--id", command->id, "The dataset's id; the source's name unless given")->type_name("ID");
  command->server = "http://127.0.0.1:8080";
  add->add_option("--server", command->server, "The server's address")->type_name("URL")->capture_default_str();
  add->add_option("--key", command->key, "A key with write:studies; or the environment variable SHEAF_KEY")
      ->envname("SHEAF_KEY")
      ->required();
  add->footer("Example:\n  sheaf sensors add walking gps --key \"$KEY\"");
  add->callback([command, &run] { run = [command] { return RunAdd(*command); }; });
}

}  // namespace sheaf::cli
