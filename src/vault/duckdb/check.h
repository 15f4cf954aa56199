#pragma once
//! Looks for contradictions inside one study's file.

#include <string>
#include <vector>

#include "base/error.h"
#include "vault/duckdb/state.h"

namespace sheaf::vault {

//! Reads every row. Findings are sentences; empty when sound.
Result<std::vector<std::string>> CheckRecords(StudyState& state);

}  // namespace sheaf::vault
