// Schedules themselves.

#include "catalog/sql_schedules.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>

#include "base/ids.h"
#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

using NullTime = NullableTime<soci::indicator>;

struct ScheduleRow {
  using Value = Schedule;
  Schedule schedule;
  long long keep = 0, created_at = 0, updated_at = 0;
  NullTime paused_at, next_at;

  ScheduleRow() = default;
  explicit ScheduleRow(const Schedule& from)
      : schedule(from),
        keep(from.keep),
        created_at(from.created_at),
        updated_at(from.updated_at),
        paused_at(NullTime::Of(from.paused_at)),
        next_at(NullTime::Of(from.next_at)) {}

  //! In the order of kColumns.
  template <class Visit>
  void ForEach(Visit&& visit) {
    visit("id", schedule.id);
    visit("study", schedule.study);
    visit("account", schedule.account);
    visit("name", schedule.name);
    visit("request", schedule.request);
    visit("cron", schedule.cron);
    visit("timezone", schedule.timezone);
    visit("mode", schedule.mode);
    visit("keep", keep);
    visit("delivery", schedule.delivery);
    visit("sealed", schedule.sealed);
    visit("since_cursor", schedule.cursor);
    visit("paused_at", paused_at.value, paused_at.indicator);
    visit("pause_reason", schedule.pause_reason);
    visit("next_at", next_at.value, next_at.indicator);
    visit("created_at", created_at);
    visit("updated_at", updated_at);
  }
  void Into(soci::statement& statement) {
    ForEach([&](const char*, auto&... bound) { statement.exchange(soci::into(bound...)); });
  }
  Result<Schedule> Take() {
    schedule.keep = keep;
    schedule.created_at = created_at;
    schedule.updated_at = updated_at;
    schedule.paused_at = paused_at.Get();
    schedule.next_at = next_at.Get();
    return schedule;
  }
};
const std::string kColumns =
    "id, study, account, name, request, cron, timezone, mode, keep, delivery, sealed, since_cursor, paused_at, pause_reason, next_at, "
    "created_at, updated_at";

tl::unexpected<Error> NoSchedule() { return Fail(ErrorCode::kNotFound, "There is no such schedule."); }

//! INSERT or UPDATE with every column bound by its name.
long long Write(soci::session& sql, ScheduleRow& row, const std::string& text) {
  soci::statement statement(sql);
  row.ForEach([&](const char* column, auto& value, auto&... indicator) {
    if (text.find(std::string(":") + column) != std::string::npos) statement.exchange(soci::use(value, indicator..., column));
  });
  statement.alloc();
  statement.prepare(text);
  statement.define_and_bind();
  statement.execute(true);
  return statement.get_affected_rows();
}

Result<std::optional<Schedule>> One(soci::session& sql, const std::string& study, const std::string& id) {
  return SelectOne<ScheduleRow, soci::statement>(sql, fmt::format("SELECT {} FROM schedule WHERE id = :id AND study = :study", kColumns),
                                                 soci::use(id, "id"), soci::use(study, "study"));
}

Result<std::vector<Schedule>> AllOf(soci::session& sql, const std::string& study) {
  return SelectAll<ScheduleRow, soci::statement>(
      sql, fmt::format("SELECT {} FROM schedule WHERE study = :study ORDER BY created_at, id", kColumns), soci::use(study, "study"));
}

//! As a text of its own, or, where it is long enough to be no coincidence, anywhere.
bool Mentions(const std::string& text, const std::string& word) {
  constexpr std::size_t kTelling = 4;
  return text == word || text.find('"' + word + '"') != std::string::npos ||
         (word.size() >= kTelling && text.find(word) != std::string::npos);
}

std::string LikePattern(std::string_view word) {
  std::string pattern = "%";
  for (const char c : word) {
    if (c == '%' || c == '_' || c == '!') pattern += '!';
    pattern += c;
  }
  return pattern + "%";
}

}  // namespace

Result<Schedule> SqlSchedules::AddSchedule(const Schedule& schedule, std::uint64_t most) {
  ScheduleRow row(schedule);
  return store_.Write([&](soci::session& sql) -> Result<Schedule> {
    long long present = 0, known = 0;
    sql << "SELECT count(*) FROM study WHERE id = :study", soci::into(known), soci::use(row.schedule.study, "study");
    if (known == 0) return Fail(ErrorCode::kNotFound, "There is no such study.");
    sql << "SELECT count(*) FROM schedule WHERE study = :study", soci::into(present), soci::use(row.schedule.study, "study");
    if (static_cast<std::uint64_t>(present) >= most) {
      return Fail(ErrorCode::kConflict, fmt::format("The study has {} schedules, which is as many as there may be.", present));
    }
    Write(
        sql, row,
        fmt::format("INSERT INTO schedule ({}) VALUES (:id, :study, :account, :name, :request, :cron, :timezone, :mode, :keep, :delivery, "
                    ":sealed, :since_cursor, :paused_at, :pause_reason, :next_at, :created_at, :updated_at)",
                    kColumns));
    return row.schedule;
  });
}

Result<Schedule> SqlSchedules::FindSchedule(std::string_view study, std::string_view id) {
  const std::string study_text(study), id_text(id);
  return store_.Read([&](soci::session& sql) -> Result<Schedule> {
    SHEAF_ASSIGN(auto found, One(sql, study_text, id_text));
    if (!found) return NoSchedule();
    return *std::move(found);
  });
}

Result<std::vector<Schedule>> SqlSchedules::Schedules(std::string_view study) {
  const std::string study_text(study);
  return store_.Read([&](soci::session& sql) { return AllOf(sql, study_text); });
}

Result<Schedule> SqlSchedules::ChangeSchedule(const Schedule& schedule, Micros seen, bool with_cursor) {
  ScheduleRow row(schedule);
  row.schedule.updated_at = row.updated_at = std::max<long long>(Now(), seen + 1);
  return store_.Write([&](soci::session& sql) -> Result<Schedule> {
    SHEAF_ASSIGN(const auto present, One(sql, row.schedule.study, row.schedule.id));
    if (!present) return NoSchedule();
    if (present->updated_at != seen) return Fail(ErrorCode::kConflict, "The schedule was changed meanwhile.");
    if (!with_cursor) row.schedule.cursor = present->cursor;
    Write(sql, row,
          "UPDATE schedule SET account = :account, name = :name, request = :request, cron = :cron, timezone = :timezone, mode = :mode, "
          "keep = :keep, delivery = :delivery, sealed = :sealed, since_cursor = :since_cursor, paused_at = :paused_at, "
          "pause_reason = :pause_reason, next_at = :next_at, updated_at = :updated_at WHERE id = :id AND study = :study");
    return row.schedule;
  });
}

Status SqlSchedules::RemoveSchedule(std::string_view study, std::string_view id, Micros files_until) {
  const std::string study_text(study), id_text(id);
  const long long until = files_until;
  return store_.Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(sql, "DELETE FROM schedule WHERE id = :id AND study = :study",
                                                      soci::use(id_text, "id"), soci::use(study_text, "study"));
    if (touched == 0) return NoSchedule();
    Change<soci::statement>(sql,
                            "UPDATE export_job SET expires_at = :until WHERE schedule = :id AND state = 'succeeded' AND expires_at IS NULL",
                            soci::use(until, "until"), soci::use(id_text, "id"));
    Change<soci::statement>(sql, "UPDATE export_job SET schedule = '' WHERE schedule = :id", soci::use(id_text, "id"));
    return {};
  });
}

Result<std::vector<Schedule>> SqlSchedules::DueSchedules(Micros now) {
  const long long instant = now;
  return store_.Read([&](soci::session& sql) {
    return SelectAll<ScheduleRow, soci::statement>(
        sql,
        fmt::format("SELECT {} FROM schedule WHERE paused_at IS NULL AND next_at <= :now AND NOT EXISTS (SELECT 1 FROM schedule_run run "
                    "WHERE run.schedule = schedule.id AND run.state IN ('starting', 'running')) ORDER BY next_at, id LIMIT 100",
                    kColumns),
        soci::use(instant, "now"));
  });
}

Status SqlSchedules::ForgetWord(std::string_view study, std::string_view word, std::string_view reason) {
  const std::string study_text(study), word_text(word), reason_text(reason), like = LikePattern(word);
  const long long now = Now();
  return store_.Write([&](soci::session& sql) -> Status {
    SHEAF_ASSIGN(const auto schedules, AllOf(sql, study_text));
    for (const Schedule& schedule : schedules) {
      const bool named = Mentions(schedule.name, word_text);
      if (!named && !Mentions(schedule.request, word_text)) continue;
      ScheduleRow row(schedule);
      if (named) row.schedule.name = schedule.id;
      row.schedule.request = "{}";
      row.schedule.pause_reason = reason_text;
      row.paused_at = NullTime::Of(now);
      row.updated_at = std::max<long long>(now, schedule.updated_at + 1);
      Write(sql, row,
            "UPDATE schedule SET name = :name, request = :request, paused_at = :paused_at, pause_reason = :pause_reason, next_at = NULL, "
            "updated_at = :updated_at WHERE id = :id");
    }
    Change<soci::statement>(sql, "UPDATE schedule_run SET error = :reason WHERE study = :study AND error LIKE :word ESCAPE '!'",
                            soci::use(reason_text, "reason"), soci::use(study_text, "study"), soci::use(like, "word"));
    Change<soci::statement>(sql,
                            "UPDATE delivery_attempt SET answer = '' WHERE answer LIKE :word ESCAPE '!' AND delivery IN "
                            "(SELECT id FROM delivery WHERE study = :study)",
                            soci::use(like, "word"), soci::use(study_text, "study"));
    return {};
  });
}

}  // namespace sheaf::catalog
