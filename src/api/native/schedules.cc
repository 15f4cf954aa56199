// Exports that run by themselves, and what is delivered of them.

#include "schedule/schedules.h"

#include "api/json_text.h"
#include "api/native/call.h"
#include "base/ids.h"
#include "delivery/courier.h"
#include "schedule/scheduler.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr access::Action kExport = access::Action::kExport;
constexpr std::size_t kMaxTextBytes = 1000;

//! A schedule and what its reader may see of the study.
struct Found {
  access::StudyAccess access;
  catalog::Schedule schedule;
};

catalog::ScheduleCatalog& Table(const Call& call) { return call.rooms->catalog->Schedules(); }

//! It shows no more than a job of its request would; to who made it, nothing that they have not said themselves.
bool MaySee(const Call& call, const catalog::Schedule& schedule, const model::ViewRights& rights) {
  if (schedule.account == call.principal.account) return true;
  catalog::ExportJob job;
  job.request = schedule.request;
  return exporting::MaySeeJob(job, rights);
}

Result<Found> FindSchedule(const Call& call) {
  SHEAF_ASSIGN(auto access, call.Access(kExport));
  const Error missing{ErrorCode::kNotFound, "There is no such schedule.", "", 0};
  if (!IsSlug(call.Part("schedule"))) return Fail(missing);
  SHEAF_ASSIGN(auto schedule, Table(call).FindSchedule(access.study.id, call.Part("schedule")));
  if (!MaySee(call, schedule, access.rights)) return Fail(missing);
  return Found{std::move(access), std::move(schedule)};
}

//! Its runs have the rights of its account, and go where it says: only that account may touch it, and who manages the study.
Result<Found> FindOwnSchedule(const Call& call) {
  SHEAF_ASSIGN(auto found, FindSchedule(call));
  if (found.schedule.account == call.principal.account) return found;
  if (!call.Access(access::Action::kManageStudy)) {
    return Fail(ErrorCode::kForbidden, "The schedule belongs to another account; who manages the study may change it.");
  }
  return found;
}

Result<std::string> ShowSchedule(const Call& call, const catalog::Schedule& schedule, const std::string& secret = {}) {
  SHEAF_ASSIGN(const auto runs, Table(call).Runs(schedule.id, "", 1));
  return schedule::ScheduleJson(schedule, runs.empty() ? std::nullopt : std::optional(runs.front()), secret);
}

Answer Show(const Call& call, const catalog::Schedule& schedule, const std::string& secret = {}, int status = 200) {
  SHEAF_ASSIGN(std::string json, ShowSchedule(call, schedule, secret));
  return JsonResponse(std::move(json), status);
}

Result<schedule::Change> ReadChange(Call& call, bool present) {
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  schedule::Change change;
  SHEAF_ASSIGN(change.name, body.Text("name", kMaxTextBytes));
  SHEAF_ASSIGN(change.cron, body.Text("cron", kMaxTextBytes));
  SHEAF_ASSIGN(change.timezone, body.Text("timezone", kMaxTextBytes));
  SHEAF_ASSIGN(change.mode, body.Text("mode", kMaxTextBytes));
  SHEAF_ASSIGN(change.keep, body.Integer("keep"));
  SHEAF_ASSIGN(change.request, body.ObjectText("request"));
  SHEAF_ASSIGN(change.delivery, body.ObjectText("delivery"));
  if (present) {
    SHEAF_ASSIGN(const auto restart, body.Flag("restart"));
    SHEAF_ASSIGN(const auto new_secret, body.Flag("new_secret"));
    change.restart = restart.value_or(false);
    change.new_secret = new_secret.value_or(false);
  }
  SHEAF_TRY(body.Finish());
  return change;
}

Answer ListSchedules(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(kExport));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto schedules, Table(call).Schedules(access.study.id));
  JsonArray items;
  std::uint64_t total = 0;
  for (const auto& schedule : schedules) {
    if (!MaySee(call, schedule, access.rights)) continue;
    SHEAF_ASSIGN(const std::string json, ShowSchedule(call, schedule));
    items.Raw(json);
    ++total;
  }
  return ListResponse("schedules", items.Finish(), "", total);
}

Answer PostSchedule(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(kExport));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const schedule::Change change, ReadChange(call, false));
  SHEAF_ASSIGN(const schedule::Saved saved, call.rooms->schedules->Create(call.principal.account, access, change));
  call.audit.target = saved.schedule.id;
  call.audit.options = schedule::ScheduleJson(saved.schedule, std::nullopt, "");
  SHEAF_ASSIGN(auto response, Show(call, saved.schedule, saved.secret, 201));
  response->headers.emplace_back("Location", call.Address("/api/v1/studies/" + access.study.id + "/schedules/" + saved.schedule.id));
  return response;
}

Answer GetSchedule(Call& call) {
  SHEAF_ASSIGN(const Found found, FindSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  return Show(call, found.schedule);
}

Answer PatchSchedule(Call& call) {
  SHEAF_ASSIGN(const Found found, FindOwnSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const schedule::Change change, ReadChange(call, true));
  SHEAF_ASSIGN(const auto saved, call.rooms->schedules->Apply(found.schedule, call.principal.account, found.access, change));
  call.audit.options = schedule::ScheduleJson(saved.schedule, std::nullopt, "");
  return Show(call, saved.schedule, saved.secret);
}

Answer DeleteSchedule(Call& call) {
  SHEAF_ASSIGN(const Found found, FindOwnSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  const Micros files_until = Now() + exporting::JobLimits().file_lifetime_s * 1'000'000;
  SHEAF_TRY(Table(call).RemoveSchedule(found.schedule.study, found.schedule.id, files_until));
  return NoContent();
}

Answer PauseSchedule(Call& call) {
  SHEAF_ASSIGN(const Found found, FindOwnSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto paused, call.rooms->schedules->Pause(found.schedule, ""));
  return Show(call, paused);
}

Answer ResumeSchedule(Call& call) {
  SHEAF_ASSIGN(const Found found, FindOwnSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto resumed, call.rooms->schedules->Resume(found.schedule));
  return Show(call, resumed);
}

Answer RunSchedule(Call& call) {
  SHEAF_ASSIGN(const Found found, FindOwnSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto run, call.rooms->scheduler->RunNow(found.schedule));
  return JsonResponse(schedule::RunJson(run), 202);
}

Answer ListRuns(Call& call) {
  SHEAF_ASSIGN(const Found found, FindSchedule(call));
  SHEAF_ASSIGN(const ListQuery query, ReadListQuery(call, ListSearch::kNo));
  SHEAF_ASSIGN(auto runs, Table(call).Runs(found.schedule.id, query.after, query.limit + 1));
  SHEAF_ASSIGN(const std::uint64_t total, Table(call).CountRuns(found.schedule.id));
  const bool more = runs.size() > query.limit;
  if (more) runs.resize(query.limit);
  JsonArray items;
  for (const auto& run : runs) items.Raw(schedule::RunJson(run));
  return ListResponse("runs", items.Finish(), more ? runs.back().id : "", total);
}

Answer ListDeliveries(Call& call) {
  SHEAF_ASSIGN(const Found found, FindSchedule(call));
  SHEAF_ASSIGN(const ListQuery query, ReadListQuery(call, ListSearch::kNo));
  SHEAF_ASSIGN(auto deliveries, Table(call).Deliveries(found.schedule.id, query.after, query.limit + 1));
  SHEAF_ASSIGN(const std::uint64_t total, Table(call).CountDeliveries(found.schedule.id));
  const bool more = deliveries.size() > query.limit;
  if (more) deliveries.resize(query.limit);
  JsonArray items;
  for (const auto& delivery : deliveries) items.Raw(schedule::DeliveryJson(delivery, nullptr));
  return ListResponse("deliveries", items.Finish(), more ? deliveries.back().id : "", total);
}

Answer ShowDelivery(const Call& call, const Found& found, int status = 200) {
  SHEAF_ASSIGN(const auto delivery, Table(call).FindDelivery(found.schedule.id, call.Part("delivery")));
  SHEAF_ASSIGN(const auto attempts, Table(call).Attempts(delivery.id));
  return JsonResponse(schedule::DeliveryJson(delivery, &attempts), status);
}

Answer GetDelivery(Call& call) {
  SHEAF_ASSIGN(const Found found, FindSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  return ShowDelivery(call, found);
}

Answer ReplayDelivery(Call& call) {
  SHEAF_ASSIGN(const Found found, FindOwnSchedule(call));
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_TRY(Table(call).Replay(found.schedule.id, call.Part("delivery"), Now()));
  call.rooms->courier->Wake();
  return ShowDelivery(call, found, 202);
}

}  // namespace

void AddScheduleRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  const std::string all = "/api/v1/studies/{study}/schedules";
  const std::string one = all + "/{schedule}";
  AddRoute(router, rooms, "GET", all, ListSchedules);
  AddRoute(router, rooms, "POST", all, PostSchedule, kMaxSettingsBody);
  AddRoute(router, rooms, "GET", one, GetSchedule);
  AddRoute(router, rooms, "PATCH", one, PatchSchedule, kMaxSettingsBody);
  AddRoute(router, rooms, "DELETE", one, DeleteSchedule);
  AddRoute(router, rooms, "POST", one + "/pause", PauseSchedule);
  AddRoute(router, rooms, "POST", one + "/resume", ResumeSchedule);
  AddRoute(router, rooms, "POST", one + "/run", RunSchedule);
  AddRoute(router, rooms, "GET", one + "/runs", ListRuns);
  AddRoute(router, rooms, "GET", one + "/deliveries", ListDeliveries);
  AddRoute(router, rooms, "GET", one + "/deliveries/{delivery}", GetDelivery);
  AddRoute(router, rooms, "POST", one + "/deliveries/{delivery}/replay", ReplayDelivery);
}

}  // namespace sheaf::api::native
