// What a webhook is told.

#include <boost/json.hpp>

#include "model/strict_json.h"
#include "schedule/scheduler.h"
#include "schedule/schedules.h"

namespace sheaf::schedule {

namespace json = boost::json;

Result<std::string> WebhookBody(catalog::Catalog& catalog, const catalog::Delivery& delivery, const MakeDownload& make_download) {
  SHEAF_ASSIGN(const auto schedule, catalog.Schedules().FindSchedule(delivery.study, delivery.schedule));
  SHEAF_ASSIGN(const auto run, catalog.Schedules().FindRun(delivery.run));
  json::object body{{"id", delivery.id},
                    {"event", delivery.event},
                    {"created_at", FormatIsoUtc(delivery.created_at)},
                    {"study", delivery.study},
                    {"schedule", json::object{{"id", schedule.id}, {"name", schedule.name}}},
                    {"run", json::parse(RunJson(run))},
                    {"export", nullptr},
                    {"download", nullptr}};
  const auto job = catalog.FindExport(run.job);
  if (!job && job.error().code != ErrorCode::kNotFound) return Fail(job.error());
  // Removed meanwhile: the receiver learns of the run, and that there is nothing to fetch.
  if (!job) return model::CompactJson(body);
  body["export"] = json::parse(exporting::JobJson(*job));
  if (job->state == catalog::ExportState::kSucceeded) {
    SHEAF_ASSIGN(const Download download, make_download(schedule.account, *job));
    body["download"] = json::object{{"url", download.url}, {"expires_at", FormatIsoUtc(download.expires_at)}};
  }
  return model::CompactJson(body);
}

}  // namespace sheaf::schedule
