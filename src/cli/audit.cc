#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "access/audit_chain.h"
#include "api/audit_text.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"
#include "cli/site_key_file.h"

namespace sheaf::cli {
namespace {

struct AuditOptions {
  std::string data;
  std::string key_file;
  std::string study;
  std::string format = "ndjson";
};

Result<DataDirectory> OpenExisting(const std::string& data) {
  SHEAF_ASSIGN(DataDirectory directory, DataDirectory::Open(data, DataDirectory::Missing::kRefuse));
  std::error_code ignored;
  if (!std::filesystem::exists(directory.CatalogPath(), ignored)) {
    return Fail(ErrorCode::kUsage, directory.Path() + " is no data directory: it has no catalog.sqlite.");
  }
  return directory;
}

Result<access::AuditReport> Verify(const AuditOptions& options) {
  SHEAF_ASSIGN(const DataDirectory directory, OpenExisting(options.data));
  SHEAF_ASSIGN(const auto catalog, catalog::OpenCatalog(directory.CatalogPath()));
  SHEAF_ASSIGN(const auto key, LoadSiteKey(directory, options.key_file, *catalog, secrets::SiteKey::Missing::kFail));
  return access::VerifyAudit(catalog->Audit(), *key, directory.AuditHeadPath());
}

int RunVerify(const AuditOptions& options) {
  const auto report = Verify(options);
  if (!report) return ReportFailure(report.error());
  for (const access::AuditFinding& finding : report->findings) {
    if (finding.seq > 0) fmt::print("entry {}: {}\n", finding.seq, finding.sentence);
    else fmt::print("audit: {}\n", finding.sentence);
  }
  const std::string redacted = report->redacted > 0 ? fmt::format(" {} details were erased, as entries say.", report->redacted) : "";
  if (report->findings.empty()) fmt::print("{} entries, each following from the one before.{}\n", report->entries, redacted);
  else
    fmt::print("{} entries.{} {} found.\n", report->entries, redacted,
               report->findings.size() == 1 ? "1 fault" : fmt::format("{} faults", report->findings.size()));
  return report->findings.empty() ? kExitOk : kExitFailed;
}

Status Export(const AuditOptions& options, api::AuditFormat format) {
  SHEAF_ASSIGN(const DataDirectory directory, OpenExisting(options.data));
  SHEAF_ASSIGN(const auto catalog, catalog::OpenCatalog(directory.CatalogPath()));
  catalog::AuditFilter filter;
  filter.study = options.study;
  SHEAF_TRY(api::WriteAudit(catalog->Audit(), filter, format, [](std::string_view bytes) -> Status {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return {};
    return Fail(ErrorCode::kIo, "The output cannot be written.");
  }));
  if (std::fflush(stdout) != 0) return Fail(ErrorCode::kIo, "The output cannot be written.");
  return {};
}

int RunExport(const AuditOptions& options) {
  const auto format = api::AuditFormatFrom(options.format);
  if (!format) return ReportUsage("--format is csv or ndjson.");
  const Status exported = Export(options, *format);
  return exported ? kExitOk : ReportFailure(exported.error());
}

}  // namespace

void AddAuditCommand(CLI::App& app, Run& run) {
  CLI::App* audit = app.add_subcommand("audit", "Who did what: verify, export");
  audit->require_subcommand(1);
  audit->footer("Examples:\n  sheaf audit verify --data ./data\n  sheaf audit export --data ./data --format csv > audit.csv");
  auto options = std::make_shared<AuditOptions>();

  CLI::App* verify = audit->add_subcommand("verify", "Find entries that were changed, moved or taken out");
  verify->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  verify->add_option("--key-file", options->key_file, "What the head of the audit is sealed with; DIR.key unless given")->type_name("FILE");
  verify->footer(
      "Changes nothing, and works while a server runs. Exit code 0: whole; 1: something is wrong, and where.\n"
      "Example:\n"
      "  sheaf audit verify --data ./data");
  verify->callback([options, &run] { run = [options] { return RunVerify(*options); }; });

  CLI::App* exported = audit->add_subcommand("export", "Write all entries to standard output");
  exported->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  exported->add_option("--study", options->study, "Only the entries of this study")->type_name("ID");
  exported->add_option("--format", options->format, "csv or ndjson")->type_name("F")->capture_default_str();
  exported->footer("Example:\n  sheaf audit export --data ./data --format csv > audit.csv");
  exported->callback([options, &run] { run = [options] { return RunExport(*options); }; });
}

}  // namespace sheaf::cli
