#include "api/native/download_link.h"

#include "api/content_headers.h"
#include "export/options.h"

namespace sheaf::api::native {
namespace {

FileOptions DownloadOptions(const catalog::ExportJob& job) {
  FileOptions options;
  const auto asked = exporting::OptionsFromJson(job.request);
  if (!asked) return options;
  // Parts lie in a ZIP, and so does what is large or has files beside it.
  const exporting::Format format = job.file_name.ends_with(".zip") ? exporting::Format::kZip : asked->format;
  options.content_type = ContentTypeOf(format);
  options.may_pack = format != exporting::Format::kZip && format != exporting::Format::kParquet;
  return options;
}

}  // namespace

Result<DownloadLink> NewDownloadLink(const Rooms& rooms, const access::Principal& holder, const catalog::ExportJob& job, Micros lifetime) {
  access::Token token{holder.key, holder.account, job.id, Now() + lifetime};
  SHEAF_ASSIGN(const std::string text, rooms.tokens->Issue(kDownloadPurpose, token));
  return DownloadLink{rooms.public_url + "/api/v1/downloads/" + text, text, token.expires_at};
}

Result<std::optional<http::Response>> SendFileAs(Call& call, const catalog::ExportJob& job, const FileOptions& options) {
  SHEAF_ASSIGN(const auto file, OpenFileFor(call, job));
  return FileResponse(call.request, job, file, options);
}

Result<std::shared_ptr<blobs::BlobReader>> OpenFileFor(Call& call, const catalog::ExportJob& job) {
  SHEAF_TRY(RequireFile(job));
  call.audit.rows = job.rows_done;
  const std::string_view passphrase = call.request.Header("x-study-passphrase");
  auto file = OpenFile(*call.rooms->blobs, *call.rooms->keys, job, passphrase);
  if (!file && file.error().code == ErrorCode::kStudyLocked && !passphrase.empty()) {
    SHEAF_TRY(call.rooms->limits->OfFailures(call.Client()));
  }
  return file;
}

Result<std::optional<http::Response>> SendFile(Call& call, const catalog::ExportJob& job) {
  return SendFileAs(call, job, DownloadOptions(job));
}

Result<std::optional<http::Response>> ServeDownload(Call& call) {
  const Error bad{ErrorCode::kForbidden, "The link is not valid, or no longer.", "", 0};
  const auto token = call.rooms->tokens->Read(kDownloadPurpose, call.Part("download"));
  if (!token) return Fail(bad);
  const auto holder = call.rooms->gate->Holder(token->key, token->account);
  if (!holder) return Fail(holder.error().code == ErrorCode::kUnauthenticated ? bad : holder.error());
  call.principal = *holder;
  const auto job = call.rooms->jobs->Find(token->subject);
  if (!job && job.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kExportGone, "The export was removed.");
  if (!job) return Fail(job.error());
  call.audit.study = job->study;
  call.audit.target = job->id;
  const auto study = call.rooms->gate->AllowStudy(call.principal, access::Action::kExport, job->study);
  if (!study || !exporting::MaySeeJob(*job, study->rights)) return Fail(bad);
  return SendFile(call, *job);
}

}  // namespace sheaf::api::native
