#pragma once
//! Cells of aggregates that are of too few people, and those from which they could be computed.

#include <cstdint>
#include <vector>

#include "vault/vault.h"

namespace sheaf::privacy {

//! What of a cell is not told.
struct Suppression {
  bool cell = false;     //!< nothing of it is
  bool missing = false;  //!< how many skipped and how many were not asked is not
};

//! One for each cell, whose order is that of StudyVault::Aggregate. A cell of 1 to `minimum` - 1 participants goes. Then, in
//! every line of cells that add up to a total (options of a field; groups that differ in one name alone), more go, the
//! smallest first, until at least two are hidden and together are of `minimum` participants or more.
std::vector<Suppression> Suppress(const std::vector<vault::AggregateCell>& cells, std::uint64_t minimum);

}  // namespace sheaf::privacy
