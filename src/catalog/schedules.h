#pragma once
//! Schedules of exports, their runs, and what of them is delivered where. See catalog.h for threads and errors.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

struct Schedule {
  std::string id;  //!< "sch_…"
  std::string study;
  std::string account;  //!< whose rights its runs have
  std::string name;
  std::string request;    //!< canonical JSON of what each run exports
  std::string cron;       //!< as it was given
  std::string timezone;   //!< IANA name
  std::string mode;       //!< complete, new
  std::int64_t keep = 0;  //!< files of so many runs stay
  std::string delivery;   //!< JSON: where files go
  std::string sealed;     //!< the webhook's secret, sealed by the site key; empty: none
  std::string cursor;     //!< of the last run that succeeded; empty: none has
  std::optional<Micros> paused_at;
  std::string pause_reason;
  std::optional<Micros> next_at;  //!< when the next run is due; none while it is paused
  Micros created_at = 0;
  Micros updated_at = 0;
};

//! "starting": its export is not asked for yet; "running"; "succeeded"; "failed".
struct ScheduleRun {
  std::string id;  //!< "run_…"
  std::string schedule;
  std::string study;
  std::string cause;  //!< schedule, catch_up, manual
  Micros due_at = 0;
  std::int64_t missed = 0;  //!< further times that went by while no server ran
  std::string state;
  std::string since;   //!< the schedule's cursor when the run began
  std::string job;     //!< the export's id; empty until there is one
  std::string cursor;  //!< of the export
  std::string error;
  Micros created_at = 0;
  std::optional<Micros> finished_at;
};

//! "waiting": to be sent at `next_at`; "delivered"; "failed": given up.
struct Delivery {
  std::string id;  //!< "dlv_…"
  std::string schedule;
  std::string run;
  std::string study;
  std::string event;  //!< export.succeeded, export.failed
  std::string state;
  std::int64_t attempts = 0;
  std::optional<Micros> next_at;
  Micros retry_from = 0;  //!< since when it is retried
  Micros created_at = 0;
  std::optional<Micros> finished_at;
};

struct DeliveryAttempt {
  std::string delivery;
  std::int64_t number = 0;  //!< from 1
  Micros at = 0;
  std::int64_t duration_ms = 0;
  std::int64_t status = 0;  //!< of HTTP; 0: there was no answer, or it is a directory
  std::string error;        //!< empty: delivered
  std::string answer;       //!< how the answer begins
};

class ScheduleCatalog {
 public:
  virtual ~ScheduleCatalog() = default;

  //! kConflict beyond `most` schedules of the study.
  virtual Result<Schedule> AddSchedule(const Schedule& schedule, std::uint64_t most) = 0;
  virtual Result<Schedule> FindSchedule(std::string_view study, std::string_view id) = 0;
  virtual Result<std::vector<Schedule>> Schedules(std::string_view study) = 0;  //!< in order of making
  //! Everything but id, study and created_at; the cursor only when `with_cursor`. kConflict when it was changed after `seen`.
  virtual Result<Schedule> ChangeSchedule(const Schedule& schedule, Micros seen, bool with_cursor) = 0;
  //! With its runs and deliveries. Files that it kept expire at `files_until`.
  virtual Status RemoveSchedule(std::string_view study, std::string_view id, Micros files_until) = 0;

  //! Not paused, due, and without a run that is not over.
  virtual Result<std::vector<Schedule>> DueSchedules(Micros now) = 0;
  //! Adds the run and sets when the next one is due, at once; fills `since`. `seen_next`: kConflict when the schedule is not due
  //! at that time any more (another server was quicker, or it was changed). Without it the run is somebody's wish, and
  //! `next_at` stays. kConflict too while a run is not over.
  virtual Result<ScheduleRun> BeginRun(const ScheduleRun& run, std::optional<Micros> seen_next, std::optional<Micros> next_at) = 0;
  //! Unfinished runs whose lease is free, for `owner`.
  virtual Result<std::vector<ScheduleRun>> TakeRuns(std::string_view owner, Micros lease_until, std::uint64_t most) = 0;
  virtual Status NoteRunJob(std::string_view run, std::string_view job) = 0;
  //! Writes the end, the schedule's cursor when it succeeded, and with it what is to be delivered: all or nothing.
  //! kConflict when the run is over already. Runs behind the newest 2,000 go.
  virtual Status FinishRun(const ScheduleRun& run, const std::optional<Delivery>& delivery) = 0;
  //! The newest first, behind the run `before`.
  virtual Result<std::vector<ScheduleRun>> Runs(std::string_view schedule, std::string_view before, std::uint64_t most) = 0;
  virtual Result<std::uint64_t> CountRuns(std::string_view schedule) = 0;
  virtual Result<ScheduleRun> FindRun(std::string_view id) = 0;
  //! Exports that are still in the list, of runs behind the newest `keep` that succeeded and the newest `keep` of all. Not those
  //! that wait to be delivered.
  virtual Result<std::vector<std::string>> JobsBeyond(std::string_view schedule, std::int64_t keep) = 0;

  //! One that is due and whose lease is free.
  virtual Result<std::optional<Delivery>> TakeDelivery(std::string_view owner, Micros now, Micros lease_until) = 0;
  //! kConflict when `owner` does not hold it any more.
  virtual Status RenewDelivery(std::string_view id, std::string_view owner, Micros lease_until) = 0;
  //! Adds the attempt and what became of the delivery: state, attempts, next_at, finished_at. `rewind`: what the run exported
  //! never arrives, so the schedule goes back to where the run began, unless a later run has gone on from it.
  virtual Status FinishAttempt(const Delivery& delivery, const DeliveryAttempt& attempt, std::string_view owner, bool rewind) = 0;
  virtual Result<std::vector<Delivery>> Deliveries(std::string_view schedule, std::string_view before, std::uint64_t most) = 0;
  virtual Result<std::uint64_t> CountDeliveries(std::string_view schedule) = 0;
  virtual Result<Delivery> FindDelivery(std::string_view schedule, std::string_view id) = 0;
  virtual Result<std::vector<DeliveryAttempt>> Attempts(std::string_view delivery) = 0;
  //! Sends it anew, now. kConflict while it waits.
  virtual Status Replay(std::string_view schedule, std::string_view id, Micros now) = 0;

  //! Takes what names somebody out of schedules, runs and answers of the study. A schedule whose request did is paused.
  virtual Status ForgetWord(std::string_view study, std::string_view word, std::string_view reason) = 0;
};

}  // namespace sheaf::catalog
