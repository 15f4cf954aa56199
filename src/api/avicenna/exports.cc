// The routes: making exports, looking at them, fetching their files.

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <mutex>

#include "api/avicenna/api.h"
#include "api/avicenna/columns.h"
#include "api/avicenna/create.h"
#include "api/avicenna/form.h"
#include "api/avicenna/job_text.h"
#include "api/avicenna/numbers.h"
#include "api/avicenna/options.h"
#include "api/content_headers.h"
#include "api/export_file.h"
#include "api/json_text.h"

namespace sheaf::api::avicenna {
namespace {

using Answer = Result<std::optional<http::Response>>;
using native::Call;

constexpr std::uint64_t kJobsAtOnce = 500;
constexpr std::uint64_t kMostListed = 100000;

//! "ApiKey E-MAIL:KEY", the scheme in any case, split at the last colon.
Result<access::Principal> WhoAsks(const native::Rooms& rooms, const http::Request& request) {
  const Error refusal{ErrorCode::kUnauthenticated, "The request carries no valid key.", "", 0};
  std::string_view text = request.Header("authorization");
  constexpr std::string_view kScheme = "apikey ";
  const bool scheme = text.size() > kScheme.size() && std::equal(kScheme.begin(), kScheme.end(), text.begin(), [](char wanted, char given) {
                        return wanted == (given >= 'A' && given <= 'Z' ? given + 32 : given);
                      });
  if (!scheme) return Fail(refusal);
  text.remove_prefix(kScheme.size());
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Fail(refusal);
  return rooms.gate->AuthenticateAs(text.substr(0, colon), text.substr(colon + 1));
}

Status CheckUnfinished(const Call& call) {
  std::uint64_t unfinished = 0;
  for (const auto state : {catalog::ExportState::kPending, catalog::ExportState::kExecuting}) {
    SHEAF_ASSIGN(const std::uint64_t count, call.rooms->catalog->CountExports(call.principal.account, "", state));
    unfinished += count;
  }
  const Options& options = call.rooms->avicenna;
  if (unfinished < static_cast<std::uint64_t>(options.unfinished_exports)) return {};
  return Fail(Error{ErrorCode::kTooManyExports, std::to_string(unfinished) + " of your exports are waiting or running.", "",
                    static_cast<int>(options.retry_after_s)});
}

//! Held from counting an account's exports until there is one more: requests at once would all see the same few.
using Turn = std::shared_ptr<std::mutex>;

Answer Submit(Call& call, const PreparedExport& prepared, const Turn& turn) {
  std::unique_lock lock(*turn);
  SHEAF_TRY(CheckUnfinished(call));
  bool created = false;
  const auto job = call.rooms->jobs->Submit(call.principal.account, prepared.access.study.id, prepared.options, "", &created,
                                            prepared.access.rights, {std::string(kDialect), AskedJson(prepared.asked)});
  lock.unlock();
  if (!job) {
    Error error = job.error();
    error.place = prepared.PlaceOf(error.place);
    return Fail(std::move(error));
  }
  call.audit.study = job->study;
  call.audit.target = job->id;
  call.audit.options = job->request;
  return native::JsonResponse(ExportJson(call, *job), 201);
}

Answer PostSensorExport(Call& call, const Turn& turn) {
  SHEAF_ASSIGN(const std::string body, call.request.body->ReadAll(kMaxBody));
  SHEAF_ASSIGN(const Form form, ReadForm(call.request.Header("content-type"), body));
  SHEAF_ASSIGN(const PreparedExport prepared, PrepareSensorExport(call, form));
  return Submit(call, prepared, turn);
}

//! Whatever the Content-Type says: curl without one says it is a form.
Answer PostFilterExport(Call& call, const Turn& turn) {
  SHEAF_ASSIGN(const std::string body, call.request.body->ReadAll(kMaxBody));
  SHEAF_ASSIGN(const PreparedExport prepared, PrepareFilterExport(call, body));
  return Submit(call, prepared, turn);
}

Result<std::optional<std::int64_t>> NumberParameter(const Call& call, std::string_view name) {
  const auto text = call.request.QueryParameter(name);
  if (!text) return std::optional<std::int64_t>();
  const auto number = WholeNumber(*text);
  if (!number) return Fail(ErrorCode::kBadParameter, "It must be a whole number", std::string(name));
  return number;
}

//! The exports of a study, the newest first, as a bare array.
Answer ListExports(Call& call) {
  SHEAF_TRY(call.OnlyParameters({"study_id", "study_specific_id", "status", "limit", "offset"}));
  SHEAF_ASSIGN(const auto study, NumberParameter(call, "study_id"));
  if (!study) return Fail(ErrorCode::kBadParameter, "It is missing", "study_id");
  SHEAF_ASSIGN(const auto number, NumberParameter(call, "study_specific_id"));
  SHEAF_ASSIGN(const auto status, NumberParameter(call, "status"));
  SHEAF_ASSIGN(const auto limit, NumberParameter(call, "limit"));
  SHEAF_ASSIGN(const auto offset, NumberParameter(call, "offset"));
  SHEAF_ASSIGN(const access::StudyAccess access, FindStudy(call, *study, access::Action::kExport));
  const auto most = static_cast<std::uint64_t>(limit.value_or(kMostListed));
  auto skip = static_cast<std::uint64_t>(offset.value_or(0));
  JsonArray items;
  std::uint64_t shown = 0;
  std::int64_t before = 0;
  while (shown < most) {
    SHEAF_ASSIGN(const auto jobs, call.rooms->catalog->DialectExports(access.study.id, kDialect, before, kJobsAtOnce));
    for (const catalog::ExportJob& job : jobs) {
      const bool wanted = (!number || job.number == *number) && (!status || StatusNumber(job.state) == *status);
      if (!wanted || !exporting::MaySeeJob(job, access.rights)) continue;
      if (skip > 0) --skip;
      else if (shown < most) {
        items.Raw(ExportJson(call, job));
        ++shown;
      }
    }
    if (jobs.size() < kJobsAtOnce) break;
    before = jobs.back().number;
  }
  call.audit.rows = shown;
  return native::JsonResponse(items.Finish());
}

//! The file at its own address: sent, never redirected to.
Answer GetContent(Call& call) {
  const Error missing{ErrorCode::kNotFound, "There is no such file.", "", 0};
  SHEAF_TRY(call.OnlyParameters({}));
  const auto study = WholeNumber(call.Part("study")), number = WholeNumber(call.Part("number"));
  if (!study || !number) return Fail(missing);
  SHEAF_ASSIGN(const access::StudyAccess access, FindStudy(call, *study, access::Action::kExport));
  auto job = call.rooms->catalog->FindExportByNumber(access.study.id, kDialect, *number);
  if (!job) return Fail(job.error().code == ErrorCode::kNotFound ? missing : job.error());
  if (!exporting::MaySeeJob(*job, access.rights)) return Fail(missing);
  call.audit.target = job->id;
  if (job->state != catalog::ExportState::kSucceeded && job->state != catalog::ExportState::kExpired) return Fail(missing);
  job->file_name = FileName(*job);
  if (job->file_name != call.Part("file")) return Fail(missing);
  SHEAF_TRY(RequireFile(*job));
  const std::string_view passphrase = call.request.Header("x-study-passphrase");
  const auto file = OpenFile(*call.rooms->blobs, *call.rooms->keys, *job, passphrase);
  if (!file && file.error().code == ErrorCode::kStudyLocked && !passphrase.empty())
    SHEAF_TRY(call.rooms->limits->OfFailures(call.Client()));
  if (!file) return Fail(file.error());
  call.audit.rows = job->rows_done;
  FileOptions options;
  options.content_type = job->file_name.ends_with(".zip") ? "application/zip" : "text/csv; charset=utf-8";
  SHEAF_ASSIGN(http::Response response, FileResponse(call.request, *job, *file, options));
  for (auto& [name, value] : response.headers) {
    if (name == "Cache-Control") value = "private, no-store";
  }
  if (response.status == 416) {
    http::Response refusal = ErrorResponse({ErrorCode::kRangeNotSatisfiable, "The range lies outside the file.", "", 0}, "", "");
    refusal.headers.emplace_back("Content-Range", "bytes */" + std::to_string(job->file_size));
    return refusal;
  }
  return response;
}

void Add(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms, std::string_view method, std::string_view pattern,
         native::CallHandler handler, native::AuditRule audit) {
  native::RouteStyle style;
  style.max_body = kMaxBody;
  style.render = ErrorResponse;
  style.audit = std::move(audit);
  style.who_asks = WhoAsks;
  native::AddRoute(router, rooms, method, pattern, std::move(handler), std::move(style));
}

}  // namespace

void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms) {
  using Kind = native::AuditRule::Kind;
  const Turn turn = std::make_shared<std::mutex>();
  const auto post_sensors = [turn](Call& call) { return PostSensorExport(call, turn); };
  const auto post_filter = [turn](Call& call) { return PostFilterExport(call, turn); };
  // With and without the slash that belongs to the paths: a POST is never redirected.
  for (const std::string_view slash : {"", "/"}) {
    const std::string sensors = "/api/study/export/create" + std::string(slash), filter = "/api/v1/filter/export" + std::string(slash);
    Add(router, rooms, "POST", sensors, post_sensors, {"export.create", Kind::kDurable});
    Add(router, rooms, "POST", filter, post_filter, {"export.create", Kind::kDurable});
    Add(router, rooms, "GET", filter, ListExports, {"export.list", Kind::kNoted});
  }
  Add(router, rooms, "GET", "/media/exports/{study}/{number}/{file}", GetContent, {"export.download", Kind::kDurable});
}

}  // namespace sheaf::api::avicenna
