#pragma once
//! The audit's entries, appended and never changed. The room keeps them; how they are chained is known in `access`.
//!
//! Threads, durability and errors as in catalog.h.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

//! What of an entry may name a participant. Kept apart with a salt of its own, so that it can be taken out without
//! breaking the chain.
struct AuditDetail {
  std::string participant;  //!< the participant it was about, where it was one
  std::string reason;       //!< what the caller gave in X-Reason
  std::string text;         //!< a JSON object: filters, options, ids; empty: none
  std::string address;      //!< of a participant who looked at their own data
  std::string salt;         //!< hex

  bool Empty() const { return participant.empty() && reason.empty() && text.empty() && address.empty(); }
};

struct AuditEntry {
  std::int64_t seq = 0;  //!< 1, 2, 3, … without a gap
  Micros time = 0;
  std::string actor_kind;  //!< account, participant, command, server, nobody
  std::string actor;       //!< id of the account or of the participant's link; empty: none
  std::string key;         //!< id of the key it was done with; empty: none
  std::string action;      //!< "records.read"
  std::string study;
  std::string dataset;
  std::string target;   //!< id of an account, a key, an export, …; never anything of a participant
  std::string outcome;  //!< ok, started, cancelled, failed, denied
  std::optional<std::int64_t> rows;
  std::int64_t times = 1;  //!< so many equal ones in the same moment
  std::string address;
  std::string request;
  AuditDetail detail;
  bool has_detail = false;  //!< it had one when it was written
  std::string detail_hash;  //!< hex; empty without a detail
  std::string hash;         //!< hex
};

//! The last entry; seq 0: there is none.
struct AuditHead {
  std::int64_t seq = 0;
  std::string hash;
};

struct AuditFilter {
  std::string action;  //!< empty: any; "key." at its end: all that begin so
  std::string actor;
  std::string study;
  std::string participant;
  std::optional<Micros> since, until;  //!< since <= time < until
};

class AuditStore {
 public:
  virtual ~AuditStore() = default;

  //! Called in the transaction with the hash before: sets salt, detail_hash and hash. seq is set already.
  using Chain = std::function<Status(AuditEntry& entry, const std::string& previous)>;
  //! Appends in order, all or none; sets seq and hashes of `entries`. Answers the new head.
  virtual Result<AuditHead> Append(std::vector<AuditEntry>& entries, const Chain& chain) = 0;
  virtual Result<AuditHead> Head() = 0;
  //! The entry of this seq; kNotFound.
  virtual Result<AuditEntry> Entry(std::int64_t seq) = 0;
  enum class Order { kOldestFirst, kNewestFirst };
  //! At most `limit` entries beyond the seq `after` in this order (0: from the first).
  virtual Result<std::vector<AuditEntry>> Entries(const AuditFilter& filter, Order order, std::int64_t after, std::uint64_t limit) = 0;
  //! Takes out, for good, the details of entries of the study (and of those of none) that hold one of `words` anywhere, and appends in the same
  //! transaction what `announce` makes of their seqs (unless there is none). Answers how many those were.
  using Announce = std::function<AuditEntry(const std::vector<std::int64_t>& seqs)>;
  virtual Result<std::uint64_t> Redact(std::string_view study, const std::vector<std::string>& words, const Announce& announce,
                                       const Chain& chain) = 0;
  //! The same for the details of entries about a dataset's records, and of those about several datasets that hold a filter; without a dataset of
  //! all entries about the study's people and records. What was said of rules, definitions, settings and rights stays.
  virtual Result<std::uint64_t> RedactData(std::string_view study, std::string_view dataset, const Announce& announce,
                                           const Chain& chain) = 0;
};

}  // namespace sheaf::catalog
