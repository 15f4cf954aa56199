#include "api/byte_range.h"
#include "api/content_headers.h"
#include "api/json_text.h"
#include "api/native/call.h"
#include "api/problem.h"
#include "base/ids.h"
#include "blobs/sealed_format.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr int kLookAgainS = 1;

std::string ExportPath(std::string_view id) { return "/api/v1/exports/" + std::string(id); }

//! The job of the address, for whoever may export from its study; for everybody else there is none.
Result<catalog::ExportJob> FindJob(const Call& call) {
  const Error missing{ErrorCode::kNotFound, "There is no such export.", "", 0};
  const std::string_view id = call.Part("export");
  if (!IsSlug(id)) return Fail(missing);
  auto job = call.rooms->jobs->Find(id);
  if (!job) return Fail(job.error().code == ErrorCode::kNotFound ? missing : job.error());
  const auto study = call.rooms->gate->AllowStudy(call.principal, access::Action::kExport, job->study);
  call.audit.study = job->study;
  if (!study) return Fail(study.error().code == ErrorCode::kNotFound ? missing : study.error());
  if (!exporting::MaySeeJob(*job, study->rights)) return Fail(missing);
  return job;
}

//! Says why there is no file, when there is none.
Status RequireFile(const catalog::ExportJob& job) {
  switch (job.state) {
    case catalog::ExportState::kPending:
    case catalog::ExportState::kExecuting: {
      Error error{ErrorCode::kExportNotReady, "The export is " + std::string(catalog::Name(job.state)) + ".", "", kLookAgainS};
      return Fail(std::move(error));
    }
    case catalog::ExportState::kFailed: return Fail(ErrorCode::kExportFailed, job.error);
    case catalog::ExportState::kCancelled: return Fail(ErrorCode::kCancelled, "The export was cancelled.");
    case catalog::ExportState::kExpired:
      return Fail(ErrorCode::kExportGone, job.error.empty() ? "The export's file has expired." : job.error);
    case catalog::ExportState::kSucceeded: return {};
  }
  return {};
}

Result<std::uint64_t> CountExports(const Call& call, const std::string& study) {
  using State = catalog::ExportState;
  std::uint64_t total = 0;
  for (const State state : {State::kPending, State::kExecuting, State::kSucceeded, State::kFailed, State::kCancelled, State::kExpired}) {
    SHEAF_ASSIGN(const std::uint64_t count, call.rooms->catalog->CountExports("", study, state));
    total += count;
  }
  return total;
}

//! For whoever does not see everything: the jobs that show no more than they may see, and how many there are.
Answer ListSomeExports(const Call& call, const access::StudyAccess& access, const ListQuery& query) {
  constexpr std::uint64_t kAtOnce = 500;
  JsonArray items;
  std::uint64_t total = 0, shown = 0;
  std::string last, next, before;
  bool behind = query.after.empty();
  while (true) {
    SHEAF_ASSIGN(const auto jobs, call.rooms->catalog->Exports("", access.study.id, before, kAtOnce));
    for (const catalog::ExportJob& job : jobs) {
      if (exporting::MaySeeJob(job, access.rights)) {
        ++total;
        if (behind && shown == query.limit && next.empty()) next = last;
        if (behind && shown < query.limit) {
          items.Raw(exporting::JobJson(job));
          last = job.id;
          ++shown;
        }
      }
      behind = behind || job.id == query.after;
    }
    if (jobs.size() < kAtOnce) break;
    before = jobs.back().id;
  }
  if (!behind) return Fail(ErrorCode::kBadCursor, "The export the list went on from is gone.", "cursor");
  return ListResponse("exports", items.Finish(), next, total);
}

Answer ListExports(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kExport));
  const model::Study& study = access.study;
  SHEAF_ASSIGN(const ListQuery query, ReadListQuery(call, ListSearch::kNo));
  if (access.rights != model::ViewRights{}) return ListSomeExports(call, access, query);
  SHEAF_ASSIGN(auto jobs, call.rooms->catalog->Exports("", study.id, query.after, query.limit + 1));
  SHEAF_ASSIGN(const std::uint64_t total, CountExports(call, study.id));
  const bool more = jobs.size() > query.limit;
  if (more) jobs.resize(query.limit);
  JsonArray items;
  for (const catalog::ExportJob& job : jobs) items.Raw(exporting::JobJson(job));
  return ListResponse("exports", items.Finish(), more ? jobs.back().id : "", total);
}

Answer PostExport(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kExport));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const std::string key, call.IdempotencyKey());
  SHEAF_ASSIGN(const std::string text, call.JsonText(kMaxSettingsBody));
  SHEAF_ASSIGN(exporting::ExportOptions options, exporting::OptionsFromJson(text));
  exporting::ApplyConsent(options, access.study.settings);
  bool created = false;
  SHEAF_ASSIGN(const catalog::ExportJob job,
               call.rooms->jobs->Submit(call.principal.account, access.study.id, options, key, &created, access.rights));
  call.audit.target = job.id;
  call.audit.options = job.request;
  http::Response response = JsonResponse(exporting::JobJson(job), created ? 202 : 200);
  response.headers.emplace_back("Location", call.Address(ExportPath(job.id)));
  return response;
}

Answer GetExport(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::ExportJob job, FindJob(call));
  return JsonResponse(exporting::JobJson(job));
}

Answer DeleteExport(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::ExportJob job, FindJob(call));
  SHEAF_TRY(call.rooms->jobs->CancelOrRemove(job.id));
  return NoContent();
}

Answer GetManifest(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::ExportJob job, FindJob(call));
  SHEAF_TRY(RequireFile(job));
  return JsonResponse(job.manifest);
}

//! The file as it can be read: with the study's key, which a locked study gives out for its passphrase only.
Result<std::shared_ptr<blobs::BlobReader>> OpenFile(const Call& call, const catalog::ExportJob& job) {
  const auto open_box = [&](std::string_view key_id, std::string_view box) -> Result<secrets::KeyBytes> {
    SHEAF_ASSIGN(const auto key, call.rooms->keys->OpenContent(job.study, call.request.Header("x-study-passphrase")));
    if (blobs::KeyId(key.Open()) != key_id) return Fail(ErrorCode::kExportGone, "The key of the export's file was destroyed.");
    return key.OpenBox(box);
  };
  auto file = call.rooms->blobs->Open(job.blob, open_box);
  const bool guessed = !call.request.Header("x-study-passphrase").empty();
  if (!file && file.error().code == ErrorCode::kStudyLocked && guessed) SHEAF_TRY(call.rooms->limits->OfFailures(call.Client()));
  if (!file && file.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kExportGone, "The export's file was removed.");
  if (!file) return file;
  if ((*file)->Size() != job.file_size) {
    return Fail(ErrorCode::kStorageDamaged, "The export's file does not have the size it was written with.");
  }
  return file;
}

//! Range and conditions on a file that never changes under its ETag.
http::Response FileResponse(const http::Request& request, const catalog::ExportJob& job, const std::shared_ptr<blobs::BlobReader>& file) {
  http::Response response;
  const std::string etag = "\"" + job.sha256 + "\"";
  response.headers = {{"ETag", etag}, {"Accept-Ranges", "bytes"}, {"Cache-Control", "private, no-cache"}};
  if (ListsEtag(request.Header("if-none-match"), etag, true)) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", "application/octet-stream");
  response.headers.emplace_back("Content-Disposition", AttachmentHeader(job.file_name));
  ByteRange range{ByteRange::Kind::kWhole, 0, job.file_size};
  if (request.method == "GET" && RangeStillValid(request.Header("if-range"), etag))
    range = ResolveRange(request.Header("range"), job.file_size);
  if (range.kind == ByteRange::Kind::kPart) {
    response.status = 206;
    response.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                                       std::to_string(range.offset + range.length - 1) + "/" +
                                                       std::to_string(job.file_size));
  }
  if (range.kind == ByteRange::Kind::kUnsatisfiable) response.status = 416;
  else {
    response.file = http::FileBody{
        {}, range.offset, range.length, [file](std::uint64_t offset, std::uint64_t most) { return file->ReadAt(offset, most); }};
  }
  return response;
}

Answer GetFile(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::ExportJob job, FindJob(call));
  SHEAF_TRY(RequireFile(job));
  call.audit.rows = job.rows_done;
  SHEAF_ASSIGN(const auto file, OpenFile(call, job));
  const std::string_view if_match = call.request.Header("if-match");
  if (!if_match.empty() && !ListsEtag(if_match, "\"" + job.sha256 + "\"", false)) {
    return Fail(ErrorCode::kPreconditionFailed, "The file has another ETag.", "If-Match");
  }
  http::Response response = FileResponse(call.request, job, file);
  if (response.status != 416) return response;
  Error error{ErrorCode::kRangeNotSatisfiable, "The file has " + std::to_string(job.file_size) + " bytes.", "Range", 0};
  response = ProblemResponse(error, call.request.path, call.request.id);
  response.headers.emplace_back("Content-Range", "bytes */" + std::to_string(job.file_size));
  return response;
}

}  // namespace

void AddExportRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/exports", ListExports);
  AddRoute(router, rooms, "POST", "/api/v1/studies/{study}/exports", PostExport, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", "/api/v1/exports/{export}", GetExport);
  AddRoute(router, rooms, "DELETE", "/api/v1/exports/{export}", DeleteExport);
  AddRoute(router, rooms, "GET", "/api/v1/exports/{export}/file", GetFile);
  AddRoute(router, rooms, "GET", "/api/v1/exports/{export}/manifest", GetManifest);
}

}  // namespace sheaf::api::native
