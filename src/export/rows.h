#pragma once
//! The rows of a plan as they leave. Every reader of a plan comes through here, so that none forgets what privacy asks.

#include <memory>
#include <string>

#include "export/plan.h"

namespace sheaf::exporting {

//! What must be known before the first row: aggregates, and who hides how well where that is asked for. Reads the records.
//! kRiskTooHigh, kRiskTooLarge, kAggregateTooLarge.
Status PreparePlan(vault::StudyVault& study, Plan& plan);
//! Counts the classes of the plan's rows.
Result<std::shared_ptr<const privacy::RiskTable>> CheckRisk(vault::StudyVault& study, const Plan& plan);

//! A cursor over `select`, which is the plan's with columns perhaps added or replaced. Its batches hold the select's
//! columns first, in order.
Result<std::unique_ptr<vault::Cursor>> ReadRows(vault::StudyVault& study, const Plan& plan, const vault::Select& select);
//! How many rows it yields, limit and position ignored.
Result<std::uint64_t> CountRows(vault::StudyVault& study, const Plan& plan);
//! The plan's output as Parquet into the new file `path`. See StudyVault::WriteParquet.
Result<std::uint64_t> WriteParquetRows(vault::StudyVault& study, const Plan& plan, const std::string& path,
                                       const std::function<bool()>& interrupt);

}  // namespace sheaf::exporting
