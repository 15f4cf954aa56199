#pragma once
//! Reports as JSON: of the API, of exports, of the command line.

#include <string>
#include <unordered_map>

#include "quality/checker.h"
#include "quality/report.h"
#include "vault/vault.h"

namespace sheaf::quality {

//! Ids of records by seq; those that have none, or are gone meanwhile, are missing.
using RecordIds = std::unordered_map<vault::Seq, std::string>;
//! Of the samples of a report.
Result<RecordIds> SampleIds(vault::StudyVault& study, const DatasetReport& report);

//! `ids`: null where the reader may not see them. Samples then tell their seq alone.
std::string DatasetReportJson(const DatasetReport& report, const RecordIds* ids);
//! {"error":0,"warning":2,"info":0}
std::string CountsJson(const std::array<std::uint64_t, kSeverities>& counts);
//! {"basis","received","expected","fraction"}, or null.
std::string CompletenessJson(const std::optional<Completeness>& completeness);
//! What an export says of the datasets it is made of: counts and completeness, nothing of anybody.
std::string SummaryJson(const StudyReport& report, Micros checked_at);

}  // namespace sheaf::quality
