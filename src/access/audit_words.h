#pragma once
//! What details of the audit compare with or name, for finding out whose data it is.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/audit_store.h"

namespace sheaf::access {

//! The different texts of at least three bytes that are values in details of the study's entries: constants of filters, ids,
//! searches. Reads every entry of the study: about a second for each 100,000.
Result<std::vector<std::string>> WordsInAudit(catalog::AuditStore& store, std::string_view study);

}  // namespace sheaf::access
