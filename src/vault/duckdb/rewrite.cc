#include "vault/duckdb/rewrite.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/log.h"
#include "model/definition_json.h"
#include "vault/duckdb/cursor.h"
#include "vault/duckdb/mention.h"
#include "vault/duckdb/schema.h"

namespace sheaf::vault {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kReservedDisk = 96ull << 20;

std::string LogFile(const std::string& file) { return file + ".wal"; }

Status SyncPath(const std::string& path, int flags) {
  const int opened = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool synced = opened >= 0 && ::fsync(opened) == 0;
  const int error = errno;
  if (opened >= 0) ::close(opened);
  if (synced) return {};
  LogError("a study's file was not synced", {{"reason", std::strerror(error)}});
  return Fail(ErrorCode::kIo, "the study's new file could not be written");
}

//! A condition on numbers; of none it holds for nothing.
std::string Among(std::string_view column, const std::vector<std::int32_t>& numbers) {
  return numbers.empty() ? "FALSE" : fmt::format("{} IN ({})", column, fmt::join(numbers, ","));
}

class Rewriter {
 public:
  Rewriter(StudyState& state, Connection& connection, const Omission& omission)
      : state_(state),
        connection_(connection),
        omission_(omission),
        old_(state.alias + ".main"),
        alias_(state.alias + "_new"),
        new_(alias_ + ".main"),
        file_(state.file + ".new"),
        next_seq_(state.last_seq + 1),
        now_(Now()) {}

  Result<Erased> Run() {
    SHEAF_TRY(CheckRoom());
    RemoveUnfinishedRewrite(state_.file);
    SHEAF_TRY(connection_.Attach(file_, alias_));
    auto status = Write();
    if (status) status = connection_.Execute("FORCE CHECKPOINT " + alias_);
    auto detached = connection_.Execute("DETACH " + alias_);
    if (status) status = detached;
    if (status) status = SyncPath(file_, O_RDWR);
    if (status) status = Exchange();
    if (!status) {
      RemoveUnfinishedRewrite(state_.file);
      return Fail(std::move(status).error());
    }
    return std::move(erased_);
  }

 private:
  Result<std::int64_t> Scalar(const std::string& sql) {
    SHEAF_ASSIGN(auto rows, connection_.Query(sql));
    const Chunk chunk(rows.NextChunk());
    return chunk && chunk.Size() > 0 && !chunk.IsNull(0, 0) ? chunk.Int64(0, 0) : 0;
  }
  //! Copies what `condition` chooses; every change a transaction of its own: nobody sees the new file before it is whole.
  Status Copy(const std::string& table, const std::string& columns, const std::string& condition) {
    return connection_.Execute(
        fmt::format("INSERT INTO {}.{} SELECT {} FROM {}.{} WHERE {}", new_, table, columns, old_, table, condition));
  }

  Status CheckRoom() {
    std::error_code error;
    const auto size =
        fs::file_size(state_.file, error) + (fs::exists(LogFile(state_.file), error) ? fs::file_size(LogFile(state_.file)) : 0);
    const auto space = fs::space(fs::path(state_.file).parent_path(), error);
    if (error || space.available > size + kReservedDisk) return {};
    return Fail(ErrorCode::kStorageFull, "an erasure needs room for a second copy of the study");
  }

  Status Write() {
    SHEAF_TRY(Migrate(connection_, alias_));
    SHEAF_TRY(connection_.Execute(fmt::format("DELETE FROM {}.meta", new_)));
    SHEAF_TRY(Copy("meta", "*", "name <> 'last_seq'"));
    SHEAF_TRY(Copy("datasets", "*", "TRUE"));
    {
      const std::shared_lock lock(state_.mutex);
      datasets_ = state_.datasets;
      statistics_ = state_.statistics;
    }
    SHEAF_TRY(FindSessions());
    SHEAF_TRY(WriteDefinitions());
    SHEAF_TRY(WritePeople());
    for (const auto& dataset : datasets_) SHEAF_TRY(WriteDataset(*dataset));
    SHEAF_TRY(WriteTombstones());
    // What was refused is told in the words of the sender's own records.
    SHEAF_TRY(Copy(
        "requests",
        "key, digest, accepted, seq, CASE WHEN contains(response, '\"rejected\":[]') THEN response ELSE '{\"accepted\":' || accepted || "
        "',\"rejected_total\":' || coalesce(json_extract_string(response, '$.rejected_total'), '0') || ',\"rejected\":[]}' END, kept",
        "TRUE"));
    return WriteStatistics();
  }

  Status FindSessions() {
    if (omission_.participants.empty()) return {};
    SHEAF_ASSIGN(auto sessions, SessionsOf(connection_, state_.alias, datasets_, omission_.participants));
    mention_ =
        Mention(omission_.participant_ids, SessionsCalledAfter(*state_.people, omission_.participant_ids, sessions.all, sessions.alone));
    sessions_ = std::move(sessions.alone);
    erased_.sessions = sessions_.size();
    erased_.renamed_sessions = mention_.Renamed().size();
    return {};
  }

  std::string WithoutMention(const std::string& column, bool json, const std::string& unique = {}) const {
    return mention_.Without(column, json, unique);
  }
  Status CopyWithoutMention(const std::string& sql) { return mention_.Run(connection_, sql); }

  //! Definitions without the participant's id in their words; a change of the definition like any other.
  Status WriteDefinitions() {
    for (auto& dataset : datasets_) {
      auto masked = mention_.WithoutIn(*dataset);
      if (!masked) continue;
      dataset = std::make_shared<const model::Dataset>(*std::move(masked));
      SHEAF_ASSIGN(auto update, connection_.Prepare(fmt::format("UPDATE {}.datasets SET definition = ?, seq = ? WHERE no = ?", new_)));
      update.Bind(1, model::DatasetJson(*dataset));
      update.Bind(2, std::int64_t{next_seq_++});
      update.Bind(3, dataset->number);
      SHEAF_TRY(update.Run());
      ++erased_.definitions;
    }
    return {};
  }

  std::string Theirs(std::string_view column) const { return Among(column, omission_.participants); }

  Status WritePeople() {
    const std::string theirs = Theirs("participant");
    SHEAF_TRY(CopyWithoutMention(fmt::format(
        "INSERT INTO {}.participants SELECT no, id, {}, {}, {}, created, updated, seq FROM "
        "{}.participants WHERE NOT {}",
        new_, WithoutMention("code", false), WithoutMention("status", false), WithoutMention("attributes", true), old_, Theirs("no"))));
    SHEAF_TRY(
        CopyWithoutMention(fmt::format("INSERT INTO {}.sessions SELECT no, {}, {}, {}, starts, ends, {}, created, updated, seq "
                                       "FROM {}.sessions WHERE NOT {}",
                                       new_, mention_.SessionId(), mention_.WithoutInside("name"), WithoutMention("status", false),
                                       WithoutMention("attributes", true), old_, Among("no", sessions_))));
    SHEAF_TRY(
        CopyWithoutMention(fmt::format("INSERT INTO {0}.attendance SELECT * REPLACE ({1} AS role) FROM {2}.attendance WHERE NOT {3} "
                                       "AND NOT {4}",
                                       new_, WithoutMention("role", false), old_, theirs, Among("session", sessions_))));
    SHEAF_TRY(
        CopyWithoutMention(fmt::format("INSERT INTO {0}.consents SELECT * REPLACE ({1} AS version, {2} AS source) FROM {3}.consents WHERE "
                                       "NOT {4}",
                                       new_, WithoutMention("version", false), WithoutMention("source", false), old_, theirs)));
    SHEAF_TRY(
        CopyWithoutMention(fmt::format("INSERT INTO {0}.withdrawals SELECT * REPLACE ({1} AS reason) FROM {2}.withdrawals WHERE NOT {3}",
                                       new_, WithoutMention("reason", false), old_, theirs)));
    SHEAF_ASSIGN(const auto consents, Scalar(fmt::format("SELECT count(*) FROM {}.consents WHERE {}", old_, theirs)));
    erased_.consents = static_cast<std::uint64_t>(consents);
    erased_.participant = !omission_.participants.empty();
    return {};
  }

  std::string RecordColumns(const model::Dataset& dataset) const {
    std::string list = "_seq, _dead, " + WithoutMention("_id", false, "_seq") +
                       ", _participant, _session, _time, _offset, _onset, _received, _updated, _skipped, " +
                       WithoutMention("_metadata", true);
    for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
      const auto type = dataset.fields[field].type;
      const std::string column = FieldColumnName(static_cast<std::int32_t>(field));
      const bool text = type == model::FieldType::kString || type == model::FieldType::kIdentifier || type == model::FieldType::kJson;
      list += ", " + (text ? WithoutMention(column, type == model::FieldType::kJson) : column);
    }
    return list;
  }

  Status WriteDataset(const model::Dataset& dataset) {
    SHEAF_TRY(connection_.Execute(CreateTableSql(alias_, dataset)));
    const std::string table = TableName(state_.alias, dataset.number);
    const bool all = std::count(omission_.datasets.begin(), omission_.datasets.end(), dataset.number) > 0;
    const std::string goes = all ? "TRUE" : Theirs("_participant");
    if (!all) {
      SHEAF_TRY(CopyWithoutMention(fmt::format("INSERT INTO {} SELECT {} FROM {} WHERE NOT ({})", TableName(alias_, dataset.number),
                                               RecordColumns(dataset), table, goes)));
    }
    SHEAF_ASSIGN(const auto rows, Scalar(fmt::format("SELECT count(*) FROM {} WHERE {}", table, goes)));
    if (rows == 0) return {};
    erased_.rows.emplace_back(dataset.id, static_cast<std::uint64_t>(rows));
    SHEAF_TRY(CountOut(dataset, table, all));
    // Of who has withdrawn, readers were told then.
    const std::string told = Among("_participant", *state_.people->Hidden());
    SHEAF_ASSIGN(auto told_now, connection_.Query(fmt::format(
                                    "INSERT INTO {}.tombstones SELECT {} + row_number() OVER (ORDER BY _seq), {}, _seq, NULL, {}, 0 "
                                    "FROM {} WHERE {} AND _dead IS NULL AND NOT {}",
                                    new_, next_seq_ - 1, dataset.number, now_, table, goes, told)));
    const auto tombstones = static_cast<Seq>(told_now.Changed());
    next_seq_ += tombstones;
    auto& statistics = statistics_[static_cast<std::size_t>(dataset.number - 1)];
    if (tombstones > 0) statistics.last_seq = next_seq_ - 1;
    return {};
  }

  Status CountOut(const model::Dataset& dataset, const std::string& table, bool all) {
    auto& statistics = statistics_[static_cast<std::size_t>(dataset.number - 1)];
    if (all) {
      const Seq last_seq = statistics.last_seq;
      statistics = Statistics();
      statistics.SetFields(dataset.fields.size());
      statistics.last_seq = last_seq;
      return {};
    }
    // Who has withdrawn is in no count.
    People::Numbers counted;
    std::copy_if(omission_.participants.begin(), omission_.participants.end(), std::back_inserter(counted),
                 [&](std::int32_t person) { return !state_.people->IsHidden(person); });
    if (counted.empty()) return {};
    std::string list;
    std::vector<model::CellType> types;
    for (const auto& column : Statistics::Columns(dataset)) {
      list += (list.empty() ? "" : ", ") + PhysicalName(column);
      types.push_back(model::CellTypeOf(column, dataset));
    }
    SHEAF_ASSIGN(auto statement, connection_.Prepare(fmt::format("SELECT {} FROM {} WHERE {} AND _dead IS NULL", list, table,
                                                                 Among("_participant", counted))));
    SHEAF_ASSIGN(auto rows, statement.Stream());
    auto delta = Statistics::Delta();
    while (duckdb_data_chunk chunk = rows.NextChunk()) {
      const auto batch = MakeBatch(chunk, types);
      delta.Count(*batch, dataset.fields.size(), 0, batch->rows, -1);
    }
    if (auto error = rows.StreamError()) return Fail(std::move(*error));
    statistics.Merge(delta);
    return {};
  }

  //! Those of earlier deletions: without the record's id where it was the participant's, or may have been.
  Status WriteTombstones() {
    const bool whole = omission_.participants.empty() && !omission_.datasets.empty();
    std::string own = whole ? "FALSE" : "participant IS NULL OR " + Theirs("participant");
    own += " OR " + Among("dataset", omission_.datasets);
    return Copy("tombstones",
                fmt::format("seq, dataset, record_seq, CASE WHEN {0} THEN NULL ELSE record_id END, deleted, CASE WHEN {0} THEN 0 ELSE "
                            "participant END",
                            own),
                "TRUE");
  }

  Status WriteStatistics() {
    SHEAF_TRY(connection_.Execute(fmt::format("INSERT INTO {}.meta VALUES ('last_seq', '{}')", new_, next_seq_)));
    SHEAF_ASSIGN(auto statement, connection_.Prepare(fmt::format("INSERT INTO {}.statistics VALUES (?, ?, ?)", new_)));
    for (std::size_t place = 0; place < statistics_.size(); ++place) {
      statement.Bind(1, static_cast<std::int32_t>(place + 1));
      statement.Bind(2, std::int64_t{next_seq_});
      statement.BindBlob(3, statistics_[place].Serialize());
      SHEAF_TRY(statement.Run());
    }
    return {};
  }

  //! The new file takes the old one's place. From the detaching on the study is not readable until a file is attached.
  Status Exchange() {
    // The index holds answers to requests, and hashes of ids that are gone. It is made anew from the new file.
    state_.index.reset();
    std::error_code error;
    fs::remove_all(state_.index_directory, error);
    if (error) return Fail(ErrorCode::kIo, "the record index cannot be removed");
    // Most of it while others still read, which it may refuse to do; the rest, when they have left, is little.
    if (!connection_.Execute("CHECKPOINT " + state_.alias)) LogInfo("a study is read while it is written anew", {{"study", state_.study}});
    state_.gate.Close();
    auto status = connection_.Execute("FORCE CHECKPOINT " + state_.alias);
    if (status) status = Swap();
    if (status) Adopt();
    state_.gate.Open();
    return status;
  }

  Status Swap() {
    SHEAF_TRY(connection_.Execute("DETACH " + state_.alias));
    // The old file is complete without its log, which would be taken for the new file's.
    auto status = Rename();
    auto attached = connection_.Attach(state_.file, state_.alias);
    if (!attached) LogError("a study's file does not open after an erasure; restart the server", {{"study", state_.study}});
    return status ? attached : status;
  }

  Status Rename() {
    std::error_code error;
    fs::remove(LogFile(state_.file), error);
    if (!error) fs::rename(file_, state_.file, error);
    if (error) return Fail(ErrorCode::kIo, "the study's new file could not take the old one's place");
    return SyncPath(fs::path(state_.file).parent_path().string(), O_RDONLY | O_DIRECTORY);
  }

  //! What is known in memory, after the exchange.
  void Adopt() {
    auto hidden = *state_.people->Hidden();
    const auto gone = [&](std::int32_t person) {
      return std::binary_search(omission_.participants.begin(), omission_.participants.end(), person);
    };
    if (std::erase_if(hidden, gone) > 0) state_.people->SetHidden(std::move(hidden));
    state_.people->Forget(omission_.participants, sessions_);
    People::NewIds renamed;
    for (const auto& one : mention_.Renamed()) renamed.emplace_back(one.number, one.ids.to);
    state_.people->RenameSessions(std::move(renamed));
    const std::unique_lock lock(state_.mutex);
    state_.datasets = std::move(datasets_);
    state_.statistics = std::move(statistics_);
    state_.last_seq = next_seq_;
    state_.rows_since_saved = 0;
  }

  StudyState& state_;
  Connection& connection_;
  const Omission& omission_;
  const std::string old_, alias_, new_, file_;
  Seq next_seq_;
  const Micros now_;
  std::vector<std::shared_ptr<const model::Dataset>> datasets_;
  std::vector<Statistics> statistics_;
  People::Numbers sessions_;
  Mention mention_;
  Erased erased_;
};

}  // namespace

Result<Erased> RewriteStudy(StudyState& state, Connection& connection, const Omission& omission) {
  return Rewriter(state, connection, omission).Run();
}

void RemoveUnfinishedRewrite(const std::string& file) {
  std::error_code ignored;
  fs::remove(file + ".new", ignored);
  fs::remove(LogFile(file + ".new"), ignored);
}

}  // namespace sheaf::vault
