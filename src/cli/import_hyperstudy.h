#pragma once
//! `sheaf import --from hyperstudy`: records by type as HyperStudy's API and downloads give them, from JSON and NDJSON files,
//! directories of them and ZIPs.

#include <string>
#include <vector>

#include "cli/import_client.h"

namespace sheaf::cli {

//! Prints what it does. The exit code: 1 when records were rejected.
int ImportHyperStudy(ImportClient& client, const std::vector<std::string>& paths, bool dry_run);

}  // namespace sheaf::cli
