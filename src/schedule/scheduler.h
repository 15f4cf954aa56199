#pragma once
//! Runs what is due. Any number of servers over one catalog: each time is run once.
//!
//! A run is begun and the schedule's next time set in one transaction; its export is asked for with the run's id as
//! Idempotency-Key; its end, the schedule's cursor and what is to be delivered are written in one transaction. So whatever dies
//! between, nothing is left out and nothing comes twice.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "access/access.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/schedules.h"
#include "export/jobs.h"

namespace sheaf::schedule {

class Scheduler {
 public:
  struct Options {
    std::shared_ptr<catalog::Catalog> catalog;
    std::shared_ptr<exporting::JobRunner> jobs;
    std::shared_ptr<access::Gate> gate;
    std::int64_t lease_s = 30;   //!< a dead server's runs are taken over after this
    std::int64_t poll_ms = 500;  //!< how often the catalog is asked
    std::function<void()> delivery_waits = nullptr;
    //! Told of each run that is over, once that is written down.
    std::function<void(const catalog::Schedule&, const catalog::ScheduleRun&)> ended = nullptr;
    std::function<Micros()> now = nullptr;  //!< for tests
  };
  explicit Scheduler(Options options);
  ~Scheduler();
  void Start();
  void Stop();
  //! Begins a run now, whatever the time; also of a schedule that is paused. kConflict while one is under way.
  Result<catalog::ScheduleRun> RunNow(const catalog::Schedule& schedule);
  //! One look at what is due and how runs stand; Start does it again and again.
  void Tick();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

//! An address by which a file can be had for a while without a key.
struct Download {
  std::string url;
  Micros expires_at = 0;
};
using MakeDownload = std::function<Result<Download>(const std::string& account, const catalog::ExportJob& job)>;
//! What a webhook is told of a run, as JSON.
Result<std::string> WebhookBody(catalog::Catalog& catalog, const catalog::Delivery& delivery, const MakeDownload& make_download);

}  // namespace sheaf::schedule
