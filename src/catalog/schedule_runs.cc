// Runs of schedules: beginning, keeping and ending them.

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <limits>

#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/sql_schedules.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

using NullTime = NullableTime<soci::indicator>;

struct RunRow {
  using Value = ScheduleRun;
  ScheduleRun run;
  long long due_at = 0, missed = 0, created_at = 0;
  NullTime finished_at;

  void Into(soci::statement& statement) {
    for (std::string* text : {&run.id, &run.schedule, &run.study, &run.cause, &run.state, &run.since, &run.job, &run.cursor, &run.error}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(due_at));
    statement.exchange(soci::into(missed));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(finished_at.value, finished_at.indicator));
  }
  Result<ScheduleRun> Take() {
    run.due_at = due_at;
    run.missed = missed;
    run.created_at = created_at;
    run.finished_at = finished_at.Get();
    return run;
  }
};
const std::string kColumns = "id, schedule, study, cause, state, since_cursor, job, cursor, error, due_at, missed, created_at, finished_at";

// Older ones go, with what is known of their deliveries.
constexpr long long kMostRuns = 2000;

struct TextRow {
  using Value = std::string;
  std::string text;
  void Into(soci::statement& statement) { statement.exchange(soci::into(text)); }
  Result<std::string> Take() { return text; }
};

tl::unexpected<Error> NoRun() { return Fail(ErrorCode::kNotFound, "There is no such run."); }

Result<std::optional<ScheduleRun>> One(soci::session& sql, const std::string& id) {
  return SelectOne<RunRow, soci::statement>(sql, fmt::format("SELECT {} FROM schedule_run WHERE id = :id", kColumns), soci::use(id, "id"));
}

void Insert(soci::session& sql, const ScheduleRun& run) {
  const long long due_at = run.due_at, missed = run.missed, created_at = run.created_at;
  Change<soci::statement>(
      sql,
      "INSERT INTO schedule_run (id, schedule, study, cause, state, since_cursor, job, cursor, error, due_at, missed, created_at, "
      "lease_owner, lease_until) VALUES (:id, :schedule, :study, :cause, 'starting', :since, '', '', '', :due, :missed, :created, '', 0)",
      soci::use(run.id, "id"), soci::use(run.schedule, "schedule"), soci::use(run.study, "study"), soci::use(run.cause, "cause"),
      soci::use(run.since, "since"), soci::use(due_at, "due"), soci::use(missed, "missed"), soci::use(created_at, "created"));
}

void InsertDelivery(soci::session& sql, const Delivery& delivery) {
  const long long next_at = delivery.next_at.value_or(0), created_at = delivery.created_at;
  Change<soci::statement>(
      sql,
      "INSERT INTO delivery (id, schedule, run, study, event, state, attempts, next_at, retry_from, created_at, lease_owner, "
      "lease_until) VALUES (:id, :schedule, :run, :study, :event, 'waiting', 0, :next, :from, :created, '', 0)",
      soci::use(delivery.id, "id"), soci::use(delivery.schedule, "schedule"), soci::use(delivery.run, "run"),
      soci::use(delivery.study, "study"), soci::use(delivery.event, "event"), soci::use(next_at, "next"), soci::use(created_at, "from"),
      soci::use(created_at, "created"));
}

}  // namespace

Result<ScheduleRun> SqlSchedules::BeginRun(const ScheduleRun& run, std::optional<Micros> seen_next, std::optional<Micros> next_at) {
  auto next = NullTime::Of(next_at);
  return store_.Write([&](soci::session& sql) -> Result<ScheduleRun> {
    ScheduleRun begun = run;
    begun.state = "starting";
    NullTime due, paused;
    sql << "SELECT since_cursor, next_at, paused_at FROM schedule WHERE id = :id AND study = :study", soci::into(begun.since),
        soci::into(due.value, due.indicator), soci::into(paused.value, paused.indicator), soci::use(run.schedule, "id"),
        soci::use(run.study, "study");
    if (!sql.got_data()) return Fail(ErrorCode::kNotFound, "There is no such schedule.");
    if (seen_next && (paused.Get() || due.Get() != seen_next)) return Fail(ErrorCode::kConflict, "The schedule is not due any more.");
    long long unfinished = 0;
    sql << "SELECT count(*) FROM schedule_run WHERE schedule = :schedule AND state IN ('starting', 'running')", soci::into(unfinished),
        soci::use(run.schedule, "schedule");
    if (unfinished > 0) return Fail(ErrorCode::kConflict, "A run of the schedule is under way.");
    if (seen_next) {
      Change<soci::statement>(sql, "UPDATE schedule SET next_at = :next WHERE id = :id", soci::use(next.value, next.indicator, "next"),
                              soci::use(run.schedule, "id"));
    }
    Insert(sql, begun);
    return begun;
  });
}

Result<std::vector<ScheduleRun>> SqlSchedules::TakeRuns(std::string_view owner, Micros lease_until, std::uint64_t most) {
  const std::string owner_text(owner);
  const long long until = lease_until, now = Now(), soon = now + (until - now) / 2, limit = static_cast<long long>(most);
  const auto select = [&](soci::session& sql) {
    return SelectAll<RunRow, soci::statement>(
        sql,
        fmt::format("SELECT {} FROM schedule_run WHERE state IN ('starting', 'running') AND (lease_owner = :owner OR lease_until < :now) "
                    "ORDER BY created_at, id LIMIT :most",
                    kColumns),
        soci::use(owner_text, "owner"), soci::use(now, "now"), soci::use(limit, "most"));
  };
  // A look first: the write lock is for those who have something to write, and a lease that still holds for long is not.
  bool renew = false;
  SHEAF_ASSIGN(const auto waiting, store_.Read([&](soci::session& sql) -> Result<std::vector<ScheduleRun>> {
    long long ending = 0;
    sql << "SELECT count(*) FROM schedule_run WHERE state IN ('starting', 'running') AND ((lease_owner = :owner AND lease_until < :soon) "
           "OR lease_until < :now)",
        soci::into(ending), soci::use(owner_text, "owner"), soci::use(soon, "soon"), soci::use(now, "now");
    renew = ending > 0;
    return select(sql);
  }));
  if (!renew) return waiting;
  return store_.Write([&](soci::session& sql) -> Result<std::vector<ScheduleRun>> {
    SHEAF_ASSIGN(const auto runs, select(sql));
    for (const auto& run : runs) {
      Change<soci::statement>(sql, "UPDATE schedule_run SET lease_owner = :owner, lease_until = :until WHERE id = :id",
                              soci::use(owner_text, "owner"), soci::use(until, "until"), soci::use(run.id, "id"));
    }
    return runs;
  });
}

Status SqlSchedules::NoteRunJob(std::string_view run, std::string_view job) {
  const std::string run_text(run), job_text(job);
  return store_.Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(
        sql, "UPDATE schedule_run SET job = :job, state = 'running' WHERE id = :id AND state IN ('starting', 'running')",
        soci::use(job_text, "job"), soci::use(run_text, "id"));
    if (touched == 0) return NoRun();
    return {};
  });
}

Status SqlSchedules::FinishRun(const ScheduleRun& run, const std::optional<Delivery>& delivery) {
  const long long finished_at = run.finished_at.value_or(Now());
  return store_.Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(
        sql,
        "UPDATE schedule_run SET state = :state, job = :job, cursor = :cursor, error = :error, finished_at = :finished "
        "WHERE id = :id AND state IN ('starting', 'running')",
        soci::use(run.state, "state"), soci::use(run.job, "job"), soci::use(run.cursor, "cursor"), soci::use(run.error, "error"),
        soci::use(finished_at, "finished"), soci::use(run.id, "id"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "The run is over already.");
    if (run.state == "succeeded") {
      Change<soci::statement>(sql, "UPDATE schedule SET since_cursor = :cursor WHERE id = :id", soci::use(run.cursor, "cursor"),
                              soci::use(run.schedule, "id"));
    }
    if (delivery) InsertDelivery(sql, *delivery);
    Change<soci::statement>(sql,
                            "DELETE FROM schedule_run WHERE schedule = :schedule AND state IN ('succeeded', 'failed') AND created_at < "
                            "(SELECT created_at FROM schedule_run WHERE schedule = :same ORDER BY created_at DESC LIMIT 1 OFFSET :most)",
                            soci::use(run.schedule, "schedule"), soci::use(run.schedule, "same"), soci::use(kMostRuns, "most"));
    return {};
  });
}

Result<std::vector<ScheduleRun>> SqlSchedules::Runs(std::string_view schedule, std::string_view before, std::uint64_t most) {
  const std::string schedule_text(schedule), before_text(before);
  const long long limit = static_cast<long long>(most);
  return store_.Read([&](soci::session& sql) -> Result<std::vector<ScheduleRun>> {
    long long created_at = std::numeric_limits<long long>::max();
    if (!before_text.empty()) {
      sql << "SELECT created_at FROM schedule_run WHERE id = :id AND schedule = :schedule", soci::into(created_at),
          soci::use(before_text, "id"), soci::use(schedule_text, "schedule");
      if (!sql.got_data()) return Fail(ErrorCode::kBadCursor, "The run the list went on from is gone.", "cursor");
    }
    return SelectAll<RunRow, soci::statement>(
        sql,
        fmt::format("SELECT {} FROM schedule_run WHERE schedule = :schedule AND (created_at, id) < (:created, :before) "
                    "ORDER BY created_at DESC, id DESC LIMIT :most",
                    kColumns),
        soci::use(schedule_text, "schedule"), soci::use(created_at, "created"), soci::use(before_text, "before"), soci::use(limit, "most"));
  });
}

Result<std::uint64_t> SqlSchedules::CountRuns(std::string_view schedule) {
  const std::string schedule_text(schedule);
  return store_.Read([&](soci::session& sql) -> Result<std::uint64_t> {
    long long count = 0;
    sql << "SELECT count(*) FROM schedule_run WHERE schedule = :schedule", soci::into(count), soci::use(schedule_text, "schedule");
    return static_cast<std::uint64_t>(count);
  });
}

Result<ScheduleRun> SqlSchedules::FindRun(std::string_view id) {
  const std::string id_text(id);
  return store_.Read([&](soci::session& sql) -> Result<ScheduleRun> {
    SHEAF_ASSIGN(auto found, One(sql, id_text));
    if (!found) return NoRun();
    return *std::move(found);
  });
}

Result<std::vector<std::string>> SqlSchedules::JobsBeyond(std::string_view schedule, std::int64_t keep) {
  const std::string schedule_text(schedule);
  const long long kept = keep;
  return store_.Read([&](soci::session& sql) {
    return SelectAll<TextRow, soci::statement>(
        sql,
        "SELECT run.job FROM schedule_run run JOIN export_job job ON job.id = run.job WHERE run.schedule = :a "
        "AND run.state IN ('succeeded', 'failed') "
        "AND run.id NOT IN (SELECT id FROM schedule_run WHERE schedule = :b AND state = 'succeeded' ORDER BY created_at DESC, id DESC "
        "LIMIT :k) "
        "AND run.id NOT IN (SELECT id FROM schedule_run WHERE schedule = :c ORDER BY created_at DESC, id DESC LIMIT :l) "
        "AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.run = run.id AND delivery.state = 'waiting') ORDER BY run.created_at LIMIT "
        "100",
        soci::use(schedule_text, "a"), soci::use(schedule_text, "b"), soci::use(kept, "k"), soci::use(schedule_text, "c"),
        soci::use(kept, "l"));
  });
}

}  // namespace sheaf::catalog
