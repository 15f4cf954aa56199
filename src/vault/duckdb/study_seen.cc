// Parts of a study, for readers who do not see everybody.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "vault/duckdb/schema.h"
#include "vault/duckdb/sql.h"
#include "vault/duckdb/study.h"

namespace sheaf::vault {
namespace {

Status AddNumbers(Rows rows, std::vector<std::int32_t>& numbers) {
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return {};
    for (std::size_t row = 0; row < chunk.Size(); ++row) numbers.push_back(chunk.Int32(0, row));
  }
}

}  // namespace

Result<std::vector<std::int32_t>> DuckStudy::ParticipantNumbers(const model::Predicate& where) {
  static const model::Dataset kNone;
  const Sql sql = RenderPeople(where, {state_->alias, kNone, *state_->people, false});
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto statement, connection->Prepare(fmt::format(
                                   "SELECT no FROM (SELECT no, no AS _participant FROM {}.main.participants) WHERE {} AND {} ORDER BY no",
                                   state_->alias, VisibleSql(*state_->people, "no"), sql.text)));
  SHEAF_TRY(BindParameters(statement, sql.parameters));
  SHEAF_ASSIGN(auto rows, statement.Run());
  std::vector<std::int32_t> numbers;
  SHEAF_TRY(AddNumbers(std::move(rows), numbers));
  return numbers;
}

Result<std::vector<std::int32_t>> DuckStudy::SessionNumbers(const std::optional<std::vector<std::int32_t>>& participants) {
  SHEAF_ASSIGN(auto connection, state_->Reader());
  std::vector<std::int32_t> numbers;
  if (!participants) {
    SHEAF_ASSIGN(auto rows, connection->Query(fmt::format("SELECT no FROM {}.main.sessions ORDER BY no", state_->alias)));
    SHEAF_TRY(AddNumbers(std::move(rows), numbers));
    return numbers;
  }
  SHEAF_ASSIGN(auto attended, connection->Query(fmt::format("SELECT DISTINCT session FROM {}.main.attendance WHERE {}", state_->alias,
                                                            NumberCondition("participant", *participants))));
  SHEAF_TRY(AddNumbers(std::move(attended), numbers));
  for (const auto& dataset : Datasets()) {
    SHEAF_ASSIGN(auto recorded,
                 connection->Query(fmt::format("SELECT DISTINCT _session FROM {} WHERE _session IS NOT NULL AND _dead IS NULL AND {}",
                                               TableName(state_->alias, dataset->number), NumberCondition("_participant", *participants))));
    SHEAF_TRY(AddNumbers(std::move(recorded), numbers));
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

Result<Summary> DuckStudy::SummarizeParticipants() {
  Select all;
  all.dataset = kParticipantsDataset;
  all.upto = LastSeq();
  return SummarizePart(all);
}

std::uint64_t DuckStudy::Bytes() {
  std::uint64_t bytes = 0;
  for (const std::string& path : {state_->file, state_->file + ".wal"}) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(path, missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

Result<std::vector<SessionTimes>> DuckStudy::TimesOfSessions() {
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto rows,
               connection->Query(fmt::format("SELECT no, starts, ends FROM {}.main.sessions WHERE starts IS NOT NULL OR ends IS NOT NULL",
                                             state_->alias)));
  std::vector<SessionTimes> times;
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return times;
    const auto cell = [&chunk](std::size_t column, std::size_t row) {
      return chunk.IsNull(column, row) ? std::nullopt : std::optional<Micros>(chunk.Int64(column, row));
    };
    for (std::size_t row = 0; row < chunk.Size(); ++row) times.push_back({chunk.Int32(0, row), cell(1, row), cell(2, row)});
  }
}

Result<std::vector<std::pair<std::int32_t, std::int32_t>>> DuckStudy::Died(std::string_view id, Seq after, Seq upto) {
  SHEAF_ASSIGN(const auto dataset, FindDataset(id));
  std::vector<std::pair<std::int32_t, std::int32_t>> whose;
  if (!state_->HasDeadRows(*dataset)) return whose;
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto rows, connection->Query(fmt::format("SELECT DISTINCT _participant, coalesce(_session, 0) FROM {} WHERE _dead > {} AND "
                                                        "_dead <= {} AND _seq <= {}",
                                                        TableName(state_->alias, dataset->number), after, upto, after)));
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return whose;
    for (std::size_t row = 0; row < chunk.Size(); ++row) whose.emplace_back(chunk.Int32(0, row), chunk.Int32(1, row));
  }
}

Result<Summary> DuckStudy::SummarizePart(const Select& part) {
  SHEAF_ASSIGN(const auto dataset, FindDataset(part.dataset));
  Select select = part;
  select.columns = Statistics::Columns(*dataset);
  select.order.clear();
  SHEAF_ASSIGN(const auto cursor, Read(select));
  Statistics statistics;
  statistics.SetFields(dataset->fields.size());
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    statistics.Count(*batch, dataset->fields.size(), 0, batch->rows, 1);
  }
  Summary summary = statistics.Summarize();
  if (dataset->number == 0) {
    summary.last_seq = LastSeq();
    return summary;
  }
  SHEAF_ASSIGN(const Summary whole, Summarize(part.dataset));
  summary.last_seq = whole.last_seq;
  return summary;
}

}  // namespace sheaf::vault
