#include "vault/duckdb/state.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>

#include <algorithm>

#include "base/log.h"
#include "model/definition_json.h"
#include "vault/duckdb/cursor.h"
#include "vault/duckdb/schema.h"
#include "vault/duckdb/sql.h"

namespace sheaf::vault {
namespace {

constexpr Micros kDay = 86'400'000'000;
constexpr Micros kRequestLifetime = 7 * kDay;

//! Calls `visit(chunk, row)` for every row of the query.
template <class Visit>
Status ForEach(Connection& connection, const std::string& sql, Visit visit) {
  SHEAF_ASSIGN(auto rows, connection.Query(sql));
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return {};
    for (std::size_t row = 0; row < chunk.Size(); ++row) SHEAF_TRY(visit(chunk, row));
  }
}

Result<std::int64_t> Scalar(Connection& connection, const std::string& sql) {
  SHEAF_ASSIGN(auto rows, connection.Query(sql));
  const Chunk chunk(rows.NextChunk());
  if (!chunk || chunk.Size() == 0 || chunk.IsNull(0, 0)) return 0;
  return chunk.Int64(0, 0);
}

Status LoadPeople(StudyState& state, Connection& connection) {
  SHEAF_TRY(ForEach(connection, fmt::format("SELECT no, id FROM {}.main.participants ORDER BY no", state.alias),
                    [&](const Chunk& chunk, std::size_t row) -> Status {
                      state.people->AddParticipant(chunk.Int32(0, row), chunk.Text(1, row));
                      return {};
                    }));
  return ForEach(connection, fmt::format("SELECT no, id, starts FROM {}.main.sessions ORDER BY no", state.alias),
                 [&](const Chunk& chunk, std::size_t row) -> Status {
                   state.people->AddSession(chunk.Int32(0, row), chunk.Text(1, row));
                   if (!chunk.IsNull(2, row)) state.people->SetSessionStart(chunk.Int32(0, row), chunk.Int64(2, row));
                   return {};
                 });
}

//! Who is hidden now (end), and who was at any earlier seq.
struct Withdrawals {
  struct Interval {
    std::int32_t participant = 0;
    Seq from = kNoSeq;
    Seq until = kNoSeq;  // 0: not taken back
  };
  std::vector<Interval> intervals;

  People::Numbers At(std::optional<Seq> seq) const {
    People::Numbers numbers;
    for (const auto& interval : intervals) {
      const bool begun = !seq || interval.from <= *seq;
      const bool over = interval.until != kNoSeq && (!seq || interval.until <= *seq);
      if (begun && !over) numbers.push_back(interval.participant);
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }
};

Result<Withdrawals> LoadWithdrawals(StudyState& state, Connection& connection) {
  Withdrawals withdrawals;
  SHEAF_TRY(ForEach(connection, fmt::format("SELECT participant, seq, coalesce(ended_seq, 0) FROM {}.main.withdrawals", state.alias),
                    [&](const Chunk& chunk, std::size_t row) -> Status {
                      withdrawals.intervals.push_back({chunk.Int32(0, row), chunk.Int64(1, row), chunk.Int64(2, row)});
                      return {};
                    }));
  auto hidden = withdrawals.At(std::nullopt);
  if (!hidden.empty()) state.people->SetHidden(std::move(hidden));
  return withdrawals;
}

//! "_participant IN (…)"; of nobody it is false.
std::string OneOf(const People::Numbers& numbers) {
  return numbers.empty() ? "FALSE" : fmt::format("_participant IN ({})", fmt::join(numbers, ","));
}

Status LoadDefinitions(StudyState& state, Connection& connection) {
  return ForEach(connection, fmt::format("SELECT no, id, definition FROM {}.main.datasets ORDER BY no", state.alias),
                 [&](const Chunk& chunk, std::size_t row) -> Status {
                   SHEAF_ASSIGN(auto dataset, model::ParseDataset(chunk.Text(2, row), chunk.Text(1, row)));
                   dataset.number = chunk.Int32(0, row);
                   if (static_cast<std::size_t>(dataset.number) != state.datasets.size() + 1) {
                     return Fail(ErrorCode::kStorageDamaged, fmt::format("dataset numbers of study {} have a gap", state.study));
                   }
                   state.datasets.push_back(std::make_shared<const model::Dataset>(std::move(dataset)));
                   state.statistics.emplace_back();
                   return {};
                 });
}

//! Counts the rows that `condition` chooses into the dataset's statistics.
Status CountRows(StudyState& state, Connection& connection, const model::Dataset& dataset, const std::string& condition, int sign) {
  const auto columns = Statistics::Columns(dataset);
  std::string list;
  std::vector<model::CellType> types;
  for (const auto& column : columns) {
    list += (list.empty() ? "" : ", ") + PhysicalName(column);
    types.push_back(model::CellTypeOf(column, dataset));
  }
  SHEAF_ASSIGN(auto statement,
               connection.Prepare(fmt::format("SELECT {} FROM {} WHERE {}", list, TableName(state.alias, dataset.number), condition)));
  SHEAF_ASSIGN(auto rows, statement.Stream());
  auto delta = Statistics::Delta();
  while (duckdb_data_chunk chunk = rows.NextChunk()) {
    const auto batch = MakeBatch(chunk, types);
    delta.Count(*batch, dataset.fields.size(), 0, batch->rows, sign);
  }
  if (auto error = rows.StreamError()) return Fail(std::move(*error));
  state.statistics[static_cast<std::size_t>(dataset.number - 1)].Merge(delta);
  return {};
}

Status LoadStatistics(StudyState& state, Connection& connection, std::vector<Seq>& upto) {
  upto.assign(state.datasets.size(), kNoSeq);
  return ForEach(connection, fmt::format("SELECT dataset, upto, counts FROM {}.main.statistics", state.alias),
                 [&](const Chunk& chunk, std::size_t row) -> Status {
                   const auto place = static_cast<std::size_t>(chunk.Int32(0, row) - 1);
                   auto statistics = Statistics::Deserialize(chunk.Text(2, row));
                   if (!statistics || place >= upto.size()) return {};
                   state.statistics[place] = std::move(*statistics);
                   upto[place] = chunk.Int64(1, row);
                   return {};
                 });
}

//! Rows that came and went after the statistics were saved.
Status CatchUp(StudyState& state, Connection& connection, const model::Dataset& dataset, const Withdrawals& withdrawals, Seq upto,
               Seq& last_seq) {
  auto& statistics = state.statistics[static_cast<std::size_t>(dataset.number - 1)];
  statistics.SetFields(dataset.fields.size());
  const std::string table = TableName(state.alias, dataset.number);
  SHEAF_ASSIGN(const Seq last_row, Scalar(connection, fmt::format("SELECT max(_seq) FROM {} WHERE _seq > {}", table, upto)));
  SHEAF_ASSIGN(const Seq last_dead, Scalar(connection, fmt::format("SELECT max(_dead) FROM {} WHERE _dead > {}", table, upto)));
  // The statistics count who is not hidden: then, and now.
  const auto then = withdrawals.At(upto), now = withdrawals.At(std::nullopt);
  const std::string hidden_then = OneOf(then), hidden_now = OneOf(now);
  if (last_row > 0 || then != now) {
    SHEAF_TRY(CountRows(state, connection, dataset,
                        fmt::format("_dead IS NULL AND NOT {2} AND (_seq > {0} OR {1})", upto, hidden_then, hidden_now), 1));
  }
  if (last_dead > 0 || then != now) {
    SHEAF_TRY(CountRows(state, connection, dataset,
                        fmt::format("_seq <= {0} AND (_dead IS NULL OR _dead > {0}) AND NOT {1} AND (_dead IS NOT NULL OR {2})", upto,
                                    hidden_then, hidden_now),
                        -1));
  }
  statistics.has_dead_rows = statistics.has_dead_rows || last_dead > 0;
  statistics.last_seq = std::max({statistics.last_seq, last_row, last_dead});
  last_seq = std::max(last_seq, statistics.last_seq);
  return {};
}

}  // namespace

Status LoadState(StudyState& state, Connection& connection) {
  SHEAF_TRY(LoadPeople(state, connection));
  SHEAF_TRY(LoadDefinitions(state, connection));
  std::vector<Seq> upto;
  SHEAF_TRY(LoadStatistics(state, connection, upto));
  SHEAF_ASSIGN(const Withdrawals withdrawals, LoadWithdrawals(state, connection));
  // An erasure may take the rows with the highest numbers with it; those stay used.
  SHEAF_ASSIGN(Seq last_seq,
               Scalar(connection, fmt::format("SELECT CAST(max(value) AS BIGINT) FROM {}.main.meta WHERE name = 'last_seq'", state.alias)));
  for (std::size_t place = 0; place < state.datasets.size(); ++place) {
    SHEAF_TRY(CatchUp(state, connection, *state.datasets[place], withdrawals, upto[place], last_seq));
  }
  SHEAF_ASSIGN(const Seq ended, Scalar(connection, fmt::format("SELECT max(ended_seq) FROM {}.main.withdrawals", state.alias)));
  last_seq = std::max(last_seq, ended);
  for (const char* table : {"datasets", "participants", "sessions", "tombstones", "requests", "consents", "withdrawals"}) {
    SHEAF_ASSIGN(const Seq seq, Scalar(connection, fmt::format("SELECT max(seq) FROM {}.main.{}", state.alias, table)));
    last_seq = std::max(last_seq, seq);
  }
  state.last_seq = last_seq;
  std::string hex;
  SHEAF_TRY(ForEach(connection, fmt::format("SELECT value FROM {}.main.meta WHERE name = 'index_key'", state.alias),
                    [&](const Chunk& chunk, std::size_t row) -> Status {
                      hex = chunk.Text(0, row);
                      return {};
                    }));
  state.index_key.resize(32);
  std::size_t size = 0;
  if (sodium_hex2bin(reinterpret_cast<unsigned char*>(state.index_key.data()), 32, hex.data(), hex.size(), nullptr, &size, nullptr) != 0 ||
      size != 32) {
    return Fail(ErrorCode::kStorageDamaged, fmt::format("study {} has lost its index key", state.study));
  }
  return {};
}

Status OpenIndex(StudyState& state, Connection& connection) {
  if (state.index) return {};
  SHEAF_ASSIGN(auto index, RecordIndex::Open(state.index_directory, state.index_key));
  const Seq mark = index->CompleteUpTo();
  RecordIndex::Batch batch(*index);
  std::size_t pending = 0;
  // Small batches: an index made anew over many millions of ids must not gather them in memory first.
  const auto flush = [&](bool force) -> Status {
    if (!force && ++pending < 50'000) return {};
    pending = 0;
    SHEAF_TRY(index->Write(batch, force ? state.last_seq.load() : mark));
    batch.Clear();
    return {};
  };
  for (const auto& dataset : state.datasets) {
    SHEAF_ASSIGN(auto statement,
                 connection.Prepare(fmt::format("SELECT _seq, _id FROM {} WHERE _seq > {} AND _id IS NOT NULL AND _dead IS NULL",
                                                TableName(state.alias, dataset->number), mark)));
    SHEAF_ASSIGN(auto rows, statement.Stream());
    while (true) {
      const Chunk chunk(rows.NextChunk());
      if (!chunk) break;
      for (std::size_t row = 0; row < chunk.Size(); ++row) {
        batch.Put(dataset->number, chunk.Text(1, row), chunk.Int64(0, row));
        SHEAF_TRY(flush(false));
      }
    }
    if (auto error = rows.StreamError()) return Fail(std::move(*error));
  }
  SHEAF_TRY(index->Write(batch, mark));
  batch.Clear();
  SHEAF_TRY(ForEach(connection,
                    fmt::format("SELECT dataset, record_id, record_seq FROM {}.main.tombstones WHERE seq > {} AND record_id IS NOT NULL",
                                state.alias, mark),
                    [&](const Chunk& chunk, std::size_t row) -> Status {
                      // The id may have been used again since; then the entry put above is the newer one.
                      const auto known = index->Find(chunk.Int32(0, row), chunk.Text(1, row));
                      if (known && *known == chunk.Int64(2, row)) batch.Remove(chunk.Int32(0, row), chunk.Text(1, row));
                      return flush(false);
                    }));
  SHEAF_TRY(ForEach(
      connection, fmt::format("SELECT key, digest, accepted, seq, response FROM {}.main.requests WHERE seq > {}", state.alias, mark),
      [&](const Chunk& chunk, std::size_t row) -> Status {
        batch.PutRequest(chunk.Text(0, row), {std::string(chunk.Text(1, row)), static_cast<std::uint64_t>(chunk.Int64(2, row)),
                                              chunk.Int64(3, row), std::string(chunk.Text(4, row))});
        return flush(false);
      }));
  SHEAF_TRY(flush(true));
  state.index = std::move(index);
  return {};
}

Status SaveStatistics(const StudyState& state, Connection& connection) {
  SHEAF_TRY(connection.Execute(fmt::format("DELETE FROM {}.main.statistics", state.alias)));
  SHEAF_ASSIGN(auto statement, connection.Prepare(fmt::format("INSERT INTO {}.main.statistics VALUES (?, ?, ?)", state.alias)));
  for (std::size_t place = 0; place < state.statistics.size(); ++place) {
    statement.Bind(1, static_cast<std::int32_t>(place + 1));
    statement.Bind(2, std::int64_t{state.last_seq.load()});
    statement.BindBlob(3, state.statistics[place].Serialize());
    SHEAF_TRY(statement.Run());
  }
  return {};
}

Status Purge(StudyState& state, Connection& connection) {
  const Micros now = Now();
  SHEAF_TRY(connection.Execute(fmt::format("DELETE FROM {}.main.requests WHERE kept < {}", state.alias, now - kRequestLifetime)));
  SHEAF_ASSIGN(const Micros marked_at,
               Scalar(connection, fmt::format("SELECT CAST(max(value) AS BIGINT) FROM {}.main.meta WHERE name = 'purge_at'", state.alias)));
  if (now - marked_at < kDay) return {};
  SHEAF_ASSIGN(
      const Seq mark,
      Scalar(connection, fmt::format("SELECT CAST(max(value) AS BIGINT) FROM {}.main.meta WHERE name = 'purge_seq'", state.alias)));
  for (const auto& dataset : state.datasets) {
    if (mark == kNoSeq || !state.statistics[static_cast<std::size_t>(dataset->number - 1)].has_dead_rows) continue;
    SHEAF_TRY(connection.Execute(fmt::format("DELETE FROM {} WHERE _dead <= {}", TableName(state.alias, dataset->number), mark)));
  }
  return connection.Execute(fmt::format("INSERT OR REPLACE INTO {}.main.meta VALUES ('purge_at', '{}'), ('purge_seq', '{}')", state.alias,
                                        now, state.last_seq.load()));
}

}  // namespace sheaf::vault
