#pragma once
//! Making and changing schedules of exports.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/schedules.h"
#include "delivery/address.h"
#include "export/jobs.h"
#include "secrets/site_key.h"

namespace sheaf::schedule {

inline constexpr std::int64_t kMostKept = 1000;
inline constexpr std::int64_t kKeptByDefault = 10;
inline constexpr std::uint64_t kMostOfAStudy = 200;

//! What is absent stays, or is what it is by default. `request` and `delivery` are JSON objects.
struct Change {
  std::optional<std::string> name, request, cron, timezone, mode, delivery;
  std::optional<std::int64_t> keep;
  bool restart = false;     //!< mode new: the next run begins with everything again
  bool new_secret = false;  //!< of the webhook
};

//! A schedule as it is kept, and its webhook's secret when it is a new one: shown once.
struct Saved {
  catalog::Schedule schedule;
  std::string secret;
};

//! Thread-safe. Errors name the place in the body: "/cron", "/request/filter/field".
class Schedules {
 public:
  struct Options {
    std::shared_ptr<catalog::Catalog> catalog;
    std::shared_ptr<exporting::JobRunner> jobs;
    std::shared_ptr<const secrets::SiteKey> site_key;
    delivery::AddressRules rules;
    std::string root;  //!< of directories; empty: none
  };
  explicit Schedules(Options options) : options_(std::move(options)) {}

  //! For `account`, whose rights its runs will have; `access` is what they may see now.
  Result<Saved> Create(const std::string& account, const access::StudyAccess& access, const Change& change);
  //! From now on its runs have the rights of `account`.
  Result<Saved> Apply(catalog::Schedule schedule, const std::string& account, const access::StudyAccess& access, const Change& change);
  Result<catalog::Schedule> Pause(catalog::Schedule schedule, const std::string& reason);
  //! What was due meanwhile is not made up for.
  Result<catalog::Schedule> Resume(catalog::Schedule schedule);

 private:
  Status Merge(const Change& change, catalog::Schedule& schedule) const;
  Status CheckRequest(const catalog::Schedule& schedule, const access::StudyAccess& access) const;
  Result<std::string> Seal(catalog::Schedule& schedule) const;

  const Options options_;
};

//! The export request of a run: the schedule's, from `since` on where only what is new is wanted.
Result<exporting::ExportOptions> RunOptions(const catalog::Schedule& schedule, const std::string& since,
                                            const model::StudySettings& settings);

// JSON as the API shows it.
std::string ScheduleJson(const catalog::Schedule& schedule, const std::optional<catalog::ScheduleRun>& last_run, const std::string& secret);
std::string RunJson(const catalog::ScheduleRun& run);
//! `attempts`: null for a list.
std::string DeliveryJson(const catalog::Delivery& delivery, const std::vector<catalog::DeliveryAttempt>* attempts);

}  // namespace sheaf::schedule
