#pragma once
//! An export job as a row: its columns in order, and the members they are bound to. Templates on the database
//! library's types, so that this header includes none of it.

#include <string>
#include <utility>

#include "catalog/catalog.h"
#include "catalog/nullable_time.h"

namespace sheaf::catalog {

inline constexpr const char* kExportColumns =
    "id, study, account, request, fingerprint, idempotency_key, state, activity, error, rows_done, rows_total, "
    "bytes_done, file_name, blob, file_size, sha256, manifest, since_cursor, created_at, started_at, finished_at, "
    "expires_at, lease_owner, lease_until, attempts, rights, privacy, dialect, dialect_request, number, schedule";

template <class Indicator>
struct ExportRow {
  using Value = ExportJob;
  ExportJob job;
  std::string state;
  long long rows_done = 0, rows_total = 0, bytes_done = 0, file_size = 0, created_at = 0, attempts = 0, number = 0;
  NullableTime<Indicator> started_at, finished_at, expires_at, lease_until;

  ExportRow() = default;
  explicit ExportRow(const ExportJob& from)
      : job(from),
        state(Name(from.state)),
        rows_done(static_cast<long long>(from.rows_done)),
        rows_total(static_cast<long long>(from.rows_total)),
        bytes_done(static_cast<long long>(from.bytes_done)),
        file_size(static_cast<long long>(from.file_size)),
        created_at(from.created_at),
        attempts(from.attempts),
        number(from.number),
        started_at(NullableTime<Indicator>::Of(from.started_at)),
        finished_at(NullableTime<Indicator>::Of(from.finished_at)),
        expires_at(NullableTime<Indicator>::Of(from.expires_at)),
        lease_until(NullableTime<Indicator>::Of(from.lease_until)) {}

  //! Calls `visit(column, member)` and, where a column may be NULL, `visit(column, member, indicator)`, in the order of
  //! kExportColumns.
  template <class Visit>
  void ForEach(Visit&& visit) {
    visit("id", job.id);
    visit("study", job.study);
    visit("account", job.account);
    visit("request", job.request);
    visit("fingerprint", job.fingerprint);
    visit("idempotency_key", job.idempotency_key);
    visit("state", state);
    visit("activity", job.activity);
    visit("error", job.error);
    visit("rows_done", rows_done);
    visit("rows_total", rows_total);
    visit("bytes_done", bytes_done);
    visit("file_name", job.file_name);
    visit("blob", job.blob);
    visit("file_size", file_size);
    visit("sha256", job.sha256);
    visit("manifest", job.manifest);
    visit("since_cursor", job.cursor);
    visit("created_at", created_at);
    visit("started_at", started_at.value, started_at.indicator);
    visit("finished_at", finished_at.value, finished_at.indicator);
    visit("expires_at", expires_at.value, expires_at.indicator);
    visit("lease_owner", job.lease_owner);
    visit("lease_until", lease_until.value, lease_until.indicator);
    visit("attempts", attempts);
    visit("rights", job.rights);
    visit("privacy", job.privacy);
    visit("dialect", job.dialect);
    visit("dialect_request", job.dialect_request);
    visit("number", number);
    visit("schedule", job.schedule);
  }

  Result<ExportJob> Take() {
    const auto known = ExportStateFrom(state);
    if (!known) return Fail(ErrorCode::kStorageDamaged, "An export in the catalog has an unknown state.");
    job.state = *known;
    job.rows_done = static_cast<std::uint64_t>(rows_done);
    job.rows_total = static_cast<std::uint64_t>(rows_total);
    job.bytes_done = static_cast<std::uint64_t>(bytes_done);
    job.file_size = static_cast<std::uint64_t>(file_size);
    job.created_at = created_at;
    job.started_at = started_at.Get();
    job.finished_at = finished_at.Get();
    job.expires_at = expires_at.Get();
    job.lease_until = lease_until.Get();
    job.attempts = static_cast<int>(attempts);
    job.number = number;
    return job;
  }
};

}  // namespace sheaf::catalog
