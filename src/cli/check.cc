#include <fmt/core.h>
#include <sodium.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"
#include "vault/vault.h"

namespace sheaf::cli {
namespace {

constexpr std::uint64_t kPage = 500;

//! Gathers what is wrong, store by store, and says it as it is found.
class Findings {
 public:
  void Add(std::string_view store, std::string_view sentence) {
    fmt::print("{}: {}\n", store, sentence);
    std::fflush(stdout);
    ++count_;
  }
  void AddAll(std::string_view store, const Result<std::vector<std::string>>& sentences) {
    if (!sentences) return Add(store, sentences.error().detail);
    for (const std::string& sentence : *sentences) Add(store, sentence);
  }
  std::size_t Count() const { return count_; }

 private:
  std::size_t count_ = 0;
};

Result<std::vector<model::Study>> AllStudies(catalog::Catalog& catalog) {
  std::vector<model::Study> all;
  while (true) {
    SHEAF_ASSIGN(auto page, catalog.Studies("", "", all.empty() ? "" : all.back().id, kPage));
    all.insert(all.end(), page.begin(), page.end());
    if (page.size() < kPage) return all;
  }
}

//! Newest first. Where a page goes on is lost when a server removes that very job: then the list starts anew.
Result<std::vector<catalog::ExportJob>> AllExports(catalog::Catalog& catalog) {
  std::vector<catalog::ExportJob> all;
  while (true) {
    auto page = catalog.Exports("", "", all.empty() ? "" : all.back().id, kPage);
    if (!page && page.error().code == ErrorCode::kBadCursor) {
      all.clear();
      continue;
    }
    if (!page) return page;
    all.insert(all.end(), page->begin(), page->end());
    if (page->size() < kPage) return all;
  }
}

Result<std::string> Sha256Of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kIo, "cannot be opened");
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::vector<char> buffer(1u << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(buffer.data()),
                              static_cast<unsigned long long>(file.gcount()));
  }
  if (file.bad()) return Fail(ErrorCode::kIo, "cannot be read");
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256_final(&state, digest.data());
  std::string hex(2 * digest.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  hex.pop_back();
  return hex;
}

void CheckFile(blobs::Blobs& blobs, const catalog::ExportJob& job, Findings& findings) {
  const auto located = blobs.Locate(job.blob);
  if (!located) return findings.Add("exports", fmt::format("The file of {} is missing ({}).", job.id, job.blob));
  if (located->size != job.file_size) {
    return findings.Add("exports",
                        fmt::format("The file of {} has {} bytes instead of {} ({}).", job.id, located->size, job.file_size, job.blob));
  }
  const auto sha256 = Sha256Of(located->path);
  if (!sha256) return findings.Add("exports", fmt::format("The file of {} {} ({}).", job.id, sha256.error().detail, job.blob));
  if (*sha256 != job.sha256)
    findings.Add("exports", fmt::format("The file of {} has another SHA-256 than when it was written ({}).", job.id, job.blob));
}

//! Finished exports against their files, both ways. While a server runs, a file may appear or go between the two
//! looks: what only the second look can settle is looked at again in the catalog.
void CheckExports(catalog::Catalog& catalog, blobs::Blobs& blobs, Findings& findings) {
  const auto files = blobs.List("");
  if (!files) return findings.Add("exports", files.error().detail);
  const auto jobs = AllExports(catalog);
  if (!jobs) return findings.Add("exports", jobs.error().detail);
  std::set<std::string, std::less<>> wanted;
  for (const catalog::ExportJob& job : *jobs) {
    if (job.state != catalog::ExportState::kSucceeded || job.blob.empty()) continue;
    const auto still = catalog.FindExport(job.id);
    if (wanted.insert(job.blob).second && still && still->state == catalog::ExportState::kSucceeded) CheckFile(blobs, job, findings);
  }
  const bool running =
      std::any_of(jobs->begin(), jobs->end(), [](const catalog::ExportJob& job) { return job.state == catalog::ExportState::kExecuting; });
  for (const std::string& file : *files) {
    if (!running && wanted.count(file) == 0) findings.Add("exports", fmt::format("The file {} belongs to no export.", file));
  }
}

void CheckRecords(const DataDirectory& directory, const std::vector<model::Study>& studies, Findings& findings) {
  vault::VaultOptions options;
  options.directory = directory.StudiesPath();
  options.temporary = directory.TemporaryPath();
  auto vault = vault::OpenDuckDbVault(options);
  if (!vault) return findings.Add("studies", vault.error().detail);
  const std::vector<std::string> kept = (*vault)->Studies();
  std::set<std::string, std::less<>> namespaces(kept.begin(), kept.end());
  for (const model::Study& study : studies) {
    if (namespaces.erase(study.id) == 0) {
      findings.Add("study " + study.id, "The catalog names it, but its records are not there.");
      continue;
    }
    findings.AddAll("study " + study.id, (*vault)->CheckStudy(study.id));
  }
  for (const std::string& orphan : namespaces)
    findings.Add("study " + orphan, "There are records of it, but the catalog does not name it.");
  if (const Status closed = (*vault)->Close(); !closed) findings.Add("studies", closed.error().detail);
}

int RunCheck(const std::string& data) {
  auto directory = DataDirectory::Open(data, DataDirectory::Missing::kRefuse);
  if (!directory) return ReportFailure(directory.error());
  std::error_code ignored;
  if (!std::filesystem::exists(directory->CatalogPath(), ignored)) {
    return ReportUsage(directory->Path() + " is no data directory: it has no catalog.sqlite.");
  }
  const Status locked = directory->Lock();
  Findings findings;
  const auto catalog = catalog::OpenCatalog(directory->CatalogPath());
  if (!catalog) return ReportFailure(catalog.error());
  findings.AddAll("catalog", (*catalog)->Check());
  const auto blobs = blobs::OpenDirectoryBlobs(directory->BlobsPath());
  if (!blobs) findings.Add("exports", blobs.error().detail);
  else CheckExports(**catalog, **blobs, findings);
  const auto studies = AllStudies(**catalog);
  if (!studies) findings.Add("catalog", studies.error().detail);
  if (!locked) fmt::print("studies: not checked: {} Stop the server to check them.\n", locked.error().detail);
  else if (studies) CheckRecords(*directory, *studies, findings);

  if (findings.Count() != 0) {
    fmt::print("{} found.\n", findings.Count() == 1 ? "1 fault" : std::to_string(findings.Count()) + " faults");
    return kExitFailed;
  }
  if (locked) fmt::print("No fault found in the catalog, the exports and {} studies.\n", studies->size());
  else fmt::print("No fault found in the catalog and the exports.\n");
  return kExitOk;
}

}  // namespace

void AddCheckCommand(CLI::App& app, Run& run) {
  CLI::App* check = app.add_subcommand("check", "Verify every store of a data directory and say what is wrong");
  auto data = std::make_shared<std::string>();
  check->add_option("--data", *data, "The data directory")->required()->type_name("DIR");
  check->footer(
      "Changes nothing. While a server has the directory open, the records of studies are in use and only the catalog and the\n"
      "finished exports are checked. Exit code 0: sound; 1: something is wrong.\n"
      "Example:\n"
      "  sheaf check --data ./data");
  check->callback([data, &run] { run = [data] { return RunCheck(*data); }; });
}

}  // namespace sheaf::cli
