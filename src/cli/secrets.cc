#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <memory>
#include <string>

#include "access/audit_chain.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"
#include "cli/site_key_file.h"
#include "secrets/key_ring.h"

namespace sheaf::cli {
namespace {

using secrets::SiteKey;

struct SecretsOptions {
  std::string data;
  std::string key_file;
  std::string new_key_file;
};

//! A data directory that is one; opening a catalog where there is none would make one.
Result<DataDirectory> OpenExisting(const std::string& data) {
  SHEAF_ASSIGN(DataDirectory directory, DataDirectory::Open(data, DataDirectory::Missing::kRefuse));
  std::error_code ignored;
  if (!std::filesystem::exists(directory.CatalogPath(), ignored)) {
    return Fail(ErrorCode::kUsage, directory.Path() + " is no data directory: it has no catalog.sqlite.");
  }
  return directory;
}

//! The audit's head lies beside the catalog. One that `from` has not sealed stays as it is.
Status ResealHead(const DataDirectory& directory, const SiteKey& from, const SiteKey& to) {
  const auto head = access::ReadHeadFile(directory.AuditHeadPath(), from);
  if (!head || !*head) return {};
  return access::WriteHeadFile(directory.AuditHeadPath(), to, **head);
}

struct Rotated {
  std::uint64_t secrets = 0;
  bool before = false;  //!< an earlier run had done it
  std::string fingerprint;
};

//! The new key is safe on the disk before anything is sealed with it; what is sealed changes in one transaction. So whatever
//! breaks in between, one of the two files opens everything, and a repetition finishes.
Result<Rotated> Rotate(const SecretsOptions& options) {
  SHEAF_ASSIGN(DataDirectory directory, OpenExisting(options.data));
  SHEAF_TRY(directory.Lock());
  SHEAF_ASSIGN(const auto catalog, catalog::OpenCatalog(directory.CatalogPath()));
  SHEAF_ASSIGN(const std::string new_path, KeyFilePath(directory, options.new_key_file));
  SHEAF_ASSIGN(const std::string kept, catalog->Secrets().SiteFingerprint());
  const auto there = SiteKey::Load(new_path, SiteKey::Missing::kFail);
  if (!there && there.error().code != ErrorCode::kNotFound) return Fail(there.error());
  if (there && (*there)->Fingerprint() == kept) {
    // An earlier run may have ended before it came to the audit's head.
    const std::string old_path = options.key_file.empty() ? secrets::DefaultKeyFile(directory.Path()) : options.key_file;
    if (const auto before = SiteKey::Load(old_path, SiteKey::Missing::kFail)) SHEAF_TRY(ResealHead(directory, **before, **there));
    return Rotated{0, true, kept};
  }
  SHEAF_ASSIGN(const auto old_key, LoadSiteKey(directory, options.key_file, *catalog, SiteKey::Missing::kFail));
  SHEAF_TRY(catalog->Secrets().ClaimSite(old_key->Fingerprint()));
  SHEAF_ASSIGN(const auto new_key, SiteKey::Load(new_path, SiteKey::Missing::kCreate));
  SHEAF_ASSIGN(const std::uint64_t resealed, secrets::RotateSiteKey(*catalog, *old_key, *new_key));
  SHEAF_TRY(ResealHead(directory, *old_key, *new_key));
  return Rotated{resealed, false, new_key->Fingerprint()};
}

int RunRotate(const SecretsOptions& options) {
  const auto rotated = Rotate(options);
  if (!rotated) return ReportFailure(rotated.error());
  if (rotated->before) fmt::print("Nothing to do: all secrets are sealed with this key already ({}).\n", rotated->fingerprint);
  else fmt::print("{} secrets are sealed with the new key now, whose fingerprint is {}.\n", rotated->secrets, rotated->fingerprint);
  fmt::print("Start the server with --key-file {}, and back this file up. Older backups of the data need the old one.\n",
             options.new_key_file);
  return kExitOk;
}

int RunShow(const SecretsOptions& options) {
  auto directory = OpenExisting(options.data);
  if (!directory) return ReportFailure(directory.error());
  const auto catalog = catalog::OpenCatalog(directory->CatalogPath());
  if (!catalog) return ReportFailure(catalog.error());
  const auto needed = (*catalog)->Secrets().SiteFingerprint();
  if (!needed) return ReportFailure(needed.error());
  const auto path = KeyFilePath(*directory, options.key_file);
  if (!path) return ReportFailure(path.error());
  fmt::print("data      {}\n", needed->empty() ? "nothing is sealed yet" : *needed);
  const auto key = SiteKey::Load(*path, SiteKey::Missing::kFail);
  if (!key) {
    fmt::print("key file  {}\n", key.error().detail);
    return kExitFailed;
  }
  fmt::print("key file  {}  {}\n", (*key)->Fingerprint(), *path);
  return needed->empty() || *needed == (*key)->Fingerprint() ? kExitOk : kExitFailed;
}

}  // namespace

void AddSecretsCommand(CLI::App& app, Run& run) {
  CLI::App* secrets = app.add_subcommand("secrets", "The key file that wraps all other keys: show, rotate");
  secrets->require_subcommand(1);
  secrets->footer("Examples:\n  sheaf secrets show --data ./data\n  sheaf secrets rotate --help");
  auto options = std::make_shared<SecretsOptions>();

  CLI::App* show = secrets->add_subcommand("show", "Print the fingerprints of the key file and of the one the data need");
  show->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  show->add_option("--key-file", options->key_file, "The key file; DIR.key unless given")->type_name("FILE");
  show->footer("Exit code 0 when they are the same.\nExample:\n  sheaf secrets show --data ./data");
  show->callback([options, &run] { run = [options] { return RunShow(*options); }; });

  CLI::App* rotate = secrets->add_subcommand("rotate", "Seal everything with a new key file");
  rotate->add_option("--data", options->data, "The data directory; no server may have it open")->required()->type_name("DIR");
  rotate->add_option("--key-file", options->key_file, "The present key file; DIR.key unless given")->type_name("FILE");
  rotate->add_option("--new-key-file", options->new_key_file, "The new one; made when it is missing")->required()->type_name("FILE");
  rotate->footer(
      "All of it changes in one transaction. What a passphrase locks stays as it is. Can be repeated when it was interrupted.\n"
      "Example:\n"
      "  sheaf secrets rotate --data ./data --new-key-file ./data-2.key");
  rotate->callback([options, &run] { run = [options] { return RunRotate(*options); }; });
}

}  // namespace sheaf::cli
