// The bytes of files: in, by parts or at once, and out.

#include <charconv>

#include "api/json_text.h"
#include "api/native/file_access.h"
#include "api/problem.h"
#include "base/ids.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

http::Response Received(const files::File& file) {
  http::Response response = JsonResponse(FileJson(file));
  response.headers.emplace_back("Upload-Offset", std::to_string(file.received));
  return response;
}

files::Source SourceOf(const Call& call) {
  return [&call]() { return call.request.body->Read(); };
}

//! The file of the address, for whoever may write the study's records.
Result<files::File> WritableFile(const Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kWriteRecords));
  SHEAF_TRY(call.WritableStudy(access::Action::kWriteRecords));
  const Error missing{ErrorCode::kNotFound, "There is no such file.", "", 0};
  if (!IsSlug(call.Part("file"))) return Fail(missing);
  auto file = call.rooms->files->Find(access.study.id, call.Part("file"));
  if (!file) return Fail(file.error().code == ErrorCode::kNotFound ? missing : file.error());
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(const auto reader, call.Reader(access));
  SHEAF_ASSIGN(const auto seen, privacy::FilesSeen::Make(*vault, reader));
  if (!seen.Sees(*file)) return Fail(missing);
  return file;
}

Status RequirePlain(const Call& call) {
  const std::string_view encoding = call.request.Header("content-encoding");
  if (encoding.empty() || encoding == "identity") return {};
  return Fail(ErrorCode::kUnsupportedMediaType, "A file's bytes are kept as they come; send them without Content-Encoding.",
              "Content-Encoding");
}

std::optional<std::uint64_t> Number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

//! A refusal with the byte to go on from.
Answer Refuse(const Call& call, const std::string& study, const Error& error) {
  if (Describe(error.code).http_status >= 500) return Fail(error);
  const auto now = call.rooms->files->Find(study, call.Part("file"));
  if (!now) return Fail(error);
  http::Response response = ProblemResponse(error, call.request.path, call.request.id);
  response.headers.emplace_back("Upload-Offset", std::to_string(now->received));
  return response;
}

Answer PutContent(Call& call) {
  SHEAF_ASSIGN(const files::File file, WritableFile(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(RequirePlain(call));
  SHEAF_ASSIGN(const files::File kept, call.rooms->files->Put(file.study, file.id, SourceOf(call)));
  NoteFile(call, kept);
  return Received(kept);
}

Answer PatchContent(Call& call) {
  SHEAF_ASSIGN(const files::File file, WritableFile(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(RequirePlain(call));
  const auto offset = Number(call.request.Header("upload-offset"));
  if (!offset) return Fail(ErrorCode::kBadParameter, "Upload-Offset is the byte from which on the body is.", "Upload-Offset");
  const auto kept = call.rooms->files->Append(file.study, file.id, *offset, SourceOf(call));
  if (!kept) return Refuse(call, file.study, kept.error());
  NoteFile(call, *kept);
  return Received(*kept);
}

Answer PostComplete(Call& call) {
  SHEAF_ASSIGN(const files::File file, WritableFile(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto size, body.Integer("size", 0, std::int64_t{1} << 53));
  SHEAF_ASSIGN(const auto sha256, body.Text("sha256", 64));
  SHEAF_TRY(body.Finish());
  const auto wanted = size ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*size)) : std::nullopt;
  const auto kept = call.rooms->files->Finish(file.study, file.id, wanted, sha256.value_or(""));
  if (!kept) return Refuse(call, file.study, kept.error());
  NoteFile(call, *kept);
  return Received(*kept);
}

//! Whoever sends a file asks how much of it is there; that is no reading.
Answer HeadContent(Call& call) {
  auto writable = WritableFile(call);
  if (writable && !writable->complete) {
    http::Response response;
    response.headers = {{"Upload-Offset", std::to_string(writable->received)}, {"Cache-Control", "no-store"}};
    if (writable->size) response.headers.emplace_back("Upload-Length", std::to_string(*writable->size));
    return response;
  }
  auto found = FindFile(call, Wanted::kBytes);
  if (!found) {
    if (!writable) return Fail(found.error());
    http::Response response;
    response.headers = {{"Upload-Offset", std::to_string(writable->received)}, {"Upload-Length", std::to_string(writable->received)}};
    return response;
  }
  SHEAF_ASSIGN(http::Response response, FileContent(call, found->file, true));
  response.headers.emplace_back("Upload-Offset", std::to_string(found->file.received));
  return response;
}

Answer GetContent(Call& call) {
  SHEAF_TRY(call.OnlyParameters({"disposition"}));
  const std::string_view disposition = call.request.QueryParameter("disposition").value_or("attachment");
  if (disposition != "inline" && disposition != "attachment") {
    return Fail(ErrorCode::kBadParameter, "\"disposition\" is inline or attachment.", "disposition");
  }
  SHEAF_ASSIGN(const SeenFile found, FindFile(call, Wanted::kBytes));
  NoteFile(call, found.file);
  SHEAF_ASSIGN(auto response, FileContent(call, found.file, disposition == "attachment"));
  return response;
}

//! By an address that lends it. Whoever was withdrawn or erased since is not lent any more.
Answer GetLent(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  const Error missing{ErrorCode::kNotFound, "The address has run out, or was never given.", "", 0};
  const auto lent = call.rooms->files->Redeem(call.Part("word"));
  if (!lent) {
    SHEAF_TRY(call.rooms->limits->OfFailures(call.Client()));
    return Fail(lent.error());
  }
  const auto file = call.rooms->files->Find(lent->study, lent->file);
  if (!file) return Fail(missing);
  const auto vault = call.rooms->vault->OpenStudy(lent->study);
  if (!vault) return Fail(missing);
  SHEAF_ASSIGN(const auto seen, privacy::FilesSeen::Make(**vault, privacy::Reader{}));
  if (!seen.Sees(*file)) return Fail(missing);
  NoteFile(call, *file);
  call.audit.actor = lent->account;
  SHEAF_ASSIGN(auto response, FileContent(call, *file, lent->attachment));
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

}  // namespace

void AddFileContentRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "PUT", "/api/v1/studies/{study}/files/{file}/content", PutContent, kAnyBody);
  AddRoute(router, rooms, "PATCH", "/api/v1/studies/{study}/files/{file}/content", PatchContent, kAnyBody);
  AddRoute(router, rooms, "HEAD", "/api/v1/studies/{study}/files/{file}/content", HeadContent);
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/files/{file}/content", GetContent);
  AddRoute(router, rooms, "POST", "/api/v1/studies/{study}/files/{file}/complete", PostComplete, kMaxSettingsBody);
  AddOpenRoute(router, rooms, "GET", "/api/v1/file-links/{word}", GetLent);
}

}  // namespace sheaf::api::native
