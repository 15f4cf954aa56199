// Rows and options in, bytes out, as files: see data/README.md.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "encode_all.h"
#include "model/definition_json.h"
#include "rows_from_json.h"

namespace sheaf::exporting {
namespace {

const std::filesystem::path kData = std::filesystem::path(__FILE__).parent_path() / "data";

std::string ReadAll(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kData)) {
    if (entry.path().extension() == ".query") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class EncoderData : public testing::TestWithParam<std::string> {};

TEST_P(EncoderData, WritesWhatIsExpected) {
  const auto dataset = model::ParseDataset(ReadAll(kData / "survey.definition.json"), "survey");
  ASSERT_TRUE(dataset) << dataset.error().place << ": " << dataset.error().detail;
  const ExportOptions options = OptionsOf(ReadAll(kData / (GetParam() + ".query")));
  const auto expected_path = kData / (GetParam() + ".expected");
  // However the rows come in batches, the bytes are the same.
  for (const std::size_t batch_rows : {1, 4, 2048}) {
    FakeStudy study;
    study.batch_rows = batch_rows;
    study.Add(*dataset);
    AddRows(study, *dataset, ReadAll(kData / "survey.rows.ndjson"));
    const std::string written = EncodeAll(study, options, "survey");
    if (std::getenv("SHEAF_UPDATE_EXPECTED") != nullptr) std::ofstream(expected_path, std::ios::binary) << written;
    EXPECT_EQ(written, ReadAll(expected_path)) << "batches of " << batch_rows;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, EncoderData, testing::ValuesIn(Cases()), [](const auto& of_case) {
  std::string name = of_case.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

}  // namespace
}  // namespace sheaf::exporting
