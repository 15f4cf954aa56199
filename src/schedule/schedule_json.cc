// Schedules, runs and deliveries as the API and webhooks show them.

#include <boost/json.hpp>

#include "schedule/cron.h"
#include "schedule/schedules.h"

namespace sheaf::schedule {
namespace {

namespace json = boost::json;

constexpr int kUpcoming = 5;

json::value Time(const std::optional<Micros>& instant) {
  if (!instant) return nullptr;
  return json::value(FormatIsoUtc(*instant));
}
json::value Text(const std::string& text) {
  if (text.empty()) return nullptr;
  return json::value(text);
}
json::value Parsed(const std::string& text) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  return error ? json::value(nullptr) : value;
}

json::array Upcoming(const catalog::Schedule& schedule) {
  json::array times;
  const auto timetable = Timetable::Make(schedule.cron, schedule.timezone);
  std::optional<Micros> next = schedule.next_at;
  while (timetable && next && times.size() < kUpcoming) {
    times.emplace_back(FormatIsoUtc(*next));
    next = timetable->Next(*next);
  }
  return times;
}

json::object RunObject(const catalog::ScheduleRun& run) {
  const bool open = run.state == "starting" || run.state == "running";
  return {{"id", run.id},
          {"state", open ? "running" : run.state},
          {"cause", run.cause},
          {"due_at", FormatIsoUtc(run.due_at)},
          {"missed", run.missed},
          {"export", Text(run.job)},
          {"since", Text(run.since)},
          {"cursor", Text(run.cursor)},
          {"error", Text(run.error)},
          {"created_at", FormatIsoUtc(run.created_at)},
          {"finished_at", Time(run.finished_at)}};
}

}  // namespace

std::string ScheduleJson(const catalog::Schedule& schedule, const std::optional<catalog::ScheduleRun>& last_run,
                         const std::string& secret) {
  json::object object{{"id", schedule.id},
                      {"study", schedule.study},
                      {"account", schedule.account},
                      {"name", schedule.name},
                      {"request", Parsed(schedule.request)},
                      {"cron", schedule.cron},
                      {"timezone", schedule.timezone},
                      {"mode", schedule.mode},
                      {"keep", schedule.keep},
                      {"delivery", Parsed(schedule.delivery)},
                      {"cursor", Text(schedule.cursor)},
                      {"paused", schedule.paused_at.has_value()},
                      {"paused_at", Time(schedule.paused_at)},
                      {"pause_reason", Text(schedule.pause_reason)},
                      {"next_at", Time(schedule.next_at)},
                      {"upcoming", Upcoming(schedule)},
                      {"last_run", last_run ? json::value(RunObject(*last_run)) : json::value(nullptr)},
                      {"created_at", FormatIsoUtc(schedule.created_at)},
                      {"updated_at", FormatIsoUtc(schedule.updated_at)}};
  if (!secret.empty()) object["webhook_secret"] = secret;
  return json::serialize(object);
}

std::string RunJson(const catalog::ScheduleRun& run) { return json::serialize(RunObject(run)); }

std::string DeliveryJson(const catalog::Delivery& delivery, const std::vector<catalog::DeliveryAttempt>* attempts) {
  json::object object{{"id", delivery.id},
                      {"run", delivery.run},
                      {"event", delivery.event},
                      {"state", delivery.state},
                      {"attempts", delivery.attempts},
                      {"next_at", Time(delivery.next_at)},
                      {"created_at", FormatIsoUtc(delivery.created_at)},
                      {"finished_at", Time(delivery.finished_at)}};
  if (attempts == nullptr) return json::serialize(object);
  json::array log;
  for (const auto& attempt : *attempts) {
    log.push_back(json::object{{"number", attempt.number},
                               {"at", FormatIsoUtc(attempt.at)},
                               {"duration_ms", attempt.duration_ms},
                               {"status", attempt.status == 0 ? json::value(nullptr) : json::value(attempt.status)},
                               {"error", Text(attempt.error)},
                               {"answer", Text(attempt.answer)}});
  }
  object["log"] = std::move(log);
  return json::serialize(object);
}

}  // namespace sheaf::schedule
