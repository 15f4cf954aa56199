#pragma once
//! How the entries of the audit are chained, and whether they still are: every entry's hash covers the one before, all of
//! its columns, and a salted hash of its detail, so that a detail can be erased and nothing else can.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/audit_store.h"
#include "secrets/site_key.h"

namespace sheaf::access {

//! Sets the detail's salt, where there is a detail, and both hashes. seq, time and all the rest are set already.
Status ChainEntry(catalog::AuditEntry& entry, const std::string& previous);
//! What an entry's hash must be, from its columns and its detail_hash.
std::string EntryHash(const catalog::AuditEntry& entry, const std::string& previous);
std::string DetailHash(const catalog::AuditDetail& detail);

//! "3,5,9-12" for the seqs that an erasure has taken the details of, and back. Ascending.
std::string WriteSeqs(const std::vector<std::int64_t>& seqs);
Result<std::vector<std::pair<std::int64_t, std::int64_t>>> ReadSeqs(std::string_view text);

inline constexpr std::string_view kCommand = "command";           //!< the actor_kind of commands
inline constexpr std::string_view kRedacted = "audit.redacted";   //!< its target lists seqs
inline constexpr std::string_view kHeadLost = "audit.head_lost";  //!< the head file did not fit when the server started

inline constexpr std::string_view kHeadFile = "audit.head";  //!< its name in the data directory
//! The head as kept outside the catalog, authenticated by the site key: whoever cuts entries off the end cannot make it.
Status WriteHeadFile(const std::string& path, const secrets::SiteKey& key, const catalog::AuditHead& head);
//! nullopt when there is no file. kStorageDamaged when it was not written with this key.
Result<std::optional<catalog::AuditHead>> ReadHeadFile(const std::string& path, const secrets::SiteKey& key);

struct AuditFinding {
  std::int64_t seq = 0;  //!< 0: of the whole
  std::string sentence;
};
struct AuditReport {
  std::int64_t entries = 0;
  std::int64_t redacted = 0;           //!< details erased, and said so
  std::vector<AuditFinding> findings;  //!< at most 100
};
//! Reads all entries in order. `head`: what the head file says, nullopt when it is missing (which is a finding as soon as a server
//! has written entries).
Result<AuditReport> VerifyAudit(catalog::AuditStore& audit, const std::optional<catalog::AuditHead>& head);
//! With the head as its file has it: what is wrong with the file itself is the first finding.
Result<AuditReport> VerifyAudit(catalog::AuditStore& audit, const secrets::SiteKey& key, const std::string& head_path);

}  // namespace sheaf::access
