#include "demo/demo.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <memory>
#include <string>

#include "access/access.h"
#include "base/ids.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"
#include "cli/site_key_file.h"
#include "files/files.h"
#include "vault/vault.h"

namespace sheaf::cli {
namespace {

struct DemoOptions {
  std::string data;
  std::string user;
  std::string key_file;
  std::uint64_t rows = 100000;
  std::uint64_t seed = 1;
};

constexpr const char* kDemoEmail = "demo@example.org";

//! Who owns the studies: the account asked for, else the first administrator, else the first account, else one that is
//! made for it and that nobody can sign in to.
Result<catalog::Account> FindOwner(catalog::Catalog& catalog, const std::string& email) {
  if (!email.empty()) return catalog.FindAccountByEmail(email);
  SHEAF_ASSIGN(auto accounts, catalog.Accounts());
  const auto admin = std::find_if(accounts.begin(), accounts.end(), [](const catalog::Account& account) { return account.admin; });
  if (admin != accounts.end()) return *admin;
  if (!accounts.empty()) return accounts.front();
  SHEAF_ASSIGN(const std::string hash, access::HashPassword(RandomToken(32)));
  fmt::print("There was no account, so the studies belong to a new one, {}.\n", kDemoEmail);
  return catalog.AddAccount(kDemoEmail, "Demo", false, hash);
}

Result<demo::Summary> FillDirectory(const DemoOptions& options) {
  SHEAF_ASSIGN(DataDirectory directory, DataDirectory::Open(options.data, DataDirectory::Missing::kCreate));
  SHEAF_TRY(directory.Lock());
  SHEAF_ASSIGN(const std::shared_ptr<catalog::Catalog> catalog, catalog::OpenCatalog(directory.CatalogPath()));
  SHEAF_ASSIGN(const catalog::Account owner, FindOwner(*catalog, options.user));
  SHEAF_ASSIGN(const auto site_key, LoadSiteKey(directory, options.key_file, *catalog, secrets::SiteKey::Missing::kCreate));
  files::FilesOptions file_options;
  file_options.catalog = catalog;
  SHEAF_ASSIGN(file_options.keys, secrets::KeyRing::Open(catalog, site_key));
  SHEAF_ASSIGN(file_options.blobs, blobs::OpenDirectoryBlobs(directory.BlobsPath()));
  files::Files files(std::move(file_options));
  vault::VaultOptions vault_options;
  vault_options.directory = directory.StudiesPath();
  vault_options.temporary = directory.TemporaryPath();
  SHEAF_ASSIGN(const auto vault, vault::OpenDuckDbVault(vault_options));
  auto filled = demo::Fill(*vault, *catalog, files, demo::Options{owner.id, options.seed, options.rows});
  SHEAF_TRY(vault->Close());
  return filled;
}

int RunDemo(const DemoOptions& options) {
  const auto filled = FillDirectory(options);
  if (!filled) return ReportFailure(filled.error());
  for (const demo::DatasetSummary& dataset : filled->datasets) {
    fmt::print("{:>12} rows  {} / {}\n", dataset.rows, dataset.study, dataset.dataset);
  }
  fmt::print("{:>12} rows of {} participants in {} sessions, {} files.\n", filled->rows, filled->participants, filled->sessions,
             filled->files);
  return kExitOk;
}

}  // namespace

void AddDemoCommand(CLI::App& app, Run& run) {
  CLI::App* demo = app.add_subcommand("demo", "Fill a data directory with synthetic studies to try things with");
  auto options = std::make_shared<DemoOptions>();
  demo->add_option("--data", options->data, "The data directory; made when it is missing")->required()->type_name("DIR");
  demo->add_option("--rows", options->rows, "About how many rows the largest dataset gets")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000'000}))
      ->capture_default_str();
  demo->add_option("--seed", options->seed, "The same seed gives the same studies")->type_name("N")->capture_default_str();
  demo->add_option("--user", options->user, "E-mail address of the account that gets them; the first administrator when left out")
      ->type_name("E");
  demo->add_option("--key-file", options->key_file, "What files are encrypted with; DIR.key unless given, made when it is missing")
      ->type_name("FILE");
  demo->footer(
      "A survey, an experiment with rooms and all seven record types, a sensor study and a donation project. No server may\n"
      "have the directory open.\n"
      "Example:\n"
      "  sheaf demo --data ./data --rows 1000000");
  demo->callback([options, &run] { run = [options] { return RunDemo(*options); }; });
}

}  // namespace sheaf::cli
