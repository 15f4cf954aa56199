#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/http_client.h"
#include "cli/progress_bar.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

struct ExportCommand {
  std::string server, key, study, dataset, output;
  // Passed on as they are: the server checks them and its messages name the parameter.
  std::vector<std::pair<std::string, std::string>> parameters;
};

//! Bytes into a file that appears under its name only when it is complete, or to standard output.
class Output {
 public:
  ~Output() {
    if (file_ < 0 || path_.empty()) return;
    close(file_);
    unlink(Part().c_str());
  }
  Status Open(const std::string& path) {
    path_ = path == "-" ? "" : path;
    file_ = path_.empty() ? STDOUT_FILENO : open(Part().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file_ < 0) return Fail(ErrorCode::kIo, fmt::format("{} cannot be written: {}", Part(), std::strerror(errno)));
    return {};
  }
  Status Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = write(file_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0)
        return Fail(errno == ENOSPC ? ErrorCode::kStorageFull : ErrorCode::kIo, fmt::format("writing failed: {}", std::strerror(errno)));
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
  }
  Status Publish() {
    if (path_.empty()) return {};
    const bool synced = fsync(file_) == 0 && close(file_) == 0;
    file_ = -1;
    if (!synced || rename(Part().c_str(), path_.c_str()) != 0) {
      unlink(Part().c_str());
      return Fail(ErrorCode::kIo, fmt::format("{} cannot be written: {}", path_, std::strerror(errno)));
    }
    return {};
  }

 private:
  std::string Part() const { return path_ + ".part"; }
  std::string path_;
  int file_ = -1;
};

int RunExport(const ExportCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  HttpRequest request;
  request.path = fmt::format("/api/v1/studies/{}/datasets/{}/export", QueryEscape(command.study), QueryEscape(command.dataset));
  for (const auto& [name, value] : command.parameters) {
    request.path += fmt::format("{}{}={}", request.path.find('?') == std::string::npos ? '?' : '&', name, QueryEscape(value));
  }
  Output output;
  bool opened = false;
  std::uint64_t bytes = 0;
  ProgressBar bar(command.dataset, 0);
  auto reply = client->Download(request, [&](std::string_view piece) -> Status {
    if (!opened) SHEAF_TRY(output.Open(command.output));
    opened = true;
    bytes += piece.size();
    bar.Update(bytes);
    return output.Write(piece);
  });
  if (!reply) return ReportFailure(reply.error());
  if (reply->status != 200) return ReportFailure(ErrorOf(*reply));
  if (!opened) {
    if (auto status = output.Open(command.output); !status) return ReportFailure(status.error());
  }
  if (auto status = output.Publish(); !status) return ReportFailure(status.error());
  if (command.output != "-") {
    fmt::print(stderr, "{} written to {} in {:.1f} s", BytesText(bytes), command.output, bar.Seconds());
    if (const auto cursor = reply->headers.find("x-sheaf-cursor"); cursor != reply->headers.end()) {
      fmt::print(stderr, "; what comes later: --since {}", cursor->second);
    }
    fmt::print(stderr, "\n");
  }
  return kExitOk;
}

}  // namespace

void AddExportCommand(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("export", "Download a dataset from a server, as a stream");
  auto options = std::make_shared<ExportCommand>();
  auto values = std::make_shared<std::map<std::string, std::string>>();
  auto people = std::make_shared<std::map<std::string, std::vector<std::string>>>();
  auto flags = std::make_shared<std::map<std::string, bool>>();
  command->add_option("--server", options->server, "The server's address")->required()->type_name("URL");
  command->add_option("--key", options->key, "A key that may export")->required()->type_name("K")->envname("SHEAF_KEY");
  command->add_option("--study", options->study, "The study's id")->required()->type_name("S");
  command->add_option("--dataset", options->dataset, "The dataset's id")->required()->type_name("D");
  command->add_option("-o,--output", options->output, "Where to; - is standard output")->type_name("FILE")->default_str("-");
  const auto pass = [command, values](const char* name, const char* help, const char* type) {
    command->add_option(std::string("--") + name, (*values)[name], help)->type_name(type);
  };
  pass("format", "csv, json, ndjson or parquet (default csv)", "F");
  pass("columns", "Which columns, in which order: participant,time,x,y", "LIST");
  pass("filter", "Which records, as JSON: {\"field\":\"age\",\"op\":\">=\",\"value\":18}", "JSON");
  pass("sort", "Order: time or -time; several with commas", "LIST");
  pass("since", "Only what came after this cursor, or at or after this time", "CURSOR|TIME");
  pass("until", "Only what came up to this cursor, or before this time", "CURSOR|TIME");
  pass("profile", "CSV for whom: rfc4180, excel or excel-eu", "P");
  pass("timezone", "Times in this zone, for example Europe/Berlin", "ZONE");
  pass("header", "names or labels", "H");
  pass("values", "ids, codes or labels", "V");
  pass("sets", "joined, split or both", "S");
  pass("missing", "How missing answers are written: skipped=-99,absent=-98", "M");
  pass("consented-only", "true: only of participants who consent; by default as the study's settings say", "true|false");
  pass("consent-purpose", "To what they consent; by default what the study's settings say", "P");
  pass("identifiers", "keep, remove (codes for ids, no direct identifiers) or aggregate", "M");
  pass("generalise", "Coarser values, as JSON: {\"age\":{\"band\":10,\"top\":80},\"born\":{\"to\":\"year\"}}", "JSON");
  pass("location-decimals", "Latitudes and longitudes with so many decimals", "N");
  pass("require-k", "Only if so many participants share each combination of quasi-identifiers", "K");
  pass("on-risk", "What to do about rarer combinations: fail or suppress", "R");
  pass("group-by", "With identifiers aggregate: for each value of these", "LIST");
  command->add_flag("--payloads", (*flags)["payloads"], "With identifiers remove: JSON of donations and recordings, too");
  command->add_flag("--shift-dates", (*flags)["shift_dates"], "Move each participant's times some days back");
  command->add_option("--participant", (*people)["participant"], "Only of this participant; may be repeated")->type_name("P");
  command->add_option("--session", (*people)["session"], "Only of this session; may be repeated")->type_name("S");
  command->add_flag("--tombstones", (*flags)["tombstones"], "json and ndjson: what was deleted since, too");
  command->footer(
      "Examples:\n"
      "  sheaf export --server http://127.0.0.1:8080 --key $KEY --study bfi --dataset answers --format csv -o answers.csv\n"
      "  sheaf export --server http://127.0.0.1:8080 --key $KEY --study walk --dataset acc --format parquet \\\n"
      "    --participant p07 --since 2026-01-01 --until 2026-02-01 -o january.parquet");
  command->callback([options, values, people, flags, &run] {
    if (options->output.empty()) options->output = "-";
    for (const auto& [name, value] : *values) {
      std::string parameter = name;
      std::replace(parameter.begin(), parameter.end(), '-', '_');
      if (!value.empty()) options->parameters.emplace_back(parameter, value);
    }
    for (const auto& [name, list] : *people) {
      for (const auto& value : list) options->parameters.emplace_back(name, value);
    }
    for (const auto& [name, set] : *flags) {
      if (set) options->parameters.emplace_back(name, "true");
    }
    run = [options] { return RunExport(*options); };
  });
}

}  // namespace sheaf::cli
