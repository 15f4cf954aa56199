// Who runs an export job: taking the next one, keeping it, handing it back or finishing it.

#include <fmt/format.h>
#include <soci/soci.h>

#include "catalog/export_row.h"
#include "catalog/rows.h"
#include "catalog/sql_catalog.h"

namespace sheaf::catalog {
namespace {

struct Row : ExportRow<soci::indicator> {
  using ExportRow::ExportRow;
  void Into(soci::statement& statement) {
    ForEach([&](const char*, auto&... bound) { statement.exchange(soci::into(bound...)); });
  }
};

// Fair: whoever has the fewest jobs running comes first, then the oldest job. A job whose lease has run out counts as
// waiting, not as running.
const char* const kNextJob = R"(
SELECT job.id FROM export_job job
LEFT JOIN (SELECT account, count(*) AS jobs FROM export_job
           WHERE state = 'executing' AND lease_until > :now GROUP BY account) running ON running.account = job.account
WHERE job.state = 'pending' OR (job.state = 'executing' AND (job.lease_until IS NULL OR job.lease_until <= :same_now))
ORDER BY coalesce(running.jobs, 0), job.created_at, job.id LIMIT 1)";

// The state is asked for again, so that the step is sound even where a reader does not keep other writers out. The
// work starts over, hence the zeros.
const char* const kTake = R"(
UPDATE export_job SET state = 'executing', lease_owner = :owner, lease_until = :until, attempts = attempts + 1,
  started_at = :now, rows_done = 0, bytes_done = 0, error = ''
WHERE id = :id AND (state = 'pending' OR (state = 'executing' AND (lease_until IS NULL OR lease_until <= :same_now))))";

std::optional<std::string> NextJob(soci::session& sql, long long now) {
  std::string id;
  sql << kNextJob, soci::into(id), soci::use(now, "now"), soci::use(now, "same_now");
  if (!sql.got_data()) return std::nullopt;
  return id;
}

tl::unexpected<Error> NotHeld() { return Fail(ErrorCode::kConflict, "The export was cancelled, removed or taken over by another worker."); }

}  // namespace

Result<std::optional<ExportJob>> SqlCatalog::LeaseExport(std::string_view owner, Micros lease_until) {
  if (owner.empty()) return Fail(ErrorCode::kInternal, "A lease has an owner.");
  const std::string owner_text(owner);
  const long long until = lease_until;
  // Idle workers ask often: a look first, so that they neither queue for the write lock nor sync.
  SHEAF_ASSIGN(const bool waiting, store_->Read([](soci::session& sql) -> Result<bool> { return NextJob(sql, Now()).has_value(); }));
  if (!waiting) return std::optional<ExportJob>();
  return store_->Write([&](soci::session& sql) -> Result<std::optional<ExportJob>> {
    const long long now = Now();
    for (;;) {
      const auto id = NextJob(sql, now);
      if (!id) return std::optional<ExportJob>();
      const long long touched = Change<soci::statement>(sql, kTake, soci::use(owner_text, "owner"), soci::use(until, "until"),
                                                        soci::use(now, "now"), soci::use(*id, "id"), soci::use(now, "same_now"));
      if (touched == 0) continue;
      return SelectOne<Row, soci::statement>(sql, fmt::format("SELECT {} FROM export_job WHERE id = :id", kExportColumns),
                                             soci::use(*id, "id"));
    }
  });
}

Status SqlCatalog::HeartbeatExport(const ExportJob& job, std::string_view owner, Micros lease_until) {
  const Row row(job);
  const std::string owner_text(owner);
  const long long until = lease_until;
  return store_->Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(
        sql,
        "UPDATE export_job SET activity = :activity, rows_done = :rows_done, rows_total = :rows_total, "
        "bytes_done = :bytes_done, lease_until = :until "
        "WHERE id = :id AND state = 'executing' AND lease_owner = :owner",
        soci::use(row.job.activity, "activity"), soci::use(row.rows_done, "rows_done"), soci::use(row.rows_total, "rows_total"),
        soci::use(row.bytes_done, "bytes_done"), soci::use(until, "until"), soci::use(row.job.id, "id"), soci::use(owner_text, "owner"));
    if (touched == 0) return NotHeld();
    return {};
  });
}

Status SqlCatalog::FinishExport(const ExportJob& job, std::string_view owner) {
  if (job.state == ExportState::kExecuting) return Fail(ErrorCode::kInternal, "An export cannot end as executing.");
  if (job.state == ExportState::kSucceeded && (job.blob.empty() || job.sha256.empty())) {
    return Fail(ErrorCode::kInternal, "An export that succeeded has a file.");
  }
  Row row(job);
  const std::string owner_text(owner);
  if (job.state == ExportState::kPending) {
    row.started_at = {};
    row.finished_at = {};
  } else if (!job.finished_at) {
    row.finished_at = decltype(row.finished_at)::Of(Now());
  }
  return store_->Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(
        sql,
        "UPDATE export_job SET state = :state, activity = :activity, error = :error, rows_done = :rows_done, "
        "rows_total = :rows_total, bytes_done = :bytes_done, file_name = :file_name, blob = :blob, "
        "file_size = :file_size, sha256 = :sha256, manifest = :manifest, since_cursor = :since_cursor, privacy = :privacy, "
        "started_at = :started_at, finished_at = :finished_at, expires_at = :expires_at, lease_owner = '', "
        "lease_until = NULL WHERE id = :id AND state = 'executing' AND lease_owner = :owner",
        soci::use(row.state, "state"), soci::use(row.job.activity, "activity"), soci::use(row.job.error, "error"),
        soci::use(row.rows_done, "rows_done"), soci::use(row.rows_total, "rows_total"), soci::use(row.bytes_done, "bytes_done"),
        soci::use(row.job.file_name, "file_name"), soci::use(row.job.blob, "blob"), soci::use(row.file_size, "file_size"),
        soci::use(row.job.sha256, "sha256"), soci::use(row.job.manifest, "manifest"), soci::use(row.job.cursor, "since_cursor"),
        soci::use(row.job.privacy, "privacy"), soci::use(row.started_at.value, row.started_at.indicator, "started_at"),
        soci::use(row.finished_at.value, row.finished_at.indicator, "finished_at"),
        soci::use(row.expires_at.value, row.expires_at.indicator, "expires_at"), soci::use(row.job.id, "id"),
        soci::use(owner_text, "owner"));
    if (touched == 0) return NotHeld();
    return {};
  });
}

}  // namespace sheaf::catalog
