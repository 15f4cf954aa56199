// Participants who withdraw and come back: their rows leave and enter what readers see.

#include <fmt/format.h>

#include "vault/duckdb/cursor.h"
#include "vault/duckdb/schema.h"
#include "vault/duckdb/transaction.h"

namespace sheaf::vault {

Result<std::int32_t> Transaction::PresentParticipant(std::string_view id) {
  SHEAF_ASSIGN(const std::int32_t number, ParticipantNumber(id));
  if (state_.people->IsHidden(number)) return Fail(ErrorCode::kParticipantWithdrawn, "a participant named here has withdrawn");
  return number;
}

//! Counts rows in or out of the statistics; answers how many there were.
Result<std::uint64_t> Transaction::CountWhere(Written& written, const std::string& condition, int sign) {
  const auto& dataset = *written.dataset;
  std::string list;
  std::vector<model::CellType> types;
  for (const auto& column : Statistics::Columns(dataset)) {
    list += (list.empty() ? "" : ", ") + PhysicalName(column);
    types.push_back(model::CellTypeOf(column, dataset));
  }
  SHEAF_ASSIGN(auto statement,
               connection_.Prepare(fmt::format("SELECT {} FROM {} WHERE {}", list, TableName(state_.alias, dataset.number), condition)));
  SHEAF_ASSIGN(auto rows, statement.Stream());
  std::uint64_t count = 0;
  while (duckdb_data_chunk chunk = rows.NextChunk()) {
    const auto batch = MakeBatch(chunk, types);
    written.delta.Count(*batch, dataset.fields.size(), 0, batch->rows, sign);
    count += batch->rows;
  }
  if (auto error = rows.StreamError()) return Fail(std::move(*error));
  return count;
}

Status Transaction::Hide(const std::shared_ptr<const model::Dataset>& dataset, const std::vector<std::int32_t>& participants) {
  auto& written = For(dataset);
  const std::string live = fmt::format("_participant IN ({}) AND _dead IS NULL", fmt::join(participants, ","));
  SHEAF_ASSIGN(const std::uint64_t rows, CountWhere(written, live, -1));
  if (rows == 0) return {};
  SHEAF_TRY(connection_.Execute(fmt::format(
      "INSERT INTO {}.main.tombstones SELECT {} + row_number() OVER (ORDER BY _seq), {}, _seq, _id, {}, _participant FROM {} WHERE {}",
      state_.alias, next_seq_ - 1, dataset->number, now_, TableName(state_.alias, dataset->number), live)));
  next_seq_ += static_cast<Seq>(rows);
  written.delta.last_seq = next_seq_ - 1;
  return {};
}

Status Transaction::Show(const std::shared_ptr<const model::Dataset>& dataset, std::int32_t participant) {
  auto& written = For(dataset);
  const std::string table = TableName(state_.alias, dataset->number);
  const Seq first = next_seq_;
  SHEAF_ASSIGN(auto update,
               connection_.Query(fmt::format("UPDATE {0} SET _dead = gone.new_seq FROM (SELECT _seq AS old_seq, {1} + row_number() OVER "
                                             "(ORDER BY _seq) AS new_seq FROM {0} WHERE _participant = {2} AND _dead IS NULL) gone "
                                             "WHERE _seq = gone.old_seq AND _participant = {2}",
                                             table, first - 1, participant)));
  std::string list;
  for (const auto kind : {model::ColumnKind::kRecordId, model::ColumnKind::kParticipant, model::ColumnKind::kSession,
                          model::ColumnKind::kTime, model::ColumnKind::kTimeOffset, model::ColumnKind::kOnset, model::ColumnKind::kReceived,
                          model::ColumnKind::kUpdated, model::ColumnKind::kSkipped, model::ColumnKind::kMetadata}) {
    list += ", " + PhysicalName({kind, -1, {}});
  }
  for (std::size_t field = 0; field < dataset->fields.size(); ++field) list += ", " + FieldColumnName(static_cast<std::int32_t>(field));
  SHEAF_ASSIGN(auto inserted, connection_.Query(fmt::format("INSERT INTO {0} SELECT _dead, NULL{1} FROM {0} WHERE _participant = {2} AND "
                                                            "_dead >= {3} ORDER BY _dead",
                                                            table, list, participant, first)));
  const auto rows = inserted.Changed();
  if (rows == 0) return {};
  next_seq_ += static_cast<Seq>(rows);
  SHEAF_TRY(CountWhere(written, fmt::format("_participant = {} AND _seq >= {}", participant, first), 1));
  written.delta.has_dead_rows = true;
  written.delta.last_seq = next_seq_ - 1;
  return IndexFrom(*dataset, participant, first);
}

//! The record ids of new versions lead to them.
Status Transaction::IndexFrom(const model::Dataset& dataset, std::int32_t participant, Seq first) {
  SHEAF_TRY(OpenIndex(state_, connection_));
  if (!index_batch_) index_batch_.emplace(*state_.index);
  SHEAF_ASSIGN(auto statement,
               connection_.Prepare(fmt::format("SELECT _seq, _id FROM {} WHERE _participant = {} AND _seq >= {} AND _id IS NOT NULL",
                                               TableName(state_.alias, dataset.number), participant, first)));
  SHEAF_ASSIGN(auto rows, statement.Stream());
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) break;
    for (std::size_t row = 0; row < chunk.Size(); ++row) index_batch_->Put(dataset.number, chunk.Text(1, row), chunk.Int64(0, row));
  }
  if (auto error = rows.StreamError()) return Fail(std::move(*error));
  return {};
}

}  // namespace sheaf::vault
