#include <algorithm>
#include <charconv>

#include "api/export_file.h"
#include "api/json_text.h"
#include "api/native/call.h"
#include "api/native/download_link.h"
#include "base/ids.h"
#include "export/job_parts.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

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

Answer GetFile(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::ExportJob job, FindJob(call));
  return SendFileAs(call, job, {});
}

//! A range of a file, as a file of its own.
class PartReader final : public blobs::BlobReader {
 public:
  PartReader(std::shared_ptr<blobs::BlobReader> file, const exporting::Part& part) : file_(std::move(file)), part_(part) {}
  std::uint64_t Size() const override { return part_.bytes; }
  Result<std::string> ReadAt(std::uint64_t offset, std::uint64_t most) override {
    if (offset >= part_.bytes) return std::string();
    return file_->ReadAt(part_.offset + offset, std::min(most, part_.bytes - offset));
  }

 private:
  const std::shared_ptr<blobs::BlobReader> file_;
  const exporting::Part part_;
};

Result<exporting::Part> FindPart(const Call& call, const catalog::ExportJob& job) {
  const std::string_view text = call.Part("part");
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  const auto part = whole ? exporting::FindPart(job.manifest, number) : std::nullopt;
  if (!part || part->offset > job.file_size || part->bytes > job.file_size - part->offset) {
    return Fail(ErrorCode::kNotFound, "The export has no such part.");
  }
  return *part;
}

Answer GetPart(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(catalog::ExportJob job, FindJob(call));
  SHEAF_TRY(RequireFile(job));
  SHEAF_ASSIGN(const exporting::Part part, FindPart(call, job));
  SHEAF_ASSIGN(const auto file, OpenFileFor(call, job));
  job.file_name = part.name;
  job.file_size = part.bytes;
  job.sha256 = part.sha256;
  return FileResponse(call.request, job, std::make_shared<PartReader>(file, part), {});
}

Answer PostDownload(Call& call) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const catalog::ExportJob job, FindJob(call));
  SHEAF_TRY(RequireFile(job));
  SHEAF_ASSIGN(const DownloadLink link, NewDownloadLink(*call.rooms, call.principal, job));
  JsonObject object;
  object.Text("url", link.url).Time("expires_at", link.expires_at);
  return JsonResponse(object.Finish(), 201);
}

}  // namespace

void AddExportRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/exports", ListExports);
  AddRoute(router, rooms, "POST", "/api/v1/studies/{study}/exports", PostExport, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", "/api/v1/exports/{export}", GetExport);
  AddRoute(router, rooms, "DELETE", "/api/v1/exports/{export}", DeleteExport);
  AddRoute(router, rooms, "GET", "/api/v1/exports/{export}/file", GetFile);
  AddRoute(router, rooms, "GET", "/api/v1/exports/{export}/parts/{part}", GetPart);
  AddRoute(router, rooms, "GET", "/api/v1/exports/{export}/manifest", GetManifest);
  AddRoute(router, rooms, "POST", "/api/v1/exports/{export}/link", PostDownload);
  AddOpenRoute(router, rooms, "GET", "/api/v1/downloads/{download}", [](Call& call) -> Answer {
    SHEAF_TRY(call.OnlyParameters({}));
    return ServeDownload(call);
  });
}

}  // namespace sheaf::api::native
