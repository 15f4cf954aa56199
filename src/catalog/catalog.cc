#include "catalog/catalog.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <array>
#include <utility>

#include "catalog/migrations.h"
#include "catalog/sql_catalog.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

constexpr std::array<std::pair<ExportState, std::string_view>, 6> kStates = {{
    {ExportState::kPending, "pending"},
    {ExportState::kExecuting, "executing"},
    {ExportState::kSucceeded, "succeeded"},
    {ExportState::kFailed, "failed"},
    {ExportState::kCancelled, "cancelled"},
    {ExportState::kExpired, "expired"},
}};

// What no sequence of calls leaves behind: a query that counts such rows, and the sentence that says it.
struct Contradiction {
  const char* count;
  const char* sentence;
};
constexpr std::array<Contradiction, 13> kContradictions = {{
    {"SELECT count(*) FROM study WHERE status NOT IN ('active', 'completed', 'archived')", "studies have an unknown status"},
    {"SELECT count(*) FROM api_key WHERE scopes = '' OR digest = ''", "keys have no scope or no digest"},
    {"SELECT count(*) FROM api_key WHERE uses < 0", "keys have a negative number of uses"},
    {"SELECT count(*) FROM export_job WHERE state NOT IN "
     "('pending', 'executing', 'succeeded', 'failed', 'cancelled', 'expired')",
     "exports have an unknown state"},
    {"SELECT count(*) FROM export_job WHERE state = 'executing' AND (lease_owner = '' OR lease_until IS NULL)",
     "exports are executing without a worker"},
    {"SELECT count(*) FROM export_job WHERE state <> 'executing' AND (lease_owner <> '' OR lease_until IS NOT NULL)",
     "exports have a worker but are not executing"},
    {"SELECT count(*) FROM export_job WHERE state = 'succeeded' AND (blob = '' OR sha256 = '')", "exports succeeded without a file"},
    {"SELECT count(*) FROM export_job WHERE state IN ('succeeded', 'failed', 'cancelled') AND finished_at IS NULL",
     "exports ended without a time"},
    {"SELECT count(*) FROM export_job WHERE state = 'pending' AND finished_at IS NOT NULL", "exports are pending although they ended"},
    {"SELECT count(*) FROM export_job WHERE rows_done < 0 OR rows_total < 0 OR bytes_done < 0 OR file_size < 0 OR "
     "attempts < 0",
     "exports have a negative count"},
    {"SELECT count(*) FROM export_job WHERE state IN ('pending', 'executing') AND study NOT IN (SELECT id FROM study)",
     "exports wait for a study that is not there"},
    {"SELECT count(*) FROM file WHERE state NOT IN ('uploading', 'complete') OR received < 0 OR (state = 'complete' AND "
     "(size IS NULL OR size <> received OR sha256 = '' OR completed_at IS NULL))",
     "files have a state that they cannot have"},
    {"SELECT count(*) FROM file WHERE received <> (SELECT coalesce(sum(size), 0) FROM file_part WHERE file_part.study = file.study "
     "AND file_part.file = file.id)",
     "files have another size than their parts"},
}};

}  // namespace

std::string_view Name(ExportState state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  return "";
}

std::optional<ExportState> ExportStateFrom(std::string_view name) {
  for (const auto& [state, known] : kStates) {
    if (known == name) return state;
  }
  return std::nullopt;
}

Result<std::vector<std::string>> SqlCatalog::Check() {
  SHEAF_ASSIGN(std::vector<std::string> sentences, store_->Integrity());
  // A damaged file makes every further query fail or lie.
  if (!sentences.empty()) return sentences;
  SHEAF_TRY(store_->Read([&](soci::session& sql) -> Status {
    sentences.clear();
    for (const Contradiction& contradiction : kContradictions) {
      long long count = 0;
      sql << contradiction.count, soci::into(count);
      if (count > 0) sentences.push_back(fmt::format("Catalog: {} {}.", count, contradiction.sentence));
    }
    long long versions = 0;
    sql << "SELECT count(*) FROM schema_version", soci::into(versions);
    if (versions != 1) sentences.push_back(fmt::format("Catalog: {} rows state its version, not one.", versions));
    return {};
  }));
  return sentences;
}

Result<std::unique_ptr<Catalog>> OpenCatalog(const std::string& path, const OpenOptions& options) {
  SHEAF_ASSIGN(auto store, Store::Open(path, options));
  SHEAF_TRY(Migrate(*store, Migrations()));
  return std::unique_ptr<Catalog>(std::make_unique<SqlCatalog>(std::move(store)));
}

}  // namespace sheaf::catalog
