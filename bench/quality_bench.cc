//! How long checking the quality of events takes: first all of them, then a day's new ones.
//!   quality_bench DIR [ROWS]
//! DIR is made and left. 10 million events of ten columns, of 2,000 participants in 500 sessions.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "model/definition_json.h"
#include "quality/checker.h"
#include "vault/vault.h"

namespace {

using namespace sheaf;

constexpr std::size_t kBatchRows = 50'000;
constexpr const char* kDefinition =
    R"({"kind":"events","fields":[{"id":"type","type":"string","required":true},{"id":"category","type":"string"},
  {"id":"component","type":"string"},{"id":"content","type":"string"},{"id":"value","type":"double","min":0,"max":100},
  {"id":"count","type":"integer","min":0,"max":1000},{"id":"correct","type":"boolean"}]})";

template <class T>
T Must(Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "quality_bench: %s\n", result.error().detail.c_str());
  std::exit(1);
}

class OneBatch : public vault::BatchSource {
 public:
  explicit OneBatch(model::RecordBatch batch) : batch_(std::move(batch)) {}
  Result<model::RecordBatch*> Next() override { return std::exchange(given_, true) ? nullptr : &batch_; }
  std::size_t Rows() const override { return batch_.rows; }
  std::size_t Bytes() const override { return batch_.rows * 120; }

 private:
  model::RecordBatch batch_;
  bool given_ = false;
};

void AddText(model::FieldColumn& column, std::string_view text) {
  column.states.push_back(model::CellState::kAnswered);
  column.strings.Append(text);
}

void AddRow(model::RecordBatch& batch, std::uint64_t row) {
  static const std::string kTypes[] = {"component.show", "component.response", "state.enter", "state.leave", "media.play", "mouse.click"};
  const std::uint64_t participant = row / 100 % 2000;
  ++batch.rows;
  batch.ids.Append("");
  batch.participant.push_back(batch.participants.Place("p" + std::to_string(1000 + participant)));
  batch.session.push_back(batch.sessions.Place("room-" + std::to_string(participant / 4)));
  batch.time.push_back(1'767'225'600'000'000 + static_cast<Micros>(row) * 5'000);
  batch.time_offset.push_back(model::kNoOffset);
  batch.onset_ms.push_back(static_cast<double>(row) * 5);
  batch.metadata.Append("");
  AddText(batch.fields[0], kTypes[row % 6]);
  AddText(batch.fields[1], row % 3 == 0 ? "component" : "media");
  AddText(batch.fields[2], "component-" + std::to_string(row % 40));
  AddText(batch.fields[3], "what was shown or said at step " + std::to_string(row * 7919 % 1'000'003));
  batch.fields[4].states.push_back(model::CellState::kAnswered);
  batch.fields[4].doubles.push_back(static_cast<double>(row % 100'001) / 1000);
  batch.fields[5].states.push_back(model::CellState::kAnswered);
  batch.fields[5].integers.push_back(static_cast<std::int64_t>(row % 900));
  batch.fields[6].states.push_back(model::CellState::kAnswered);
  batch.fields[6].integers.push_back(static_cast<std::int64_t>(row % 2));
}

void Fill(vault::StudyVault& study, const model::Dataset& dataset, std::uint64_t from, std::uint64_t to) {
  for (std::uint64_t done = from; done < to;) {
    auto batch = model::RecordBatch::For(dataset);
    for (const std::uint64_t end = std::min<std::uint64_t>(to, done + kBatchRows); done < end; ++done) AddRow(batch, done);
    vault::AppendRequest request;
    request.dataset = dataset.id;
    request.definition_version = dataset.version;
    request.batches = std::make_unique<OneBatch>(std::move(batch));
    std::promise<Result<vault::AppendResult>> promise;
    study.Append(std::move(request), [&](auto result) { promise.set_value(std::move(result)); });
    Must(promise.get_future().get());
  }
}

void Check(quality::Checker& checker, vault::StudyVault& study, const char* what) {
  const auto started = std::chrono::steady_clock::now();
  quality::Request request;
  request.datasets = {"events"};
  request.patience_ms = 1 << 30;
  const auto report = Must(checker.Report(study, request));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const auto counts = quality::CountBySeverity(report.datasets[0].tallies);
  std::printf("%-40s %8.3f s  (%llu records, %llu errors, %llu warnings)\n", what, seconds,
              static_cast<unsigned long long>(report.datasets[0].records), static_cast<unsigned long long>(counts[2]),
              static_cast<unsigned long long>(counts[1]));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: quality_bench DIR [ROWS]\n");
    return 2;
  }
  const std::uint64_t rows = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 10'000'000;
  vault::VaultOptions options;
  options.directory = std::string(argv[1]) + "/studies";
  options.temporary = std::string(argv[1]) + "/tmp";
  std::shared_ptr<vault::Vault> vault = Must(vault::OpenDuckDbVault(options));
  if (!vault->CreateStudy("bench")) return 1;
  auto study = Must(vault->OpenStudy("bench"));
  const auto dataset = Must(study->PutDataset(Must(model::ParseDataset(kDefinition, "events")), nullptr));
  Fill(*study, *dataset, 0, rows);
  {
    quality::Checker checker({vault, options.directory, false});
    Check(checker, *study, "all records, for the first time");
    Check(checker, *study, "again, nothing new");
    Fill(*study, *dataset, rows, rows + rows / 365);
    Check(checker, *study, "a day's new ones of a year");
  }
  quality::Checker checker({vault, options.directory, false});
  Check(checker, *study, "from the kept state, after a restart");
  Fill(*study, *dataset, rows - 1000, rows);
  Check(checker, *study, "1,000 records that were there before");
  checker.Stop();
  study.reset();
  return vault->Close() ? 0 : 1;
}
