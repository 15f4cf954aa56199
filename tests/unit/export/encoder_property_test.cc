// What holds for any rows: CSV parses back to the cells that went in, NDJSON is JSON, threads do not disturb each
// other, nothing is too long.

#include <gtest/gtest.h>

#include <bit>
#include <boost/json.hpp>
#include <charconv>
#include <random>
#include <sstream>
#include <thread>

#include "encode_all.h"
#include "fake_vault.h"

namespace sheaf::exporting {
namespace {

struct CsvCell {
  std::string text;
  bool quoted = false;
};

// A reader of RFC 4180 that knows nothing of the writer.
std::vector<std::vector<CsvCell>> ParseCsv(std::string_view csv, char separator) {
  std::vector<std::vector<CsvCell>> rows;
  std::vector<CsvCell> row;
  CsvCell cell;
  for (std::size_t place = 0; place < csv.size(); ++place) {
    if (cell.text.empty() && !cell.quoted && csv[place] == '"') {
      cell.quoted = true;
      for (++place; place < csv.size(); ++place) {
        if (csv[place] == '"' && place + 1 < csv.size() && csv[place + 1] == '"') ++place;
        else if (csv[place] == '"') break;
        cell.text += csv[place];
      }
    } else if (csv[place] == separator) {
      row.push_back(std::exchange(cell, {}));
    } else if (csv[place] == '\r' && place + 1 < csv.size() && csv[place + 1] == '\n') {
      ++place;
      row.push_back(std::exchange(cell, {}));
      rows.push_back(std::exchange(row, {}));
    } else {
      EXPECT_FALSE(cell.quoted) << "text behind a closing quote";
      EXPECT_NE(csv[place], '"') << "a quote inside an unquoted cell";
      cell.text += csv[place];
    }
  }
  EXPECT_TRUE(row.empty() && cell.text.empty()) << "the last row has no end";
  return rows;
}

class Randomness {
 public:
  explicit Randomness(unsigned seed) : random_(seed) {}
  std::uint64_t Below(std::uint64_t limit) { return random_() % limit; }
  bool OneIn(std::uint64_t odds) { return Below(odds) == 0; }
  // Valid UTF-8 in which everything a format treats is common; lengths around every block size, sometimes far longer.
  std::string Text() {
    static const std::string kParts[] = {",",    ";",        "\"",   "\r",   "\n", "\r\n", "\t", "=", "+", "-", "@", "'",
                                         "\\",   "\x01",     "\x1f", "\x7f", " ",  "a",    "b",  "é", "€", "😀", "/", std::string("\0", 1),
                                         "word", "<skipped>"};
    std::string text;
    const std::size_t parts = OneIn(50) ? Below(30000) : OneIn(3) ? Below(4) : Below(40);
    const bool plain = OneIn(2);
    for (std::size_t part = 0; part < parts; ++part)
      text += plain ? std::string(1, static_cast<char>('a' + Below(26))) : kParts[Below(std::size(kParts))];
    return text;
  }
  double Double() {
    if (OneIn(3)) return static_cast<double>(static_cast<std::int64_t>(random_()) >> Below(60)) / 1000;
    const double number = std::bit_cast<double>(random_());
    return std::isfinite(number) ? number : 0.5;
  }
  std::int64_t Integer() { return static_cast<std::int64_t>(random_()) >> Below(64); }
  Micros Time() { return kMinMicros + static_cast<Micros>(Below(static_cast<std::uint64_t>(kMaxMicros - kMinMicros))); }

 private:
  std::mt19937_64 random_;
};

model::Field MakeField(std::string id, model::FieldType type, std::vector<std::string> options = {}) {
  model::Field field;
  field.id = field.name = field.label = std::move(id);
  field.type = type;
  for (std::string& option : options) field.options.push_back({option, option, option});
  return field;
}

model::Dataset RandomDataset() {
  model::Dataset dataset;
  dataset.id = dataset.name = "random";
  using model::FieldType;
  dataset.fields = {MakeField("text", FieldType::kString),
                    MakeField("number", FieldType::kDouble),
                    MakeField("count", FieldType::kInteger),
                    MakeField("yes", FieldType::kBoolean),
                    MakeField("when", FieldType::kDatetime),
                    MakeField("choice", FieldType::kEnum, {"a,b", "\"", "c", std::string(255, 'x')}),
                    MakeField("ticks", FieldType::kSet, {"p", "q", "r"}),
                    MakeField(std::string(64, 'k'), FieldType::kIdentifier)};
  return dataset;
}

void Fill(FakeStudy& study, std::size_t rows, unsigned seed) {
  Randomness random(seed);
  for (std::size_t i = 0; i < rows; ++i) {
    FakeRow row;
    row.participant = "P" + std::string(random.OneIn(9) ? "\"," : "") + std::to_string(random.Below(40000));
    if (random.OneIn(10)) row.participant += std::string(random.Below(200), 'i');
    if (random.OneIn(2)) row.session = "S" + std::to_string(random.Below(5));
    if (!random.OneIn(5)) row.time = random.Time();
    if (!random.OneIn(5)) row.onset_ms = random.Double();
    if (random.OneIn(3)) row.time_offset = static_cast<std::int16_t>(static_cast<int>(random.Below(1681)) - 840);
    if (random.OneIn(4)) row.id = "r" + std::to_string(i);
    const auto answered = [&](std::uint16_t field) {
      if (random.OneIn(4)) return false;
      if (!random.OneIn(4)) return true;
      row.skipped.push_back(field);
      return false;
    };
    if (answered(0)) row.values.emplace(0, random.Text());
    if (answered(1)) row.values.emplace(1, random.Double());
    if (answered(2)) row.values.emplace(2, random.Integer());
    if (answered(3)) row.values.emplace(3, random.OneIn(2));
    if (answered(4)) row.values.emplace(4, random.Time());
    if (answered(5)) row.values.emplace(5, static_cast<std::int64_t>(random.Below(4)));
    if (answered(6)) {
      std::vector<std::int32_t> ticked;
      for (std::int32_t option = 0; option < 3; ++option) {
        if (random.OneIn(2)) ticked.push_back(option);
      }
      row.values.emplace(6, ticked);
    }
    if (answered(7)) row.values.emplace(7, random.Text());
    study.Add("random", std::move(row));
  }
}

struct ExpectedStyle {
  bool guard = false;
  char point = '.';
};

std::string Guarded(std::string text, const ExpectedStyle& style) {
  const bool formula = !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  return style.guard && formula ? "'" + text : text;
}

void ExpectCell(const CsvCell& cell, const FakeRow& row, int field, const model::Dataset& dataset, const ExpectedStyle& style) {
  const auto answer = row.values.find(field);
  if (answer == row.values.end()) {
    const bool skipped = std::find(row.skipped.begin(), row.skipped.end(), field) != row.skipped.end();
    EXPECT_EQ(cell.text, skipped ? "<skipped>" : "");
    EXPECT_FALSE(cell.quoted);
    return;
  }
  if (const auto* text = std::get_if<std::string>(&answer->second)) {
    EXPECT_EQ(cell.text, Guarded(*text, style));
    EXPECT_TRUE(cell.quoted || (!cell.text.empty() && cell.text != "<skipped>")) << "an answer reads as a missing one";
  } else if (const auto* real = std::get_if<double>(&answer->second)) {
    std::string digits = cell.text;
    std::replace(digits.begin(), digits.end(), style.point, '.');
    double read = 0;
    EXPECT_EQ(std::from_chars(digits.data(), digits.data() + digits.size(), read).ptr, digits.data() + digits.size());
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read), std::bit_cast<std::uint64_t>(*real)) << cell.text;
  } else if (const auto* yes = std::get_if<bool>(&answer->second)) {
    EXPECT_EQ(cell.text, *yes ? "true" : "false");
  } else if (const auto* ticked = std::get_if<std::vector<std::int32_t>>(&answer->second)) {
    std::string joined;
    for (const std::int32_t option : *ticked)
      joined +=
          (joined.empty() ? "" : ";") + dataset.fields[static_cast<std::size_t>(field)].options[static_cast<std::size_t>(option)].code;
    EXPECT_EQ(cell.text, joined);
  } else {
    const auto number = std::get<std::int64_t>(answer->second);
    const model::Field& defined = dataset.fields[static_cast<std::size_t>(field)];
    if (defined.type == model::FieldType::kInteger) {
      EXPECT_EQ(cell.text, std::to_string(number));
    } else if (defined.type == model::FieldType::kEnum) {
      EXPECT_EQ(cell.text, defined.options[static_cast<std::size_t>(number)].code);
    } else {
      const auto time = ParseIsoTime(cell.text);
      ASSERT_TRUE(time) << cell.text;
      EXPECT_EQ(time->instant, number);
    }
  }
}

class CsvParsesBack : public testing::TestWithParam<const char*> {};

TEST_P(CsvParsesBack, ToTheCellsThatWentIn) {
  const std::string query = GetParam();
  const ExpectedStyle style{query.find("excel") != std::string::npos, query.find("excel-eu") != std::string::npos ? ',' : '.'};
  FakeStudy study;
  const model::Dataset dataset = RandomDataset();
  study.Add(dataset);
  Fill(study, 1500, 11);
  std::string csv = EncodeAll(study, OptionsOf(query), "random");
  EXPECT_EQ(csv.starts_with("\xEF\xBB\xBF"), style.guard);
  if (style.guard) csv.erase(0, 3);
  const auto rows = ParseCsv(csv, style.point == ',' ? ';' : ',');
  ASSERT_EQ(rows.size(), 1501u);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const FakeRow& row = study.Rows("random")[i - 1];
    ASSERT_EQ(rows[i].size(), 4 + dataset.fields.size()) << "row " << i;
    EXPECT_EQ(rows[i][0].text, row.participant);
    EXPECT_EQ(rows[i][1].text, row.session);
    EXPECT_EQ(rows[i][2].text.empty(), !row.time.has_value());
    if (row.time) { EXPECT_EQ(ParseIsoTime(rows[i][2].text)->instant, *row.time); }
    for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
      ExpectCell(rows[i][4 + field], row, static_cast<int>(field), dataset, style);
    }
    if (HasFailure()) FAIL() << "row " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, CsvParsesBack,
                         testing::Values("format=csv&missing=skipped=<skipped>", "format=csv&profile=excel&missing=skipped=<skipped>",
                                         "format=csv&profile=excel-eu&missing=skipped=<skipped>",
                                         "format=csv&timezone=Australia/Lord_Howe&missing=skipped=<skipped>"));

TEST(JsonEncoding, EveryLineIsTheRecordThatWentIn) {
  FakeStudy study;
  const model::Dataset dataset = RandomDataset();
  study.Add(dataset);
  Fill(study, 1500, 12);
  std::istringstream lines(EncodeAll(study, OptionsOf("format=ndjson"), "random"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const FakeRow& row = study.Rows("random")[count];
    boost::json::error_code error;
    const boost::json::value value = boost::json::parse(line, error);
    ASSERT_FALSE(error) << line;
    const auto& record = value.as_object();
    EXPECT_EQ(record.at("participant").as_string(), row.participant);
    EXPECT_EQ(record.contains("session"), !row.session.empty());
    EXPECT_EQ(record.contains("time"), row.time.has_value());
    EXPECT_EQ(record.contains("time_offset"), row.time_offset.has_value());
    EXPECT_EQ(record.at("seq").as_int64(), row.seq);
    const auto& values = record.at("values").as_object();
    EXPECT_EQ(values.size(), row.values.size());
    if (row.values.contains(0)) { EXPECT_EQ(std::string_view(values.at("text").as_string()), std::get<std::string>(row.values.at(0))); }
    if (row.values.contains(6)) {
      EXPECT_EQ(values.at("ticks").as_array().size(), std::get<std::vector<std::int32_t>>(row.values.at(6)).size());
    }
    const std::size_t skipped = record.contains("skipped") ? record.at("skipped").as_array().size() : 0;
    EXPECT_EQ(skipped, row.skipped.size());
  }
  EXPECT_EQ(count, 1500u);
}

TEST(JsonEncoding, TheWholeDocumentIsJson) {
  FakeStudy study;
  study.Add(RandomDataset());
  Fill(study, 300, 13);
  study.batch_rows = 7;
  study.Delete("random", 5);
  const auto document =
      boost::json::parse(EncodeAll(study, OptionsOf("format=json&since=" + CursorText(3) + "&tombstones=true"), "random"));
  EXPECT_EQ(document.at("records").as_array().size(), 296u);
  EXPECT_EQ(document.at("count").as_int64(), 296);
  EXPECT_EQ(ParseCursor(document.at("cursor").as_string()), 301);
  ASSERT_EQ(document.at("deleted").as_array().size(), 1u);
  EXPECT_EQ(document.at("deleted").as_array()[0].at("record_seq").as_int64(), 5);
  EXPECT_EQ(document.at("definition").at("id").as_string(), "random");
}

TEST(JsonEncoding, LineBreaksInsideKeptJsonDoNotBreakALine) {
  FakeStudy study;
  model::Dataset dataset;
  dataset.id = "raw";
  dataset.fields = {MakeField("raw", model::FieldType::kJson)};
  study.Add(dataset);
  study.Add("raw", FakeRow{.values = {{0, std::string("{\n  \"a\": [1,\r\n 2]\n}\n")}}});
  const std::string line = EncodeAll(study, OptionsOf("format=ndjson"), "raw");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_EQ(boost::json::parse(line).at("values").at("raw").at("a").as_array().size(), 2u);
}

TEST(JsonEncoding, ARecordOfADatasetWithoutFieldsHasItsValues) {
  FakeStudy study;
  model::Dataset dataset;
  dataset.id = "bare";
  study.Add(dataset);
  study.Add("bare", FakeRow{});
  EXPECT_TRUE(boost::json::parse(EncodeAll(study, OptionsOf("format=ndjson"), "bare")).at("values").as_object().empty());
}

TEST(JsonEncoding, AFieldNamedLikeAMemberStaysInItsPlace) {
  FakeStudy study;
  model::Dataset dataset;
  dataset.id = "names";
  dataset.fields = {MakeField("time", model::FieldType::kString), MakeField("seq", model::FieldType::kInteger)};
  study.Add(dataset);
  study.Add("names", FakeRow{.time = 0, .values = {{0, std::string("noon")}, {1, std::int64_t{77}}}});
  const auto record = boost::json::parse(EncodeAll(study, OptionsOf("format=ndjson"), "names"));
  EXPECT_EQ(record.at("time").as_string(), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(record.at("values").at("time").as_string(), "noon");
  EXPECT_EQ(record.at("values").at("seq").as_int64(), 77);
  EXPECT_EQ(record.at("seq").as_int64(), 1);
  EXPECT_TRUE(EncodeAll(study, OptionsOf("format=csv"), "names").starts_with("participant,session,record.time,onset_ms,time,seq\r\n"));
}

TEST(Encoding, HugeCellsAndManyColumnsFit) {
  FakeStudy study;
  model::Dataset dataset;
  dataset.id = "huge";
  for (int field = 0; field < 4000; ++field) dataset.fields.push_back(MakeField("f" + std::to_string(field), model::FieldType::kString));
  std::vector<std::string> options;
  for (int option = 0; option < 5000; ++option) options.push_back("option" + std::to_string(option) + std::string(200, '"'));
  dataset.fields[1] = MakeField("many", model::FieldType::kSet, options);
  study.Add(dataset);
  FakeRow row;
  std::vector<std::int32_t> all(5000);
  for (std::int32_t option = 0; option < 5000; ++option) all[static_cast<std::size_t>(option)] = option;
  row.values.emplace(0, std::string(3'000'000, '\x01') + std::string(3'000'000, '"') + std::string(3'000'000, 'x'));
  row.values.emplace(1, all);
  for (int field = 2; field < 4000; ++field) row.values.emplace(field, std::string(100, '\n'));
  study.Add("huge", row);
  const auto record = boost::json::parse(EncodeAll(study, OptionsOf("format=ndjson"), "huge"));
  EXPECT_EQ(std::string_view(record.at("values").at("f0").as_string()), std::get<std::string>(row.values.at(0)));
  EXPECT_EQ(record.at("values").at("many").as_array().size(), 5000u);
  EXPECT_EQ(record.at("values").as_object().size(), 4000u);
  const auto rows = ParseCsv(EncodeAll(study, OptionsOf("format=csv&missing=skipped=x"), "huge"), ',');
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(rows[1].size(), 4004u);
  EXPECT_EQ(rows[1][4].text, std::get<std::string>(row.values.at(0)));
  EXPECT_EQ(rows[1][4003].text, std::string(100, '\n'));
}

TEST(Encoding, FourThreadsWriteWhatOneWrites) {
  FakeStudy study;
  study.Add(RandomDataset());
  Fill(study, 4000, 14);
  study.batch_rows = 100;
  for (const char* query : {"format=csv&timezone=Europe/Berlin", "format=ndjson"}) {
    const std::string alone = EncodeAll(study, OptionsOf(query), "random");
    const auto plan = MakePlan(study, OptionsOf(query), "random");
    ASSERT_TRUE(plan);
    const auto encoder = MakeEncoder(*plan);  // one for all, its tables still empty
    std::vector<std::shared_ptr<const model::ColumnBatch>> batches;
    const auto cursor = study.Read(plan->select);
    while (const auto batch = *(*cursor)->Next()) batches.push_back(batch);
    std::vector<std::string> pieces(batches.size());
    std::vector<std::thread> threads;
    for (std::size_t thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (std::size_t piece = thread; piece < batches.size(); piece += 4) {
          encoder->Encode(*batches[piece], 0, batches[piece]->rows, piece == 0, pieces[piece]);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    std::string together;
    encoder->Begin(together);
    for (const std::string& piece : pieces) together += piece;
    encoder->End(together, 4000);
    EXPECT_EQ(together, alone) << query;
  }
}

}  // namespace
}  // namespace sheaf::exporting
