#pragma once
//! When a schedule runs: a cron expression on the wall clock of a time zone.
//!
//! Five fields: minute, hour, day of the month, month, day of the week (0 and 7: Sunday). Each is `*`, a value, a range `a-b`, either with a
//! step `/n`, or several with commas; months and weekdays also by their English names' first three letters. When both days are
//! restricted, either will do. @hourly @daily @midnight @weekly @monthly @yearly @annually stand for the usual ones.
//!
//! Where clocks are moved: a time of day that is left out comes at the moment of the move, once however many are left out; one that
//! comes twice counts the first time. When the hour is `*` the expression goes by the minutes that really pass: what is left out is
//! not made up for, and what comes twice counts twice.

#include <array>
#include <bitset>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::schedule {

class Cron {
 public:
  //! kBadMember with what is wrong; also for what never comes, such as 30 February.
  static Result<Cron> Parse(std::string_view text);

  bool MatchesDay(int month, int day, int weekday) const;  //!< weekday: 0 is Sunday
  const std::bitset<60>& Minutes() const { return minutes_; }
  const std::bitset<24>& Hours() const { return hours_; }
  bool EveryHour() const { return hours_.all(); }

 private:
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;    // 1 to 31
  std::bitset<13> months_;  // 1 to 12
  std::bitset<7> weekdays_;
  bool any_day_ = false;  // the day of the month is not restricted
  bool any_weekday_ = false;
};

class Timetable {
 public:
  //! kBadMember: `cron`, or no IANA time zone. `place`s are "cron" and "timezone".
  static Result<Timetable> Make(std::string_view cron, std::string_view timezone);
  Timetable(const Timetable&);
  Timetable& operator=(const Timetable&) = delete;
  ~Timetable();

  //! The first time after `after`; nullopt when there is none within 30 years.
  std::optional<Micros> Next(Micros after) const;
  //! How many times are in (after, until], at most `most`.
  std::int64_t CountBetween(Micros after, Micros until, std::int64_t most) const;

 private:
  struct Zone;
  Timetable(Cron cron, std::shared_ptr<const Zone> zone);
  const Cron cron_;
  const std::shared_ptr<const Zone> zone_;
};

}  // namespace sheaf::schedule
