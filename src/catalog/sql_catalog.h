#pragma once
//! The Catalog over a Store. accounts.cc, grants.cc, sign_in.cc, studies.cc, exports.cc and lease.cc hold its methods.

#include <memory>

#include "catalog/catalog.h"
#include "catalog/sql_audit_store.h"
#include "catalog/sql_care.h"
#include "catalog/sql_donation_table.h"
#include "catalog/sql_file_table.h"
#include "catalog/sql_schedules.h"
#include "catalog/sql_secret_store.h"
#include "catalog/store.h"

namespace sheaf::catalog {

class SqlCatalog final : public Catalog {
 public:
  explicit SqlCatalog(std::unique_ptr<Store> store) : store_(std::move(store)), secrets_(*store_), audit_(*store_) {}

  Result<Account> AddAccount(std::string_view email, std::string_view name, bool admin, std::string_view password_hash) override;
  Result<Account> FindAccount(std::string_view id) override;
  Result<Account> FindAccountByEmail(std::string_view email) override;
  Result<std::vector<Account>> Accounts() override;
  Result<Account> ChangeAccount(std::string_view id, const AccountChange& change) override;

  Result<Key> AddKey(std::string_view account, std::string_view name, const std::vector<std::string>& scopes,
                     std::optional<Micros> expires_at, std::string_view digest, const std::vector<std::string>& studies) override;
  Result<Key> FindKey(std::string_view id) override;
  Result<Key> FindKeyByDigest(std::string_view digest) override;
  Result<std::vector<Key>> Keys(std::string_view account) override;
  Status RevokeKey(std::string_view id) override;
  Status NoteKeyUse(std::string_view id, std::uint64_t uses, Micros last_used_at) override;

  Result<model::Study> AddStudy(const model::Study& study) override;
  Result<model::Study> FindStudy(std::string_view id) override;
  Result<model::Study> UpdateStudy(const model::Study& study) override;
  Status RemoveStudy(std::string_view id) override;
  Result<std::vector<model::Study>> Studies(std::string_view account, std::string_view search, std::string_view after, std::uint64_t limit,
                                            const std::vector<std::string>& only) override;
  Result<std::uint64_t> CountStudies(std::string_view account, std::string_view search, const std::vector<std::string>& only) override;

  Result<Grant> PutGrant(const Grant& grant) override;
  Result<std::optional<Grant>> FindGrant(std::string_view study, std::string_view account) override;
  Result<std::vector<Grant>> Grants(std::string_view study) override;
  Status RemoveGrant(std::string_view study, std::string_view account) override;
  Status HandOverStudy(std::string_view study, std::string_view account) override;

  Result<WebSession> AddSession(std::string_view account, std::string_view digest, Micros now, Micros expires_at) override;
  Result<WebSession> FindSessionByDigest(std::string_view digest) override;
  Status NoteSessionUse(std::string_view id, Micros last_seen_at) override;
  Status RemoveSession(std::string_view id) override;
  Status RemoveSessions(std::string_view account, std::string_view except) override;
  Status RemoveOldSessions(Micros now, Micros idle_since) override;
  Result<Micros> BeginAttempt(const std::vector<std::string>& subjects, Micros now, const Wait& wait) override;
  Status TakeBackAttempt(const std::vector<std::string>& subjects) override;
  Status ForgetAttempts(std::string_view subject) override;
  Result<std::optional<SecondFactor>> FindSecondFactor(std::string_view account) override;
  Status PutSecondFactor(std::string_view account, std::string_view sealed) override;
  Status ConfirmSecondFactor(std::string_view account, std::int64_t step, const std::vector<std::string>& digests) override;
  Result<bool> UseStep(std::string_view account, std::int64_t step) override;
  Result<bool> UseRecoveryCode(std::string_view account, std::string_view digest) override;
  Status RemoveSecondFactor(std::string_view account) override;

  Result<ExportJob> AddExport(const ExportJob& job) override;
  Result<ExportJob> FindExport(std::string_view id) override;
  Result<ExportJob> FindExportByNumber(std::string_view study, std::string_view dialect, std::int64_t number) override;
  Result<std::vector<ExportJob>> DialectExports(std::string_view study, std::string_view dialect, std::int64_t before,
                                                std::uint64_t limit) override;
  Result<std::optional<ExportJob>> FindExportByKey(std::string_view account, std::string_view idempotency_key) override;
  Result<std::optional<ExportJob>> FindExportByFingerprint(std::string_view fingerprint) override;
  Result<std::vector<ExportJob>> Exports(std::string_view account, std::string_view study, std::string_view before_id,
                                         std::uint64_t limit) override;
  Result<std::uint64_t> CountExports(std::string_view account, std::string_view study, ExportState state) override;
  Result<std::optional<ExportJob>> LeaseExport(std::string_view owner, Micros lease_until) override;
  Status HeartbeatExport(const ExportJob& job, std::string_view owner, Micros lease_until) override;
  Status FinishExport(const ExportJob& job, std::string_view owner) override;
  Result<bool> CancelExport(std::string_view id) override;
  Status RemoveExport(std::string_view id) override;
  Status RewriteExport(const ExportJob& job) override;
  Result<std::vector<ExportJob>> ExpiredExports(Micros now) override;
  Status MarkExpired(std::string_view id) override;
  Result<bool> BlobInUse(std::string_view blob, std::string_view except_job) override;

  SecretStore& Secrets() override { return secrets_; }
  AuditStore& Audit() override { return audit_; }
  CareCatalog& Care() override { return care_; }
  ScheduleCatalog& Schedules() override { return schedules_; }
  FileTable& Files() override { return files_; }
  DonationTable& Donations() override { return donations_; }
  Result<std::uint64_t> Generation() override { return store_->Generation(); }
  Result<std::vector<std::string>> Check() override;

 private:
  std::unique_ptr<Store> store_;
  SqlSecretStore secrets_;
  SqlAuditStore audit_;
  SqlCare care_{*store_};
  SqlSchedules schedules_{*store_};
  SqlFileTable files_{*store_};
  SqlDonationTable donations_{*store_};
};

}  // namespace sheaf::catalog
