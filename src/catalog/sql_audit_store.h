#pragma once
//! The AuditStore over a Store.

#include "catalog/audit_store.h"
#include "catalog/store.h"

namespace sheaf::catalog {

class SqlAuditStore final : public AuditStore {
 public:
  explicit SqlAuditStore(Store& store) : store_(store) {}

  Result<AuditHead> Append(std::vector<AuditEntry>& entries, const Chain& chain) override;
  Result<AuditHead> Head() override;
  Result<AuditEntry> Entry(std::int64_t seq) override;
  Result<std::vector<AuditEntry>> Entries(const AuditFilter& filter, Order order, std::int64_t after, std::uint64_t limit) override;
  Result<std::uint64_t> Redact(std::string_view study, const std::vector<std::string>& words, const Announce& announce,
                               const Chain& chain) override;
  Result<std::uint64_t> RedactData(std::string_view study, std::string_view dataset, const Announce& announce, const Chain& chain) override;

 private:
  Store& store_;
};

}  // namespace sheaf::catalog
