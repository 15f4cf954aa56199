#include "cli/quality.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <memory>
#include <string>
#include <utility>

#include "cli/http_client.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

namespace json = boost::json;

struct QualityCommand {
  std::string server, key, study, dataset, participant, session;
  std::string fail_on = "error";
  bool json = false;
};

//! A large study is checked in turns: each answer goes on where the one before left off.
constexpr int kMostTurns = 10'000;

std::string PathOf(const QualityCommand& command) {
  std::string path = "/api/v1/studies/" + QueryEscape(command.study);
  if (!command.dataset.empty()) path += "/datasets/" + QueryEscape(command.dataset);
  path += "/quality";
  char before = '?';
  for (const auto& [name, value] : {std::pair("participant", &command.participant), std::pair("session", &command.session)}) {
    if (value->empty()) continue;
    path += before + std::string(name) + "=" + QueryEscape(*value);
    before = '&';
  }
  return path;
}

std::string Completeness(const json::value& completeness) {
  if (!completeness.is_object()) return "n/a";
  const auto number = [&](const char* name) { return completeness.as_object().at(name).to_number<double>(); };
  return fmt::format("{:.1f} % ({:.0f} of {:.0f})", 100 * number("fraction"), number("received"), number("expected"));
}

std::string Text(const json::value& value) { return value.is_string() ? std::string(value.get_string()) : std::string("-"); }

void PrintDataset(const json::object& report) {
  fmt::print("{}: {} records, {} participants, {} sessions\n", Text(report.at("dataset")), report.at("records").to_number<std::uint64_t>(),
             report.at("participants").to_number<std::uint64_t>(), report.at("sessions").to_number<std::uint64_t>());
  fmt::print("  time          {} .. {}\n", Text(report.at("first_time")), Text(report.at("last_time")));
  fmt::print("  completeness  {}\n", Completeness(report.at("completeness")));
  for (const auto& value : report.at("findings").as_array()) {
    const auto& finding = value.as_object();
    std::string samples;
    for (const auto& sample : finding.at("samples").as_array()) {
      const auto* const id = sample.as_object().if_contains("id");
      if (!samples.empty()) samples += ", ";
      samples +=
          id != nullptr && id->is_string() ? Text(*id) : fmt::format("seq:{}", sample.as_object().at("seq").to_number<std::uint64_t>());
    }
    fmt::print("  {:<8} {:<16} {:>9}  {:<16} {}\n", Text(finding.at("severity")), Text(finding.at("check")),
               finding.at("count").to_number<std::uint64_t>(), Text(finding.at("field")), samples);
  }
}

void Print(const json::object& report) {
  const auto* const datasets = report.if_contains("datasets");
  if (datasets == nullptr) return PrintDataset(report);
  for (const auto& dataset : datasets->as_array()) PrintDataset(dataset.as_object());
  for (const auto& value : report.at("findings").as_array()) {
    const auto& finding = value.as_object();
    fmt::print("{:<8} {:<16} {:>9}  {}\n", Text(finding.at("severity")), Text(finding.at("check")),
               finding.at("count").to_number<std::uint64_t>(), Text(finding.at("says")));
  }
}

bool Fails(const json::object& report, const std::string& fail_on) {
  if (fail_on == "never") return false;
  const auto count = [&](const char* severity) { return report.at("counts").as_object().at(severity).to_number<std::uint64_t>(); };
  return count("error") > 0 || (fail_on == "warning" && count("warning") > 0);
}

int RunQuality(const QualityCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  HttpRequest request;
  request.path = PathOf(command);
  for (int turn = 0; turn < kMostTurns; ++turn) {
    const auto reply = client->Send(request);
    if (!reply) return ReportFailure(reply.error());
    if (reply->status != 200) return ReportFailure(ErrorOf(*reply));
    boost::system::error_code broken;
    const auto parsed = json::parse(reply->body, broken);
    if (broken || !parsed.is_object()) return ReportFailure({ErrorCode::kInternal, "The server's answer cannot be read.", {}, 0});
    const auto& report = parsed.get_object();
    if (!report.at("complete").as_bool()) continue;
    if (command.json) fmt::print("{}\n", reply->body);
    else Print(report);
    return Fails(report, command.fail_on) ? kExitFailed : kExitOk;
  }
  return ReportFailure({ErrorCode::kTimeout, "The check did not come to an end.", {}, 0});
}

}  // namespace

void AddQualityCommand(CLI::App& app, Run& run) {
  CLI::App* quality = app.add_subcommand("quality", "Hold a study's records to their rules");
  auto options = std::make_shared<QualityCommand>();
  quality->add_option("study", options->study, "The study's id")->required()->type_name("STUDY");
  quality->add_option("--server", options->server, "The server's address")->required()->type_name("URL")->envname("SHEAF_SERVER");
  quality->add_option("--key", options->key, "A key that may read records")->required()->type_name("K")->envname("SHEAF_KEY");
  quality->add_option("--dataset", options->dataset, "One dataset alone")->type_name("D");
  quality->add_option("--participant", options->participant, "Records of one participant alone")->type_name("P");
  quality->add_option("--session", options->session, "Records of one session alone")->type_name("S");
  quality->add_option("--fail-on", options->fail_on, "What makes the exit code 1: error, warning or never")
      ->check(CLI::IsMember({"error", "warning", "never"}))
      ->capture_default_str();
  quality->add_flag("--json", options->json, "Print the answer of the API");
  quality->footer(
      "The exit code is 0 when nothing as bad as --fail-on was found, 1 when it was or the check failed.\n"
      "Example:\n"
      "  sheaf quality walk --server http://127.0.0.1:8080 --key $KEY --fail-on warning");
  quality->callback([options, &run] { run = [options] { return RunQuality(*options); }; });
}

}  // namespace sheaf::cli
