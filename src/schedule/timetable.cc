#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <limits>
#include <string>

#include "export/time_zone.h"
#include "schedule/cron.h"

namespace sheaf::schedule {
namespace {

constexpr int kMostDays = 30 * 366;
constexpr Micros kNever = std::numeric_limits<Micros>::max();

}  // namespace

struct Timetable::Zone {
  absl::TimeZone zone;

  //! The first time of this day that is after `after`; kNever when there is none.
  Micros NextOn(const Cron& cron, absl::CivilDay day, Micros after) const {
    Micros next = kNever;
    const auto offer = [&](absl::Time time) {
      const Micros instant = absl::ToUnixMicros(time);
      if (instant > after && instant < next) next = instant;
    };
    for (int hour = 0; hour < 24; ++hour) {
      if (!cron.Hours().test(static_cast<std::size_t>(hour))) continue;
      for (int minute = 0; minute < 60; ++minute) {
        if (!cron.Minutes().test(static_cast<std::size_t>(minute))) continue;
        const auto at = zone.At(absl::CivilSecond(day.year(), day.month(), day.day(), hour, minute));
        if (at.kind == absl::TimeZone::TimeInfo::SKIPPED) {
          if (!cron.EveryHour()) offer(at.trans);
          continue;
        }
        offer(at.pre);
        if (at.kind == absl::TimeZone::TimeInfo::REPEATED && cron.EveryHour()) offer(at.post);
      }
    }
    return next;
  }
};

Timetable::Timetable(Cron cron, std::shared_ptr<const Zone> zone) : cron_(cron), zone_(std::move(zone)) {}
Timetable::Timetable(const Timetable&) = default;
Timetable::~Timetable() = default;

Result<Timetable> Timetable::Make(std::string_view cron, std::string_view timezone) {
  SHEAF_ASSIGN(const Cron parsed, Cron::Parse(cron));
  absl::TimeZone zone;
  // Only names of tzdata's own files: the library would open any path.
  if (!exporting::FindTimeZone(timezone) || !absl::LoadTimeZone(std::string(timezone), &zone)) {
    return Fail(ErrorCode::kBadMember, "It is not the name of a time zone such as Europe/Berlin.", "timezone");
  }
  return Timetable(parsed, std::make_shared<const Zone>(Zone{zone}));
}

std::optional<Micros> Timetable::Next(Micros after) const {
  const absl::Time from = absl::FromUnixMicros(after);
  // A day earlier: where a clock is set back over midnight the day before goes on.
  absl::CivilDay day = absl::ToCivilDay(from, zone_->zone) - 1;
  Micros earlier = kNever;
  for (int count = 0; count < kMostDays; ++count, ++day) {
    const int weekday = (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;  // the library's weeks begin on Monday
    const bool matches = cron_.MatchesDay(day.month(), day.day(), weekday);
    const Micros next = matches ? zone_->NextOn(cron_, day, after) : kNever;
    // The day after one that has a time may still hold an earlier one, for the same reason.
    if (earlier != kNever || next != kNever) {
      if (earlier != kNever) return std::min(earlier, next);
      earlier = next;
    }
  }
  return earlier == kNever ? std::nullopt : std::optional(earlier);
}

std::int64_t Timetable::CountBetween(Micros after, Micros until, std::int64_t most) const {
  std::int64_t count = 0;
  for (auto next = Next(after); next && *next <= until && count < most; next = Next(*next)) ++count;
  return count;
}

}  // namespace sheaf::schedule
