//! Fills a data directory with one sensor study, straight into the vault, as fast as it goes:
//!   fill_sensors DIR ROWS OWNER_EMAIL
//! Study "bench", dataset "acc": participant (1,000 of them), time, onset, three doubles of four decimals, one short
//! text. Nobody else may have the directory open.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "catalog/catalog.h"
#include "model/definition_json.h"
#include "vault/vault.h"

namespace {

constexpr std::size_t kBatchRows = 50'000;
constexpr const char* kDefinition =
    R"({"kind":"sensor","name":"Accelerometer","attributes":{"data_source":1},"fields":[{"id":"x","type":"double","unit":"m/s2"},
  {"id":"y","type":"double","unit":"m/s2"},{"id":"z","type":"double","unit":"m/s2"},{"id":"label","type":"string"}]})";

template <class T>
T Must(sheaf::Result<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "fill_sensors: %s\n", result.error().detail.c_str());
  std::exit(1);
}

class OneBatch : public sheaf::vault::BatchSource {
 public:
  explicit OneBatch(sheaf::model::RecordBatch batch) : batch_(std::move(batch)) {}
  sheaf::Result<sheaf::model::RecordBatch*> Next() override { return std::exchange(given_, true) ? nullptr : &batch_; }
  std::size_t Rows() const override { return batch_.rows; }
  std::size_t Bytes() const override { return batch_.rows * 80; }

 private:
  sheaf::model::RecordBatch batch_;
  bool given_ = false;
};

class Generator {
 public:
  sheaf::model::RecordBatch Make(const sheaf::model::Dataset& dataset, std::size_t rows) {
    auto batch = sheaf::model::RecordBatch::For(dataset);
    for (std::size_t i = 0; i < rows; ++i, ++row_) Add(batch);
    return batch;
  }

 private:
  double Acceleration() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<double>(static_cast<std::int64_t>(state_ % 400'000) - 200'000) / 10'000.0;
  }
  void Add(sheaf::model::RecordBatch& batch) {
    static const std::string kLabels[] = {"walking", "sitting", "standing", "running", "cycling", "lying", "stairs"};
    // Phones send runs of samples: the participant changes every 500 rows.
    const std::uint64_t participant = row_ / 500 % 1000;
    ++batch.rows;
    batch.ids.Append("");
    batch.participant.push_back(batch.participants.Place("p" + std::to_string(1000 + participant)));
    batch.session.push_back(-1);
    batch.time.push_back(1'767'225'600'000'000 + static_cast<sheaf::Micros>(row_) * 20'000);
    batch.time_offset.push_back(sheaf::model::kNoOffset);
    batch.onset_ms.push_back(static_cast<double>(row_ % 100'000) * 20);
    batch.metadata.Append("");
    for (std::size_t field = 0; field < 3; ++field) {
      batch.fields[field].states.push_back(sheaf::model::CellState::kAnswered);
      batch.fields[field].doubles.push_back(Acceleration());
    }
    batch.fields[3].states.push_back(sheaf::model::CellState::kAnswered);
    batch.fields[3].strings.Append(kLabels[row_ / 300 % 7]);
  }
  std::uint64_t row_ = 0;
  std::uint64_t state_ = 88172645463325252ull;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: fill_sensors DIR ROWS OWNER_EMAIL\n");
    return 2;
  }
  const std::string directory = argv[1];
  const std::uint64_t rows = std::strtoull(argv[2], nullptr, 10);
  auto catalog = Must(sheaf::catalog::OpenCatalog(directory + "/catalog.sqlite"));
  sheaf::vault::VaultOptions options;
  options.directory = directory + "/studies";
  options.temporary = directory + "/tmp";
  auto vault = Must(sheaf::vault::OpenDuckDbVault(options));
  sheaf::model::Study study;
  study.id = study.name = "bench";
  study.owner = Must(catalog->FindAccountByEmail(argv[3])).id;
  Must(catalog->AddStudy(study));
  if (!vault->CreateStudy("bench")) return 1;
  auto records = Must(vault->OpenStudy("bench"));
  const auto dataset = Must(records->PutDataset(Must(sheaf::model::ParseDataset(kDefinition, "acc")), nullptr));
  const auto started = std::chrono::steady_clock::now();
  Generator generator;
  for (std::uint64_t done = 0; done < rows; done += kBatchRows) {
    sheaf::vault::AppendRequest request;
    request.dataset = "acc";
    request.definition_version = dataset->version;
    request.batches = std::make_unique<OneBatch>(generator.Make(*dataset, std::min<std::uint64_t>(kBatchRows, rows - done)));
    std::promise<sheaf::Result<sheaf::vault::AppendResult>> promise;
    records->Append(std::move(request), [&](auto result) { promise.set_value(std::move(result)); });
    Must(promise.get_future().get());
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  std::printf("%llu rows in %.1f s, %.0f rows/s\n", static_cast<unsigned long long>(rows), seconds, static_cast<double>(rows) / seconds);
  records.reset();
  return vault->Close() ? 0 : 1;
}
