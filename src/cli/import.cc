#include <fmt/format.h>
#include <sodium.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>

#include "cli/commands.h"
#include "cli/http_client.h"
#include "cli/import_plan.h"
#include "cli/import_record.h"
#include "cli/progress_bar.h"
#include "cli/report.h"
#include "model/definition_json.h"

namespace sheaf::cli {
namespace {

// One request's worth: big enough to be quick, small enough to be repeated when a connection breaks.
constexpr std::size_t kRequestBytes = 4u << 20;
constexpr std::size_t kRequestRows = 20'000;
constexpr int kTries = 6;

struct ImportCommand {
  std::string server, key, study, dataset;
  std::string kind = "custom";
  ColumnChoices columns;
  std::vector<std::string> paths;
  bool dry_run = false;
};

struct Tally {
  std::uint64_t accepted = 0;
  std::vector<std::string> rejected;  //!< "answers.csv:17: age: …"
};

class Importer {
 public:
  Importer(const ImportCommand& command, HttpClient client) : command_(command), client_(std::move(client)) {
    base_ = "/api/v1/studies/" + QueryEscape(command.study);
  }

  Status Run() {
    SHEAF_ASSIGN(files_, FindImportFiles(command_.paths));
    for (const auto& file : files_) total_bytes_ += file.bytes;
    SHEAF_TRY(Observe());
    SHEAF_ASSIGN(const auto existing, FetchDataset());
    const auto kind = model::DatasetKindFrom(command_.kind);
    if (!kind) return Fail(ErrorCode::kUsage, fmt::format("there is no kind of dataset \"{}\"", command_.kind));
    SHEAF_ASSIGN(plan_, MakeImportPlan(observed_, command_.columns, existing, command_.dataset, *kind));
    for (const auto& note : plan_.notes) fmt::print("  {}\n", note);
    if (command_.dry_run) return {};
    SHEAF_TRY(PrepareServer());
    return Upload();
  }
  const Tally& GetTally() const { return tally_; }
  std::uint64_t Rows() const { return observed_.rows; }

 private:
  Status EachRow(const char* label, const std::function<Status(const ImportFile&, const ImportRow&)>& visit) {
    ProgressBar bar(label, total_bytes_);
    std::uint64_t before = 0;
    for (const auto& file : files_) {
      SHEAF_TRY(ReadRows(
          file, observed_.names, [&](const ImportRow& row) { return visit(file, row); },
          [&](std::uint64_t bytes) { bar.Update(before + bytes, CountText(tally_.accepted) + " records"); }));
      before += file.bytes;
    }
    return {};
  }

  Status Observe() {
    return EachRow("reading", [this](const ImportFile&, const ImportRow& row) -> Status {
      ++observed_.rows;
      observed_.records = observed_.records || !row.record.empty();
      observed_.columns.resize(observed_.names.Names().size());
      for (const auto& cell : row.cells) {
        auto& column = observed_.columns[cell.column];
        if (cell.form == CellForm::kJson) column.ObserveJson(cell.text, row.line);
        else column.ObserveText(cell.text, row.line);
      }
      return {};
    });
  }

  Result<HttpReply> Send(HttpRequest request) {
    for (int attempt = 1;; ++attempt) {
      auto reply = client_.Send(request);
      const bool busy = reply && (reply->status == 503 || reply->status == 429);
      const bool silent = !reply && reply.error().code == ErrorCode::kUnavailable;
      if ((!busy && !silent) || attempt == kTries) return reply;
      const int wait = busy ? std::max(1, ErrorOf(*reply).retry_after_s) : 1 << attempt;
      std::this_thread::sleep_for(std::chrono::seconds(std::min(wait, 30)));
    }
  }

  Result<std::optional<model::Dataset>> FetchDataset() {
    HttpRequest request;
    request.path = base_ + "/datasets/" + QueryEscape(command_.dataset);
    SHEAF_ASSIGN(const auto reply, Send(request));
    if (reply.status == 404) return std::optional<model::Dataset>();
    if (reply.status != 200) return Fail(ErrorOf(reply));
    SHEAF_ASSIGN(auto dataset, model::ParseDataset(reply.body, command_.dataset));
    return std::optional(std::move(dataset));
  }

  Status PrepareServer() {
    HttpRequest study;
    study.path = base_;
    SHEAF_ASSIGN(const auto found, Send(study));
    if (found.status == 404) {
      study.method = "POST";
      study.path = "/api/v1/studies";
      study.content_type = "application/json";
      study.body = boost::json::serialize(boost::json::object{{"id", command_.study}, {"name", command_.study}});
      SHEAF_ASSIGN(const auto created, Send(study));
      if (created.status != 201) return Fail(ErrorOf(created));
      fmt::print("study {} created\n", command_.study);
    } else if (found.status != 200) {
      return Fail(ErrorOf(found));
    }
    if (!plan_.changes_definition) return {};
    HttpRequest definition;
    definition.method = "PUT";
    definition.path = base_ + "/datasets/" + QueryEscape(command_.dataset);
    definition.content_type = "application/json";
    definition.body = model::DatasetJson(plan_.dataset);
    SHEAF_ASSIGN(const auto put, Send(definition));
    if (put.status != 200 && put.status != 201) return Fail(ErrorOf(put));
    fmt::print("dataset {} {}\n", command_.dataset, put.status == 201 ? "created" : "has new fields");
    return {};
  }

  Status Upload() {
    RecordWriter writer(plan_);
    SHEAF_TRY(EachRow("importing", [&](const ImportFile& file, const ImportRow& row) -> Status {
      if (!row.fault.empty()) {
        tally_.rejected.push_back(fmt::format("{}:{}: {}", file.path, row.line, row.fault));
        return {};
      }
      sources_.emplace_back(&file, row.line);
      writer.Append(row, body_);
      return body_.size() >= kRequestBytes || sources_.size() >= kRequestRows ? SendBatch() : Status();
    }));
    return SendBatch();
  }

  //! The same part of the same files gets the same key: an import that broke off can be run again and adds only what
  //! is missing.
  std::string BatchKey() {
    unsigned char hash[16];
    const std::string salt = fmt::format("{}\n{}\n{}", command_.study, command_.dataset, batch_++);
    crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(body_.data()), body_.size(),
                       reinterpret_cast<const unsigned char*>(salt.data()),
                       std::min<std::size_t>(salt.size(), crypto_generichash_KEYBYTES_MAX));
    std::string key = fmt::format("import-{}-", batch_);
    for (const unsigned char byte : hash) key += fmt::format("{:02x}", byte);
    return key;
  }

  Status SendBatch() {
    if (sources_.empty()) return {};
    HttpRequest request;
    request.method = "POST";
    request.path = base_ + "/datasets/" + QueryEscape(command_.dataset) + "/records?on_error=skip";
    request.content_type = "application/x-ndjson";
    request.headers.push_back("Idempotency-Key: " + BatchKey());
    request.body = std::move(body_);
    SHEAF_ASSIGN(const auto reply, Send(std::move(request)));
    if (reply.status != 200) return Fail(ErrorOf(reply));
    SHEAF_TRY(Note(reply.body));
    body_.clear();
    sources_.clear();
    return {};
  }

  Status Note(const std::string& answer) {
    boost::system::error_code broken;
    const auto value = boost::json::parse(answer, broken);
    if (broken || !value.is_object()) return Fail(ErrorCode::kInternal, "the server's answer is not understood");
    const auto& object = value.as_object();
    if (const auto* accepted = object.if_contains("accepted")) tally_.accepted += accepted->to_number<std::uint64_t>(broken);
    const auto* rejected = object.if_contains("rejected");
    if (rejected == nullptr || !rejected->is_array()) return {};
    for (const auto& entry : rejected->as_array()) {
      const auto& fault = entry.as_object();
      const auto line = fault.at("line").to_number<std::uint64_t>(broken);
      if (line == 0 || line > sources_.size()) continue;
      const auto& [file, source_line] = sources_[line - 1];
      const auto* field = fault.if_contains("field");
      const std::string name =
          field != nullptr && field->is_string() && !field->as_string().empty() ? std::string(field->as_string()) + ": " : "";
      tally_.rejected.push_back(fmt::format("{}:{}: {}{}", file->path, source_line, name, std::string_view(fault.at("error").as_string())));
    }
    const auto* total = object.if_contains("rejected_total");
    const auto listed = rejected->as_array().size();
    if (total != nullptr && total->to_number<std::uint64_t>(broken) > listed) {
      tally_.rejected.push_back(fmt::format("and {} more in the same part", total->to_number<std::uint64_t>(broken) - listed));
    }
    return {};
  }

  const ImportCommand& command_;
  HttpClient client_;
  std::string base_;
  std::vector<ImportFile> files_;
  std::uint64_t total_bytes_ = 0;
  Observed observed_;
  ImportPlan plan_;
  Tally tally_;
  std::string body_;
  std::vector<std::pair<const ImportFile*, std::uint64_t>> sources_;  // of the records in body_
  int batch_ = 0;
};

int RunImport(const ImportCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  Importer importer(command, std::move(*client));
  const Micros started = MonotonicNow();
  const auto status = importer.Run();
  const auto& tally = importer.GetTally();
  for (const auto& line : tally.rejected) fmt::print(stderr, "rejected {}\n", line);
  if (!status) {
    if (tally.accepted > 0)
      fmt::print(stderr, "{} records were kept before this; the same command goes on from there\n", CountText(tally.accepted));
    return ReportFailure(status.error());
  }
  if (command.dry_run) return kExitOk;
  const double seconds = static_cast<double>(MonotonicNow() - started) / 1e6;
  fmt::print("{} of {} records kept in {}/{} in {:.1f} s ({} a second), {} rejected\n", CountText(tally.accepted),
             CountText(importer.Rows()), command.study, command.dataset, seconds,
             CountText(static_cast<std::uint64_t>(static_cast<double>(tally.accepted) / std::max(seconds, 0.001))),
             CountText(importer.Rows() - std::min(importer.Rows(), tally.accepted)));
  return tally.rejected.empty() ? kExitOk : kExitFailed;
}

}  // namespace

void AddImportCommand(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("import", "Send files to a server; creates the study and the dataset when they are missing");
  auto options = std::make_shared<ImportCommand>();
  command->add_option("--server", options->server, "The server's address")->required()->type_name("URL");
  command->add_option("--key", options->key, "A key that may write")->required()->type_name("K")->envname("SHEAF_KEY");
  command->add_option("--study", options->study, "The study's id")->required()->type_name("S");
  command->add_option("--dataset", options->dataset, "The dataset's id")->required()->type_name("D");
  command->add_option("--kind", options->kind, "Of a new dataset: survey, sensor, events, custom, …")
      ->type_name("KIND")
      ->capture_default_str();
  command->add_option("--participant-column", options->columns.participant, "Which column says whose record it is (default: participant)")
      ->type_name("C");
  command->add_option("--session-column", options->columns.session, "Which column names the session (default: session)")->type_name("C");
  command->add_option("--time-column", options->columns.time, "Which column holds the time (default: time)")->type_name("C");
  command->add_option("--id-column", options->columns.id, "Which column holds the record's id (default: id)")->type_name("C");
  command->add_flag("--dry-run", options->dry_run, "Only say what would become of the columns");
  command->add_option("FILE", options->paths, "CSV, TSV, NDJSON, JSON or Parquet files, or directories of them")->required();
  command->footer(
      "A type is inferred only where every value comes out again as it went in; else the column stays text.\n"
      "Run again after a broken connection, the same command adds only what is missing. Exit code 1: some rows were rejected.\n"
      "Examples:\n"
      "  sheaf import --server http://127.0.0.1:8080 --key $KEY --study bfi --dataset answers --kind survey \\\n"
      "    --participant-column rownames bfi.csv\n"
      "  sheaf import --server http://127.0.0.1:8080 --key $KEY --study walk --dataset acc --kind sensor days/");
  command->callback([options, &run] { run = [options] { return RunImport(*options); }; });
}

}  // namespace sheaf::cli
