#include "api/native/file_access.h"

#include "api/content_headers.h"
#include "api/content_response.h"
#include "api/json_text.h"
#include "base/ids.h"

namespace sheaf::api::native {
namespace {

constexpr std::string_view kMadeUp = "fil_";

void OptionalNumber(JsonObject& object, std::string_view name, const std::optional<std::int64_t>& number) {
  if (number) object.Integer(name, *number);
  else object.Raw(name, "null");
}

void OptionalText(JsonObject& object, std::string_view name, const std::string& text) {
  if (text.empty()) object.Raw(name, "null");
  else object.Text(name, text);
}

}  // namespace

std::string FilePath(const files::File& file) { return "/api/v1/studies/" + file.study + "/files/" + file.id; }

std::string FileJson(const files::File& file) {
  JsonObject object;
  object.Text("id", file.id).Text("kind", file.kind);
  OptionalText(object, "name", file.name);
  object.Text("media_type", file.media_type).Text("state", file.complete ? "complete" : "uploading");
  if (file.size) object.Count("size", *file.size);
  else object.Raw("size", "null");
  object.Count("received", file.received);
  OptionalText(object, "sha256", file.sha256);
  OptionalText(object, "participant", file.participant);
  OptionalText(object, "session", file.session);
  OptionalText(object, "dataset", file.dataset);
  OptionalText(object, "record", file.record);
  OptionalText(object, "field", file.field);
  object.OptionalTime("started_at", file.started_at).OptionalTime("ended_at", file.ended_at);
  OptionalNumber(object, "duration_ms", file.duration_ms);
  OptionalNumber(object, "width", file.width);
  OptionalNumber(object, "height", file.height);
  object.Raw("attributes", file.attributes).Time("created_at", file.created_at).OptionalTime("completed_at", file.completed_at);
  return object.Finish();
}

Result<SeenFile> FindFile(const Call& call, Wanted wanted) {
  const Error missing{ErrorCode::kNotFound, "There is no such file.", "", 0};
  auto allowed = call.Access(access::Action::kReadRecords);
  if (!allowed && allowed.error().code != ErrorCode::kForbidden) return Fail(allowed.error());
  const std::string_view study = call.Part("study");
  // A key may be for some kinds of records only. Whatever goes wrong from here on is then the same refusal, so that it tells nothing of
  // somebody else's study.
  const auto refuse = [&](const Error& error) { return Fail(allowed ? error : allowed.error()); };
  if (!IsSlug(study) || !IsSlug(call.Part("file"))) return refuse(missing);
  auto vault = call.rooms->vault->OpenStudy(study);
  if (!vault) return refuse(vault.error());
  auto file = call.rooms->files->Find(study, call.Part("file"));
  if (!file) return refuse(file.error().code == ErrorCode::kNotFound ? missing : file.error());
  if (!allowed) {
    auto by_kind = call.rooms->gate->AllowStudy(call.principal, access::Action::kReadRecords, study, privacy::KindOfFile(**vault, *file));
    if (!by_kind) return Fail(allowed.error());
    allowed = std::move(by_kind);
  }
  SHEAF_ASSIGN(const auto reader, call.Reader(*allowed));
  SHEAF_ASSIGN(const auto seen, privacy::FilesSeen::Make(**vault, reader));
  if (!seen.Sees(*file)) return Fail(missing);
  if (wanted == Wanted::kBytes) SHEAF_TRY(seen.RequireBytes());
  files::File shown = seen.Shown(*file);
  return SeenFile{*std::move(file), *std::move(allowed), *std::move(vault), std::move(shown)};
}

void NoteFile(const Call& call, const files::File& file) {
  call.audit.study = file.study;
  call.audit.dataset = file.dataset;
  call.audit.participant = file.participant;
  if (file.id.rfind(kMadeUp, 0) == 0) {
    call.audit.target = file.id;
    return;
  }
  JsonObject options;
  options.Text("file", file.id);
  call.audit.options = options.Finish();
}

Result<http::Response> FileContent(const Call& call, const files::File& file, bool attachment) {
  const std::string_view passphrase = call.request.Header("x-study-passphrase");
  auto bytes = call.rooms->files->Open(file, passphrase);
  const bool guessed = !bytes && bytes.error().code == ErrorCode::kStudyLocked && !passphrase.empty();
  if (guessed) SHEAF_TRY(call.rooms->limits->OfFailures(call.Client()));
  if (!bytes && bytes.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kStorageDamaged, bytes.error().detail);
  if (!bytes) return Fail(bytes.error());
  const bool shown = !attachment && MayShowInline(file.media_type);
  Content content{file.sha256, file.media_type, shown ? InlineHeader(file.name) : AttachmentHeader(file.name), *std::move(bytes)};
  SHEAF_ASSIGN(http::Response response, ContentResponse(call.request, content));
  // Somebody else's bytes under our address: they may be looked at and nothing more.
  response.headers.emplace_back("Content-Security-Policy",
                                "sandbox; default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'");
  return response;
}

}  // namespace sheaf::api::native
