#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/http_client.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

struct EraseCommand {
  std::string server, key, study, participant;
  bool yes = false;
  bool json = false;
};

void PrintReport(const boost::json::object& report) {
  for (const auto& member : report.at("rows").as_object()) {
    fmt::print("{} records of {}\n", member.value().to_number<std::uint64_t>(), std::string(member.key()));
  }
  for (const char* what :
       {"sessions", "sessions_renamed", "definitions", "consents", "files", "exports", "links", "requests", "audit_entries"}) {
    const auto count = report.at(what).to_number<std::uint64_t>();
    if (count > 0) fmt::print("{} {}\n", count, what);
  }
}

int RunErase(const EraseCommand& command) {
  if (!command.yes) return ReportUsage("An erasure cannot be undone; say --yes when it is meant.");
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  HttpRequest request;
  request.method = "POST";
  request.path = fmt::format("/api/v1/studies/{}/participants/{}/erasure", QueryEscape(command.study), QueryEscape(command.participant));
  const auto reply = client->Send(request);
  if (!reply) return ReportFailure(reply.error());
  if (reply->status != 200) return ReportFailure(ErrorOf(*reply));
  if (command.json) {
    fmt::print("{}\n", reply->body);
    return kExitOk;
  }
  boost::system::error_code broken;
  const auto report = boost::json::parse(reply->body, broken);
  if (broken || !report.is_object()) return ReportFailure({ErrorCode::kInternal, "The server's answer cannot be read.", {}, 0});
  fmt::print("Erased. Removed:\n");
  PrintReport(report.get_object());
  return kExitOk;
}

}  // namespace

void AddEraseCommand(CLI::App& app, Run& run) {
  CLI::App* erase = app.add_subcommand("erase", "Remove a participant from a study for good");
  auto options = std::make_shared<EraseCommand>();
  erase->add_option("--server", options->server, "The server's address")->required()->type_name("URL");
  erase->add_option("--key", options->key, "A key that may erase")->required()->type_name("K")->envname("SHEAF_KEY");
  erase->add_option("--study", options->study, "The study's id")->required()->type_name("S");
  erase->add_option("--participant", options->participant, "The participant's id")->required()->type_name("P");
  erase->add_flag("--yes", options->yes, "It is meant: this cannot be undone");
  erase->add_flag("--json", options->json, "Print the report as JSON");
  erase->footer(
      "Returns when no file of the server's data directory holds a byte of the participant any more.\n"
      "Example:\n"
      "  sheaf erase --server http://127.0.0.1:8080 --key $KEY --study walk --participant p07 --yes");
  erase->callback([options, &run] { run = [options] { return RunErase(*options); }; });
}

}  // namespace sheaf::cli
