#include "catalog/migrations.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

// Times are microseconds since 1970 (BIGINT); booleans 0 and 1; words are those of the API. A foreign key from
// export_job to study is left out on purpose: a job outlives its study until its file is removed.
const char* const kAccount = R"(
CREATE TABLE account (
  id            TEXT NOT NULL PRIMARY KEY,
  email         TEXT NOT NULL,
  email_folded  TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  admin         INTEGER NOT NULL CHECK (admin IN (0, 1)),
  password_hash TEXT NOT NULL,
  created_at    BIGINT NOT NULL
))";

const char* const kApiKey = R"(
CREATE TABLE api_key (
  id           TEXT NOT NULL PRIMARY KEY,
  account      TEXT NOT NULL REFERENCES account (id),
  name         TEXT NOT NULL,
  scopes       TEXT NOT NULL,
  digest       TEXT NOT NULL UNIQUE,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT,
  revoked_at   BIGINT,
  last_used_at BIGINT,
  uses         BIGINT NOT NULL
))";

const char* const kStudy = R"(
CREATE TABLE study (
  id          TEXT NOT NULL PRIMARY KEY,
  name        TEXT NOT NULL,
  description TEXT NOT NULL,
  status      TEXT NOT NULL,
  owner       TEXT NOT NULL REFERENCES account (id),
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL
))";

const char* const kExportJob = R"(
CREATE TABLE export_job (
  id              TEXT NOT NULL PRIMARY KEY,
  study           TEXT NOT NULL,
  account         TEXT NOT NULL REFERENCES account (id),
  request         TEXT NOT NULL,
  fingerprint     TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  state           TEXT NOT NULL,
  activity        TEXT NOT NULL,
  error           TEXT NOT NULL,
  rows_done       BIGINT NOT NULL,
  rows_total      BIGINT NOT NULL,
  bytes_done      BIGINT NOT NULL,
  file_name       TEXT NOT NULL,
  blob            TEXT NOT NULL,
  file_size       BIGINT NOT NULL,
  sha256          TEXT NOT NULL,
  manifest        TEXT NOT NULL,
  since_cursor    TEXT NOT NULL,
  created_at      BIGINT NOT NULL,
  started_at      BIGINT,
  finished_at     BIGINT,
  expires_at      BIGINT,
  lease_owner     TEXT NOT NULL,
  lease_until     BIGINT,
  attempts        BIGINT NOT NULL
))";

// Which site key has sealed what is sealed: at most one row.
const char* const kSiteKey = "CREATE TABLE site_key (fingerprint TEXT NOT NULL)";

// Destroyed with the study, in the same transaction.
const char* const kStudyKey = R"(
CREATE TABLE study_key (
  study      TEXT NOT NULL PRIMARY KEY REFERENCES study (id) ON DELETE CASCADE,
  public_key TEXT NOT NULL,
  wrapped    TEXT NOT NULL,
  locked     INTEGER NOT NULL CHECK (locked IN (0, 1)),
  code_key   TEXT NOT NULL,
  created_at BIGINT NOT NULL
))";

// Entries are only ever added: no statement of the program changes or deletes one.
const char* const kAudit = R"(
CREATE TABLE audit (
  seq         BIGINT NOT NULL PRIMARY KEY,
  time        BIGINT NOT NULL,
  actor_kind  TEXT NOT NULL,
  actor       TEXT NOT NULL,
  api_key     TEXT NOT NULL,
  action      TEXT NOT NULL,
  study       TEXT NOT NULL,
  dataset     TEXT NOT NULL,
  target      TEXT NOT NULL,
  outcome     TEXT NOT NULL,
  rows        BIGINT NOT NULL,
  times       BIGINT NOT NULL,
  address     TEXT NOT NULL,
  request     TEXT NOT NULL,
  detail_hash TEXT NOT NULL,
  hash        TEXT NOT NULL
))";

// What of an entry may name a participant. Erasure deletes such a row, and the chain still holds.
const char* const kAuditDetail = R"(
CREATE TABLE audit_detail (
  seq         BIGINT NOT NULL PRIMARY KEY,
  salt        TEXT NOT NULL,
  participant TEXT NOT NULL,
  reason      TEXT NOT NULL,
  detail      TEXT NOT NULL,
  address     TEXT NOT NULL
))";

const char* const kStudyGrant = R"(
CREATE TABLE study_grant (
  study       TEXT NOT NULL REFERENCES study (id) ON DELETE CASCADE,
  account     TEXT NOT NULL REFERENCES account (id),
  rights      TEXT NOT NULL,
  datasets    TEXT NOT NULL,
  sites       TEXT NOT NULL,
  identifiers INTEGER NOT NULL CHECK (identifiers IN (0, 1)),
  expires_at  BIGINT,
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,
  PRIMARY KEY (study, account)
))";

const char* const kWebSession = R"(
CREATE TABLE web_session (
  id           TEXT NOT NULL PRIMARY KEY,
  account      TEXT NOT NULL REFERENCES account (id),
  digest       TEXT NOT NULL UNIQUE,
  created_at   BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  expires_at   BIGINT NOT NULL
))";

const char* const kSignInAttempt = R"(
CREATE TABLE sign_in_attempt (
  subject  TEXT NOT NULL PRIMARY KEY,
  failures BIGINT NOT NULL,
  last_at  BIGINT NOT NULL
))";

const char* const kSecondFactor = R"(
CREATE TABLE second_factor (
  account   TEXT NOT NULL PRIMARY KEY REFERENCES account (id),
  sealed    TEXT NOT NULL,
  confirmed INTEGER NOT NULL CHECK (confirmed IN (0, 1)),
  last_step BIGINT NOT NULL
))";

const char* const kRecoveryCode = R"(
CREATE TABLE recovery_code (
  account TEXT NOT NULL REFERENCES account (id),
  digest  TEXT NOT NULL,
  PRIMARY KEY (account, digest)
))";

// A participant's id in `erasure` goes before the erasure is over.
const char* const kErasure = R"(
CREATE TABLE erasure (
  id          TEXT NOT NULL PRIMARY KEY,
  study       TEXT NOT NULL,
  participant TEXT NOT NULL,
  account     TEXT NOT NULL,
  state       TEXT NOT NULL,
  report      TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  finished_at BIGINT
))";

const char* const kParticipantLink = R"(
CREATE TABLE participant_link (
  id           TEXT NOT NULL PRIMARY KEY,
  study        TEXT NOT NULL,
  participant  TEXT NOT NULL,
  digest       TEXT NOT NULL UNIQUE,
  created_by   TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  expires_at   BIGINT,
  revoked_at   BIGINT,
  last_used_at BIGINT
))";

const char* const kParticipantRequest = R"(
CREATE TABLE participant_request (
  id          TEXT NOT NULL PRIMARY KEY,
  study       TEXT NOT NULL,
  participant TEXT NOT NULL,
  kind        TEXT NOT NULL,
  message     TEXT NOT NULL,
  state       TEXT NOT NULL,
  note        TEXT NOT NULL,
  created_at  BIGINT NOT NULL,
  decided_at  BIGINT,
  decided_by  TEXT NOT NULL
))";

// `dataset` is empty for the study's own rule; `rule` is the JSON of the API; `archived_at`: read-only since.
const char* const kRetention = R"(
CREATE TABLE retention (
  study       TEXT NOT NULL,
  dataset     TEXT NOT NULL,
  rule        TEXT NOT NULL,
  archived_at BIGINT,
  deleted_at  BIGINT,
  updated_at  BIGINT NOT NULL,
  PRIMARY KEY (study, dataset)
))";

const char* const kDuty = R"(
CREATE TABLE duty (
  name        TEXT NOT NULL PRIMARY KEY,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  done_at     BIGINT NOT NULL
))";

// The last number given to a job of the dialect in the study; stays when jobs and studies go.
const char* const kExportNumber = R"(
CREATE TABLE export_number (
  study   TEXT NOT NULL,
  dialect TEXT NOT NULL,
  last    BIGINT NOT NULL,
  PRIMARY KEY (study, dialect)
))";

const char* const kSchedule = R"(
CREATE TABLE schedule (
  id           TEXT NOT NULL PRIMARY KEY,
  study        TEXT NOT NULL REFERENCES study (id) ON DELETE CASCADE,
  account      TEXT NOT NULL REFERENCES account (id),
  name         TEXT NOT NULL,
  request      TEXT NOT NULL,
  cron         TEXT NOT NULL,
  timezone     TEXT NOT NULL,
  mode         TEXT NOT NULL,
  keep         BIGINT NOT NULL,
  delivery     TEXT NOT NULL,
  sealed       TEXT NOT NULL,
  since_cursor TEXT NOT NULL,
  paused_at    BIGINT,
  pause_reason TEXT NOT NULL,
  next_at      BIGINT,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL
))";

const char* const kScheduleRun = R"(
CREATE TABLE schedule_run (
  id           TEXT NOT NULL PRIMARY KEY,
  schedule     TEXT NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  study        TEXT NOT NULL,
  cause        TEXT NOT NULL,
  state        TEXT NOT NULL,
  since_cursor TEXT NOT NULL,
  job          TEXT NOT NULL,
  cursor       TEXT NOT NULL,
  error        TEXT NOT NULL,
  due_at       BIGINT NOT NULL,
  missed       BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  finished_at  BIGINT,
  lease_owner  TEXT NOT NULL,
  lease_until  BIGINT NOT NULL
))";

const char* const kDelivery = R"(
CREATE TABLE delivery (
  id          TEXT NOT NULL PRIMARY KEY,
  schedule    TEXT NOT NULL REFERENCES schedule (id) ON DELETE CASCADE,
  run         TEXT NOT NULL REFERENCES schedule_run (id) ON DELETE CASCADE,
  study       TEXT NOT NULL,
  event       TEXT NOT NULL,
  state       TEXT NOT NULL,
  attempts    BIGINT NOT NULL,
  next_at     BIGINT,
  retry_from  BIGINT NOT NULL,
  created_at  BIGINT NOT NULL,
  finished_at BIGINT,
  lease_owner TEXT NOT NULL,
  lease_until BIGINT NOT NULL
))";

const char* const kDeliveryAttempt = R"(
CREATE TABLE delivery_attempt (
  delivery    TEXT NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  number      BIGINT NOT NULL,
  at          BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  status      BIGINT NOT NULL,
  error       TEXT NOT NULL,
  answer      TEXT NOT NULL,
  PRIMARY KEY (delivery, number)
))";

// Goes with its study. `digest` is of what has been received so far, to be gone on with.
const char* const kFile = R"(
CREATE TABLE file (
  study        TEXT NOT NULL REFERENCES study (id) ON DELETE CASCADE,
  id           TEXT NOT NULL,
  kind         TEXT NOT NULL,
  name         TEXT NOT NULL,
  media_type   TEXT NOT NULL,
  participant  TEXT NOT NULL,
  session      TEXT NOT NULL,
  dataset      TEXT NOT NULL,
  record       TEXT NOT NULL,
  field        TEXT NOT NULL,
  sha256       TEXT NOT NULL,
  size         BIGINT,
  received     BIGINT NOT NULL,
  state        TEXT NOT NULL,
  started_at   BIGINT,
  ended_at     BIGINT,
  duration_ms  BIGINT,
  width        BIGINT,
  height       BIGINT,
  attributes   TEXT NOT NULL,
  account      TEXT NOT NULL,
  created_at   BIGINT NOT NULL,
  updated_at   BIGINT NOT NULL,
  completed_at BIGINT,
  digest       TEXT NOT NULL,
  PRIMARY KEY (study, id)
))";

const char* const kFilePart = R"(
CREATE TABLE file_part (
  study TEXT NOT NULL,
  file  TEXT NOT NULL,
  start BIGINT NOT NULL,
  blob  TEXT NOT NULL UNIQUE,
  size  BIGINT NOT NULL,
  PRIMARY KEY (study, file, start),
  FOREIGN KEY (study, file) REFERENCES file (study, id) ON DELETE CASCADE
))";

const char* const kDonationProject = R"(
CREATE TABLE donation_project (
  study      TEXT NOT NULL PRIMARY KEY REFERENCES study (id) ON DELETE CASCADE,
  url_id     TEXT NOT NULL UNIQUE,
  slug       TEXT NOT NULL UNIQUE,
  settings   TEXT NOT NULL,
  created_at BIGINT NOT NULL
))";

// `sealed` by the site key: the owner's page shows the token again.
const char* const kDonationToken = R"(
CREATE TABLE donation_token (
  study      TEXT NOT NULL PRIMARY KEY REFERENCES donation_project (study) ON DELETE CASCADE,
  digest     TEXT NOT NULL UNIQUE,
  sealed     TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT
))";

const char* const kDonationEvent = R"(
CREATE TABLE donation_event (
  study       TEXT NOT NULL REFERENCES donation_project (study) ON DELETE CASCADE,
  time        BIGINT NOT NULL,
  description TEXT NOT NULL,
  message     TEXT NOT NULL
))";

const char* const kDonationException = R"(
CREATE TABLE donation_exception (
  study       TEXT NOT NULL REFERENCES donation_project (study) ON DELETE CASCADE,
  time        BIGINT NOT NULL,
  participant TEXT NOT NULL,
  type        TEXT NOT NULL,
  raised_by   TEXT NOT NULL,
  blueprint   TEXT NOT NULL,
  message     TEXT NOT NULL
))";

Result<long long> ReadVersion(soci::session& sql) {
  long long count = 0;
  long long version = 0;
  sql << "SELECT count(*), coalesce(max(version), 0) FROM schema_version", soci::into(count), soci::into(version);
  if (count > 1) return Fail(ErrorCode::kStorageDamaged, "The catalog states more than one version.");
  return version;
}

}  // namespace

const std::vector<Migration>& Migrations() {
  static const std::vector<Migration> kSteps = {
      {1,
       {kAccount, kApiKey, kStudy, kExportJob, "CREATE INDEX api_key_account ON api_key (account)",
        "CREATE INDEX study_owner ON study (owner, id)",
        "CREATE UNIQUE INDEX export_job_idempotency ON export_job (account, idempotency_key) "
        "WHERE idempotency_key <> ''",
        "CREATE INDEX export_job_fingerprint ON export_job (fingerprint)",
        "CREATE INDEX export_job_state ON export_job (state, created_at)", "CREATE INDEX export_job_created ON export_job (created_at, id)",
        "CREATE INDEX export_job_account ON export_job (account, created_at, id)",
        "CREATE INDEX export_job_study ON export_job (study, created_at, id)", "CREATE INDEX export_job_blob ON export_job (blob)"}},
      {2, {"ALTER TABLE study ADD COLUMN settings TEXT NOT NULL DEFAULT '{}'", "ALTER TABLE study ADD COLUMN ends_at BIGINT"}},
      {3, {kSiteKey, kStudyKey}},
      {4,
       {kAudit, kAuditDetail, "CREATE INDEX audit_study ON audit (study, seq)", "CREATE INDEX audit_action ON audit (action, seq)",
        "CREATE INDEX audit_actor ON audit (actor, seq)",
        "CREATE INDEX audit_detail_participant ON audit_detail (participant, seq) WHERE participant <> ''"}},
      {5,
       {"ALTER TABLE export_job ADD COLUMN rights TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE export_job ADD COLUMN privacy TEXT NOT NULL DEFAULT ''"}},
      {6,
       {"ALTER TABLE account ADD COLUMN disabled_at BIGINT", "ALTER TABLE api_key ADD COLUMN studies TEXT NOT NULL DEFAULT ''", kStudyGrant,
        kWebSession, kSignInAttempt, kSecondFactor, kRecoveryCode, "CREATE INDEX study_grant_account ON study_grant (account)",
        "CREATE INDEX web_session_account ON web_session (account)", "CREATE INDEX sign_in_attempt_last ON sign_in_attempt (last_at)"}},
      {7,
       {kErasure, kParticipantLink, kParticipantRequest, kRetention, kDuty,
        "CREATE INDEX participant_link_study ON participant_link (study, participant)",
        "CREATE INDEX participant_request_study ON participant_request (study, created_at, id)"}},
      {8,
       {kExportNumber, "ALTER TABLE export_job ADD COLUMN dialect TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE export_job ADD COLUMN dialect_request TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE export_job ADD COLUMN number BIGINT NOT NULL DEFAULT 0",
        "CREATE UNIQUE INDEX export_job_number ON export_job (study, dialect, number) WHERE number > 0"}},
      {9,
       {kSchedule, kScheduleRun, kDelivery, kDeliveryAttempt, "ALTER TABLE export_job ADD COLUMN schedule TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX schedule_study ON schedule (study, created_at, id)", "CREATE INDEX schedule_next ON schedule (next_at)",
        "CREATE INDEX schedule_run_schedule ON schedule_run (schedule, created_at, id)",
        "CREATE UNIQUE INDEX schedule_run_unfinished ON schedule_run (schedule) WHERE state IN ('starting', 'running')",
        "CREATE INDEX delivery_schedule ON delivery (schedule, created_at, id)", "CREATE INDEX delivery_run ON delivery (run)",
        "CREATE INDEX delivery_next ON delivery (next_at) WHERE state = 'waiting'",
        "CREATE INDEX export_job_schedule ON export_job (schedule) WHERE schedule <> ''"}},
      {10,
       {kFile, kFilePart, "CREATE INDEX file_order ON file (study, created_at, id)",
        "CREATE INDEX file_participant ON file (study, participant)", "CREATE INDEX file_record ON file (study, dataset, record)",
        "CREATE INDEX file_uploading ON file (updated_at) WHERE state = 'uploading'"}},
      {11,
       {kDonationProject, kDonationToken, kDonationEvent, kDonationException,
        "CREATE INDEX donation_event_study ON donation_event (study, time)",
        "CREATE INDEX donation_exception_study ON donation_exception (study, time)"}},
  };
  return kSteps;
}

Status Migrate(Store& store, const std::vector<Migration>& steps) {
  for (;;) {
    bool finished = false;
    SHEAF_TRY(store.Write([&](soci::session& sql) -> Status {
      sql << "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT NOT NULL)";
      SHEAF_ASSIGN(const long long version, ReadVersion(sql));
      const auto newest = static_cast<long long>(steps.size());
      if (version < 0 || version > newest) {
        return Fail(ErrorCode::kStorageDamaged, fmt::format("The catalog has version {}; this program knows versions up to {}. Use a newer "
                                                            "program.",
                                                            version, newest));
      }
      finished = version == newest;
      if (finished) return {};
      const Migration& step = steps[static_cast<std::size_t>(version)];
      for (const std::string& statement : step.statements) sql << statement;
      sql << "DELETE FROM schema_version";
      const long long reached = step.version;
      sql << "INSERT INTO schema_version (version) VALUES (:version)", soci::use(reached, "version");
      return {};
    }));
    if (finished) return {};
  }
}

}  // namespace sheaf::catalog
