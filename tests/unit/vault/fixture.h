#pragma once
//! A vault of one study "s" in a directory of its own, and rows for it.

#include "vault/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <future>
#include <set>
#include <thread>

#include "base/ids.h"
#include "model/definition_json.h"

namespace sheaf::vault {
namespace fs = std::filesystem;
using model::CellState;
using model::Column;
using model::ColumnKind;
using model::Operator;

struct Row {
  std::string id;
  std::string participant = "p1";
  std::string session;
  Micros time = model::kNoTime;
  double onset = std::nan("");
  std::optional<std::int64_t> number;
  std::optional<std::string> text;
  std::optional<std::int64_t> choice;
  std::optional<std::vector<std::int32_t>> marks;
  bool skip_number = false;
};

class OneBatch : public BatchSource {
 public:
  explicit OneBatch(model::RecordBatch batch) : batch_(std::move(batch)) {}
  Result<model::RecordBatch*> Next() override { return std::exchange(given_, true) ? nullptr : &batch_; }
  std::size_t Rows() const override { return batch_.rows; }
  std::size_t Bytes() const override { return 1000; }

 private:
  model::RecordBatch batch_;
  bool given_ = false;
};

inline model::RecordBatch MakeRecordBatch(const model::Dataset& dataset, const std::vector<Row>& rows) {
  auto batch = model::RecordBatch::For(dataset);
  for (const auto& row : rows) {
    ++batch.rows;
    batch.ids.Append(row.id);
    batch.participant.push_back(batch.participants.Place(row.participant));
    batch.session.push_back(row.session.empty() ? -1 : batch.sessions.Place(row.session));
    batch.time.push_back(row.time);
    batch.time_offset.push_back(model::kNoOffset);
    batch.onset_ms.push_back(row.onset);
    batch.metadata.Append("");
    auto& number = batch.fields[0];
    number.states.push_back(row.skip_number ? CellState::kSkipped : row.number ? CellState::kAnswered : CellState::kAbsent);
    number.integers.push_back(row.number.value_or(0));
    auto& text = batch.fields[1];
    text.states.push_back(row.text ? CellState::kAnswered : CellState::kAbsent);
    text.strings.Append(row.text.value_or(""));
    auto& choice = batch.fields[2];
    choice.states.push_back(row.choice ? CellState::kAnswered : CellState::kAbsent);
    choice.integers.push_back(row.choice.value_or(0));
    auto& marks = batch.fields[3];
    marks.states.push_back(row.marks ? CellState::kAnswered : CellState::kAbsent);
    for (const auto mark : row.marks.value_or(std::vector<std::int32_t>{})) marks.options.push_back(mark);
    marks.option_ends.push_back(marks.options.size());
    for (std::size_t field = 4; field < batch.fields.size(); ++field) {
      batch.fields[field].states.push_back(CellState::kAbsent);
      batch.fields[field].integers.push_back(0);
    }
  }
  return batch;
}

class VaultTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / NewId("sheaf_vault_");
    Open();
    ASSERT_TRUE(vault_->CreateStudy("s"));
    study_ = *vault_->OpenStudy("s");
  }
  void TearDown() override {
    study_.reset();
    vault_.reset();
    fs::remove_all(directory_);
  }
  void Open() {
    VaultOptions options;
    options.directory = directory_ / "studies";
    options.temporary = directory_ / "tmp";
    options.threads = 2;
    auto opened = OpenDuckDbVault(options);
    ASSERT_TRUE(opened) << opened.error().detail;
    vault_ = std::move(*opened);
  }
  void Reopen() {
    study_.reset();
    vault_.reset();
    Open();
    auto opened = vault_->OpenStudy("s");
    ASSERT_TRUE(opened) << opened.error().detail;
    study_ = *opened;
  }
  std::shared_ptr<const model::Dataset> Define(const std::string& id, const std::string& mode, const std::string& more = "") {
    auto dataset = model::ParseDataset(R"({"kind":"custom","mode":")" + mode +
                                           R"(","fields":[{"id":"number","type":"integer"},{"id":"text","type":"string"},
      {"id":"choice","type":"enum","options":[{"id":"a"},{"id":"b"}]},{"id":"marks","type":"set","options":[{"id":"x"},{"id":"y"},{"id":"z"}]})" +
                                           more + "]}",
                                       id);
    EXPECT_TRUE(dataset) << dataset.error().detail;
    auto kept = study_->PutDataset(*dataset, nullptr);
    EXPECT_TRUE(kept) << kept.error().detail;
    return *kept;
  }
  Result<AppendResult> Write(const std::string& id, const std::vector<Row>& rows, const std::string& key = "",
                             const std::string& digest = "d") {
    const auto dataset = *study_->FindDataset(id);
    AppendRequest request;
    request.dataset = id;
    request.definition_version = dataset->version;
    request.batches = std::make_unique<OneBatch>(MakeRecordBatch(*dataset, rows));
    request.idempotency_key = key;
    request.request_digest = digest;
    request.response = "kept";
    std::promise<Result<AppendResult>> promise;
    study_->Append(std::move(request), [&](Result<AppendResult> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  Select All(const std::string& id) {
    Select select;
    select.dataset = id;
    select.columns = {{ColumnKind::kSeq, -1, {}}, {ColumnKind::kField, 0, {}}};
    select.upto = study_->LastSeq();
    return select;
  }
  std::vector<std::int64_t> Numbers(const Select& select) {
    std::vector<std::int64_t> numbers;
    auto cursor = study_->Read(select);
    EXPECT_TRUE(cursor) << cursor.error().detail;
    while (true) {
      auto batch = (*cursor)->Next();
      EXPECT_TRUE(batch) << batch.error().detail;
      if (!batch || !*batch) return numbers;
      for (std::size_t row = 0; row < (*batch)->rows; ++row) {
        numbers.push_back((*batch)->columns[1].IsNull(row) ? -1 : (*batch)->columns[1].At<std::int64_t>(row));
      }
    }
  }
  model::Predicate Leaf(Column column, Operator op, std::vector<model::Value> values) {
    model::Predicate predicate;
    predicate.op = op;
    predicate.column = std::move(column);
    predicate.values = std::move(values);
    return predicate;
  }

  fs::path directory_;
  std::unique_ptr<Vault> vault_;
  std::shared_ptr<StudyVault> study_;
};

inline const Column kNumber{ColumnKind::kField, 0, {}};
inline const Column kText{ColumnKind::kField, 1, {}};
inline const Column kChoice{ColumnKind::kField, 2, {}};
inline const Column kMarks{ColumnKind::kField, 3, {}};

}  // namespace sheaf::vault
