#pragma once
//! The part of `sheaf serve` that runs schedules and delivers.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/native/api.h"
#include "base/error.h"

namespace CLI {
class App;
}

namespace sheaf::cli {

struct ScheduleOptions {
  std::string root;                //!< of directories
  bool allow_private = false;      //!< webhooks to private networks
  std::vector<std::string> hosts;  //!< and to these
  // For tests: how patient it is.
  std::int64_t first_wait_ms = 30'000;
  std::int64_t give_up_ms = 4 * 86400'000ll;
  std::int64_t lease_s = 45;
};

void AddScheduleOptions(CLI::App& serve, ScheduleOptions& options);
//! Fills `schedules`, `scheduler` and `courier`, which do nothing yet; the other rooms are there already. kUsage.
Status OpenSchedules(api::native::Rooms& rooms, const ScheduleOptions& options);
void StartSchedules(const api::native::Rooms& rooms);
void StopSchedules(const api::native::Rooms& rooms);
//! Takes an erased participant out of what schedules say, in every spelling.
Status ForgetInSchedules(catalog::Catalog& catalog, std::string_view study, std::string_view participant, std::string_view reason);

}  // namespace sheaf::cli
