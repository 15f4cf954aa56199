// Bodies and what becomes of them: the files in data/. Every body is fed whole, in two pieces cut at every byte, and
// byte by byte; the outcome is the same.
//
// A file is a list of cases:
//   == what is shown
//   ndjson|array|csv [keyed|required]
//   <body; <0xNN> stands for a byte>
//   -- rows          one line a row, as RowText writes it
//   -- rejected      line field slug
//   -- error         slug

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness.h"

namespace sheaf::ingest::testing {
namespace {

struct Case {
  std::string name;
  BodyFormat format = BodyFormat::kNdjson;
  std::string dataset = "all";
  std::string body;
  std::vector<std::string> rows, rejected;
  std::string error;
};

std::string WithBytes(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "<0x") == 0 && at + 5 < text.size() && text[at + 5] == '>') {
      out += static_cast<char>(std::stoi(text.substr(at + 3, 2), nullptr, 16));
      at += 6;
    } else {
      out += text[at++];
    }
  }
  return out;
}

void ReadFormat(const std::string& line, Case& current) {
  std::istringstream words(line);
  std::string format;
  words >> format >> current.dataset;
  ASSERT_TRUE(format == "ndjson" || format == "array" || format == "csv") << line;
  current.format = format == "ndjson" ? BodyFormat::kNdjson : format == "array" ? BodyFormat::kJsonArray : BodyFormat::kCsv;
}

std::vector<Case> ReadCases(const std::filesystem::path& file) {
  std::vector<Case> cases;
  std::ifstream input(file);
  std::string line, section;
  while (std::getline(input, line)) {
    if (line.starts_with("== ")) {
      cases.emplace_back().name = line.substr(3);
      section = "format";
    } else if (line == "-- rows" || line == "-- rejected" || line == "-- error") {
      section = line.substr(3);
    } else if (section == "format") {
      ReadFormat(line, cases.back());
      section = "body";
    } else if (section == "body") {
      cases.back().body += line + "\n";
    } else if (!line.empty() && section == "rows") {
      cases.back().rows.push_back(line);
    } else if (!line.empty() && section == "rejected") {
      cases.back().rejected.push_back(line);
    } else if (!line.empty() && section == "error") {
      cases.back().error = line;
    }
  }
  for (Case& each : cases) each.body = WithBytes(each.body);
  return cases;
}

void Check(const Case& each) {
  SCOPED_TRACE(each.name);
  const auto dataset = DatasetNamed(each.dataset);
  const std::string_view body = each.body;
  const Outcome whole = DecodePieces(each.format, dataset, {body});
  EXPECT_TRUE(whole.well_formed);
  EXPECT_THAT(whole.rows, ::testing::ElementsAreArray(each.rows));
  EXPECT_THAT(whole.rejected, ::testing::ElementsAreArray(each.rejected));
  EXPECT_EQ(whole.error, each.error);

  std::vector<std::string_view> bytes;
  for (std::size_t at = 0; at < body.size(); ++at) bytes.push_back(body.substr(at, 1));
  EXPECT_TRUE(DecodePieces(each.format, dataset, bytes) == whole) << "byte by byte";
  for (std::size_t at = 0; at <= body.size(); ++at) {
    ASSERT_TRUE(DecodePieces(each.format, dataset, {body.substr(0, at), body.substr(at)}) == whole) << "cut at byte " << at;
  }
}

class DecodeData : public ::testing::TestWithParam<std::string> {};

TEST_P(DecodeData, EveryCase) {
  const auto file = std::filesystem::path(__FILE__).parent_path() / "data" / GetParam();
  const std::vector<Case> cases = ReadCases(file);
  ASSERT_FALSE(cases.empty()) << file;
  for (const Case& each : cases) Check(each);
}

INSTANTIATE_TEST_SUITE_P(Files, DecodeData,
                         ::testing::Values("records.txt", "values.txt", "bad_json.txt", "bad_values.txt", "array.txt", "csv.txt",
                                           "bad_csv.txt"),
                         [](const auto& file) { return file.param.substr(0, file.param.find('.')); });

}  // namespace
}  // namespace sheaf::ingest::testing
