// Rows a second of one core through the decoders: ten-field events of about 250 bytes, as NDJSON, as a JSON array and
// as CSV, fed in pieces of 64 KiB as a server receives them. Best of five.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>

#include "ingest/decode.h"

namespace {

using sheaf::ingest::BodyFormat;

std::shared_ptr<const sheaf::model::Dataset> Events() {
  using sheaf::model::FieldType;
  auto dataset = std::make_shared<sheaf::model::Dataset>();
  dataset->id = "events";
  const auto add = [&](const char* id, FieldType type) {
    sheaf::model::Field field;
    field.id = field.name = field.label = id;
    field.type = type;
    dataset->fields.push_back(std::move(field));
  };
  add("event", FieldType::kEnum);
  dataset->fields.back().options = {{"click", "1", "Click"}, {"focus", "2", "Focus"}, {"answer", "3", "Answer"}};
  add("component", FieldType::kString);
  add("trial", FieldType::kInteger);
  add("x", FieldType::kDouble);
  add("y", FieldType::kDouble);
  add("reaction_ms", FieldType::kDouble);
  add("correct", FieldType::kBoolean);
  add("shown_at", FieldType::kDatetime);
  add("key", FieldType::kString);
  add("block", FieldType::kInteger);
  return dataset;
}

struct Row {
  std::string participant, session, time, shown_at, x, y, reaction, onset;
  int trial, block;
  const char* event;
  bool correct;
};

Row MakeRow(int number) {
  static const char* const kEvents[] = {"click", "focus", "answer"};
  char text[64];
  Row row;
  std::snprintf(text, sizeof text, "p%05d", number / 50);
  row.participant = text;
  std::snprintf(text, sizeof text, "s%04d", number / 200);
  row.session = text;
  std::snprintf(text, sizeof text, "2026-01-31T08:%02d:%02d.%03dZ", number / 60 % 60, number % 60, number % 1000);
  row.time = row.shown_at = text;
  std::snprintf(text, sizeof text, "%.3f", number % 1920 + 0.125);
  row.x = text;
  std::snprintf(text, sizeof text, "%.3f", number % 1080 + 0.375);
  row.y = text;
  std::snprintf(text, sizeof text, "%.2f", 200 + number % 1500 + 0.25);
  row.reaction = text;
  std::snprintf(text, sizeof text, "%d.5", number * 13 % 600000);
  row.onset = text;
  row.trial = number % 120;
  row.block = number % 6;
  row.event = kEvents[number % 3];
  row.correct = number % 4 != 0;
  return row;
}

std::string Json(const Row& row) {
  std::string text = "{\"participant\":\"" + row.participant + "\",\"session\":\"" + row.session + "\",\"time\":\"" + row.time +
                     "\",\"onset_ms\":" + row.onset + ",\"values\":{\"event\":\"" + row.event +
                     "\",\"component\":\"stimulus-grid\",\"trial\":" + std::to_string(row.trial) + ",\"x\":" + row.x + ",\"y\":" + row.y +
                     ",\"reaction_ms\":" + row.reaction;
  text += row.correct ? ",\"correct\":true" : ",\"correct\":false";
  return text + ",\"shown_at\":\"" + row.shown_at + "\",\"key\":\"ArrowLeft\",\"block\":" + std::to_string(row.block) + "}}";
}

std::string Csv(const Row& row) {
  std::string text = row.participant + "," + row.session + "," + row.time + "," + row.onset + "," + row.event + ",stimulus-grid," +
                     std::to_string(row.trial) + "," + row.x + "," + row.y + "," + row.reaction + ",";
  text += row.correct ? "true," : "false,";
  return text + row.shown_at + ",ArrowLeft," + std::to_string(row.block) + "\r\n";
}

std::string Body(BodyFormat format, int rows) {
  std::string body;
  if (format == BodyFormat::kJsonArray) body = "[";
  if (format == BodyFormat::kCsv)
    body = "participant,session,time,onset_ms,event,component,trial,x,y,reaction_ms,correct,shown_at,key,block\r\n";
  for (int number = 0; number < rows; ++number) {
    const Row row = MakeRow(number);
    if (format == BodyFormat::kCsv) body += Csv(row);
    else body += Json(row);
    if (format == BodyFormat::kNdjson) body += '\n';
    if (format == BodyFormat::kJsonArray) body += number + 1 < rows ? ",\n" : "]";
  }
  return body;
}

double SecondsToDecode(BodyFormat format, const std::string& body, std::size_t expected) {
  constexpr std::size_t kPiece = 64u << 10;
  std::size_t rows = 0;
  const std::clock_t begin = std::clock();
  const auto decoder = sheaf::ingest::MakeDecoder(
      format, Events(),
      [&](sheaf::model::RecordBatch&& batch) {
        rows += batch.rows;
        return sheaf::Status();
      },
      [](sheaf::ingest::Rejection&& rejection) { return sheaf::Fail(rejection.code, rejection.error); });
  for (std::size_t at = 0; at < body.size(); at += kPiece) {
    if (!decoder->Feed({body.data() + at, std::min(kPiece, body.size() - at)})) std::abort();
  }
  if (!decoder->Finish() || rows != expected) std::abort();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

void Report(const char* name, BodyFormat format, int rows, const char* only) {
  if (only != nullptr && std::strcmp(only, name) != 0) return;
  const std::string body = Body(format, rows);
  double best = 1e9;
  for (int round = 0; round < 5; ++round) best = std::min(best, SecondsToDecode(format, body, static_cast<std::size_t>(rows)));
  std::printf("decode %-8s %9.0f rows/s %7.0f MB/s  (%d rows of %zu bytes)\n", name, rows / best,
              static_cast<double>(body.size()) / best / 1e6, rows, body.size() / static_cast<std::size_t>(rows));
}

}  // namespace

int main(int argc, char** argv) {
  const int rows = argc > 1 ? std::max(1, std::atoi(argv[1])) : 300000;
  const char* const only = argc > 2 ? argv[2] : nullptr;
  Report("ndjson", BodyFormat::kNdjson, rows, only);
  Report("array", BodyFormat::kJsonArray, rows, only);
  Report("csv", BodyFormat::kCsv, rows, only);
  return 0;
}
