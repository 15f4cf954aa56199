#include "schedule/scheduler.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "delivery/target.h"
#include "schedule/cron.h"
#include "schedule/schedules.h"

namespace sheaf::schedule {
namespace {

using catalog::ExportJob;
using catalog::ExportState;
using catalog::Schedule;
using catalog::ScheduleRun;

constexpr std::uint64_t kRunsAtOnce = 100;
constexpr std::int64_t kMostMissed = 1000;
constexpr Micros kLate = Micros{5} * 60 * 1'000'000;
//! How long a run may wait to be let in (too many exports, a study that is busy) before it fails.
constexpr Micros kLongestWait = Micros{6} * 3600 * 1'000'000;

std::string Sentence(const Error& error) { return error.detail.empty() ? std::string(Describe(error.code).title) + "." : error.detail; }

//! It may go better in a moment.
bool IsPassing(const Error& error) {
  const int status = Describe(error.code).http_status;
  return status == 429 || status == 503 || error.code == ErrorCode::kStorageFull;
}

std::string KeyOf(const ScheduleRun& run) { return "schedule:" + run.id; }

}  // namespace

struct Scheduler::Impl {
  explicit Impl(Options given) : options(std::move(given)) {}

  const Options options;
  const std::string owner = NewId("sdl_");
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  bool woken = false;
  std::thread thread;

  Micros Time() const { return options.now ? options.now() : Now(); }
  catalog::ScheduleCatalog& Table() const { return options.catalog->Schedules(); }

  void Work(Scheduler& self);
  void Begin(const Schedule& schedule);
  void Step(ScheduleRun run);
  void Ask(ScheduleRun run);
  Result<ExportJob> Submit(const Schedule& schedule, const ScheduleRun& run);
  void Look(ScheduleRun run);
  void Succeed(ScheduleRun run, const ExportJob& job);
  void FailRun(ScheduleRun run, std::string sentence);
  void Finish(ScheduleRun run);
  void RemoveOldFiles(const Schedule& schedule);
};

Scheduler::Scheduler(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Scheduler::~Scheduler() { Stop(); }

void Scheduler::Start() {
  impl_->thread = std::thread([this] { impl_->Work(*this); });
}

void Scheduler::Stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void Scheduler::Impl::Work(Scheduler& self) {
  std::unique_lock lock(mutex);
  do {
    woken = false;
    lock.unlock();
    self.Tick();
    lock.lock();
    wake.wait_for(lock, std::chrono::milliseconds(options.poll_ms), [this] { return stopping || woken; });
  } while (!stopping);
}

void Scheduler::Tick() {
  const auto due = impl_->Table().DueSchedules(impl_->Time());
  if (!due) LogError("schedules cannot be read", {{"reason", Sentence(due.error())}});
  if (due) {
    for (const Schedule& schedule : *due) impl_->Begin(schedule);
  }
  const auto runs = impl_->Table().TakeRuns(impl_->owner, Now() + impl_->options.lease_s * 1'000'000, kRunsAtOnce);
  if (!runs) return LogError("runs of schedules cannot be read", {{"reason", Sentence(runs.error())}});
  for (const ScheduleRun& run : *runs) impl_->Step(run);
}

Result<ScheduleRun> Scheduler::RunNow(const Schedule& schedule) {
  ScheduleRun run;
  run.id = NewId("run_");
  run.schedule = schedule.id;
  run.study = schedule.study;
  run.cause = "manual";
  run.due_at = run.created_at = impl_->Time();
  auto begun = impl_->Table().BeginRun(run, std::nullopt, std::nullopt);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->woken = true;
  }
  impl_->wake.notify_all();
  return begun;
}

void Scheduler::Impl::Begin(const Schedule& schedule) {
  const Micros now = Time();
  const auto timetable = Timetable::Make(schedule.cron, schedule.timezone);
  if (!timetable) {
    // A zone that the system's tzdata has lost.
    LogError("a schedule cannot be read", {{"schedule", schedule.id}, {"reason", Sentence(timetable.error())}});
    Schedule paused = schedule;
    paused.paused_at = now;
    paused.pause_reason = "The time zone or the cron expression cannot be read any more.";
    paused.next_at.reset();
    std::ignore = Table().ChangeSchedule(paused, schedule.updated_at, false);
    return;
  }
  ScheduleRun run;
  run.id = NewId("run_");
  run.schedule = schedule.id;
  run.study = schedule.study;
  run.due_at = schedule.next_at.value_or(now);
  run.missed = timetable->CountBetween(run.due_at, now, kMostMissed);
  run.cause = run.missed > 0 || now - run.due_at > kLate ? "catch_up" : "schedule";
  run.created_at = now;
  const auto begun = Table().BeginRun(run, schedule.next_at, timetable->Next(now));
  if (begun) return LogInfo("a scheduled export begins", {{"schedule", schedule.id}, {"run", run.id}, {"cause", run.cause}});
  // Another server was quicker, or it was changed at this moment.
  if (begun.error().code == ErrorCode::kConflict || begun.error().code == ErrorCode::kNotFound) return;
  LogError("a scheduled export cannot begin", {{"schedule", schedule.id}, {"reason", Sentence(begun.error())}});
}

void Scheduler::Impl::Step(ScheduleRun run) {
  if (run.state == "starting") return Ask(std::move(run));
  Look(std::move(run));
}

void Scheduler::Impl::Ask(ScheduleRun run) {
  const auto schedule = Table().FindSchedule(run.study, run.schedule);
  if (!schedule) return;  // removed with its runs, or the catalog is busy: the next look tells
  const auto job = Submit(*schedule, run);
  if (job) {
    if (const Status noted = Table().NoteRunJob(run.id, job->id); !noted) {
      LogWarning("a run's export was not noted", {{"run", run.id}, {"reason", Sentence(noted.error())}});
    }
    return;
  }
  if (IsPassing(job.error()) && Time() - run.created_at < kLongestWait) return;
  const bool denied = job.error().code == ErrorCode::kForbidden || job.error().code == ErrorCode::kUnauthenticated;
  if (denied) return FailRun(std::move(run), "The account that the schedule belongs to may not export from the study any more.");
  FailRun(std::move(run), Sentence(job.error()));
}

Result<ExportJob> Scheduler::Impl::Submit(const Schedule& schedule, const ScheduleRun& run) {
  // Asked for before, and then the server died.
  SHEAF_ASSIGN(const auto known, options.catalog->FindExportByKey(schedule.account, KeyOf(run)));
  if (known) return *known;
  SHEAF_ASSIGN(const auto principal, options.gate->Holder("", schedule.account));
  auto allowed = options.gate->AllowStudy(principal, access::Action::kExport, schedule.study);
  // To a stranger the study is not there; here it is known to be.
  if (!allowed && allowed.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kForbidden, "");
  if (!allowed) return Fail(allowed.error());
  SHEAF_ASSIGN(const auto request, RunOptions(schedule, run.since, allowed->study.settings));
  bool created = false;
  return options.jobs->Submit(schedule.account, schedule.study, request, KeyOf(run), &created, allowed->rights, {}, schedule.id);
}

void Scheduler::Impl::Look(ScheduleRun run) {
  const auto job = options.catalog->FindExport(run.job);
  if (!job && job.error().code == ErrorCode::kNotFound) return FailRun(std::move(run), "The export was removed.");
  if (!job) return;
  switch (job->state) {
    case ExportState::kPending:
    case ExportState::kExecuting: return;
    case ExportState::kSucceeded: return Succeed(std::move(run), *job);
    case ExportState::kFailed: return FailRun(std::move(run), job->error);
    case ExportState::kCancelled: return FailRun(std::move(run), job->error.empty() ? "The export was cancelled." : job->error);
    case ExportState::kExpired: return FailRun(std::move(run), job->error.empty() ? "The export's file has expired." : job->error);
  }
}

void Scheduler::Impl::Succeed(ScheduleRun run, const ExportJob& job) {
  run.state = "succeeded";
  run.cursor = job.cursor;
  Finish(std::move(run));
}

void Scheduler::Impl::FailRun(ScheduleRun run, std::string sentence) {
  run.state = "failed";
  run.error = std::move(sentence);
  Finish(std::move(run));
}

void Scheduler::Impl::Finish(ScheduleRun run) {
  const auto schedule = Table().FindSchedule(run.study, run.schedule);
  if (!schedule) return;
  run.finished_at = Time();
  const auto target = delivery::ParseTarget(schedule->delivery, "");
  const bool succeeded = run.state == "succeeded";
  // A directory takes files; that there is none is told to webhooks alone.
  const bool deliver = target && (target->kind == delivery::Kind::kWebhook || (target->kind == delivery::Kind::kDirectory && succeeded));
  std::optional<catalog::Delivery> delivery;
  if (deliver) {
    delivery.emplace();
    delivery->id = NewId("dlv_");
    delivery->schedule = run.schedule;
    delivery->run = run.id;
    delivery->study = run.study;
    delivery->event = succeeded ? "export.succeeded" : "export.failed";
    delivery->next_at = delivery->created_at = Now();
  }
  const Status finished = Table().FinishRun(run, delivery);
  if (!finished) return LogWarning("a run's end was not written", {{"run", run.id}, {"reason", Sentence(finished.error())}});
  if (!succeeded) LogWarning("a scheduled export failed", {{"schedule", run.schedule}, {"run", run.id}, {"reason", run.error}});
  if (delivery && options.delivery_waits) options.delivery_waits();
  if (options.ended) options.ended(*schedule, run);
  RemoveOldFiles(*schedule);
}

void Scheduler::Impl::RemoveOldFiles(const Schedule& schedule) {
  const auto jobs = Table().JobsBeyond(schedule.id, schedule.keep);
  if (!jobs) return LogWarning("old files of a schedule cannot be listed", {{"schedule", schedule.id}});
  for (const std::string& job : *jobs) {
    const Status removed = options.jobs->CancelOrRemove(job);
    if (!removed) LogWarning("an old file of a schedule was not removed", {{"export", job}, {"reason", Sentence(removed.error())}});
  }
}

}  // namespace sheaf::schedule
