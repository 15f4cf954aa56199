#include "schedule/schedules.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "delivery/courier.h"
#include "delivery/target.h"
#include "delivery/webhook.h"
#include "schedule/cron.h"
#include "secrets/hex.h"

namespace sheaf::schedule {
namespace {

constexpr std::size_t kMostNameBytes = 200;
constexpr std::size_t kMostRequestBytes = 256u << 10;

tl::unexpected<Error> Bad(std::string place, std::string detail) {
  return Fail(ErrorCode::kBadMember, std::move(detail), std::move(place));
}

//! As a place in the body.
tl::unexpected<Error> Within(const std::string& pointer, Error error) {
  const bool slash = error.place.empty() || error.place.front() == '/';
  error.place = pointer + (slash ? "" : "/") + (error.place == "/" ? "" : error.place);
  if (error.code == ErrorCode::kBadParameter) error.code = ErrorCode::kBadMember;
  return Fail(std::move(error));
}

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kMostNameBytes && IsUtf8(text) &&
         std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Result<std::optional<Micros>> NextOf(const catalog::Schedule& schedule) {
  auto timetable = Timetable::Make(schedule.cron, schedule.timezone);
  if (!timetable) return Within("", std::move(timetable).error());
  return timetable->Next(Now());
}

}  // namespace

Result<exporting::ExportOptions> RunOptions(const catalog::Schedule& schedule, const std::string& since,
                                            const model::StudySettings& settings) {
  SHEAF_ASSIGN(auto options, exporting::OptionsFromJson(schedule.request));
  exporting::ApplyConsent(options, settings);
  if (schedule.mode == "new") options.since = since;
  return options;
}

Status Schedules::Merge(const Change& change, catalog::Schedule& schedule) const {
  if (change.name) schedule.name = *change.name;
  if (change.request) schedule.request = *change.request;
  if (change.cron) schedule.cron = *change.cron;
  if (change.timezone) schedule.timezone = *change.timezone;
  if (change.mode) schedule.mode = *change.mode;
  if (change.keep) schedule.keep = *change.keep;
  if (change.restart) schedule.cursor.clear();
  if (!IsName(schedule.name)) return Bad("/name", "It must be a line of 1 to 200 bytes.");
  if (schedule.cron.empty()) return Bad("/cron", "It must be a cron expression such as \"0 6 * * mon\".");
  if (schedule.mode != "complete" && schedule.mode != "new") return Bad("/mode", "It must be one of complete, new.");
  if (schedule.keep < 1 || schedule.keep > kMostKept) return Bad("/keep", "It must be a whole number from 1 to 1000.");
  if (schedule.request.size() > kMostRequestBytes) return Bad("/request", "It may have at most 256 KiB.");
  if (!change.delivery) return {};
  SHEAF_ASSIGN(const auto target, delivery::ParseTarget(*change.delivery, "/delivery"));
  SHEAF_TRY(delivery::CheckTarget(target, options_.rules, options_.root, "/delivery"));
  schedule.delivery = delivery::TargetJson(target);
  if (target.kind != delivery::Kind::kWebhook) schedule.sealed.clear();
  return {};
}

//! Everything that can be wrong with it is said now, not by a run at night.
Status Schedules::CheckRequest(const catalog::Schedule& schedule, const access::StudyAccess& access) const {
  auto options = RunOptions(schedule, "", access.study.settings);
  if (!options) return Within("/request", std::move(options).error());
  if (schedule.mode == "new") {
    SHEAF_ASSIGN(const auto asked, exporting::OptionsFromJson(schedule.request));
    if (!asked.since.empty()) return Bad("/request/since", "With mode new the schedule says since when.");
  }
  if (Status checked = options_.jobs->Check(access.study.id, *options, access.rights); !checked) {
    return Within("/request", std::move(checked).error());
  }
  return {};
}

//! A new secret for the webhook; empty when it needs none.
Result<std::string> Schedules::Seal(catalog::Schedule& schedule) const {
  const std::string secret = delivery::NewWebhookSecret();
  SHEAF_ASSIGN(const std::string sealed, options_.site_key->Seal(delivery::SecretPurpose(schedule.id), secret));
  schedule.sealed = secrets::ToHex(sealed);
  return secret;
}

Result<Saved> Schedules::Create(const std::string& account, const access::StudyAccess& access, const Change& change) {
  Saved saved;
  catalog::Schedule& schedule = saved.schedule;
  schedule.id = NewId("sch_");
  schedule.study = access.study.id;
  schedule.account = account;
  schedule.request = "{}";
  schedule.timezone = "UTC";
  schedule.mode = "complete";
  schedule.keep = kKeptByDefault;
  schedule.delivery = delivery::TargetJson({});
  schedule.created_at = schedule.updated_at = Now();
  SHEAF_TRY(Merge(change, schedule));
  SHEAF_ASSIGN(schedule.next_at, NextOf(schedule));
  SHEAF_TRY(CheckRequest(schedule, access));
  SHEAF_ASSIGN(const auto target, delivery::ParseTarget(schedule.delivery, "/delivery"));
  if (target.kind == delivery::Kind::kWebhook) { SHEAF_ASSIGN(saved.secret, Seal(schedule)); }
  SHEAF_ASSIGN(schedule, options_.catalog->Schedules().AddSchedule(schedule, kMostOfAStudy));
  return saved;
}

Result<Saved> Schedules::Apply(catalog::Schedule schedule, const std::string& account, const access::StudyAccess& access,
                               const Change& change) {
  Saved saved;
  const Micros seen = schedule.updated_at;
  SHEAF_TRY(Merge(change, schedule));
  schedule.account = account;
  SHEAF_ASSIGN(const auto next, NextOf(schedule));
  const bool retimed = change.cron || change.timezone;
  if (retimed && !schedule.paused_at) schedule.next_at = next;
  SHEAF_TRY(CheckRequest(schedule, access));
  SHEAF_ASSIGN(const auto target, delivery::ParseTarget(schedule.delivery, "/delivery"));
  const bool webhook = target.kind == delivery::Kind::kWebhook;
  if (change.new_secret && !webhook) return Bad("/new_secret", "Only a webhook has a secret.");
  if (webhook && (change.new_secret || schedule.sealed.empty())) { SHEAF_ASSIGN(saved.secret, Seal(schedule)); }
  SHEAF_ASSIGN(saved.schedule, options_.catalog->Schedules().ChangeSchedule(schedule, seen, change.restart));
  return saved;
}

Result<catalog::Schedule> Schedules::Pause(catalog::Schedule schedule, const std::string& reason) {
  if (schedule.paused_at) return schedule;
  const Micros seen = schedule.updated_at;
  schedule.paused_at = Now();
  schedule.pause_reason = reason;
  schedule.next_at.reset();
  return options_.catalog->Schedules().ChangeSchedule(schedule, seen, false);
}

Result<catalog::Schedule> Schedules::Resume(catalog::Schedule schedule) {
  if (!schedule.paused_at) return schedule;
  const Micros seen = schedule.updated_at;
  schedule.paused_at.reset();
  schedule.pause_reason.clear();
  SHEAF_ASSIGN(schedule.next_at, NextOf(schedule));
  return options_.catalog->Schedules().ChangeSchedule(schedule, seen, false);
}

}  // namespace sheaf::schedule
