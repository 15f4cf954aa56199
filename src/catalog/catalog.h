#pragma once
//! Accounts, keys, studies and export jobs, in SQLite (WAL). Other processes (the command line) may use the same file
//! at the same time.
//!
//! Threads: every method may be called from any thread. Each write is durable when the call returns.
//! Errors: kNotFound, kConflict, kStudyExists, kStorageFull, kStorageDamaged, kIo, kUnavailable (locked for too long);
//! kBadParameter and kBadId for values that cannot be kept.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "catalog/audit_store.h"
#include "catalog/grants.h"
#include "catalog/secret_store.h"
#include "catalog/sign_in.h"
#include "model/study.h"

namespace sheaf::catalog {

struct Account {
  std::string id;  //!< "usr_…"
  std::string email;
  std::string name;
  bool admin = false;
  std::string password_hash;  //!< Argon2id, libsodium's string
  Micros created_at = 0;
  std::optional<Micros> disabled_at;  //!< from then on it may do nothing
};

//! What is absent stays.
struct AccountChange {
  std::optional<std::string> name;
  std::optional<bool> admin;
  std::optional<bool> disabled;
  std::optional<std::string> password_hash;
};

struct Key {
  std::string id;  //!< "key_…"
  std::string account;
  std::string name;
  std::vector<std::string> scopes;
  Micros created_at = 0;
  std::optional<Micros> expires_at;
  std::optional<Micros> revoked_at;
  std::optional<Micros> last_used_at;
  std::uint64_t uses = 0;
  std::vector<std::string> studies;  //!< the only ones it is good for; empty: all of its account
};

enum class ExportState : std::uint8_t { kPending, kExecuting, kSucceeded, kFailed, kCancelled, kExpired };
std::string_view Name(ExportState state);
std::optional<ExportState> ExportStateFrom(std::string_view name);

struct ExportJob {
  std::string id;  //!< "exp_…"
  std::string study;
  std::string account;
  std::string request;          //!< canonical JSON of what was asked
  std::string fingerprint;      //!< request + data version: equal jobs share one file
  std::string idempotency_key;  //!< empty: none
  ExportState state = ExportState::kPending;
  std::string activity;  //!< what it is doing now, a sentence
  std::string error;     //!< why it failed, a sentence
  std::uint64_t rows_done = 0;
  std::uint64_t rows_total = 0;
  std::uint64_t bytes_done = 0;
  std::string file_name;  //!< what a download is called
  std::string blob;       //!< name in blobs; empty until published
  std::uint64_t file_size = 0;
  std::string sha256;           //!< hex
  std::string manifest;         //!< JSON
  std::string cursor;           //!< for `since` of the next export
  std::string rights = "{}";    //!< model::ViewRightsJson of who asked
  std::string privacy;          //!< JSON: what was removed, and how well people hide in it; empty: kept as it is
  std::string dialect;          //!< the API it was asked for by; empty: the native one
  std::string dialect_request;  //!< what was asked, in that API's own words
  std::int64_t number = 0;      //!< of the jobs of its study and dialect, counted from 1; given by AddExport. 0: native
  std::string schedule;         //!< whose run it is; its file stays until newer ones push it out. Empty: nobody's
  Micros created_at = 0;
  std::optional<Micros> started_at, finished_at, expires_at;
  std::string lease_owner;  //!< the process that runs it
  std::optional<Micros> lease_until;
  int attempts = 0;
};

class CareCatalog;
class ScheduleCatalog;
class DonationTable;
class FileTable;

class Catalog : public GrantTable, public SignInTable {
 public:
  virtual Result<Account> AddAccount(std::string_view email, std::string_view name, bool admin, std::string_view password_hash) = 0;
  virtual Result<Account> FindAccount(std::string_view id) = 0;
  virtual Result<Account> FindAccountByEmail(std::string_view email) = 0;  //!< case-insensitive
  virtual Result<std::vector<Account>> Accounts() = 0;                     //!< in order of making
  //! kConflict when no administrator would be left who is not disabled.
  virtual Result<Account> ChangeAccount(std::string_view id, const AccountChange& change) = 0;

  //! `digest`: of the secret part; the secret itself is never kept.
  virtual Result<Key> AddKey(std::string_view account, std::string_view name, const std::vector<std::string>& scopes,
                             std::optional<Micros> expires_at, std::string_view digest, const std::vector<std::string>& studies = {}) = 0;
  virtual Result<Key> FindKey(std::string_view id) = 0;
  virtual Result<Key> FindKeyByDigest(std::string_view digest) = 0;
  virtual Result<std::vector<Key>> Keys(std::string_view account) = 0;
  virtual Status RevokeKey(std::string_view id) = 0;
  //! Adds up uses of keys; called now and then, not per request.
  virtual Status NoteKeyUse(std::string_view id, std::uint64_t uses, Micros last_used_at) = 0;

  virtual Result<model::Study> AddStudy(const model::Study& study) = 0;  //!< kStudyExists
  virtual Result<model::Study> FindStudy(std::string_view id) = 0;
  //! Everything but id and created_at; updated_at becomes now.
  virtual Result<model::Study> UpdateStudy(const model::Study& study) = 0;
  //! Also cancels the study's unfinished export jobs and lets the finished ones expire at once, so that no file of it
  //! stays behind and no job of it meets another study that takes the id later.
  virtual Status RemoveStudy(std::string_view id) = 0;
  //! In order of id, after `after`, those that `account` owns or has an unexpired grant for, or all when it is empty; of
  //! `only` unless that is empty; `search` in id and name.
  virtual Result<std::vector<model::Study>> Studies(std::string_view account, std::string_view search, std::string_view after,
                                                    std::uint64_t limit, const std::vector<std::string>& only = {}) = 0;
  virtual Result<std::uint64_t> CountStudies(std::string_view account, std::string_view search,
                                             const std::vector<std::string>& only = {}) = 0;

  //! An empty id and a created_at of 0 are filled in. kConflict: (account, idempotency_key) is taken; kNotFound: no such
  //! study or account.
  virtual Result<ExportJob> AddExport(const ExportJob& job) = 0;
  virtual Result<ExportJob> FindExport(std::string_view id) = 0;
  //! The job of a dialect by its number in the study; kNotFound.
  virtual Result<ExportJob> FindExportByNumber(std::string_view study, std::string_view dialect, std::int64_t number) = 0;
  //! The jobs of a dialect in a study, the highest number first, those below `before` (0: all).
  virtual Result<std::vector<ExportJob>> DialectExports(std::string_view study, std::string_view dialect, std::int64_t before,
                                                        std::uint64_t limit) = 0;
  virtual Result<std::optional<ExportJob>> FindExportByKey(std::string_view account, std::string_view idempotency_key) = 0;
  //! A job of this fingerprint that is pending, executing, or succeeded with its file still there.
  virtual Result<std::optional<ExportJob>> FindExportByFingerprint(std::string_view fingerprint) = 0;
  //! The newest first, of `account` and `study` or all where these are empty, older than the job `before_id`
  //! (kBadCursor when that is gone).
  virtual Result<std::vector<ExportJob>> Exports(std::string_view account, std::string_view study, std::string_view before_id,
                                                 std::uint64_t limit) = 0;
  virtual Result<std::uint64_t> CountExports(std::string_view account, std::string_view study, ExportState state) = 0;
  //! Takes the next job that is pending or whose lease has run out: fair, the account with the fewest executing first,
  //! then the oldest. Sets executing, lease, attempts. nullopt: nothing to do.
  virtual Result<std::optional<ExportJob>> LeaseExport(std::string_view owner, Micros lease_until) = 0;
  //! Writes progress (activity, rows, bytes) and renews the lease; a lease_until in the past gives it back. kConflict
  //! when the job was cancelled, removed or taken over.
  virtual Status HeartbeatExport(const ExportJob& job, std::string_view owner, Micros lease_until) = 0;
  //! Writes the final state of a job that `owner` holds, or kPending to put it back in the queue; kConflict as above.
  virtual Status FinishExport(const ExportJob& job, std::string_view owner) = 0;
  //! Cancels a pending or executing job; true when it was one.
  virtual Result<bool> CancelExport(std::string_view id) = 0;
  virtual Status RemoveExport(std::string_view id) = 0;
  //! Writes what was asked for and said of a job that is not executing: state, error, activity, request, manifest,
  //! dialect_request, idempotency_key, finished_at. kConflict when it executes.
  virtual Status RewriteExport(const ExportJob& job) = 0;
  //! Succeeded jobs past their expiry, those first that expired first, at most 1,000 at a time.
  virtual Result<std::vector<ExportJob>> ExpiredExports(Micros now) = 0;
  virtual Status MarkExpired(std::string_view id) = 0;
  //! True when another unexpired job uses the same blob.
  virtual Result<bool> BlobInUse(std::string_view blob, std::string_view except_job) = 0;

  //! Wrapped keys; lives as long as the catalog.
  virtual SecretStore& Secrets() = 0;
  //! Who did what; the same.
  virtual AuditStore& Audit() = 0;
  //! Erasures, personal links, participants' requests, retention (care.h). Lives as long as the catalog.
  virtual CareCatalog& Care() = 0;
  //! Schedules of exports and deliveries (schedules.h); the same.
  virtual ScheduleCatalog& Schedules() = 0;
  //! Files of participants' records (file_table.h). The same.
  virtual FileTable& Files() = 0;
  //! Donation projects (donation_table.h). The same.
  virtual DonationTable& Donations() = 0;

  //! A number that differs from the one before as soon as anyone, another process too, has written in between: what was
  //! read and kept at an equal number still holds. Costs a few microseconds.
  virtual Result<std::uint64_t> Generation() = 0;

  //! PRAGMA integrity_check, foreign keys, and rows that contradict each other; sentences, empty when sound.
  virtual Result<std::vector<std::string>> Check() = 0;
};

struct OpenOptions {
  int lock_wait_ms = 5000;  //!< how long to wait for another process's write before kUnavailable
  int connections = 4;      //!< how many calls run at once; more wait
};

//! Opens DIR/catalog.sqlite, creating it (mode 0600); migrates forward, in one transaction a step. kStorageDamaged when its
//! version is newer than this program's.
Result<std::unique_ptr<Catalog>> OpenCatalog(const std::string& path, const OpenOptions& options = {});

}  // namespace sheaf::catalog
