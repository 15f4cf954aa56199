// What is large, deep or many: it is taken or refused, and what is kept in memory stays small.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness.h"
#include "ingest/json_reader.h"

namespace sheaf::ingest::testing {
namespace {

using ::testing::ElementsAre;

std::vector<std::string_view> Cut(std::string_view text, std::size_t piece) {
  std::vector<std::string_view> pieces;
  for (std::size_t at = 0; at < text.size(); at += piece) pieces.push_back(text.substr(at, piece));
  return pieces;
}

std::string Record(std::string_view text) { return "{\"participant\":\"p\",\"values\":{\"text\":\"" + std::string(text) + "\"}}"; }

TEST(Limits, LargestRecord) {
  const std::size_t frame = Record("").size();
  const std::string fits = Record(std::string(kMaxRecordBytes - frame, 'x'));
  const std::string over = Record(std::string(kMaxRecordBytes - frame + 1, 'x'));
  for (const std::size_t piece : {std::size_t{1} << 30, std::size_t{1} << 20}) {
    for (const BodyFormat format : {BodyFormat::kNdjson, BodyFormat::kJsonArray}) {
      const bool array = format == BodyFormat::kJsonArray;
      const std::string good = (array ? "[" : "") + fits + (array ? "," + Record("y") + "]" : "\n" + Record("y") + "\n");
      const Outcome taken = DecodePieces(format, DatasetNamed("all"), Cut(good, piece));
      EXPECT_EQ(taken.error, "");
      EXPECT_EQ(taken.rows.size(), 2u);
      EXPECT_TRUE(taken.well_formed);
      const std::string bad = (array ? "[" : "") + Record("y") + (array ? "," : "\n") + over + (array ? "]" : "\n");
      const Outcome refused = DecodePieces(format, DatasetNamed("all"), Cut(bad, piece));
      EXPECT_EQ(refused.error, "payload-too-large");
      EXPECT_EQ(refused.place, array ? "element 2" : "line 2");
    }
  }
}

TEST(Limits, LinesThatNeverEnd) {
  const std::string piece(1u << 20, ' ');
  for (const BodyFormat format : {BodyFormat::kNdjson, BodyFormat::kJsonArray, BodyFormat::kCsv}) {
    std::vector<std::string_view> pieces(40, piece);
    pieces.insert(pieces.begin(), format == BodyFormat::kJsonArray ? "[\"" : format == BodyFormat::kCsv ? "participant\n\"" : "{\"");
    EXPECT_EQ(DecodePieces(format, DatasetNamed("all"), pieces).error, "payload-too-large");
  }
}

TEST(Limits, LargestCsvRow) {
  const std::string header = "participant,text\n";
  const std::string over = header + "p,a\np," + std::string(kMaxRecordBytes, 'x') + "\n";
  const Outcome refused = DecodePieces(BodyFormat::kCsv, DatasetNamed("all"), Cut(over, 1u << 20));
  EXPECT_EQ(refused.error, "payload-too-large");
  EXPECT_EQ(refused.place, "line 3");
  // Sixteen million cells are counted, not kept.
  const Outcome commas = DecodeWhole(BodyFormat::kCsv, header + std::string(kMaxRecordBytes - 1, ',') + "\np,a\n");
  EXPECT_THAT(commas.rejected, ElementsAre("2 - bad-csv"));
  EXPECT_EQ(commas.rows.size(), 1u);
  EXPECT_EQ(DecodeWhole(BodyFormat::kCsv, std::string(100000, ',') + "\n").error, "bad-csv");
}

TEST(Limits, Nesting) {
  const auto nested = [](int depth) {
    return "{\"participant\":\"p\",\"values\":{\"raw\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}}\n";
  };
  EXPECT_EQ(DecodeWhole(BodyFormat::kNdjson, nested(kMaxJsonDepth)).rows.size(), 1u);
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, nested(kMaxJsonDepth + 1)).rejected, ElementsAre("1 - bad-json"));
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, nested(1000000)).rejected, ElementsAre("1 - bad-json"));
  const std::string open(4000000, '[');
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, open + "\n" + Record("x")).rejected, ElementsAre("1 - bad-json"));
  EXPECT_EQ(DecodeWhole(BodyFormat::kJsonArray, open).error, "bad-json");
  std::string objects = "{\"participant\":\"p\",\"values\":{\"raw\":";
  for (int depth = 0; depth < 100000; ++depth) objects += "{\"a\":";
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, objects).rejected, ElementsAre("1 - bad-json"));
}

TEST(Limits, LongNumbersAndNames) {
  const std::string digits(1u << 20, '9');
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, "{\"participant\":\"p\",\"values\":{\"count\":" + digits + "}}").rejected,
              ElementsAre("1 count out-of-range"));
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, "{\"participant\":\"p\",\"values\":{\"size\":0." + digits + "}}").rows,
              ElementsAre("participant=p : size=1"));
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, "{\"participant\":\"p\",\"values\":{\"" + digits + "\":1}}").rejected,
              ElementsAre("1 - unknown-field"));
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, "{\"participant\":\"" + digits + "\"}").rejected, ElementsAre("1 participant bad-id"));
  EXPECT_EQ(DecodeWhole(BodyFormat::kNdjson, "{\"participant\":\"" + std::string(255, 'p') + "\"}").rows.size(), 1u);
  EXPECT_THAT(DecodeWhole(BodyFormat::kNdjson, "{\"participant\":\"" + std::string(256, 'p') + "\"}").rejected,
              ElementsAre("1 participant bad-id"));
}

TEST(Limits, BatchesAreHandedOnAsTheyFill) {
  const std::string line = Record(std::string(100, 'x')) + "\n";
  std::string body;
  for (int row = 0; row < 150000; ++row) body += line;
  std::size_t rows = 0, batches = 0;
  const auto decoder = MakeDecoder(
      BodyFormat::kNdjson, DatasetNamed("all"),
      [&](model::RecordBatch&& batch) {
        EXPECT_LE(batch.rows, kBatchRows);
        EXPECT_LE(batch.bytes, kBatchBytes + 1000);
        EXPECT_TRUE(IsWellFormed(batch));
        rows += batch.rows;
        ++batches;
        return Status();
      },
      [](Rejection&& rejection) -> Status { return Fail(rejection.code, rejection.error); });
  ASSERT_TRUE(decoder->Feed(body));
  EXPECT_GT(rows, 0u);  // before the end
  ASSERT_TRUE(decoder->Finish());
  EXPECT_EQ(rows, 150000u);
  EXPECT_GE(batches, 6u);
}

TEST(Limits, AFailingSinkEndsDecoding) {
  int calls = 0;
  const auto decoder = MakeDecoder(
      BodyFormat::kNdjson, DatasetNamed("all"), [](model::RecordBatch&&) -> Status { return Fail(ErrorCode::kStorageFull, "full"); },
      [&](Rejection&&) -> Status { return ++calls == 2 ? Status(Fail(ErrorCode::kTooManyRejected, "enough")) : Status(); });
  const std::string_view body = "x\n{\"participant\":\"p\"}\ny\nz\n";
  EXPECT_EQ(decoder->Feed(body).error().code, ErrorCode::kTooManyRejected);
  EXPECT_EQ(calls, 2);
  const auto full = MakeDecoder(
      BodyFormat::kNdjson, DatasetNamed("all"), [](model::RecordBatch&&) -> Status { return Fail(ErrorCode::kStorageFull, "full"); },
      [](Rejection&&) { return Status(); });
  ASSERT_TRUE(full->Feed(std::string_view("{\"participant\":\"p\"}\n")));
  EXPECT_EQ(full->Finish().error().code, ErrorCode::kStorageFull);
}

TEST(Limits, FourThousandFields) {
  auto dataset = std::make_shared<model::Dataset>();
  std::string wide = "{\"participant\":\"p\",\"values\":{";
  for (std::size_t field = 0; field < model::kMaxFields; ++field) {
    dataset->fields.push_back(
        MakeField("f" + std::to_string(field), field % 2 == 0 ? model::FieldType::kInteger : model::FieldType::kString));
    wide += (field == 0 ? "\"f" : ",\"f") + std::to_string(field) + (field % 2 == 0 ? "\":1" : "\":\"x\"");
  }
  const std::string narrow = "{\"participant\":\"p\",\"values\":{\"f3999\":\"y\",\"f0\":5}}\n";
  std::string body;
  for (int row = 0; row < 100; ++row) body += narrow;
  body += wide + "}}\n" + narrow;
  const Outcome outcome = DecodePieces(BodyFormat::kNdjson, dataset, {body});
  EXPECT_TRUE(outcome.well_formed);
  ASSERT_EQ(outcome.rows.size(), 102u);
  EXPECT_EQ(outcome.rows[101], "participant=p : f0=5 f3999=\"y\"");
  EXPECT_EQ(outcome.rejected.size(), 0u);
  EXPECT_GE(outcome.batches, 1u);
}

TEST(Limits, ABadLineDoesNotHideItsNeighbours) {
  // Faults that make the tokens of a whole block unusable, among thousands of good lines.
  std::string body;
  for (int row = 0; row < 5000; ++row) {
    if (row % 1000 == 500) body += "{\"participant\":\"p\n";
    else if (row % 1000 == 501) body += "\xFF\n";
    else if (row % 1000 == 502) body += "\\\"\n";
    else body += Record("ok " + std::to_string(row)) + "\n";
  }
  const auto dataset = DatasetNamed("all");
  const Outcome whole = DecodePieces(BodyFormat::kNdjson, dataset, {body});
  EXPECT_EQ(whole.rows.size(), 4985u);
  EXPECT_EQ(whole.rejected.size(), 15u);
  EXPECT_EQ(whole.rejected[0], "501 - bad-json");
  EXPECT_EQ(whole.rejected[1], "502 - bad-utf8");
  for (const std::size_t piece : {std::size_t{3}, std::size_t{100}, std::size_t{4099}, std::size_t{65536}}) {
    EXPECT_TRUE(DecodePieces(BodyFormat::kNdjson, dataset, Cut(body, piece)) == whole) << piece;
  }
}

}  // namespace
}  // namespace sheaf::ingest::testing
