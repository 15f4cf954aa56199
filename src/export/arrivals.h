#pragma once
//! How many records there are of each day, for calendars.

#include <cstdint>
#include <string>

#include "export/plan.h"

namespace sheaf::exporting {

//! More days or hours than this are kAggregateTooLarge.
inline constexpr std::size_t kMostArrivals = 100'000;

struct ArrivalOptions {
  bool by_hour = false;   //!< else by day
  bool received = false;  //!< when records arrived, else the time they are of
  std::string timezone;   //!< IANA name; empty: UTC
  ExportOptions options;  //!< filter, participants, sessions, since, until, identifiers
};

//! {"by","of","timezone","total","without_time","counts":[{"at":"2026-01-31","n":12},{"at":"2026-01-31T08",…}]}: the days or hours of
//! the zone that have records, in order. One scan of one column. With identifiers aggregate, days of fewer participants than the
//! study's minimum_cell are null. Errors: of MakePlan; kBadParameter.
Result<std::string> RenderArrivals(vault::StudyVault& study, std::string_view dataset, const ArrivalOptions& options, const Viewer& viewer);

}  // namespace sheaf::exporting
