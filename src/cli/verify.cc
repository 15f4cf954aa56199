#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sodium.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/http_client.h"
#include "cli/progress_bar.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

namespace json = boost::json;

struct VerifyCommand {
  std::string file, manifest, server, key, export_id;
};

struct Digest {
  std::uint64_t bytes = 0;
  std::string sha256;
};

class Sha256 {
 public:
  Sha256() { crypto_hash_sha256_init(&state_); }
  void Add(const void* data, std::size_t size) {
    crypto_hash_sha256_update(&state_, static_cast<const unsigned char*>(data), size);
    bytes_ += size;
  }
  Digest Finish() {
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state_, hash);
    std::string hex;
    for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
    return {bytes_, hex};
  }

 private:
  crypto_hash_sha256_state state_{};
  std::uint64_t bytes_ = 0;
};

Result<Digest> DigestOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Fail(ErrorCode::kIo, fmt::format("{} cannot be opened", path));
  Sha256 hash;
  std::vector<char> buffer(1u << 20);
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) || file.gcount() > 0) {
    hash.Add(buffer.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return Fail(ErrorCode::kIo, fmt::format("{} cannot be read", path));
  return hash.Finish();
}

//! Digests of a ZIP's entries by path, and the text of its metadata.json.
Result<std::map<std::string, Digest>> DigestsInside(const std::string& path, std::string& metadata) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  archive_read_support_format_zip_streamable(reader.get());
  archive_read_support_format_zip_seekable(reader.get());
  if (archive_read_open_filename(reader.get(), path.c_str(), 1u << 18) != ARCHIVE_OK) {
    return Fail(ErrorCode::kIo, fmt::format("{} is no ZIP file: {}", path, archive_error_string(reader.get())));
  }
  std::map<std::string, Digest> digests;
  archive_entry* entry = nullptr;
  std::vector<char> buffer(1u << 18);
  while (true) {
    const int next = archive_read_next_header(reader.get(), &entry);
    if (next == ARCHIVE_EOF) return digests;
    if (next != ARCHIVE_OK) return Fail(ErrorCode::kIo, fmt::format("{} is damaged: {}", path, archive_error_string(reader.get())));
    const char* raw_name = archive_entry_pathname_utf8(entry);
    const std::string name = raw_name == nullptr ? "" : raw_name;
    Sha256 hash;
    while (true) {
      const auto size = archive_read_data(reader.get(), buffer.data(), buffer.size());
      if (size < 0) return Fail(ErrorCode::kIo, fmt::format("{}: {} is damaged: {}", path, name, archive_error_string(reader.get())));
      if (size == 0) break;
      hash.Add(buffer.data(), static_cast<std::size_t>(size));
      if (name == "metadata.json") metadata.append(buffer.data(), static_cast<std::size_t>(size));
    }
    digests[name] = hash.Finish();
  }
}

Result<json::object> ParseManifest(const std::string& text) {
  boost::system::error_code broken;
  auto value = json::parse(text, broken);
  if (broken || !value.is_object()) return Fail(ErrorCode::kBadJson, "the manifest is no JSON object");
  return std::move(value.as_object());
}

//! The manifest named, else the one beside the file, else the server's; nullopt: only what is inside a ZIP.
Result<std::optional<json::object>> FindManifest(const VerifyCommand& command) {
  std::string text;
  if (!command.server.empty()) {
    SHEAF_ASSIGN(auto client, HttpClient::Make(command.server, command.key));
    HttpRequest request;
    request.path = fmt::format("/api/v1/exports/{}/manifest", QueryEscape(command.export_id));
    SHEAF_ASSIGN(const auto reply, client.Send(request));
    if (reply.status != 200) return Fail(ErrorOf(reply));
    text = reply.body;
  } else {
    const std::string path = command.manifest.empty() ? command.file + ".manifest.json" : command.manifest;
    std::ifstream file(path, std::ios::binary);
    if (!file && !command.manifest.empty()) return Fail(ErrorCode::kIo, fmt::format("{} cannot be opened", path));
    if (!file) return std::optional<json::object>();
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  SHEAF_ASSIGN(auto manifest, ParseManifest(text));
  return std::optional(std::move(manifest));
}

void Compare(const std::string& name, const json::object& expected, const Digest& actual, std::vector<std::string>& findings) {
  boost::system::error_code broken;
  const auto* bytes = expected.if_contains("bytes");
  const auto* sha256 = expected.if_contains("sha256");
  if (bytes != nullptr && bytes->to_number<std::uint64_t>(broken) != actual.bytes) {
    findings.push_back(fmt::format("{} has {} bytes, the manifest says {}", name, actual.bytes, bytes->to_number<std::uint64_t>(broken)));
  } else if (sha256 == nullptr || !sha256->is_string() || std::string_view(sha256->as_string()) != actual.sha256) {
    findings.push_back(fmt::format("{} has another SHA-256 than the manifest says", name));
  }
}

//! How many files were compared.
std::size_t CompareInside(const json::object& manifest, const std::map<std::string, Digest>& inside, std::vector<std::string>& findings) {
  std::size_t compared = 0;
  const auto* files = manifest.if_contains("files");
  if (files == nullptr || !files->is_array()) return 0;
  for (const auto& value : files->as_array()) {
    const auto* entry = value.if_object();
    const auto* path = entry == nullptr ? nullptr : entry->if_contains("path");
    if (path == nullptr || !path->is_string()) continue;
    const std::string name(path->as_string());
    ++compared;
    if (const auto found = inside.find(name); found != inside.end()) Compare(name, *entry, found->second, findings);
    else findings.push_back(fmt::format("{} is missing", name));
  }
  return compared;
}

Result<std::size_t> Verify(const VerifyCommand& command, std::vector<std::string>& findings) {
  SHEAF_ASSIGN(auto manifest, FindManifest(command));
  SHEAF_ASSIGN(const auto whole, DigestOf(command.file));
  std::size_t compared = 0;
  if (manifest) {
    if (const auto* file = manifest->if_contains("file"); file != nullptr && file->is_object()) {
      Compare(command.file, file->as_object(), whole, findings);
      ++compared;
    }
  }
  char magic[4] = {};
  std::ifstream(command.file, std::ios::binary).read(magic, 4);
  if (std::string_view(magic, 2) == "PK") {
    std::string metadata;
    SHEAF_ASSIGN(const auto inside, DigestsInside(command.file, metadata));
    if (!manifest || manifest->if_contains("files") == nullptr) { SHEAF_ASSIGN(manifest, ParseManifest(metadata)); }
    compared += CompareInside(*manifest, inside, findings);
  }
  if (compared == 0) {
    return Fail(ErrorCode::kUsage,
                fmt::format("there is no manifest for {}; save it beside as {}.manifest.json, or name it with --manifest", command.file,
                            command.file));
  }
  return compared;
}

int RunVerify(const VerifyCommand& command) {
  if (sodium_init() < 0) return ReportFailure({ErrorCode::kInternal, "libsodium does not start", {}});
  std::vector<std::string> findings;
  const auto compared = Verify(command, findings);
  if (!compared) return ReportFailure(compared.error());
  for (const auto& finding : findings) fmt::print("{}\n", finding);
  if (!findings.empty()) return kExitFailed;
  fmt::print("{} is complete and unchanged ({} checked)\n", command.file, *compared == 1 ? "1 file" : fmt::format("{} files", *compared));
  return kExitOk;
}

}  // namespace

void AddVerifyCommand(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("verify", "Check a downloaded export against its manifest");
  auto options = std::make_shared<VerifyCommand>();
  command->add_option("FILE", options->file, "The file as downloaded")->required();
  CLI::Option* manifest =
      command->add_option("--manifest", options->manifest, "Its manifest (default: FILE.manifest.json; a ZIP has one inside)")
          ->type_name("FILE");
  CLI::Option* server =
      command->add_option("--server", options->server, "Or ask the server that made it")->type_name("URL")->excludes(manifest);
  command->add_option("--key", options->key, "A key that may export")->type_name("K")->envname("SHEAF_KEY");
  CLI::Option* id = command->add_option("--export", options->export_id, "The export's id, exp_…")->type_name("ID")->needs(server);
  server->needs(id);
  command->footer(
      "Examples:\n"
      "  sheaf verify study.zip\n"
      "  sheaf verify answers.csv --server http://127.0.0.1:8080 --key $KEY --export exp_7Yx…");
  command->callback([options, &run] { run = [options] { return RunVerify(*options); }; });
}

}  // namespace sheaf::cli
