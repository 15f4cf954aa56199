// What is to be delivered, and how it went.

#include <fmt/format.h>
#include <soci/soci.h>

#include <limits>

#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/sql_schedules.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

using NullTime = NullableTime<soci::indicator>;

struct DeliveryRow {
  using Value = Delivery;
  Delivery delivery;
  long long attempts = 0, retry_from = 0, created_at = 0;
  NullTime next_at, finished_at;

  void Into(soci::statement& statement) {
    for (std::string* text : {&delivery.id, &delivery.schedule, &delivery.run, &delivery.study, &delivery.event, &delivery.state}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(attempts));
    statement.exchange(soci::into(next_at.value, next_at.indicator));
    statement.exchange(soci::into(retry_from));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(finished_at.value, finished_at.indicator));
  }
  Result<Delivery> Take() {
    delivery.attempts = attempts;
    delivery.retry_from = retry_from;
    delivery.created_at = created_at;
    delivery.next_at = next_at.Get();
    delivery.finished_at = finished_at.Get();
    return delivery;
  }
};
const std::string kColumns = "id, schedule, run, study, event, state, attempts, next_at, retry_from, created_at, finished_at";

struct AttemptRow {
  using Value = DeliveryAttempt;
  DeliveryAttempt attempt;
  long long number = 0, at = 0, duration_ms = 0, status = 0;

  void Into(soci::statement& statement) {
    for (std::string* text : {&attempt.delivery, &attempt.error, &attempt.answer}) statement.exchange(soci::into(*text));
    for (long long* value : {&number, &at, &duration_ms, &status}) statement.exchange(soci::into(*value));
  }
  Result<DeliveryAttempt> Take() {
    attempt.number = number;
    attempt.at = at;
    attempt.duration_ms = duration_ms;
    attempt.status = status;
    return attempt;
  }
};

tl::unexpected<Error> NoDelivery() { return Fail(ErrorCode::kNotFound, "There is no such delivery."); }

const std::string kDue = "state = 'waiting' AND next_at <= :now AND lease_until < :same_now";

}  // namespace

Result<std::optional<Delivery>> SqlSchedules::TakeDelivery(std::string_view owner, Micros now, Micros lease_until) {
  const std::string owner_text(owner);
  const long long instant = now, until = lease_until;
  const auto select = [&](soci::session& sql) {
    return SelectOne<DeliveryRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM delivery WHERE {} ORDER BY next_at, id LIMIT 1", kColumns, kDue), soci::use(instant, "now"),
        soci::use(instant, "same_now"));
  };
  SHEAF_ASSIGN(const auto waiting, store_.Read(select));
  if (!waiting) return waiting;
  return store_.Write([&](soci::session& sql) -> Result<std::optional<Delivery>> {
    SHEAF_ASSIGN(auto taken, select(sql));
    if (!taken) return taken;
    Change<soci::statement>(sql, "UPDATE delivery SET lease_owner = :owner, lease_until = :until WHERE id = :id",
                            soci::use(owner_text, "owner"), soci::use(until, "until"), soci::use(taken->id, "id"));
    return taken;
  });
}

Status SqlSchedules::RenewDelivery(std::string_view id, std::string_view owner, Micros lease_until) {
  const std::string id_text(id), owner_text(owner);
  const long long until = lease_until;
  return store_.Write([&](soci::session& sql) -> Status {
    const long long touched =
        Change<soci::statement>(sql, "UPDATE delivery SET lease_until = :until WHERE id = :id AND lease_owner = :owner",
                                soci::use(until, "until"), soci::use(id_text, "id"), soci::use(owner_text, "owner"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "The delivery was taken over or removed.");
    return {};
  });
}

Status SqlSchedules::FinishAttempt(const Delivery& delivery, const DeliveryAttempt& attempt, std::string_view owner, bool rewind) {
  const std::string owner_text(owner);
  const long long attempts = delivery.attempts, number = attempt.number, at = attempt.at, duration = attempt.duration_ms,
                  status = attempt.status;
  auto next_at = NullTime::Of(delivery.next_at), finished_at = NullTime::Of(delivery.finished_at);
  return store_.Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(
        sql,
        "UPDATE delivery SET state = :state, attempts = :attempts, next_at = :next, finished_at = :finished, lease_owner = '', lease_until "
        "= 0 "
        "WHERE id = :id AND lease_owner = :owner",
        soci::use(delivery.state, "state"), soci::use(attempts, "attempts"), soci::use(next_at.value, next_at.indicator, "next"),
        soci::use(finished_at.value, finished_at.indicator, "finished"), soci::use(delivery.id, "id"), soci::use(owner_text, "owner"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "The delivery was taken over or removed.");
    Change<soci::statement>(sql,
                            "INSERT INTO delivery_attempt (delivery, number, at, duration_ms, status, error, answer) "
                            "VALUES (:delivery, :number, :at, :duration, :status, :error, :answer)",
                            soci::use(delivery.id, "delivery"), soci::use(number, "number"), soci::use(at, "at"),
                            soci::use(duration, "duration"), soci::use(status, "status"), soci::use(attempt.error, "error"),
                            soci::use(attempt.answer, "answer"));
    if (!rewind) return {};
    Change<soci::statement>(
        sql,
        "UPDATE schedule SET since_cursor = (SELECT since_cursor FROM schedule_run WHERE id = :run) WHERE id = :id "
        "AND since_cursor = (SELECT cursor FROM schedule_run WHERE id = :same) AND NOT EXISTS (SELECT 1 FROM schedule_run "
        "later WHERE later.schedule = schedule.id AND later.state IN ('starting', 'running'))",
        soci::use(delivery.run, "run"), soci::use(delivery.schedule, "id"), soci::use(delivery.run, "same"));
    return {};
  });
}

Result<std::vector<Delivery>> SqlSchedules::Deliveries(std::string_view schedule, std::string_view before, std::uint64_t most) {
  const std::string schedule_text(schedule), before_text(before);
  const long long limit = static_cast<long long>(most);
  return store_.Read([&](soci::session& sql) -> Result<std::vector<Delivery>> {
    long long created_at = std::numeric_limits<long long>::max();
    if (!before_text.empty()) {
      sql << "SELECT created_at FROM delivery WHERE id = :id AND schedule = :schedule", soci::into(created_at),
          soci::use(before_text, "id"), soci::use(schedule_text, "schedule");
      if (!sql.got_data()) return Fail(ErrorCode::kBadCursor, "The delivery the list went on from is gone.", "cursor");
    }
    return SelectAll<DeliveryRow, soci::statement>(
        sql,
        fmt::format("SELECT {} FROM delivery WHERE schedule = :schedule AND (created_at, id) < (:created, :before) "
                    "ORDER BY created_at DESC, id DESC LIMIT :most",
                    kColumns),
        soci::use(schedule_text, "schedule"), soci::use(created_at, "created"), soci::use(before_text, "before"), soci::use(limit, "most"));
  });
}

Result<std::uint64_t> SqlSchedules::CountDeliveries(std::string_view schedule) {
  const std::string schedule_text(schedule);
  return store_.Read([&](soci::session& sql) -> Result<std::uint64_t> {
    long long count = 0;
    sql << "SELECT count(*) FROM delivery WHERE schedule = :schedule", soci::into(count), soci::use(schedule_text, "schedule");
    return static_cast<std::uint64_t>(count);
  });
}

Result<Delivery> SqlSchedules::FindDelivery(std::string_view schedule, std::string_view id) {
  const std::string schedule_text(schedule), id_text(id);
  return store_.Read([&](soci::session& sql) -> Result<Delivery> {
    SHEAF_ASSIGN(auto found, (SelectOne<DeliveryRow, soci::statement>(
                                 sql, fmt::format("SELECT {} FROM delivery WHERE id = :id AND schedule = :schedule", kColumns),
                                 soci::use(id_text, "id"), soci::use(schedule_text, "schedule"))));
    if (!found) return NoDelivery();
    return *std::move(found);
  });
}

Result<std::vector<DeliveryAttempt>> SqlSchedules::Attempts(std::string_view delivery) {
  const std::string delivery_text(delivery);
  return store_.Read([&](soci::session& sql) {
    return SelectAll<AttemptRow, soci::statement>(
        sql,
        "SELECT delivery, error, answer, number, at, duration_ms, status FROM delivery_attempt WHERE delivery = :delivery ORDER BY number",
        soci::use(delivery_text, "delivery"));
  });
}

Status SqlSchedules::Replay(std::string_view schedule, std::string_view id, Micros now) {
  const std::string schedule_text(schedule), id_text(id);
  const long long instant = now;
  return store_.Write([&](soci::session& sql) -> Status {
    long long known = 0;
    sql << "SELECT count(*) FROM delivery WHERE id = :id AND schedule = :schedule", soci::into(known), soci::use(id_text, "id"),
        soci::use(schedule_text, "schedule");
    if (known == 0) return NoDelivery();
    // The days of retrying begin anew.
    const long long touched = Change<soci::statement>(sql,
                                                      "UPDATE delivery SET state = 'waiting', next_at = :now, retry_from = :same, "
                                                      "finished_at = NULL WHERE id = :id AND state <> 'waiting'",
                                                      soci::use(instant, "now"), soci::use(instant, "same"), soci::use(id_text, "id"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "The delivery waits to be sent already.");
    return {};
  });
}

}  // namespace sheaf::catalog
