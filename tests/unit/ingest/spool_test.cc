#include "ingest/spool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "harness.h"

namespace sheaf::ingest::testing {
namespace {

namespace fs = std::filesystem;

std::vector<model::RecordBatch> Batches(const std::shared_ptr<const model::Dataset>& dataset, int count, int rows) {
  std::vector<model::RecordBatch> batches;
  for (int number = 0; number < count; ++number) {
    const auto decoder = MakeDecoder(
        BodyFormat::kNdjson, dataset,
        [&](model::RecordBatch&& batch) {
          batches.push_back(std::move(batch));
          return Status();
        },
        [](Rejection&& rejection) -> Status { return Fail(rejection.code, rejection.error); });
    std::string body;
    for (int row = 0; row < rows; ++row) {
      const std::string tag = std::to_string(number) + "-" + std::to_string(row);
      body += "{\"id\":\"r" + tag + "\",\"participant\":\"p" + std::to_string(row % 3) +
              "\",\"session\":\"s\",\"time\":\"2026-01-31T08:15:00+02:00\",\"onset_ms\":" + std::to_string(row) +
              ".5,\"values\":{\"text\":\"t" + tag + "\",\"count\":" + std::to_string(row) +
              ",\"tags\":[\"a\",\"b\"],\"raw\":[1]},\"skipped\":[\"flag\"],\"metadata\":{\"text\":{\"n\":" + std::to_string(row) + "}}}\n";
      body += "{\"participant\":\"q\",\"values\":{\"size\":0.1,\"when\":\"2026-01-31\",\"code\":\"c\",\"kind\":\"red\"}}\n";
    }
    EXPECT_TRUE(decoder->Feed(body));
    EXPECT_TRUE(decoder->Finish());
  }
  return batches;
}

std::vector<std::string> AllRows(vault::BatchSource& source, const model::Dataset& dataset) {
  std::vector<std::string> rows;
  while (true) {
    auto batch = source.Next();
    EXPECT_TRUE(batch);
    if (!batch || *batch == nullptr) return rows;
    EXPECT_TRUE(IsWellFormed(**batch));
    for (std::size_t row = 0; row < (*batch)->rows; ++row) rows.push_back(RowText(**batch, dataset, row));
  }
}

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    std::string name = (fs::temp_directory_path() / "sheaf-spool-XXXXXX").string();
    directory_ = mkdtemp(name.data());
  }
  ~SpoolTest() override { fs::remove_all(directory_); }
  std::string directory_;
  std::shared_ptr<const model::Dataset> dataset_ = DatasetNamed("all");
};

TEST_F(SpoolTest, MemoryFirstThenTheFileInOrder) {
  std::vector<std::string> expected;
  for (const auto& batch : Batches(dataset_, 6, 5)) {
    for (std::size_t row = 0; row < batch.rows; ++row) expected.push_back(RowText(batch, *dataset_, row));
  }
  for (const std::size_t limit : {std::size_t{0}, std::size_t{3000}, std::size_t{1} << 20}) {
    auto spool = std::make_shared<Spool>(directory_, limit);
    for (auto& batch : Batches(dataset_, 6, 5)) ASSERT_TRUE(spool->Add(std::move(batch)));
    EXPECT_EQ(spool->FileBytes() > 0, limit < 4000);
    EXPECT_EQ(spool->Rows(), 60u);
    EXPECT_TRUE(fs::is_empty(directory_));
    for (int round = 0; round < 2; ++round) {
      const auto source = Spool::Read(spool, dataset_);
      EXPECT_EQ(source->Rows(), 60u);
      EXPECT_GT(source->Bytes(), 3000u);
      EXPECT_THAT(AllRows(*source, *dataset_), ::testing::ElementsAreArray(expected));
    }
  }
}

TEST_F(SpoolTest, FieldsAddedSinceAreAbsent) {
  model::Dataset wider = *dataset_;
  for (int type = 0; type < 9; ++type) wider.fields.push_back(MakeField("new" + std::to_string(type), static_cast<model::FieldType>(type)));
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1} << 20}) {
    auto spool = std::make_shared<Spool>(directory_, limit);
    for (auto& batch : Batches(dataset_, 2, 2)) ASSERT_TRUE(spool->Add(std::move(batch)));
    const auto source = Spool::Read(spool, std::make_shared<const model::Dataset>(wider));
    const auto rows = AllRows(*source, wider);
    ASSERT_EQ(rows.size(), 8u);
    for (const auto& row : rows) EXPECT_EQ(row.find("new"), std::string::npos);
  }
}

TEST_F(SpoolTest, ClearForgets) {
  auto spool = std::make_shared<Spool>(directory_, 0);
  for (auto& batch : Batches(dataset_, 2, 2)) ASSERT_TRUE(spool->Add(std::move(batch)));
  spool->Clear();
  EXPECT_EQ(spool->Rows(), 0u);
  EXPECT_TRUE(AllRows(*Spool::Read(spool, dataset_), *dataset_).empty());
  for (auto& batch : Batches(dataset_, 1, 1)) ASSERT_TRUE(spool->Add(std::move(batch)));
  EXPECT_EQ(AllRows(*Spool::Read(spool, dataset_), *dataset_).size(), 2u);
}

TEST_F(SpoolTest, AMissingDirectoryIsAnErrorWithoutItsPath) {
  Spool spool(directory_ + "/nowhere", 0);
  auto batches = Batches(dataset_, 1, 1);
  const Status status = spool.Add(std::move(batches[0]));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInternal);
  EXPECT_EQ(status.error().detail.find("nowhere"), std::string::npos);
}

TEST_F(SpoolTest, AFullDiskIsNamed) {
  // A file system of a few pages cannot be made here; the limit on file sizes fails in the same place.
  const auto fill = [this] {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {4096, 4096};
    setrlimit(RLIMIT_FSIZE, &limit);
    Spool spool(directory_, 0);
    Status status;
    for (auto& batch : Batches(dataset_, 20, 50)) {
      if (status) status = spool.Add(std::move(batch));
    }
    _exit(!status && status.error().code == ErrorCode::kStorageFull ? 7 : 1);
  };
  EXPECT_EXIT(fill(), ::testing::ExitedWithCode(7), "");
}

TEST_F(SpoolTest, BytesThatAreNoBatchAreRefused) {
  std::string bytes;
  WriteBatch(Batches(dataset_, 1, 3)[0], bytes);
  ASSERT_TRUE(ReadBatch(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) ASSERT_FALSE(ReadBatch(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(ReadBatch(bytes + "x"));
  EXPECT_FALSE(ReadBatch(std::string(bytes.size(), '\xFF')));
}

}  // namespace
}  // namespace sheaf::ingest::testing
