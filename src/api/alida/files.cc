// The files of finished batches: a redirect to an address of their own, or the file itself.

#include "api/alida/api.h"
#include "api/alida/places.h"
#include "api/alida/route.h"
#include "api/native/download_link.h"

namespace sheaf::api::alida {
namespace {

using catalog::ExportJob;

constexpr const char* kMissingFile = "The file could not be found.";
constexpr Micros kSecond = 1'000'000;
constexpr std::string_view kDownloads = "/v2/downloads/";

//! A range outside the file is refused like anything else.
Answer InOwnShape(const native::Call& call, Answer answer) {
  constexpr int kOutside = 416;
  if (!answer || !*answer || (*answer)->status != kOutside) return answer;
  http::Response refusal = ErrorResponse({ErrorCode::kRangeNotSatisfiable, "", "Range", 0}, call.request.path, call.request.id);
  for (auto& header : (*answer)->headers) {
    if (header.first == "Content-Range") refusal.headers.push_back(std::move(header));
  }
  return refusal;
}

Answer GetFile(native::Call& call, Service& service, BatchKind kind) {
  SHEAF_ASSIGN(const Application application, FindApplication(call));
  SHEAF_ASSIGN(const ExportJob job, FindBatch(call, application, kind, call.Part("file"), exporting::kAlidaFileMark, kMissingFile));
  const bool there = job.state == catalog::ExportState::kSucceeded && job.finished_at &&
                     *job.finished_at + service.options.file_lifetime_s * kSecond > Now();
  if (!there) return Fail(ErrorCode::kNotFound, kMissingFile);
  call.audit.target = job.id;
  if (service.options.inline_files) return InOwnShape(call, native::SendFile(call, job));
  SHEAF_ASSIGN(const auto link, native::NewDownloadLink(*call.rooms, call.principal, job, service.options.link_lifetime_s * kSecond));
  http::Response response;
  response.status = 302;
  response.headers = {{"Location", Absolute(*call.rooms, std::string(kDownloads) + link.token)}, {"Cache-Control", "no-store"}};
  return response;
}

Answer GetDownload(native::Call& call, Service&) { return InOwnShape(call, native::ServeDownload(call)); }

}  // namespace

void AddFileRoutes(http::Router& router, const std::shared_ptr<Service>& service) {
  const auto add = [&](const std::string& path, BatchKind kind) {
    // The bytes that leave are recorded where they do.
    const std::string action = service->options.inline_files ? "export.download" : "export.link";
    Route route{"GET", path, action, [kind](auto& call, auto& with) { return GetFile(call, with, kind); }};
    route.any_answer = true;
    AddRoute(router, service, std::move(route));
  };
  add("/v2/applications/{study}/data/activities/responses/files/{file}", BatchKind::kActivity);
  add("/v2/applications/{study}/data/members/profiles/files/{file}", BatchKind::kProfile);
  Route download{"GET", "/v2/downloads/{download}", "export.download", GetDownload, Caller::kAnyone};
  download.any_answer = true;
  AddRoute(router, service, std::move(download));
}

}  // namespace sheaf::api::alida
