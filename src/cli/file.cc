#include <fmt/format.h>
#include <sys/stat.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "cli/commands.h"
#include "cli/http_client.h"
#include "cli/progress_bar.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

// What is sent at once: a broken connection costs no more than this.
constexpr std::size_t kPiece = std::size_t{8} << 20;
constexpr int kMostAttempts = 8;

struct FileCommand {
  std::string server, key, study, file, path, output;
  std::vector<std::pair<std::string, std::string>> words;  // of a new file
};

std::string FilesPath(const FileCommand& command) { return "/api/v1/studies/" + QueryEscape(command.study) + "/files"; }

Result<boost::json::object> JsonOf(const Result<HttpReply>& reply) {
  if (!reply) return Fail(reply.error());
  if (reply->status >= 400) return Fail(ErrorOf(*reply));
  boost::system::error_code broken;
  auto value = boost::json::parse(reply->body, broken);
  if (broken || !value.is_object()) return Fail(ErrorCode::kInternal, "The server's answer cannot be read.");
  return value.get_object();
}

std::string Text(const boost::json::object& object, const char* name) {
  const auto* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Result<boost::json::object> Begin(HttpClient& client, const FileCommand& command, std::uint64_t size) {
  boost::json::object body{{"kind", "recording"}, {"size", size}};
  for (const auto& [name, value] : command.words) {
    if (!value.empty()) body[name] = value;
  }
  HttpRequest request;
  request.method = "POST";
  request.path = FilesPath(command);
  request.content_type = "application/json";
  request.body = boost::json::serialize(body);
  return JsonOf(client.Send(request));
}

//! Piece by piece from where the server says the file ends.
Result<boost::json::object> SendPieces(HttpClient& client, const std::string& path, std::ifstream& file, std::uint64_t size,
                                       boost::json::object state) {
  ProgressBar bar("upload", size);
  for (int failures = 0; Text(state, "state") != "complete";) {
    const auto at = state.at("received").to_number<std::uint64_t>();
    bar.Update(at);
    HttpRequest request;
    request.method = "PATCH";
    request.path = path + "/content";
    request.content_type = "application/offset+octet-stream";
    request.headers = {"Upload-Offset: " + std::to_string(at)};
    request.body.resize(kPiece);
    file.clear();
    file.seekg(static_cast<std::streamoff>(at));
    file.read(request.body.data(), static_cast<std::streamsize>(kPiece));
    request.body.resize(static_cast<std::size_t>(file.gcount()));
    auto sent = JsonOf(client.Send(request));
    if (sent) {
      state = *std::move(sent);
      failures = 0;
      continue;
    }
    const ErrorCode code = sent.error().code;
    const bool again = code == ErrorCode::kUnavailable || code == ErrorCode::kUploadOffset || code == ErrorCode::kLengthMismatch;
    if (!again || ++failures == kMostAttempts) return sent;
    HttpRequest look;
    look.path = path;
    if (auto now = JsonOf(client.Send(look))) state = *std::move(now);
  }
  return state;
}

int RunPut(const FileCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  std::ifstream file(command.path, std::ios::binary);
  struct stat about {};
  if (!file || ::stat(command.path.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return ReportUsage(command.path + " cannot be read.");
  const auto size = static_cast<std::uint64_t>(about.st_size);
  const auto begun = Begin(*client, command, size);
  if (!begun) return ReportFailure(begun.error());
  const std::string path = FilesPath(command) + "/" + Text(*begun, "id");
  auto state = *begun;
  if (size == 0) {
    HttpRequest request;
    request.method = "POST";
    request.path = path + "/complete";
    request.content_type = "application/json";
    request.body = "{}";
    const auto done = JsonOf(client->Send(request));
    if (!done) return ReportFailure(done.error());
    state = *done;
  } else {
    auto done = SendPieces(*client, path, file, size, std::move(state));
    if (!done) return ReportFailure(done.error());
    state = *std::move(done);
  }
  fmt::print("{} {}\n", Text(state, "id"), Text(state, "sha256"));
  return kExitOk;
}

int RunGet(const FileCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  HttpRequest request;
  request.path = FilesPath(command) + "/" + QueryEscape(command.file) + "/content";
  if (const char* const passphrase = std::getenv("SHEAF_STUDY_PASSPHRASE"))
    request.headers.push_back(std::string("X-Study-Passphrase: ") + passphrase);
  const std::string part = command.output + ".part";
  const bool to_terminal = command.output == "-";
  std::FILE* const out = to_terminal ? stdout : std::fopen(part.c_str(), "wb");
  if (out == nullptr) return ReportUsage(part + " cannot be written.");
  const auto reply = client->Download(request, [&](std::string_view bytes) -> Status {
    if (std::fwrite(bytes.data(), 1, bytes.size(), out) != bytes.size()) return Fail(ErrorCode::kIo, "Writing failed.");
    return {};
  });
  const bool closed = to_terminal ? std::fflush(out) == 0 : std::fclose(out) == 0;
  const bool whole = reply && reply->status == 200 && closed;
  if (!to_terminal && whole && std::rename(part.c_str(), command.output.c_str()) != 0)
    return ReportUsage(command.output + " cannot be written.");
  if (!to_terminal && !whole) std::remove(part.c_str());
  if (!reply) return ReportFailure(reply.error());
  if (reply->status != 200) return ReportFailure(ErrorOf(*reply));
  return closed ? kExitOk : ReportFailure({ErrorCode::kIo, "Writing failed.", {}, 0});
}

int RunList(const FileCommand& command) {
  auto client = HttpClient::Make(command.server, command.key);
  if (!client) return ReportFailure(client.error());
  for (std::string cursor;;) {
    HttpRequest request;
    request.path = FilesPath(command) + "?limit=1000" + (cursor.empty() ? "" : "&cursor=" + QueryEscape(cursor));
    const auto page = JsonOf(client->Send(request));
    if (!page) return ReportFailure(page.error());
    for (const auto& value : page->at("files").as_array()) {
      const auto& file = value.as_object();
      fmt::print("{}\t{}\t{}\t{}\t{}\t{}\n", Text(file, "id"), Text(file, "kind"), Text(file, "state"),
                 file.at("received").to_number<std::uint64_t>(), Text(file, "participant"), Text(file, "name"));
    }
    if (!page->at("has_more").as_bool()) return kExitOk;
    cursor = Text(*page, "cursor");
  }
}

void AddCommon(CLI::App* command, const std::shared_ptr<FileCommand>& options) {
  command->add_option("--server", options->server, "The server's address")->required()->type_name("URL");
  command->add_option("--key", options->key, "A key of the API")->required()->type_name("K")->envname("SHEAF_KEY");
  command->add_option("--study", options->study, "The study's id")->required()->type_name("S");
}

}  // namespace

void AddFileCommand(CLI::App& app, Run& run) {
  CLI::App* file = app.add_subcommand("file", "Send, fetch and list recordings, donations and other files of records");
  file->require_subcommand(1);
  auto options = std::make_shared<FileCommand>();
  auto words = std::make_shared<std::map<std::string, std::string>>();
  CLI::App* put = file->add_subcommand("put", "Send a file, in pieces; what was cut off goes on where it ended when --id is given");
  AddCommon(put, options);
  for (const auto& [name, help] : {std::pair{"id", "The file's id; made up unless given"},
                                   {"kind", "recording (unless given), donation, answer or other"},
                                   {"name", "What downloads are called; its name here unless given"},
                                   {"media-type", "For example video/webm"},
                                   {"participant", "Whose it is"},
                                   {"session", "Its session"},
                                   {"dataset", "The dataset of the record it belongs to"},
                                   {"record", "The record it belongs to"},
                                   {"field", "The field that names it"}}) {
    put->add_option(std::string("--") + name, (*words)[name], help)->type_name("TEXT");
  }
  put->add_option("PATH", options->path, "The file here")->required();
  put->callback([options, words, &run] {
    for (const auto& [name, value] : *words) options->words.emplace_back(name == "media-type" ? "media_type" : name, value);
    if ((*words)["name"].empty()) options->words.emplace_back("name", options->path.substr(options->path.rfind('/') + 1));
    run = [options] { return RunPut(*options); };
  });
  CLI::App* get = file->add_subcommand("get", "Fetch a file");
  AddCommon(get, options);
  get->add_option("ID", options->file, "The file's id")->required();
  get->add_option("-o,--output", options->output, "Where to; - is standard output")->type_name("FILE")->default_str("-");
  get->callback([options, &run] {
    if (options->output.empty()) options->output = "-";
    run = [options] { return RunGet(*options); };
  });
  CLI::App* list = file->add_subcommand("list", "One line a file: id, kind, state, bytes, participant, name");
  AddCommon(list, options);
  list->callback([options, &run] { run = [options] { return RunList(*options); }; });
  file->footer(
      "The passphrase of a locked study is taken from SHEAF_STUDY_PASSPHRASE.\n"
      "Example:\n"
      "  sheaf file put --server http://127.0.0.1:8080 --key $KEY --study walk --participant p07 --media-type video/webm interview.webm");
}

}  // namespace sheaf::cli
