// Export jobs: everything but their lease, which is in lease.cc.

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <limits>

#include "base/ids.h"
#include "catalog/export_row.h"
#include "catalog/rows.h"
#include "catalog/sql_catalog.h"

namespace sheaf::catalog {
namespace {

constexpr int kMostExpiredAtOnce = 1000;

struct Row : ExportRow<soci::indicator> {
  using ExportRow::ExportRow;
  void Into(soci::statement& statement) {
    ForEach([&](const char*, auto&... bound) { statement.exchange(soci::into(bound...)); });
  }
};

void Insert(soci::session& sql, Row& row) {
  std::string names;
  soci::statement statement(sql);
  row.ForEach([&](const char* column, auto& value, auto&... indicator) {
    names += fmt::format("{}:{}", names.empty() ? "" : ", ", column);
    statement.exchange(soci::use(value, indicator..., column));
  });
  statement.alloc();
  statement.prepare(fmt::format("INSERT INTO export_job ({}) VALUES ({})", kExportColumns, names));
  statement.define_and_bind();
  statement.execute(true);
}

tl::unexpected<Error> NoExport() { return Fail(ErrorCode::kNotFound, "There is no such export."); }

Status CheckPresent(soci::session& sql, const char* table, const std::string& id, const char* sentence) {
  int found = 0;
  sql << fmt::format("SELECT count(*) FROM {} WHERE id = :id", table), soci::into(found), soci::use(id, "id");
  if (found == 0) return Fail(ErrorCode::kNotFound, sentence);
  return {};
}

// Numbers are never given twice, also when a job was removed: a client may still ask for it.
long long NextNumber(soci::session& sql, const std::string& study, const std::string& dialect) {
  sql << "INSERT INTO export_number (study, dialect, last) VALUES (:study, :dialect, 1) "
         "ON CONFLICT (study, dialect) DO UPDATE SET last = export_number.last + 1",
      soci::use(study, "study"), soci::use(dialect, "dialect");
  long long number = 0;
  sql << "SELECT last FROM export_number WHERE study = :study AND dialect = :dialect", soci::into(number), soci::use(study, "study"),
      soci::use(dialect, "dialect");
  return number;
}

std::string SelectWhere(const std::string& rest) { return fmt::format("SELECT {} FROM export_job WHERE {}", kExportColumns, rest); }

}  // namespace

Result<ExportJob> SqlCatalog::AddExport(const ExportJob& job) {
  ExportJob kept = job;
  if (kept.id.empty()) kept.id = NewId("exp_");
  if (!IsSlug(kept.id)) return Fail(ErrorCode::kBadId, "An export's id has 1 to 64 of A-Z a-z 0-9 _ -.", "id");
  if (kept.created_at == 0) kept.created_at = Now();
  Row row(kept);
  return store_->Write([&](soci::session& sql) -> Result<ExportJob> {
    SHEAF_TRY(CheckPresent(sql, "account", kept.account, "The export's account does not exist."));
    SHEAF_TRY(CheckPresent(sql, "study", kept.study, "There is no such study."));
    if (!kept.dialect.empty()) row.number = kept.number = NextNumber(sql, kept.study, kept.dialect);
    Insert(sql, row);
    return kept;
  });
}

Result<ExportJob> SqlCatalog::FindExport(std::string_view id) {
  const std::string value(id);
  return store_->Read([&](soci::session& sql) -> Result<ExportJob> {
    SHEAF_ASSIGN(auto found, (SelectOne<Row, soci::statement>(sql, SelectWhere("id = :id"), soci::use(value, "id"))));
    if (!found) return NoExport();
    return *std::move(found);
  });
}

Result<ExportJob> SqlCatalog::FindExportByNumber(std::string_view study, std::string_view dialect, std::int64_t number) {
  const std::string study_text(study);
  const std::string dialect_text(dialect);
  const long long value = number;
  return store_->Read([&](soci::session& sql) -> Result<ExportJob> {
    SHEAF_ASSIGN(auto found, (SelectOne<Row, soci::statement>(
                                 sql, SelectWhere("study = :study AND dialect = :dialect AND number = :number AND number > 0"),
                                 soci::use(study_text, "study"), soci::use(dialect_text, "dialect"), soci::use(value, "number"))));
    if (!found) return NoExport();
    return *std::move(found);
  });
}

Result<std::vector<ExportJob>> SqlCatalog::DialectExports(std::string_view study, std::string_view dialect, std::int64_t before,
                                                          std::uint64_t limit) {
  const std::string study_text(study);
  const std::string dialect_text(dialect);
  const long long below = before > 0 ? before : std::numeric_limits<long long>::max();
  const auto most =
      static_cast<long long>(std::min<std::uint64_t>(limit, static_cast<std::uint64_t>(std::numeric_limits<long long>::max())));
  return store_->Read([&](soci::session& sql) {
    return SelectAll<Row, soci::statement>(
        sql, SelectWhere("study = :study AND dialect = :dialect AND number > 0 AND number < :below ORDER BY number DESC LIMIT :most"),
        soci::use(study_text, "study"), soci::use(dialect_text, "dialect"), soci::use(below, "below"), soci::use(most, "most"));
  });
}

Result<std::optional<ExportJob>> SqlCatalog::FindExportByKey(std::string_view account, std::string_view idempotency_key) {
  if (idempotency_key.empty()) return std::optional<ExportJob>();
  const std::string account_text(account);
  const std::string key(idempotency_key);
  return store_->Read([&](soci::session& sql) {
    return SelectOne<Row, soci::statement>(sql, SelectWhere("account = :account AND idempotency_key = :key"),
                                           soci::use(account_text, "account"), soci::use(key, "key"));
  });
}

Result<std::optional<ExportJob>> SqlCatalog::FindExportByFingerprint(std::string_view fingerprint) {
  if (fingerprint.empty()) return std::optional<ExportJob>();
  const std::string value(fingerprint);
  const long long now = Now();
  return store_->Read([&](soci::session& sql) {
    // The one that is nearest to its file.
    return SelectOne<Row, soci::statement>(
        sql,
        SelectWhere("fingerprint = :fingerprint AND (state IN ('pending', 'executing') OR (state = 'succeeded' AND "
                    "blob <> '' AND (expires_at IS NULL OR expires_at > :now))) ORDER BY CASE state WHEN 'succeeded' "
                    "THEN 0 WHEN 'executing' THEN 1 ELSE 2 END, created_at DESC, id LIMIT 1"),
        soci::use(value, "fingerprint"), soci::use(now, "now"));
  });
}

Result<std::vector<ExportJob>> SqlCatalog::Exports(std::string_view account, std::string_view study, std::string_view before_id,
                                                   std::uint64_t limit) {
  const std::string account_text(account);
  const std::string study_text(study);
  const std::string before(before_id);
  const auto most =
      static_cast<long long>(std::min<std::uint64_t>(limit, static_cast<std::uint64_t>(std::numeric_limits<long long>::max())));
  return store_->Read([&](soci::session& sql) -> Result<std::vector<ExportJob>> {
    long long created_at = std::numeric_limits<long long>::max();
    if (!before.empty()) {
      sql << "SELECT created_at FROM export_job WHERE id = :id", soci::into(created_at), soci::use(before, "id");
      if (!sql.got_data()) return Fail(ErrorCode::kBadCursor, "The export the list went on from is gone.");
    }
    // Only the conditions that are asked for, so that an index in this order serves each of the four.
    std::string where = "(created_at, id) < (:created, :before)";
    if (!account_text.empty()) where += " AND account = :account";
    if (!study_text.empty()) where += " AND study = :study";
    soci::statement statement(sql);
    Row row;
    row.Into(statement);
    statement.exchange(soci::use(created_at, "created"));
    statement.exchange(soci::use(before, "before"));
    if (!account_text.empty()) statement.exchange(soci::use(account_text, "account"));
    if (!study_text.empty()) statement.exchange(soci::use(study_text, "study"));
    statement.exchange(soci::use(most, "most"));
    statement.alloc();
    statement.prepare(SelectWhere(where + " ORDER BY created_at DESC, id DESC LIMIT :most"));
    statement.define_and_bind();
    statement.execute();
    std::vector<ExportJob> jobs;
    while (statement.fetch()) {
      SHEAF_ASSIGN(auto job, row.Take());
      jobs.push_back(std::move(job));
    }
    return jobs;
  });
}

Result<std::uint64_t> SqlCatalog::CountExports(std::string_view account, std::string_view study, ExportState state) {
  const std::string account_text(account);
  const std::string study_text(study);
  const std::string state_text(Name(state));
  return store_->Read([&](soci::session& sql) -> Result<std::uint64_t> {
    long long count = 0;
    sql << "SELECT count(*) FROM export_job WHERE state = :state AND (:account = '' OR account = :same_account) "
           "AND (:study = '' OR study = :same_study)",
        soci::into(count), soci::use(state_text, "state"), soci::use(account_text, "account"), soci::use(account_text, "same_account"),
        soci::use(study_text, "study"), soci::use(study_text, "same_study");
    return static_cast<std::uint64_t>(count);
  });
}

Result<bool> SqlCatalog::CancelExport(std::string_view id) {
  const std::string value(id);
  const long long now = Now();
  return store_->Write([&](soci::session& sql) -> Result<bool> {
    SHEAF_TRY(CheckPresent(sql, "export_job", value, "There is no such export."));
    const long long touched = Change<soci::statement>(sql,
                                                      "UPDATE export_job SET state = 'cancelled', activity = '', finished_at = :now, "
                                                      "lease_owner = '', lease_until = NULL "
                                                      "WHERE id = :id AND state IN ('pending', 'executing')",
                                                      soci::use(now, "now"), soci::use(value, "id"));
    return touched > 0;
  });
}

Status SqlCatalog::RemoveExport(std::string_view id) {
  const std::string value(id);
  return store_->Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(sql, "DELETE FROM export_job WHERE id = :id", soci::use(value, "id"));
    if (touched == 0) return NoExport();
    return {};
  });
}

Status SqlCatalog::RewriteExport(const ExportJob& job) {
  Row row(job);
  return store_->Write([&](soci::session& sql) -> Status {
    SHEAF_TRY(CheckPresent(sql, "export_job", row.job.id, "There is no such export."));
    const long long touched = Change<soci::statement>(
        sql,
        "UPDATE export_job SET state = :state, error = :error, activity = :activity, request = :request, manifest = :manifest, "
        "dialect_request = :words, idempotency_key = :key, finished_at = :finished WHERE id = :id AND state <> 'executing'",
        soci::use(row.state, "state"), soci::use(row.job.error, "error"), soci::use(row.job.activity, "activity"),
        soci::use(row.job.request, "request"), soci::use(row.job.manifest, "manifest"), soci::use(row.job.dialect_request, "words"),
        soci::use(row.job.idempotency_key, "key"), soci::use(row.finished_at.value, row.finished_at.indicator, "finished"),
        soci::use(row.job.id, "id"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "An export that runs cannot be rewritten.");
    return {};
  });
}

Result<std::vector<ExportJob>> SqlCatalog::ExpiredExports(Micros now) {
  const long long instant = now;
  return store_->Read([&](soci::session& sql) {
    return SelectAll<Row, soci::statement>(sql,
                                           SelectWhere("state = 'succeeded' AND expires_at <= :now ORDER BY expires_at, id LIMIT :most"),
                                           soci::use(instant, "now"), soci::use(kMostExpiredAtOnce, "most"));
  });
}

Status SqlCatalog::MarkExpired(std::string_view id) {
  const std::string value(id);
  return store_->Write([&](soci::session& sql) -> Status {
    SHEAF_TRY(CheckPresent(sql, "export_job", value, "There is no such export."));
    const long long touched = Change<soci::statement>(
        sql, "UPDATE export_job SET state = 'expired' WHERE id = :id AND state IN ('succeeded', 'expired')", soci::use(value, "id"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "Only an export that succeeded can expire.");
    return {};
  });
}

Result<bool> SqlCatalog::BlobInUse(std::string_view blob, std::string_view except_job) {
  if (blob.empty()) return false;
  const std::string value(blob);
  const std::string except(except_job);
  return store_->Read([&](soci::session& sql) -> Result<bool> {
    long long count = 0;
    sql << "SELECT count(*) FROM export_job WHERE blob = :blob AND id <> :except "
           "AND state IN ('pending', 'executing', 'succeeded')",
        soci::into(count), soci::use(value, "blob"), soci::use(except, "except");
    return count > 0;
  });
}

}  // namespace sheaf::catalog
