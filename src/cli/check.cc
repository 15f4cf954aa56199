#include <fmt/core.h>
#include <sodium.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "blobs/blobs.h"
#include "blobs/sealed_format.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"
#include "cli/site_key_file.h"
#include "files/files.h"
#include "secrets/key_ring.h"
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

Status HashInto(blobs::BlobReader& file, crypto_hash_sha256_state& state) {
  for (std::uint64_t offset = 0;;) {
    SHEAF_ASSIGN(const std::string bytes, file.ReadAt(offset, file.Size()));
    if (bytes.empty()) return {};
    crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    offset += bytes.size();
  }
}

std::string HexOf(crypto_hash_sha256_state& state);

Result<std::string> Sha256Of(blobs::BlobReader& file) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  SHEAF_TRY(HashInto(file, state));
  return HexOf(state);
}

std::string HexOf(crypto_hash_sha256_state& state) {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256_final(&state, digest.data());
  std::string hex(2 * digest.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), digest.size());
  hex.pop_back();
  return hex;
}

//! What files are checked with. Without the key file, or without the passphrase of a locked study, an encrypted file cannot be
//! read: those are counted.
struct Files {
  blobs::Blobs& blobs;
  secrets::KeyRing* ring = nullptr;
  std::size_t unreadable = 0;
  std::size_t locked = 0;
};

blobs::OpenBox Opener(const Files& files, const std::string& study) {
  return [&files, study](std::string_view key_id, std::string_view box) -> Result<secrets::KeyBytes> {
    if (files.ring == nullptr) return Fail(ErrorCode::kWrongKeyFile, "cannot be opened without the key file");
    SHEAF_ASSIGN(const auto key, files.ring->OpenContent(study, ""));
    if (blobs::KeyId(key.Open()) != key_id) return Fail(ErrorCode::kStorageDamaged, "is encrypted to a key that its study does not have");
    return key.OpenBox(box);
  };
}

void CheckFile(Files& files, const catalog::ExportJob& job, Findings& findings) {
  const auto fault = [&](std::string_view what) {
    findings.Add("exports", fmt::format("The file of {} {} ({}).", job.id, what, job.blob));
  };
  const auto located = files.blobs.Locate(job.blob);
  if (!located) return fault(located.error().code == ErrorCode::kNotFound ? "is missing" : std::string_view(located.error().detail));
  if (located->size != job.file_size) return fault(fmt::format("has {} bytes instead of {}", located->size, job.file_size));
  const auto file = files.blobs.Open(job.blob, Opener(files, job.study));
  if (!file && file.error().code == ErrorCode::kWrongKeyFile) {
    ++files.unreadable;
    return;
  }
  if (!file && file.error().code == ErrorCode::kStudyLocked) {
    ++files.locked;
    return;
  }
  if (!file) return fault(file.error().detail);
  const auto sha256 = Sha256Of(**file);
  if (!sha256) return fault(sha256.error().detail);
  if (*sha256 != job.sha256) fault("has another SHA-256 than when it was written");
}

constexpr std::chrono::seconds kSecondLook{1};

//! Finished exports against their files, both ways. While a server runs, a file may appear or go between the two
//! looks: what only the second look can settle is looked at again in the catalog.
void CheckExports(catalog::Catalog& catalog, Files& blobs, Findings& findings) {
  const auto files = blobs.blobs.List("");
  if (!files) return findings.Add("exports", files.error().detail);
  const auto jobs = AllExports(catalog);
  if (!jobs) return findings.Add("exports", jobs.error().detail);
  std::set<std::string, std::less<>> wanted;
  for (const catalog::ExportJob& job : *jobs) {
    if (job.state != catalog::ExportState::kSucceeded || job.blob.empty()) continue;
    const auto still = catalog.FindExport(job.id);
    if (wanted.insert(job.blob).second && still && still->state == catalog::ExportState::kSucceeded) CheckFile(blobs, job, findings);
  }
  std::vector<std::string> unowned;
  for (const std::string& file : *files) {
    if (file.rfind(files::kBlobFolder, 0) != 0 && wanted.count(file) == 0) unowned.push_back(file);
  }
  if (unowned.empty()) return;
  // A job that runs has published before its row says so; one that was cancelled takes its file back a moment later.
  const bool running =
      std::any_of(jobs->begin(), jobs->end(), [](const catalog::ExportJob& job) { return job.state == catalog::ExportState::kExecuting; });
  if (running) return;
  std::this_thread::sleep_for(kSecondLook);
  for (const std::string& file : unowned) {
    const auto used = catalog.BlobInUse(file, {});
    if (blobs.blobs.Locate(file) && used && !*used) findings.Add("exports", fmt::format("The file {} belongs to no export.", file));
  }
}

//! One file's parts: there, whole, and together what was sent.
void CheckParts(Files& blobs, const catalog::File& file, const std::vector<catalog::FilePart>& parts, Findings& findings) {
  const auto fault = [&](std::string_view what) {
    findings.Add("files", fmt::format("The file {} of study {} {}.", file.id, file.study, what));
  };
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  for (const catalog::FilePart& part : parts) {
    const auto located = blobs.blobs.Locate(part.blob);
    if (!located)
      return fault(located.error().code == ErrorCode::kNotFound ? fmt::format("is missing a part ({})", part.blob)
                                                                : located.error().detail);
    if (located->size != part.size)
      return fault(fmt::format("has a part of {} bytes instead of {} ({})", located->size, part.size, part.blob));
    const auto opened = blobs.blobs.Open(part.blob, Opener(blobs, file.study));
    if (!opened && opened.error().code == ErrorCode::kWrongKeyFile) ++blobs.unreadable;
    else if (!opened && opened.error().code == ErrorCode::kStudyLocked) ++blobs.locked;
    else if (!opened) return fault(opened.error().detail);
    if (!opened) return;
    if (const Status hashed = HashInto(**opened, state); !hashed) return fault(fmt::format("cannot be read: {}", hashed.error().detail));
  }
  if (file.complete && HexOf(state) != file.sha256) fault("has another SHA-256 than when it was received");
}

//! Files of records against their blobs, both ways. A running server may be receiving: then what no file names is no fault.
Status CheckFiles(catalog::Catalog& catalog, Files& blobs, const std::vector<model::Study>& studies, bool serving, Findings& findings) {
  std::set<std::string, std::less<>> known;
  for (const model::Study& study : studies) {
    for (std::string after;;) {
      SHEAF_ASSIGN(const auto files, catalog.Files().Files(study.id, {}, after, kPage));
      for (const catalog::File& file : files) {
        SHEAF_ASSIGN(const auto parts, catalog.Files().Parts(file.study, file.id));
        for (const catalog::FilePart& part : parts) known.insert(part.blob);
        if (catalog.Files().FindFile(file.study, file.id)) CheckParts(blobs, file, parts, findings);
      }
      if (files.size() < kPage) break;
      after = files.back().id;
    }
  }
  SHEAF_ASSIGN(const auto names, blobs.blobs.List(files::kBlobFolder));
  for (const std::string& name : names) {
    if (!serving && known.count(name) == 0) findings.Add("files", fmt::format("The blob {} belongs to no file.", name));
  }
  return {};
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

std::string Count(std::size_t count, std::string_view what) { return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s"); }

void CheckBlobs(const DataDirectory& directory, const std::string& key_file, const std::shared_ptr<catalog::Catalog>& catalog,
                const std::vector<model::Study>& studies, bool serving, Findings& findings) {
  const auto blobs = blobs::OpenDirectoryBlobs(directory.BlobsPath());
  if (!blobs) return findings.Add("exports", blobs.error().detail);
  Files files{**blobs};
  std::shared_ptr<secrets::KeyRing> ring;
  const auto key = LoadSiteKey(directory, key_file, *catalog, secrets::SiteKey::Missing::kFail);
  // A catalog that no key has sealed anything in stays as it is.
  const auto claimed = catalog->Secrets().SiteFingerprint();
  if (key && claimed && !claimed->empty()) ring = secrets::KeyRing::Open(catalog, *key).value_or(nullptr);
  files.ring = ring.get();
  CheckExports(*catalog, files, findings);
  if (const Status checked = CheckFiles(*catalog, files, studies, serving, findings); !checked)
    findings.Add("files", checked.error().detail);
  if (files.unreadable > 0) {
    fmt::print("exports: {} not checked: {}\n", Count(files.unreadable, "encrypted file"),
               key ? "The catalog names no key file." : std::string_view(key.error().detail));
  }
  if (files.locked > 0) fmt::print("exports: {} of locked studies not checked.\n", Count(files.locked, "encrypted file"));
}

struct CheckOptions {
  std::string data;
  std::string key_file;
};

int RunCheck(const CheckOptions& options) {
  auto directory = DataDirectory::Open(options.data, DataDirectory::Missing::kRefuse);
  if (!directory) return ReportFailure(directory.error());
  std::error_code ignored;
  if (!std::filesystem::exists(directory->CatalogPath(), ignored)) {
    return ReportUsage(directory->Path() + " is no data directory: it has no catalog.sqlite.");
  }
  const Status locked = directory->Lock();
  Findings findings;
  auto opened = catalog::OpenCatalog(directory->CatalogPath());
  if (!opened) return ReportFailure(opened.error());
  const std::shared_ptr<catalog::Catalog> catalog = *std::move(opened);
  findings.AddAll("catalog", catalog->Check());
  const auto studies = AllStudies(*catalog);
  CheckBlobs(*directory, options.key_file, catalog, studies ? *studies : std::vector<model::Study>(), !locked, findings);
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
  auto options = std::make_shared<CheckOptions>();
  check->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  check->add_option("--key-file", options->key_file, "What encrypted files are opened with; DIR.key unless given")->type_name("FILE");
  check->footer(
      "Changes nothing. While a server has the directory open, the records of studies are in use and only the catalog and the\n"
      "finished exports are checked. Exit code 0: sound; 1: something is wrong.\n"
      "Example:\n"
      "  sheaf check --data ./data");
  check->callback([options, &run] { run = [options] { return RunCheck(*options); }; });
}

}  // namespace sheaf::cli
