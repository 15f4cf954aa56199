#include "ingest/csv_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sheaf::ingest {
namespace {

using ::testing::ElementsAre;

struct Read {
  std::vector<std::string> rows;  // "line: cell|cell" with ' around quoted cells
  Status status;
};

Read ReadAll(std::string_view text, char separator = ',', std::size_t max_row = 1000, std::size_t max_cells = 100,
             std::size_t piece = 1000) {
  Read read;
  CsvReader reader(separator, max_row, max_cells, [&](const CsvRow& row) {
    std::string line = std::to_string(row.line) + ":";
    for (const auto& cell : row.cells) line += cell.quoted ? " '" + std::string(cell.text) + "'" : " " + std::string(cell.text);
    if (row.cell_count != row.cells.size()) line += " +" + std::to_string(row.cell_count - row.cells.size());
    if (!row.fault.empty()) line += " !";
    read.rows.push_back(line);
    return Status();
  });
  for (std::size_t at = 0; read.status && at < text.size(); at += piece) read.status = reader.Feed(text.substr(at, piece));
  if (read.status) read.status = reader.Finish();
  return read;
}

TEST(CsvReader, RowsEndInEveryWay) {
  for (std::size_t piece = 1; piece < 12; ++piece) {
    EXPECT_THAT(ReadAll("a,b\nc,d\r\ne,f\rg,h", ',', 1000, 100, piece).rows, ElementsAre("1: a b", "2: c d", "3: e f", "4: g h"));
    EXPECT_THAT(ReadAll("a,\n,b\n,\n", ',', 1000, 100, piece).rows, ElementsAre("1: a ", "2:  b", "3:  "));
    EXPECT_THAT(ReadAll("a,", ',', 1000, 100, piece).rows, ElementsAre("1: a "));
    EXPECT_THAT(ReadAll("\"a\"", ',', 1000, 100, piece).rows, ElementsAre("1: 'a'"));
    EXPECT_THAT(ReadAll("\n\r\n\r\"\"\n", ',', 1000, 100, piece).rows, ElementsAre("4: ''"));
    EXPECT_THAT(ReadAll("\"a\nb\"\"\",\"\"\"\"\nc", ',', 1000, 100, piece).rows, ElementsAre("1: 'a\nb\"' '\"'", "3: c"));
  }
  EXPECT_TRUE(ReadAll("").rows.empty());
  EXPECT_TRUE(ReadAll("\xEF\xBB\xBF").rows.empty());
  EXPECT_THAT(ReadAll("\xEF\xBB").rows, ElementsAre("1: \xEF\xBB"));
}

TEST(CsvReader, Tabs) { EXPECT_THAT(ReadAll("a,b\tc\n\"d\te\"\tf\n", '\t').rows, ElementsAre("1: a,b c", "2: 'd\te' f")); }

TEST(CsvReader, FaultsAndLimits) {
  EXPECT_THAT(ReadAll("a\"b\nc\n").rows, ElementsAre("1: a\"b !", "2: c"));
  EXPECT_EQ(ReadAll("\"a\"b\n").status.error().code, ErrorCode::kBadCsv);
  EXPECT_EQ(ReadAll("x\n\"a").status.error().place, "line 2");
  EXPECT_THAT(ReadAll("1,2,3,4\n", ',', 1000, 2).rows, ElementsAre("1: 1 2 +2"));
  for (std::size_t piece = 1; piece < 30; ++piece) {
    EXPECT_TRUE(ReadAll("1234567890\n", ',', 10, 2, piece).status);
    EXPECT_EQ(ReadAll("12345678901\nx", ',', 10, 2, piece).status.error().code, ErrorCode::kPayloadTooLarge);
    EXPECT_EQ(ReadAll("a\n\"1234567890\nx", ',', 10, 2, piece).status.error().code, ErrorCode::kPayloadTooLarge);
  }
}

TEST(CsvReader, TheSinkCanEndIt) {
  int rows = 0;
  CsvReader reader(',', 1000, 10, [&](const CsvRow&) -> Status {
    ++rows;
    return Fail(ErrorCode::kCancelled, "enough");
  });
  EXPECT_EQ(reader.Feed("a\nb\nc\n").error().code, ErrorCode::kCancelled);
  EXPECT_EQ(rows, 1);
}

}  // namespace
}  // namespace sheaf::ingest
