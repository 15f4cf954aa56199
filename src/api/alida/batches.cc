// Starting batches and asking for their state.

#include <algorithm>
#include <utility>

#include "api/alida/batch_request.h"
#include "api/alida/route.h"
#include "api/content_headers.h"
#include "base/guid.h"
#include "model/survey.h"

namespace sheaf::api::alida {
namespace {

using catalog::ExportJob;
using catalog::ExportState;

constexpr std::uint64_t kMostBodyBytes = 1u << 20;
constexpr int kLookAgainS = 2;
constexpr int kTryAgainS = 5;
constexpr std::uint64_t kMostLookedAt = 200;
constexpr const char* kMissingBatch = "The batch could not be found.";

std::string Root(const std::string& application, BatchKind kind) {
  const char* const data = kind == BatchKind::kActivity ? "/data/activities/responses" : "/data/members/profiles";
  return "/v2/applications/" + application + data;
}

bool Unfinished(const ExportJob& job) { return job.state == ExportState::kPending || job.state == ExportState::kExecuting; }

//! Never backwards: what a restart has put back into the queue has begun.
std::string_view StatusWord(const ExportJob& job) {
  switch (job.state) {
    case ExportState::kPending: return job.attempts > 0 ? "executing" : "pending";
    case ExportState::kExecuting: return "executing";
    case ExportState::kSucceeded:
    case ExportState::kExpired: return "succeeded";
    case ExportState::kFailed:
    case ExportState::kCancelled: break;
  }
  return "failed";
}

//! One of a closed set of texts.
std::string_view MessageOf(const ExportJob& job) {
  if (StatusWord(job) != "failed") return "";
  if (job.error == exporting::kAlidaNoFields) return exporting::kAlidaNoFields;
  if (job.error == exporting::kTimedOut) return "The export timed out.";
  if (job.error == "there is no dataset with this id") return "The activity could not be found.";
  if (job.error == Describe(ErrorCode::kStorageFull).title) return "The export exceeded the maximum size.";
  return "An unexpected error occurred.";
}

Micros LastUpdate(const ExportJob& job) {
  const Micros begun = job.started_at.value_or(job.created_at);
  return Unfinished(job) ? begun : job.finished_at.value_or(begun);
}

std::string StatusJson(const native::Rooms& rooms, const Application& application, const ExportJob& job, BatchKind kind,
                       const std::string& dataset) {
  const std::string user = UserId(job.account);
  const std::string_view status = StatusWord(job);
  JsonObject object;
  object.Text("id", BatchId(job));
  if (kind == BatchKind::kActivity) object.Text("datasetId", dataset);
  object.Text("status", status);
  object.Text(kind == BatchKind::kActivity ? "message" : "errorMessage", MessageOf(job));
  object.Text("createDate", exporting::AlidaTime(job.created_at)).Text("createdBy", user);
  object.Text("lastUpdateDate", exporting::AlidaTime(LastUpdate(job))).Text("lastUpdatedBy", user);
  if (status == "succeeded") object.Text("data", Absolute(rooms, Root(application.Id(), kind) + "/files/" + FileId(job)));
  return object.Finish();
}

std::string InQuotes(std::string_view text) {
  std::string quoted;
  AppendJsonString(quoted, text);
  return quoted;
}

//! By the time of the last change here, not by the participant's own.
void AddWindow(const BatchRequest& request, std::vector<std::string>& conditions) {
  const auto add = [&conditions](const char* op, Micros instant) {
    conditions.push_back(R"({"field":"record.updated_at","op":")" + std::string(op) + "\",\"value\":\"" + FormatIsoUtc(instant) + "\"}");
  };
  if (request.since) add(">=", *request.since);
  if (request.until) add("<", *request.until);
}

//! Those whose `member_status` says so: an option called active, such a text, or true.
std::string ActiveMembers(const model::Dataset& profiles) {
  const model::Field& field = profiles.fields[static_cast<std::size_t>(profiles.FieldNumber(model::kMemberStatusField))];
  const std::string name = R"({"field":")" + field.id + "\",";
  const auto is_active = [](std::string_view text) {
    constexpr std::string_view kActive = "active";
    return text.size() == kActive.size() &&
           std::equal(text.begin(), text.end(), kActive.begin(), [](char c, char wanted) { return (c | 0x20) == wanted; });
  };
  if (field.type == model::FieldType::kBoolean) return name + R"("op":"=","value":true})";
  if (field.type == model::FieldType::kString) return name + R"("op":"in","value":["active","Active","ACTIVE"]})";
  if (field.type != model::FieldType::kEnum) return R"({"any":[]})";
  std::string ids;
  for (const model::Option& option : field.options) {
    if (is_active(option.id) || is_active(option.code) || is_active(option.label)) ids += (ids.empty() ? "" : ",") + InQuotes(option.id);
  }
  return name + R"("op":"in","value":[)" + ids + "]}";
}

exporting::ExportOptions OptionsOf(const Options& settings, const BatchRequest& request, const model::Dataset& dataset,
                                   const std::vector<std::string>& fields) {
  exporting::ExportOptions options;
  options.format = exporting::Format::kAlida;
  options.datasets = {dataset.id};
  for (const std::string& field : fields) options.columns += (options.columns.empty() ? "" : ",") + field;
  std::vector<std::string> conditions;
  AddWindow(request, conditions);
  if (dataset.kind == model::DatasetKind::kProfile) conditions.push_back(ActiveMembers(dataset));
  std::string all;
  for (const std::string& condition : conditions) all += (all.empty() ? "" : ",") + condition;
  if (!all.empty()) options.filter = "{\"all\":[" + all + "]}";
  options.alida.echo = request.Echo();
  if (dataset.kind == model::DatasetKind::kProfile && options.alida.echo == "{}") options.alida.echo.clear();
  options.alida.single_as_set = settings.single_choice_as_set;
  options.alida.visibility = settings.all_visibility;
  options.run_time_s = settings.run_time_s;
  return options;
}

Status CheckLimits(native::Call& call, const Service& service, const Application& application) {
  if (service.batches) SHEAF_TRY(service.batches->Take(application.Id(), "The application starts too many batches."));
  SHEAF_ASSIGN(const auto jobs, call.rooms->catalog->DialectExports(application.Id(), "alida", 0, kMostLookedAt));
  const auto unfinished = std::count_if(jobs.begin(), jobs.end(), Unfinished);
  if (unfinished < service.options.unfinished_batches) return {};
  return Fail(Error{ErrorCode::kTooManyExports, std::to_string(unfinished) + " batches are waiting or running.", {}, kTryAgainS});
}

Result<BatchRequest> ReadBody(native::Call& call, const Service& service) {
  SHEAF_ASSIGN(const std::string body, call.request.body->ReadAll(kMostBodyBytes));
  if (!body.empty()) SHEAF_TRY(RequireJson(call.request.Header("content-type")));
  return ReadBatchRequest(body, service.options.field_ids);
}

Answer Start(native::Call& call, Service& service, const Application& application, const model::Dataset& dataset, BatchKind kind) {
  SHEAF_ASSIGN(const BatchRequest request, ReadBody(call, service));
  SHEAF_ASSIGN(const auto fields, ResolveFields(application, dataset, request.field_ids));
  auto options = OptionsOf(service.options, request, dataset, fields);
  exporting::ApplyConsent(options, application.access.study.settings);
  Result<ExportJob> job = Fail(ErrorCode::kInternal, "");
  {
    const std::lock_guard lock(service.submitting);
    SHEAF_TRY(CheckLimits(call, service, application));
    job = call.rooms->jobs->Submit(call.principal.account, application.Id(), options, "", nullptr, application.access.rights,
                                   {"alida", BatchWords(kind)});
  }
  if (!job) return Fail(job.error());
  call.audit.dataset = dataset.id;
  call.audit.target = job->id;
  call.audit.options = job->request;
  const std::string guid = exporting::AlidaGuids(application.key, dataset).OfDataset();
  http::Response response = Json(StatusJson(*call.rooms, application, *job, kind, guid), 202);
  response.headers.emplace_back("Location", Absolute(*call.rooms, Root(application.Id(), kind) + "/batch/" + BatchId(*job)));
  response.headers.emplace_back("Retry-After", std::to_string(kLookAgainS));
  return response;
}

Answer PostActivityBatch(native::Call& call, Service& service) {
  SHEAF_ASSIGN(const Application application, FindApplication(call));
  SHEAF_ASSIGN(const auto activity, application.FindActivity(call.Part("activity")));
  const std::string type = Attribute(*activity, "activityType");
  if (!type.empty() && type != "Survey" && type != "Sparq1survey") {
    return Fail(ErrorCode::kBadRequest, "Activities of the type " + type + " are not exported.");
  }
  return Start(call, service, application, *activity, BatchKind::kActivity);
}

Answer PostProfileBatch(native::Call& call, Service& service) {
  SHEAF_ASSIGN(const Application application, FindApplication(call));
  SHEAF_ASSIGN(const auto profiles, application.FindProfiles());
  return Start(call, service, application, *profiles, BatchKind::kProfile);
}

//! GUID of the dataset that the job is of.
std::string DatasetOf(const Application& application, const ExportJob& job) {
  const auto options = exporting::OptionsFromJson(job.request);
  if (!options || options->datasets.size() != 1) return {};
  model::Dataset dataset;
  dataset.id = options->datasets.front();
  return exporting::AlidaGuids(application.key, dataset).OfDataset();
}

Answer GetBatch(native::Call& call, BatchKind kind) {
  SHEAF_ASSIGN(const Application application, FindApplication(call));
  SHEAF_ASSIGN(const ExportJob job, FindBatch(call, application, kind, call.Part("batch"), exporting::kAlidaBatchMark, kMissingBatch));
  http::Response response = Json(StatusJson(*call.rooms, application, job, kind, DatasetOf(application, job)));
  if (Unfinished(job)) response.headers.emplace_back("Retry-After", std::to_string(kLookAgainS));
  return response;
}

}  // namespace

void AddBatchRoutes(http::Router& router, const std::shared_ptr<Service>& service) {
  const std::string root = "/v2/applications/{study}/data";
  const std::string activity = root + "/activities/{activity}/responses/batch", profile = root + "/members/profiles/batch";
  const std::string responses = root + "/activities/responses/batch/{batch}", member = profile + "/{batch}";
  AddRoute(router, service, {"POST", activity, "export.create", PostActivityBatch, Caller::kBearer, kMostBodyBytes});
  AddRoute(router, service, {"POST", profile, "export.create", PostProfileBatch, Caller::kBearer, kMostBodyBytes});
  AddRoute(router, service, {"GET", responses, "", [](auto& call, auto&) { return GetBatch(call, BatchKind::kActivity); }});
  AddRoute(router, service, {"GET", member, "", [](auto& call, auto&) { return GetBatch(call, BatchKind::kProfile); }});
}

}  // namespace sheaf::api::alida
