#include "cli/serve_schedules.h"

#include <CLI/CLI.hpp>

#include <utility>

#include "api/native/download_link.h"
#include "delivery/courier.h"
#include "delivery/directory.h"
#include "model/strict_json.h"
#include "schedule/scheduler.h"
#include "schedule/schedules.h"

namespace sheaf::cli {
namespace {

void Record(access::AuditLog& audit, catalog::AuditEntry entry) {
  if (const Status recorded = audit.Record(entry); !recorded) audit.Note(std::move(entry));
}

void AuditRun(access::AuditLog& audit, const catalog::Schedule& schedule, const catalog::ScheduleRun& run) {
  catalog::AuditEntry entry;
  entry.actor_kind = "account";
  entry.actor = schedule.account;
  entry.study = schedule.study;
  entry.target = schedule.id;
  entry.action = "schedule.run";
  entry.outcome = run.state == "succeeded" ? "ok" : "failed";
  Record(audit, std::move(entry));
}

//! Data has left, or it is known that it will not.
void AuditDelivery(access::AuditLog& audit, const catalog::Delivery& delivery) {
  if (delivery.state == "waiting") return;
  catalog::AuditEntry entry;
  entry.actor_kind = "server";
  entry.study = delivery.study;
  entry.target = delivery.id;
  entry.action = "export.deliver";
  entry.outcome = delivery.state == "delivered" ? "ok" : "failed";
  Record(audit, std::move(entry));
}

//! For an hour; each attempt to deliver makes a new one.
Result<schedule::Download> MakeDownload(const api::native::Rooms& rooms, const std::string& account, const catalog::ExportJob& job) {
  constexpr Micros kLifetime = Micros{3600} * 1'000'000;
  access::Principal holder;
  holder.account = account;
  SHEAF_ASSIGN(auto link, api::native::NewDownloadLink(rooms, holder, job, kLifetime));
  if (rooms.public_url.empty() && rooms.bound) link.url = rooms.bound->Get() + link.url;
  return schedule::Download{std::move(link.url), link.expires_at};
}

}  // namespace

void AddScheduleOptions(CLI::App& serve, ScheduleOptions& options) {
  serve.add_option("--delivery-root", options.root, "Scheduled exports may be delivered into directories below this one")->type_name("DIR");
  serve.add_flag(
      "--allow-private-webhooks", options.allow_private,
      "Webhooks may go to private networks and to this machine, and without TLS; only where everybody who may export is trusted");
  serve
      .add_option("--webhook-host", options.hosts,
                  "A host, address or network (10.1.2.0/24) that webhooks may go to although it is private; may be repeated")
      ->type_name("HOST");
  // For tests. In no help text on purpose.
  serve.add_option("--delivery-first-wait-ms", options.first_wait_ms)->group("");
  serve.add_option("--delivery-give-up-ms", options.give_up_ms)->group("");
  serve.add_option("--schedule-lease-s", options.lease_s)->group("");
}

Status OpenSchedules(api::native::Rooms& rooms, const ScheduleOptions& options) {
  if (!options.root.empty()) SHEAF_TRY(delivery::CheckRoot(options.root));
  SHEAF_ASSIGN(const auto rules, delivery::AddressRules::Make(options.allow_private, options.hosts));
  rooms.schedules =
      std::make_shared<schedule::Schedules>(schedule::Schedules::Options{rooms.catalog, rooms.jobs, rooms.site_key, rules, options.root});
  delivery::Courier::Options courier_options;
  courier_options.catalog = rooms.catalog;
  courier_options.blobs = rooms.blobs;
  courier_options.keys = rooms.keys;
  courier_options.rules = rules;
  courier_options.root = options.root;
  courier_options.version = rooms.version;
  courier_options.limits.lease_s = options.lease_s;
  courier_options.limits.first_wait_ms = options.first_wait_ms;
  courier_options.limits.give_up_ms = options.give_up_ms;
  // Rooms as they are now: without the courier, which would hold itself.
  courier_options.body = [rooms](const catalog::Delivery& delivery) {
    return schedule::WebhookBody(*rooms.catalog, delivery, [&](const std::string& account, const catalog::ExportJob& job) {
      return MakeDownload(rooms, account, job);
    });
  };
  courier_options.attempted = [audit = rooms.audit](const catalog::Delivery& delivery, const catalog::DeliveryAttempt&) {
    AuditDelivery(*audit, delivery);
  };
  rooms.courier = std::make_shared<delivery::Courier>(std::move(courier_options));
  schedule::Scheduler::Options scheduler_options;
  scheduler_options.catalog = rooms.catalog;
  scheduler_options.jobs = rooms.jobs;
  scheduler_options.gate = rooms.gate;
  scheduler_options.lease_s = options.lease_s;
  scheduler_options.delivery_waits = [courier = rooms.courier] { courier->Wake(); };
  scheduler_options.ended = [audit = rooms.audit](const catalog::Schedule& schedule, const catalog::ScheduleRun& run) {
    AuditRun(*audit, schedule, run);
  };
  rooms.scheduler = std::make_shared<schedule::Scheduler>(std::move(scheduler_options));
  return {};
}

Status ForgetInSchedules(catalog::Catalog& catalog, std::string_view study, std::string_view participant, std::string_view reason) {
  SHEAF_TRY(catalog.Schedules().ForgetWord(study, participant, reason));
  std::string escaped;
  model::AppendJsonString(escaped, participant);
  const std::string_view inner = std::string_view(escaped).substr(1, escaped.size() - 2);
  return inner == participant ? Status() : catalog.Schedules().ForgetWord(study, inner, reason);
}

void StartSchedules(const api::native::Rooms& rooms) {
  rooms.courier->Start();
  rooms.scheduler->Start();
}

void StopSchedules(const api::native::Rooms& rooms) {
  rooms.scheduler->Stop();
  rooms.courier->Stop();
}

}  // namespace sheaf::cli
