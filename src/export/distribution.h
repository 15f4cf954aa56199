#pragma once
//! How the answers of fields are spread: counts of options, bins of numbers, moments.

#include <cstdint>
#include <string>
#include <vector>

#include "export/plan.h"

namespace sheaf::exporting {

inline constexpr std::size_t kMostDistributionFields = 50;
inline constexpr std::uint64_t kMostBins = 200;

struct DistributionOptions {
  std::vector<std::string> fields;  //!< ids; at least one
  std::uint64_t bins = 30;          //!< about so many, of widths such as 1, 2 or 5
  ExportOptions options;            //!< filter, participants, sessions, since, until, identifiers
};

//! {"fields":[{"field","type","n","participants","skipped","absent","options":[{"id","label","n"}],"bins":[{"low","high","n"}],"mean",…}]}.
//! With identifiers aggregate, cells of fewer participants than the study's minimum_cell are null and `suppressed`, as in aggregates.
//! Two scans, in the memory of the result. Errors: of MakePlan; kBadParameter.
Result<std::string> RenderDistribution(vault::StudyVault& study, std::string_view dataset, const DistributionOptions& options,
                                       const Viewer& viewer);

//! Bins that cover [least, greatest]: the first begins at a multiple of `width`.
struct BinPlan {
  double low = 0;
  double width = 1;
  std::size_t count = 1;
  std::size_t PlaceOf(double value) const;
};
BinPlan PlanBins(double least, double greatest, bool whole_numbers, std::uint64_t about);

}  // namespace sheaf::exporting
