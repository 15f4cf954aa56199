#include "vault/duckdb/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "vault/duckdb/cursor.h"
#include "vault/duckdb/schema.h"
#include "vault/duckdb/sql.h"

namespace sheaf::vault {
namespace {

// A statement with literals for so many rows at once; more would make the engine's planner slow.
constexpr std::size_t kLiteralRows = 2000;

std::string SeqList(const std::vector<Seq>& seqs, std::size_t begin, std::size_t end) {
  std::string list;
  for (std::size_t i = begin; i < end; ++i) list += fmt::format("{}{}", list.empty() ? "" : ",", seqs[i]);
  return list;
}

}  // namespace

Transaction::Transaction(StudyState& state, Connection& connection)
    : state_(state),
      connection_(connection),
      next_seq_(state.last_seq + 1),
      now_(Now()),
      next_participant_(state.people->NextParticipant()),
      next_session_(state.people->NextSession()) {}

Transaction::~Transaction() {
  written_.clear();
  if (open_) (void)connection_.Execute("ROLLBACK");
}

Status Transaction::Begin() {
  SHEAF_TRY(connection_.Execute("BEGIN"));
  open_ = true;
  return {};
}

Transaction::Written& Transaction::For(const std::shared_ptr<const model::Dataset>& dataset) {
  auto& written = written_[dataset->number];
  if (!written.dataset) written.dataset = dataset;
  return written;
}

Result<std::int32_t> Transaction::ParticipantNumber(std::string_view id) {
  if (const auto known = state_.people->ParticipantNumber(id)) return *known;
  const auto [entry, added] = new_participants_.try_emplace(std::string(id), next_participant_);
  if (added) participants_to_insert_.emplace_back(next_participant_++, id);
  return entry->second;
}

Result<std::int32_t> Transaction::SessionNumber(std::string_view id) {
  if (const auto known = state_.people->SessionNumber(id)) return *known;
  const auto [entry, added] = new_sessions_.try_emplace(std::string(id), next_session_);
  if (added) sessions_to_insert_.emplace_back(next_session_++, id);
  return entry->second;
}

void Transaction::ForgetNewParticipant(std::string_view id) {
  std::erase_if(participants_to_insert_, [&](const auto& entry) { return entry.second == id; });
}
void Transaction::ForgetNewSession(std::string_view id) {
  std::erase_if(sessions_to_insert_, [&](const auto& entry) { return entry.second == id; });
}

Status Transaction::Append(AppendRequest& request, AppendResult& result) {
  const auto dataset = state_.Find(request.dataset);
  if (!dataset) return Fail(ErrorCode::kNotFound, "there is no dataset with this id");
  auto& written = For(dataset);
  while (true) {
    SHEAF_ASSIGN(auto* batch, request.batches->Next());
    if (batch == nullptr) break;
    result.accepted += batch->rows;
    SHEAF_TRY(AppendBatch(written, *batch, result));
  }
  if (request.idempotency_key.empty()) return {};
  SHEAF_TRY(OpenIndex(state_, connection_));
  const std::string key = state_.index->HashKey(request.idempotency_key);
  const Seq seq = TakeSeq();
  SHEAF_ASSIGN(auto statement, connection_.Prepare(fmt::format("INSERT INTO {}.main.requests VALUES (?, ?, ?, ?, ?, ?)", state_.alias)));
  statement.BindBlob(1, key);
  statement.BindBlob(2, request.request_digest);
  statement.Bind(3, static_cast<std::int64_t>(result.accepted));
  statement.Bind(4, std::int64_t{seq});
  statement.Bind(5, request.response);
  statement.Bind(6, std::int64_t{now_});
  SHEAF_TRY(statement.Run());
  if (!index_batch_) index_batch_.emplace(*state_.index);
  index_batch_->PutRequest(key, {request.request_digest, result.accepted, seq, request.response});
  return {};
}

//! The rows to write, and for each the seq of the row it replaces (0: none). Repetitions of known ids are left out.
std::vector<RowStamp> Transaction::ChooseRows(Written& written, const model::RecordBatch& batch, std::vector<Seq>& replaces) {
  const bool keyed = written.dataset->mode == model::DatasetMode::kKeyed;
  std::vector<RowStamp> rows;
  rows.reserve(batch.rows);
  replaces.assign(batch.rows, kNoSeq);
  std::unordered_map<std::string_view, std::size_t> places;  // id → place in `rows`
  for (std::size_t row = 0; row < batch.rows; ++row) {
    RowStamp stamp;
    stamp.row = row;
    const std::string_view id = batch.ids.At(row);
    if (!id.empty()) {
      const auto [place, first] = places.try_emplace(id, rows.size());
      if (!first) {
        // The same id twice in a request: an appended record is there already, of a keyed one the last counts.
        if (keyed && place->second < rows.size()) rows[place->second].row = row;
        continue;
      }
      const auto recent = written.ids.find(std::string(id));
      const auto known = recent != written.ids.end() ? std::optional(recent->second) : state_.index->Find(written.dataset->number, id);
      if (known && !keyed) {
        place->second = batch.rows;
        continue;
      }
      if (known) replaces[rows.size()] = *known;
    }
    rows.push_back(stamp);
  }
  replaces.resize(rows.size());
  return rows;
}

Status Transaction::Number(const model::RecordBatch& batch, std::vector<RowStamp>& rows) {
  std::vector<std::int32_t> participants(batch.participants.Ids().size(), 0), sessions(batch.sessions.Ids().size(), 0);
  for (auto& stamp : rows) {
    const auto place = static_cast<std::size_t>(batch.participant[stamp.row]);
    if (participants[place] == 0) { SHEAF_ASSIGN(participants[place], ParticipantNumber(batch.participants.Ids()[place])); }
    stamp.participant = participants[place];
    stamp.received = stamp.updated = now_;
    stamp.onset_ms = batch.onset_ms[stamp.row];
    if (batch.session[stamp.row] < 0) continue;
    const auto session = static_cast<std::size_t>(batch.session[stamp.row]);
    if (sessions[session] == 0) { SHEAF_ASSIGN(sessions[session], SessionNumber(batch.sessions.Ids()[session])); }
    stamp.session = sessions[session];
    if (!std::isnan(stamp.onset_ms) || batch.time[stamp.row] == model::kNoTime) continue;
    if (const auto start = state_.people->SessionStart(stamp.session)) {
      stamp.onset_ms = static_cast<double>(batch.time[stamp.row] - *start) / 1000.0;
    }
  }
  return {};
}

//! Reads the rows that would be replaced: those that say the same are left alone, the others are counted out.
Status Transaction::DropUnchanged(Written& written, const model::RecordBatch& batch, std::vector<RowStamp>& rows,
                                  std::vector<Seq>& replaces) {
  std::unordered_map<Seq, std::size_t> places;
  std::vector<Seq> seqs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (replaces[i] == kNoSeq) continue;
    places.emplace(replaces[i], i);
    seqs.push_back(replaces[i]);
  }
  if (seqs.empty()) return {};
  SHEAF_TRY(FlushAppenders());
  const auto columns = CompareColumns(*written.dataset);
  std::string list;
  std::vector<model::CellType> types;
  for (const auto& column : columns) {
    list += (list.empty() ? "" : ", ") + PhysicalName(column);
    types.push_back(model::CellTypeOf(column, *written.dataset));
  }
  std::vector<bool> unchanged(rows.size(), false), found(rows.size(), false);
  for (std::size_t begin = 0; begin < seqs.size(); begin += kLiteralRows) {
    const std::size_t end = std::min(begin + kLiteralRows, seqs.size());
    SHEAF_ASSIGN(auto result, connection_.Query(fmt::format("SELECT {} FROM {} WHERE _dead IS NULL AND _seq IN ({})", list,
                                                            TableName(state_.alias, written.dataset->number), SeqList(seqs, begin, end))));
    while (duckdb_data_chunk chunk = result.NextChunk()) {
      const auto old_batch = MakeBatch(chunk, types);
      for (std::size_t row = 0; row < old_batch->rows; ++row) {
        const std::size_t place = places.at(old_batch->columns.back().At<std::int64_t>(row));
        found[place] = true;
        unchanged[place] = SameRecord(*old_batch, row, batch, rows[place]);
        if (unchanged[place]) continue;
        rows[place].received = old_batch->columns[3].At<std::int64_t>(row);
        if (state_.people->IsHidden(old_batch->columns[0].At<std::int32_t>(row))) continue;
        written.delta.Count(*old_batch, written.dataset->fields.size(), row, row + 1, -1);
      }
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (unchanged[i]) continue;
    replaces[kept] = found[i] ? replaces[i] : kNoSeq;
    rows[kept++] = rows[i];
  }
  rows.resize(kept);
  replaces.resize(kept);
  return {};
}

Status Transaction::AppendBatch(Written& written, const model::RecordBatch& batch, AppendResult& result) {
  bool any_id = false;
  for (std::size_t row = 0; row < batch.rows && !any_id; ++row) any_id = !batch.ids.At(row).empty();
  if (any_id) {
    SHEAF_TRY(OpenIndex(state_, connection_));
    if (!index_batch_) index_batch_.emplace(*state_.index);
  }
  std::vector<Seq> replaces;
  auto rows = ChooseRows(written, batch, replaces);
  SHEAF_TRY(Number(batch, rows));
  SHEAF_TRY(DropUnchanged(written, batch, rows, replaces));
  if (rows.empty()) return {};
  std::vector<std::pair<Seq, Seq>> dead;
  const auto hidden = state_.people->Hidden();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].seq = next_seq_++;
    if (hidden->empty() || !std::binary_search(hidden->begin(), hidden->end(), rows[i].participant)) {
      written.delta.CountRow(batch, rows[i].row, rows[i].participant, rows[i].session, rows[i].received);
    }
    if (replaces[i] != kNoSeq) dead.emplace_back(replaces[i], rows[i].seq);
    const std::string_view id = batch.ids.At(rows[i].row);
    if (id.empty()) continue;
    index_batch_->Put(written.dataset->number, id, rows[i].seq);
    written.ids[std::string(id)] = rows[i].seq;
  }
  if (!written.appender) {
    SHEAF_ASSIGN(auto appender, RowAppender::Open(connection_, state_.alias, *written.dataset));
    written.appender.emplace(std::move(appender));
  }
  SHEAF_TRY(written.appender->Append(batch, rows));
  written.unflushed = true;
  written.delta.last_seq = rows.back().seq;
  result.written += rows.size();
  rows_ += rows.size();
  return MarkDead(written, dead);
}

Status Transaction::MarkDead(Written& written, const std::vector<std::pair<Seq, Seq>>& dead) {
  if (dead.empty()) return {};
  SHEAF_TRY(FlushAppenders());
  written.delta.has_dead_rows = true;
  const std::string table = TableName(state_.alias, written.dataset->number);
  for (std::size_t begin = 0; begin < dead.size(); begin += kLiteralRows) {
    std::string values;
    Seq lowest = std::numeric_limits<Seq>::max(), highest = 0;
    for (std::size_t i = begin; i < std::min(begin + kLiteralRows, dead.size()); ++i) {
      values += fmt::format("{}({},{})", values.empty() ? "" : ",", dead[i].first, dead[i].second);
      lowest = std::min(lowest, dead[i].first);
      highest = std::max(highest, dead[i].first);
    }
    SHEAF_TRY(connection_.Execute(fmt::format(
        "UPDATE {} SET _dead = gone.new_seq FROM (VALUES {}) gone(old_seq, new_seq) WHERE _seq = gone.old_seq AND _seq BETWEEN {} AND {}",
        table, values, lowest, highest)));
  }
  return {};
}

Result<std::uint64_t> Transaction::Delete(const model::Dataset& dataset, const std::vector<std::string>& record_ids,
                                          const std::vector<Seq>& seqs) {
  SHEAF_TRY(OpenIndex(state_, connection_));
  if (!index_batch_) index_batch_.emplace(*state_.index);
  auto& written = For(state_.Find(dataset.id));
  std::vector<Seq> wanted = seqs;
  for (const auto& id : record_ids) {
    if (const auto seq = state_.index->Find(dataset.number, id)) wanted.push_back(*seq);
  }
  auto columns = Statistics::Columns(dataset);
  columns.push_back({model::ColumnKind::kRecordId, -1, {}});
  columns.push_back({model::ColumnKind::kSeq, -1, {}});
  std::string list;
  std::vector<model::CellType> types;
  for (const auto& column : columns) {
    list += (list.empty() ? "" : ", ") + PhysicalName(column);
    types.push_back(model::CellTypeOf(column, dataset));
  }
  std::vector<std::pair<Seq, Seq>> dead;
  SHEAF_ASSIGN(auto insert, connection_.Prepare(fmt::format("INSERT INTO {}.main.tombstones VALUES (?, ?, ?, ?, ?, ?)", state_.alias)));
  for (std::size_t begin = 0; begin < wanted.size(); begin += kLiteralRows) {
    SHEAF_ASSIGN(auto result, connection_.Query(fmt::format("SELECT {} FROM {} WHERE _dead IS NULL AND {} AND _seq IN ({})", list,
                                                            TableName(state_.alias, dataset.number), VisibleSql(*state_.people),
                                                            SeqList(wanted, begin, std::min(begin + kLiteralRows, wanted.size())))));
    while (duckdb_data_chunk chunk = result.NextChunk()) {
      const auto batch = MakeBatch(chunk, types);
      written.delta.Count(*batch, dataset.fields.size(), 0, batch->rows, -1);
      for (std::size_t row = 0; row < batch->rows; ++row) {
        const Seq record_seq = batch->columns.back().At<std::int64_t>(row);
        const auto& id = batch->columns[columns.size() - 2];
        const Seq seq = TakeSeq();
        dead.emplace_back(record_seq, seq);
        insert.Bind(1, std::int64_t{seq});
        insert.Bind(2, dataset.number);
        insert.Bind(3, std::int64_t{record_seq});
        if (id.IsNull(row)) {
          insert.BindNull(4);
        } else {
          const std::string_view text = id.At<model::StringCell>(row).View();
          insert.Bind(4, text);
          index_batch_->Remove(dataset.number, text);
        }
        insert.Bind(5, std::int64_t{now_});
        insert.Bind(6, batch->columns[0].At<std::int32_t>(row));
        SHEAF_TRY(insert.Run());
      }
    }
  }
  if (!dead.empty()) written.delta.last_seq = dead.back().second;
  SHEAF_TRY(MarkDead(written, dead));
  return dead.size();
}

Status Transaction::FlushAppenders() {
  for (auto& [number, written] : written_) {
    if (!written.unflushed) continue;
    SHEAF_TRY(written.appender->Flush());
    written.unflushed = false;
  }
  return {};
}

Status Transaction::InsertPeople() {
  const auto insert = [&](const char* sql, const auto& people) -> Status {
    if (people.empty()) return {};
    SHEAF_ASSIGN(auto statement, connection_.Prepare(fmt::format(fmt::runtime(sql), state_.alias)));
    for (const auto& [number, id] : people) {
      statement.Bind(1, number);
      statement.Bind(2, id);
      statement.Bind(3, std::int64_t{now_});
      statement.Bind(4, std::int64_t{now_});
      statement.Bind(5, std::int64_t{TakeSeq()});
      SHEAF_TRY(statement.Run());
    }
    return {};
  };
  SHEAF_TRY(insert("INSERT INTO {}.main.participants(no, id, created, updated, seq) VALUES (?, ?, ?, ?, ?)", participants_to_insert_));
  return insert("INSERT INTO {}.main.sessions(no, id, created, updated, seq) VALUES (?, ?, ?, ?, ?)", sessions_to_insert_);
}

Status Transaction::Commit() {
  SHEAF_TRY(InsertPeople());
  SHEAF_TRY(FlushAppenders());
  for (auto& [number, written] : written_) written.appender.reset();
  // Whether it succeeds or not, the engine's transaction is over after it.
  open_ = false;
  SHEAF_TRY(connection_.Execute("COMMIT"));
  // From here on nothing may fail: the rows are durable. The index is only a shortcut to them.
  const Seq last_seq = next_seq_ - 1;
  if (index_batch_ && !state_.index->Write(*index_batch_, last_seq)) state_.index.reset();
  for (const auto& [number, id] : participants_to_insert_) state_.people->AddParticipant(number, id);
  for (const auto& [number, id] : sessions_to_insert_) state_.people->AddSession(number, id);
  for (const auto& action : after_commit_) action();
  const std::unique_lock lock(state_.mutex);
  for (const auto& [number, written] : written_) state_.statistics[static_cast<std::size_t>(number - 1)].Merge(written.delta);
  state_.rows_since_saved += rows_ + 1;
  state_.last_seq = last_seq;
  return {};
}

}  // namespace sheaf::vault
