#pragma once
//! Private to the room. Adds groups up to reports.

#include <vector>

#include "quality/dataset_state.h"
#include "quality/report.h"

namespace sheaf::quality {

//! What of the study the sums need to know.
struct Surroundings {
  const SessionWindows& sessions;
  std::size_t participants = 0;  //!< of whom records are expected: those asked for
  Micros now = 0;
};

DatasetReport Sum(const DatasetState& state, const std::shared_ptr<const model::Dataset>& dataset, const Whom& whom,
                  const Surroundings& surroundings);
//! Those of whom something is expected. What is expected of a participant in all is nothing of one session among several.
std::vector<PairReport> SumPairs(const DatasetState& state, const Surroundings& surroundings);
//! One report a participant (or session), in ascending order of number.
std::vector<GroupReport> SumEach(const DatasetState& state, bool by_session, const Whom& whom, const Surroundings& surroundings);

}  // namespace sheaf::quality
