#pragma once
//! The ScheduleCatalog over a Store: sql_schedules.cc, schedule_runs.cc, and deliveries.cc.

#include "catalog/schedules.h"

namespace sheaf::catalog {

class Store;

class SqlSchedules final : public ScheduleCatalog {
 public:
  explicit SqlSchedules(Store& store) : store_(store) {}

  Result<Schedule> AddSchedule(const Schedule& schedule, std::uint64_t most) override;
  Result<Schedule> FindSchedule(std::string_view study, std::string_view id) override;
  Result<std::vector<Schedule>> Schedules(std::string_view study) override;
  Result<Schedule> ChangeSchedule(const Schedule& schedule, Micros seen, bool with_cursor) override;
  Status RemoveSchedule(std::string_view study, std::string_view id, Micros files_until) override;
  Result<std::vector<Schedule>> DueSchedules(Micros now) override;
  Status ForgetWord(std::string_view study, std::string_view word, std::string_view reason) override;

  Result<ScheduleRun> BeginRun(const ScheduleRun& run, std::optional<Micros> seen_next, std::optional<Micros> next_at) override;
  Result<std::vector<ScheduleRun>> TakeRuns(std::string_view owner, Micros lease_until, std::uint64_t most) override;
  Status NoteRunJob(std::string_view run, std::string_view job) override;
  Status FinishRun(const ScheduleRun& run, const std::optional<Delivery>& delivery) override;
  Result<std::vector<ScheduleRun>> Runs(std::string_view schedule, std::string_view before, std::uint64_t most) override;
  Result<std::uint64_t> CountRuns(std::string_view schedule) override;
  Result<ScheduleRun> FindRun(std::string_view id) override;
  Result<std::vector<std::string>> JobsBeyond(std::string_view schedule, std::int64_t keep) override;

  Result<std::optional<Delivery>> TakeDelivery(std::string_view owner, Micros now, Micros lease_until) override;
  Status RenewDelivery(std::string_view id, std::string_view owner, Micros lease_until) override;
  Status FinishAttempt(const Delivery& delivery, const DeliveryAttempt& attempt, std::string_view owner, bool rewind) override;
  Result<std::vector<Delivery>> Deliveries(std::string_view schedule, std::string_view before, std::uint64_t most) override;
  Result<std::uint64_t> CountDeliveries(std::string_view schedule) override;
  Result<Delivery> FindDelivery(std::string_view schedule, std::string_view id) override;
  Result<std::vector<DeliveryAttempt>> Attempts(std::string_view delivery) override;
  Status Replay(std::string_view schedule, std::string_view id, Micros now) override;

 private:
  Store& store_;
};

}  // namespace sheaf::catalog
