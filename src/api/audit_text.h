#pragma once
//! Entries of the audit as text: for pages, downloads and the command line.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/audit_store.h"

namespace sheaf::api {

enum class AuditFormat { kCsv, kNdjson };
std::optional<AuditFormat> AuditFormatFrom(std::string_view name);  //!< "csv", "ndjson"

//! An object in one line, without its end.
std::string AuditJson(const catalog::AuditEntry& entry);
std::string_view AuditCsvHeader();
//! A line with its end. What a spreadsheet would run gets an apostrophe in front.
std::string AuditCsvLine(const catalog::AuditEntry& entry);

//! All entries of a filter from the oldest on, in this form, up to the last one there is when it is called. `take` gets pieces of
//! some 100 KB; its error ends it. Answers how many entries.
Result<std::uint64_t> WriteAudit(catalog::AuditStore& audit, const catalog::AuditFilter& filter, AuditFormat format,
                                 const std::function<Status(std::string_view)>& take);

}  // namespace sheaf::api
