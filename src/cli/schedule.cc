#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "cli/commands.h"
#include "cli/http_client.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

namespace json = boost::json;

struct ScheduleCommand {
  std::string server, key, study, schedule;
  bool json = false;
  bool wait = false;
};

std::string Text(const json::value& value, const char* otherwise) {
  return value.is_string() ? std::string(value.get_string()) : otherwise;
}

Result<json::value> Ask(HttpClient& client, const std::string& method, const std::string& path, std::string& body) {
  HttpRequest request;
  request.method = method;
  request.path = path;
  SHEAF_ASSIGN(const HttpReply reply, client.Send(request));
  if (reply.status / 100 != 2) return Fail(ErrorOf(reply));
  body = reply.body;
  boost::system::error_code broken;
  auto answer = json::parse(reply.body, broken);
  if (broken || !answer.is_object()) return Fail(ErrorCode::kInternal, "The server's answer cannot be read.");
  return answer;
}

std::string PathOf(const ScheduleCommand& command) { return "/api/v1/studies/" + QueryEscape(command.study) + "/schedules"; }

int List(const ScheduleCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  std::string body;
  const auto answer = Ask(*client, "GET", PathOf(command), body);
  if (!answer) return ReportFailure(answer.error());
  if (command.json) {
    fmt::print("{}\n", body);
    return kExitOk;
  }
  const auto& schedules = answer->at("schedules").as_array();
  for (const auto& schedule : schedules) {
    const auto& last = schedule.at("last_run");
    const std::string ran = last.is_object() ? Text(last.at("state"), "") + " " + Text(last.at("created_at"), "") : "never";
    fmt::print("{}  {}  ({} {}, {})  next {}  last {}\n", Text(schedule.at("id"), ""), Text(schedule.at("name"), ""),
               Text(schedule.at("cron"), ""), Text(schedule.at("timezone"), ""), Text(schedule.at("mode"), ""),
               schedule.at("paused").as_bool() ? "paused" : Text(schedule.at("next_at"), "never"), ran);
  }
  if (schedules.empty()) fmt::print("The study has no schedules.\n");
  return kExitOk;
}

//! The run, once it is over.
Result<json::value> Await(HttpClient& client, const ScheduleCommand& command, const std::string& id, std::string& body) {
  while (true) {
    SHEAF_ASSIGN(const json::value answer, Ask(client, "GET", PathOf(command) + "/" + QueryEscape(command.schedule) + "/runs", body));
    for (const auto& run : answer.at("runs").as_array()) {
      if (Text(run.at("id"), "") == id && Text(run.at("state"), "") != "running") {
        body = json::serialize(run);
        return run;
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

int RunNow(const ScheduleCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  std::string body;
  auto run = Ask(*client, "POST", PathOf(command) + "/" + QueryEscape(command.schedule) + "/run", body);
  if (run && command.wait) run = Await(*client, command, Text(run->at("id"), ""), body);
  if (!run) return ReportFailure(run.error());
  const std::string state = Text(run->at("state"), "");
  if (command.json) fmt::print("{}\n", body);
  else
    fmt::print("{} {}{}{}\n", Text(run->at("id"), ""), state, run->at("export").is_null() ? "" : ", export " + Text(run->at("export"), ""),
               run->at("error").is_null() ? "" : ": " + Text(run->at("error"), ""));
  return state == "failed" ? kExitFailed : kExitOk;
}

void AddOptions(CLI::App& command, ScheduleCommand& options) {
  command.add_option("--server", options.server, "The server's address")->required()->type_name("URL");
  command.add_option("--key", options.key, "A key that may export")->required()->type_name("K")->envname("SHEAF_KEY");
  command.add_option("--study", options.study, "The study's id")->required()->type_name("S");
  command.add_flag("--json", options.json, "Print what the server answers");
}

}  // namespace

void AddScheduleCommand(CLI::App& app, Run& run) {
  CLI::App* schedule = app.add_subcommand("schedule", "Exports that run by themselves");
  schedule->require_subcommand(1);
  auto options = std::make_shared<ScheduleCommand>();
  CLI::App* list = schedule->add_subcommand("list", "List a study's schedules");
  AddOptions(*list, *options);
  list->callback([options, &run] { run = [options] { return List(*options); }; });
  CLI::App* now = schedule->add_subcommand("run", "Run a schedule now");
  AddOptions(*now, *options);
  now->add_option("--schedule", options->schedule, "The schedule's id")->required()->type_name("ID");
  now->add_flag("--wait", options->wait, "Until the run is over; exits with 1 when it failed");
  now->callback([options, &run] { run = [options] { return RunNow(*options); }; });
  schedule->footer(
      "Examples:\n"
      "  sheaf schedule list --server http://127.0.0.1:8080 --key $KEY --study sleep\n"
      "  sheaf schedule run --server http://127.0.0.1:8080 --key $KEY --study sleep --schedule sch_… --wait");
}

}  // namespace sheaf::cli
