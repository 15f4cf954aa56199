#include "ingest/infer.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/time.h"
#include "harness.h"
#include "ingest/csv_reader.h"

namespace sheaf::ingest::testing {
namespace {

using model::FieldType;

FieldType OfTexts(std::initializer_list<std::string_view> cells) {
  Inference inference;
  for (const auto cell : cells) inference.ObserveText(cell);
  return inference.Type();
}
FieldType OfJson(std::initializer_list<std::string_view> values) {
  Inference inference;
  for (const auto value : values) inference.ObserveJson(value);
  return inference.Type();
}

TEST(Infer, Integers) {
  EXPECT_EQ(OfTexts({"1", "-5", "0", "9223372036854775807", "-9223372036854775808"}), FieldType::kInteger);
  EXPECT_EQ(OfTexts({"1", "", "2", "<skipped>"}), FieldType::kInteger);
  for (const auto spoiler : {"007", "+5", "1 ", " 1", "-0", "00", "1,000", "0x10", "9223372036854775808", "1.50", "five"}) {
    EXPECT_NE(OfTexts({"1", spoiler}), FieldType::kInteger) << spoiler;
  }
}

TEST(Infer, Doubles) {
  EXPECT_EQ(OfTexts({"1.5", "2", "-0.25", "1e+20", "-0", "0.1"}), FieldType::kDouble);
  EXPECT_EQ(OfTexts({"1", "1.5"}), FieldType::kDouble);
  for (const auto spoiler : {"1.50", "1.0", ".5", "5.", "1E5", "100000000000000000000000", "NaN", "inf", "1e5", "0.1000000000000000055",
                             "1e999", "9007199254740993", "100000"}) {
    EXPECT_EQ(OfTexts({"1.5", spoiler}), FieldType::kString) << spoiler;
  }
}

TEST(Infer, BooleansAndTimes) {
  EXPECT_EQ(OfTexts({"true", "false", "true"}), FieldType::kBoolean);
  EXPECT_EQ(OfTexts({"true", "TRUE"}), FieldType::kString);
  EXPECT_EQ(OfTexts({"true", "1"}), FieldType::kString);
  EXPECT_EQ(OfTexts({"2026-01-31T08:15:00.250Z", "1969-12-31T23:59:59.999Z"}), FieldType::kDatetime);
  for (const auto spoiler : {"2026-01-31", "2026-01-31T08:15:00Z", "2026-01-31T08:15:00.250+00:00", "2026-01-31 08:15:00.250Z",
                             "2026-01-31t08:15:00.250z", "2026-02-30T08:15:00.250Z", "31.1.2026"}) {
    EXPECT_EQ(OfTexts({"2026-01-31T08:15:00.250Z", spoiler}), FieldType::kString) << spoiler;
  }
}

TEST(Infer, NothingToGoBy) {
  EXPECT_EQ(OfTexts({}), FieldType::kString);
  EXPECT_EQ(OfTexts({"", "", "<skipped>"}), FieldType::kString);
  EXPECT_EQ(OfJson({"null"}), FieldType::kString);
}

TEST(Infer, Json) {
  EXPECT_EQ(OfJson({"1", "null", "-5"}), FieldType::kInteger);
  EXPECT_EQ(OfJson({"1", "1.50", "1e300"}), FieldType::kDouble);
  EXPECT_EQ(OfJson({"1.5", "9007199254740993"}), FieldType::kJson);
  EXPECT_EQ(OfJson({"12345678901234567890123"}), FieldType::kJson);
  EXPECT_EQ(OfJson({"true", "false"}), FieldType::kBoolean);
  EXPECT_EQ(OfJson({"\"a\"", "\"1\""}), FieldType::kString);
  EXPECT_EQ(OfJson({"\"2026-01-31T08:15:00.250Z\""}), FieldType::kDatetime);
  EXPECT_EQ(OfJson({"\"2026-01-31T08:15:00.250Z\"", "\"later\""}), FieldType::kString);
  EXPECT_EQ(OfJson({"\"007\"", "\"1\""}), FieldType::kString);
  EXPECT_EQ(OfJson({"{}"}), FieldType::kJson);
  EXPECT_EQ(OfJson({"[1]", "1"}), FieldType::kJson);
  EXPECT_EQ(OfJson({"1", "\"1\""}), FieldType::kJson);
  EXPECT_EQ(OfJson({"true", "1"}), FieldType::kJson);
}

TEST(Infer, ReasonNamesTheCell) {
  Inference inference;
  inference.ObserveText("12", 2);
  inference.ObserveText("007", 3);
  inference.ObserveText("x", 4);
  EXPECT_EQ(inference.Type(), FieldType::kString);
  EXPECT_NE(inference.Reason().find("\"007\" on line 3"), std::string::npos) << inference.Reason();
  Inference text;
  text.ObserveText("some words", 2);
  EXPECT_EQ(text.Reason(), "the answers are text");
  Inference whole;
  for (int i = 0; i < 3; ++i) whole.ObserveText("5");
  EXPECT_EQ(whole.Reason(), "all 3 answers are whole numbers");
}

// Every cell of a real file, written as its column's type is written, is the text that was read.
void CheckFile(const std::string& name, const std::map<std::string, FieldType>& expected) {
  const auto file = std::filesystem::path("/work/shared/data") / name;
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the real data is not here";
  std::ifstream input(file, std::ios::binary);
  std::stringstream all;
  all << input.rdbuf();
  const std::string body = all.str();

  std::vector<std::string> names;
  std::vector<Inference> columns;
  const auto read = [&](const CsvReader::RowSink& take) {
    CsvReader reader(',', 1u << 20, 1000, take);
    for (std::size_t at = 0; at < body.size(); at += 1000) ASSERT_TRUE(reader.Feed(std::string_view(body).substr(at, 1000)));
    ASSERT_TRUE(reader.Finish());
  };
  read([&](const CsvRow& row) -> Status {
    if (names.empty()) {
      for (const auto& cell : row.cells) names.emplace_back(cell.text);
      columns.resize(names.size());
      return {};
    }
    for (std::size_t place = 0; place < row.cells.size(); ++place) columns[place].ObserveText(row.cells[place].text, row.line);
    return {};
  });

  auto dataset = std::make_shared<model::Dataset>();
  std::string header;
  for (std::size_t place = 0; place < names.size(); ++place) {
    dataset->fields.push_back(MakeField(place == 0 ? "unused" : names[place], columns[place].Type()));
    header += place == 0 ? "participant" : "," + names[place];
  }
  for (const auto& [column, type] : expected) {
    EXPECT_EQ(dataset->fields[static_cast<std::size_t>(dataset->FieldNumber(column))].type, type) << column;
  }

  std::vector<std::string> cells;
  bool is_header = true;
  read([&](const CsvRow& row) -> Status {
    for (const auto& cell : row.cells) {
      if (!is_header) cells.emplace_back(cell.text);
    }
    is_header = false;
    return {};
  });
  const std::string decoded_body = header + body.substr(body.find('\n'));
  std::size_t at = 0;
  const auto decoder = MakeDecoder(
      BodyFormat::kCsv, dataset,
      [&](model::RecordBatch&& batch) -> Status {
        for (std::size_t row = 0; row < batch.rows; ++row) {
          const auto& participant = batch.participants.Ids()[static_cast<std::size_t>(batch.participant[row])];
          EXPECT_EQ(participant, cells.at(at++));
          for (std::size_t field = 1; field < batch.fields.size(); ++field) {
            const auto& column = batch.fields[field];
            std::string text;
            if (column.states[row] == model::CellState::kAnswered) {
              text =
                  column.type == FieldType::kString ? std::string(column.strings.At(row)) : CellText(column, dataset->fields[field], row);
            }
            EXPECT_EQ(text, cells.at(at++)) << names[field];
          }
        }
        return {};
      },
      [](Rejection&& rejection) -> Status { return Fail(rejection.code, rejection.error); });
  ASSERT_TRUE(decoder->Feed({decoded_body.data(), decoded_body.size()}));
  ASSERT_TRUE(decoder->Finish());
  EXPECT_EQ(at, cells.size());
}

TEST(InferRealData, Bfi) {
  CheckFile("bfi.csv", {{"A1", FieldType::kInteger}, {"gender", FieldType::kInteger}, {"age", FieldType::kInteger}});
}

TEST(InferRealData, Yrbss) {
  CheckFile("yrbss.csv", {{"age", FieldType::kInteger},
                          {"gender", FieldType::kString},
                          {"race", FieldType::kString},
                          {"height", FieldType::kDouble},
                          {"hours_tv_per_school_day", FieldType::kString}});
}

}  // namespace
}  // namespace sheaf::ingest::testing
