#include "vault/duckdb/study.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/log.h"
#include "model/definition_json.h"
#include "vault/duckdb/cursor.h"
#include "vault/duckdb/participants_dataset.h"
#include "vault/duckdb/rewrite.h"
#include "vault/duckdb/schema.h"
#include "vault/duckdb/sql.h"

namespace sheaf::vault {

Result<std::shared_ptr<DuckStudy>> DuckStudy::Open(std::shared_ptr<Engine> engine, const Options& options, bool create) {
  auto study = std::shared_ptr<DuckStudy>(new DuckStudy);
  study->state_ = std::make_shared<StudyState>();
  study->state_->engine = std::move(engine);
  study->state_->study = options.study;
  study->state_->alias = options.alias;
  study->state_->file = options.directory + "/records.duckdb";
  study->state_->index_directory = options.directory + "/index";
  SHEAF_TRY(study->Attach(options, create));
  study->writer_ = std::make_unique<Writer>(study->state_, options.queue_bytes, options.hooks.changed);
  study->rewritten_ = options.hooks.rewritten;
  return study;
}

Status DuckStudy::Attach(const Options& options, bool create) {
  if (!create && !std::filesystem::exists(state_->file)) return Fail(ErrorCode::kNotFound, "there is no study with this id");
  SHEAF_ASSIGN(auto connection, state_->engine->Connect());
  RemoveUnfinishedRewrite(state_->file);
  SHEAF_TRY(connection->Attach(state_->file, options.alias));
  attached_ = true;
  SHEAF_TRY(Migrate(*connection, state_->alias));
  SHEAF_TRY(LoadState(*state_, *connection));
  return Purge(*state_, *connection);
}

DuckStudy::~DuckStudy() {
  if (auto status = Close(); !status)
    LogError("a study was not closed cleanly; nothing is lost", {{"study", state_->study}, {"reason", status.error().detail}});
}

Status DuckStudy::Close() {
  if (writer_) {
    writer_->Stop();
    writer_.reset();
  }
  state_->index.reset();
  if (!attached_) return {};
  attached_ = false;
  SHEAF_ASSIGN(auto connection, state_->engine->Connect());
  auto checkpoint = connection->Execute("CHECKPOINT " + state_->alias);
  SHEAF_TRY(connection->Execute("DETACH " + state_->alias));
  return checkpoint;
}

// ------------------------------------------------------------------------------------------------ definitions

Result<std::shared_ptr<const model::Dataset>> DuckStudy::FindDataset(std::string_view id) {
  if (id == kParticipantsDataset) return ParticipantsDataset();
  auto dataset = state_->Find(id);
  if (!dataset) return Fail(ErrorCode::kNotFound, "there is no dataset with this id");
  return dataset;
}

std::vector<std::shared_ptr<const model::Dataset>> DuckStudy::Datasets() {
  const std::shared_lock lock(state_->mutex);
  return state_->datasets;
}

Result<std::shared_ptr<const model::Dataset>> DuckStudy::PutDataset(model::Dataset dataset, bool* created) {
  if (dataset.id == kParticipantsDataset) {
    return Fail(ErrorCode::kDefinitionConflict, "this dataset is made of the study's participants; change them instead");
  }
  std::shared_ptr<const model::Dataset> kept;
  bool is_new = false;
  SHEAF_TRY(writer_->Run([&](Transaction& transaction) -> Status {
    const auto current = state_->Find(dataset.id);
    is_new = !current;
    if (current) {
      SHEAF_ASSIGN(dataset, model::MergeDefinitions(*current, std::move(dataset)));
      if (dataset.version == current->version) {
        kept = current;
        return {};
      }
    } else {
      dataset.number = static_cast<std::int32_t>(state_->datasets.size()) + 1;
      dataset.version = 1;
    }
    kept = std::make_shared<const model::Dataset>(std::move(dataset));
    auto& connection = transaction.GetConnection();
    if (is_new) {
      SHEAF_TRY(connection.Execute(CreateTableSql(state_->alias, *kept)));
    } else {
      for (const auto& sql : AddFieldsSql(state_->alias, *kept, current->fields.size())) SHEAF_TRY(connection.Execute(sql));
    }
    SHEAF_ASSIGN(auto statement, connection.Prepare(fmt::format(
                                     fmt::runtime(is_new ? "INSERT INTO {}.main.datasets(definition, seq, id, no) VALUES (?, ?, ?, ?)"
                                                         : "UPDATE {}.main.datasets SET definition = ?, seq = ? WHERE id = ? AND no = ?"),
                                     state_->alias)));
    statement.Bind(1, model::DatasetJson(*kept));
    statement.Bind(2, std::int64_t{transaction.TakeSeq()});
    statement.Bind(3, kept->id);
    statement.Bind(4, kept->number);
    SHEAF_TRY(statement.Run());
    transaction.AfterCommit([this, kept, is_new] {
      const std::unique_lock lock(state_->mutex);
      if (is_new) {
        state_->datasets.push_back(kept);
        state_->statistics.emplace_back();
      } else {
        state_->datasets[static_cast<std::size_t>(kept->number - 1)] = kept;
      }
      state_->statistics[static_cast<std::size_t>(kept->number - 1)].SetFields(kept->fields.size());
    });
    return {};
  }));
  if (created != nullptr) *created = is_new;
  return kept;
}

// ------------------------------------------------------------------------------------------------ records

void DuckStudy::Append(AppendRequest request, AppendDone done) { writer_->Append(std::move(request), std::move(done)); }

Result<std::uint64_t> DuckStudy::DeleteRecords(std::string_view dataset, const std::vector<std::string>& record_ids,
                                               const std::vector<Seq>& seqs) {
  std::uint64_t deleted = 0;
  SHEAF_TRY(writer_->Run([&](Transaction& transaction) -> Status {
    const auto definition = state_->Find(dataset);
    if (!definition) return Fail(ErrorCode::kNotFound, "there is no dataset with this id");
    SHEAF_ASSIGN(deleted, transaction.Delete(*definition, record_ids, seqs));
    return {};
  }));
  return deleted;
}

Result<std::unique_ptr<Cursor>> DuckStudy::Read(const Select& select) {
  SHEAF_ASSIGN(auto dataset, FindDataset(select.dataset));
  auto render = [state = state_, dataset](const Select& current) {
    return RenderSelect(current, {state->alias, *dataset, *state->people, state->HasDeadRows(*dataset)});
  };
  return std::make_unique<DuckCursor>(shared_from_this(), state_, select, dataset, std::move(render));
}

std::optional<std::uint64_t> DuckStudy::CountFromStatistics(const Select& select, const model::Dataset& dataset) const {
  if (select.after != kNoSeq || !select.consented_to.empty() || dataset.number == 0) return std::nullopt;
  const std::shared_lock lock(state_->mutex);
  const auto& statistics = state_->statistics[static_cast<std::size_t>(dataset.number - 1)];
  if (statistics.last_seq > select.upto) return std::nullopt;
  if (!select.where) return statistics.Records();
  const auto* leaf = &*select.where;
  while ((leaf->op == model::Operator::kAll || leaf->op == model::Operator::kAny) && leaf->children.size() == 1)
    leaf = &leaf->children.front();
  if (leaf->op == model::Operator::kAll && leaf->children.empty()) return statistics.Records();
  const bool one_participant =
      (leaf->op == model::Operator::kEqual || leaf->op == model::Operator::kIn) && leaf->values.size() == 1 &&
      (leaf->column.kind == model::ColumnKind::kParticipantId || leaf->column.kind == model::ColumnKind::kParticipant);
  if (!one_participant || !std::holds_alternative<std::string>(leaf->values.front())) return std::nullopt;
  const auto number = state_->people->ParticipantNumber(std::get<std::string>(leaf->values.front()));
  return number ? statistics.RecordsOf(*number) : 0;
}

Result<std::uint64_t> DuckStudy::Count(const Select& select) {
  SHEAF_ASSIGN(auto dataset, FindDataset(select.dataset));
  if (const auto known = CountFromStatistics(select, *dataset)) return *known;
  Select unlimited = select;
  unlimited.order.clear();
  unlimited.position.reset();
  unlimited.limit = 0;
  const Sql sql = RenderSelect(unlimited, {state_->alias, *dataset, *state_->people, state_->HasDeadRows(*dataset)}, "count(*)");
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto statement, connection->Prepare(sql.text));
  SHEAF_TRY(BindParameters(statement, sql.parameters));
  SHEAF_ASSIGN(auto rows, statement.Run());
  const Chunk chunk(rows.NextChunk());
  return static_cast<std::uint64_t>(chunk.Int64(0, 0));
}

Result<Summary> DuckStudy::Summarize(std::string_view id) {
  SHEAF_ASSIGN(auto dataset, FindDataset(id));
  if (dataset->number == 0) return SummarizeParticipants();
  const auto place = static_cast<std::size_t>(dataset->number - 1);
  {
    const std::shared_lock lock(state_->mutex);
    if (!state_->statistics[place].RangeUncertain()) return state_->statistics[place].Summarize();
  }
  // A row at an end of the range went: look for the new end, once.
  Seq seen = kNoSeq;
  {
    const std::shared_lock lock(state_->mutex);
    seen = state_->statistics[place].last_seq;
  }
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(
      auto rows,
      connection->Query(fmt::format(
          "SELECT min(_time), max(_time), min(_received), max(_received) FROM {} WHERE _seq <= {} AND (_dead IS NULL OR _dead > {}) AND {}",
          TableName(state_->alias, dataset->number), seen, seen, VisibleSql(*state_->people))));
  const Chunk chunk(rows.NextChunk());
  const auto cell = [&chunk](std::size_t column) {
    return chunk.IsNull(column, 0) ? std::nullopt : std::optional<Micros>(chunk.Int64(column, 0));
  };
  const std::unique_lock lock(state_->mutex);
  auto& statistics = state_->statistics[place];
  if (statistics.last_seq == seen) statistics.SetRange(cell(0), cell(1), cell(2), cell(3));
  return statistics.Summarize();
}

Result<std::vector<Tombstone>> DuckStudy::Tombstones(std::string_view id, Seq after, Seq upto) {
  SHEAF_ASSIGN(auto dataset, FindDataset(id));
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(
      auto rows,
      connection->Query(fmt::format(
          "SELECT seq, record_seq, record_id, deleted FROM {}.main.tombstones WHERE dataset = {} AND seq > {} AND seq <= {} ORDER BY seq",
          state_->alias, dataset->number, after, upto)));
  std::vector<Tombstone> tombstones;
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return tombstones;
    for (std::size_t row = 0; row < chunk.Size(); ++row) {
      tombstones.push_back({chunk.Int64(0, row), chunk.Int64(1, row), std::string(chunk.Text(2, row)), chunk.Int64(3, row)});
    }
  }
}

}  // namespace sheaf::vault
