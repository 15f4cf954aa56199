#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>

#include "cli/commands.h"
#include "cli/import_client.h"
#include "cli/import_ddm.h"
#include "cli/import_hyperstudy.h"
#include "cli/import_plan.h"
#include "cli/import_record.h"
#include "cli/progress_bar.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

struct ImportCommand {
  std::string server, key, study, dataset, from;
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
  Importer(const ImportCommand& command, HttpClient client) : command_(command), client_(std::move(client), command.study) {}

  Status Run() {
    SHEAF_ASSIGN(files_, FindImportFiles(command_.paths));
    for (const auto& file : files_) total_bytes_ += file.bytes;
    SHEAF_TRY(Observe());
    SHEAF_ASSIGN(const auto existing, client_.FetchDataset(command_.dataset));
    const auto kind = model::DatasetKindFrom(command_.kind);
    if (!kind) return Fail(ErrorCode::kUsage, fmt::format("there is no kind of dataset \"{}\"", command_.kind));
    SHEAF_ASSIGN(plan_, MakeImportPlan(observed_, command_.columns, existing, command_.dataset, *kind));
    for (const auto& note : plan_.notes) fmt::print("  {}\n", note);
    if (command_.dry_run) return {};
    SHEAF_TRY(client_.EnsureStudy());
    if (plan_.changes_definition) SHEAF_TRY(client_.PutDataset(plan_.dataset));
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

  Status SendBatch() {
    if (sources_.empty()) return {};
    SHEAF_ASSIGN(const auto outcome, client_.PostRecords(command_.dataset, std::move(body_), batch_++));
    tally_.accepted += outcome.accepted;
    for (const auto& rejected : outcome.rejected) {
      if (rejected.line == 0 || rejected.line > sources_.size()) continue;
      const auto& [file, source_line] = sources_[rejected.line - 1];
      tally_.rejected.push_back(fmt::format("{}:{}: {}", file->path, source_line, rejected.reason));
    }
    if (outcome.unlisted > 0) tally_.rejected.push_back(fmt::format("and {} more in the same part", outcome.unlisted));
    body_.clear();
    sources_.clear();
    return {};
  }

  const ImportCommand& command_;
  ImportClient client_;
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
  if (command.from == "hyperstudy") {
    ImportClient import_client(std::move(*client), command.study);
    return ImportHyperStudy(import_client, command.paths, command.dry_run);
  }
  if (command.from == "ddm") {
    const Status imported = ImportDdm({command.server, command.key, command.study, command.paths});
    return imported ? kExitOk : ReportFailure(imported.error());
  }
  if (!command.from.empty()) return ReportUsage("--from is hyperstudy or ddm.");
  if (command.dataset.empty()) return ReportUsage("--dataset is required.");
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
  command->add_option("--dataset", options->dataset, "The dataset's id; not with --from")->type_name("D");
  command
      ->add_option("--from", options->from,
                   "Files as another system exports them: hyperstudy (JSON by type, or a ZIP of it) or ddm (overview and responses as CSV, "
                   "ZIPs of donations)")
      ->type_name("SYSTEM");
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
      "  sheaf import --server http://127.0.0.1:8080 --key $KEY --study walk --dataset acc --kind sensor days/\n"
      "  sheaf import --server http://127.0.0.1:8080 --key $KEY --study couples --from hyperstudy export.zip");
  command->callback([options, &run] { run = [options] { return RunImport(*options); }; });
}

}  // namespace sheaf::cli
