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

struct RetentionCommand {
  std::string server, key;
  bool dry_run = false;
  bool json = false;
};

int RunRetention(const RetentionCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/retention/run";
  request.content_type = "application/json";
  request.body = command.dry_run ? "{\"dry_run\":true}" : "{}";
  const auto reply = client->Send(request);
  if (!reply) return ReportFailure(reply.error());
  if (reply->status != 200) return ReportFailure(ErrorOf(*reply));
  if (command.json) {
    fmt::print("{}\n", reply->body);
    return kExitOk;
  }
  boost::system::error_code broken;
  const auto answer = boost::json::parse(reply->body, broken);
  if (broken || !answer.is_object()) return ReportFailure({ErrorCode::kInternal, "The server's answer cannot be read.", {}, 0});
  int failed = 0;
  for (const auto& step : answer.at("steps").as_array()) {
    const auto& dataset = step.at("dataset");
    const bool held = step.at("held").as_bool(), done = step.at("done").as_bool();
    const char* state = held ? "on hold" : done ? "done" : command.dry_run ? "due" : "failed; see the server's log";
    failed += !held && !done && !command.dry_run ? 1 : 0;
    fmt::print("{} {}{}{}  due {}  {}\n", std::string(step.at("action").as_string()), std::string(step.at("study").as_string()),
               dataset.is_null() ? "" : "/", dataset.is_null() ? "" : std::string(dataset.as_string()),
               std::string(step.at("due_at").as_string()), state);
  }
  if (answer.at("steps").as_array().empty()) fmt::print("Nothing is due.\n");
  return failed > 0 ? kExitFailed : kExitOk;
}

}  // namespace

void AddRetentionCommand(CLI::App& app, Run& run) {
  CLI::App* retention = app.add_subcommand("retention", "Archive and delete what the studies' rules say");
  retention->require_subcommand(1);
  CLI::App* now = retention->add_subcommand("run", "Do what is due now; the server also does it once a day");
  auto options = std::make_shared<RetentionCommand>();
  now->add_option("--server", options->server, "The server's address")->required()->type_name("URL");
  now->add_option("--key", options->key, "An administrator's key")->required()->type_name("K")->envname("SHEAF_KEY");
  now->add_flag("--dry-run", options->dry_run, "Only say what would be done");
  now->add_flag("--json", options->json, "Print the answer as JSON");
  now->footer("Example:\n  sheaf retention run --server http://127.0.0.1:8080 --key $KEY --dry-run");
  now->callback([options, &run] { run = [options] { return RunRetention(*options); }; });
}

}  // namespace sheaf::cli
