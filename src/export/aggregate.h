#pragma once
//! Aggregates as rows: what is counted of a dataset, with cells of too few people left empty.

#include <memory>

#include "export/plan.h"
#include "privacy/removal.h"

namespace sheaf::exporting {

//! A plan may make this many rows of aggregates.
inline constexpr std::size_t kMaxAggregateRows = 200'000;
//! Beyond this many records quartiles are computed by a sketch, and the rows say so.
inline constexpr std::uint64_t kMostExactRows = 2'000'000;

//! Turns a plan of records into one of aggregates: rows of dataset, a column for each group, field, option, n, participants,
//! skipped, absent, mean, sd, min, q1, median, q3, max, suppressed, approximate. Errors: kBadParameter, kUnknownField,
//! kIdentifierRemoved.
Status PlanAggregates(const Viewer& viewer, const privacy::Removal& removal, const privacy::Generalisation& generalisation, Plan& plan);

//! Asks the vault and suppresses. kAggregateTooLarge; kIdentifierRemoved where a group of people would be named by an id or
//! an address.
Status MakeTable(vault::StudyVault& study, PlanAggregate& aggregate);
std::uint64_t TableRows(const PlanAggregate& aggregate);
//! The rows from behind the select's position on, with its limit, as its columns; seq counts them from 1.
Result<std::unique_ptr<vault::Cursor>> ReadTable(const PlanAggregate& aggregate, const vault::Select& select);

}  // namespace sheaf::exporting
