#include "job_fixture.h"
#include "unzipped.h"

namespace sheaf::exporting {
namespace {

using catalog::ExportState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Entries = std::map<std::string, std::string>;

std::vector<std::string> Paths(const Entries& entries) {
  std::vector<std::string> paths;
  for (const auto& [path, text] : entries) paths.push_back(path);
  return paths;
}

std::size_t Lines(const std::string& text) { return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')); }

class ZipTest : public JobTest {
 protected:
  Entries Export(const ExportOptions& options) {
    if (!runner_) StartRunner();
    job_ = WaitUntilDone(Submit(options).id);
    const std::string bytes = FileOf(job_);
    EXPECT_EQ(job_.sha256, Sha256Hex(bytes));
    Entries entries = Unzipped(bytes);
    CheckAgainstManifest(entries);
    return entries;
  }

  //! Every file of the ZIP is in the manifest with its size and hash, and nothing else is.
  void CheckAgainstManifest(const Entries& entries) {
    const boost::json::value manifest = boost::json::parse(job_.manifest);
    std::size_t listed = 0;
    std::uint64_t rows = 0;
    for (const auto& file : manifest.at("files").as_array()) {
      const std::string path(file.at("path").as_string());
      ASSERT_TRUE(entries.contains(path)) << path;
      EXPECT_EQ(file.at("bytes").to_number<std::size_t>(), entries.at(path).size()) << path;
      EXPECT_EQ(file.at("sha256").as_string(), Sha256Hex(entries.at(path))) << path;
      if (file.as_object().contains("rows")) rows += file.at("rows").to_number<std::uint64_t>();
      ++listed;
    }
    EXPECT_EQ(listed, entries.size());
    EXPECT_EQ(manifest.at("rows").to_number<std::uint64_t>(), rows);
    EXPECT_EQ(rows, job_.rows_done);
    EXPECT_EQ(job_.rows_done, job_.rows_total);
    // metadata.json is the same without itself and the ZIP.
    const boost::json::value inside = boost::json::parse(entries.at("metadata.json"));
    EXPECT_EQ(inside.at("files").as_array().size() + 1, listed);
    EXPECT_FALSE(inside.as_object().contains("file"));
    EXPECT_EQ(inside.at("request"), manifest.at("request"));
  }

  catalog::ExportJob job_;
};

TEST_F(ZipTest, AFolderPerDataset) {
  FillStudy(fake_, "d", 3000, 20);
  FillStudy(fake_, "empty", 0);
  FillStudy(fake_, "e", 50);
  const auto entries = Export(Options("zip", {}));
  EXPECT_THAT(Paths(entries), ElementsAre("README.txt", "d/d.csv", "datapackage.json", "e/e.csv", "empty/empty.csv", "metadata.json"));
  EXPECT_EQ(Lines(entries.at("d/d.csv")), 3001u);
  EXPECT_EQ(Lines(entries.at("e/e.csv")), 51u);
  EXPECT_EQ(Lines(entries.at("empty/empty.csv")), 1u);
  EXPECT_THAT(job_.file_name, testing::MatchesRegex("fake_[0-9]{8}T[0-9]{6}Z\\.zip"));
  EXPECT_THAT(entries.at("README.txt"), HasSubstr("d: 3,000 rows"));
  EXPECT_THAT(entries.at("README.txt"), HasSubstr("since=" + job_.cursor));
}

TEST_F(ZipTest, OtherFormatsInside) {
  FillStudy(fake_, "d", 200);
  auto options = Options("zip");
  options.inner = Format::kNdjson;
  EXPECT_EQ(Lines(Export(options).at("d/d.ndjson")), 200u);
  options.inner = Format::kJson;
  EXPECT_EQ(boost::json::parse(Export(options).at("d/d.json")).at("records").as_array().size(), 200u);
  options.inner = Format::kParquet;
  EXPECT_TRUE(Export(options).at("d/d.parquet").starts_with("PAR1"));
  EXPECT_EQ(TemporaryFiles(), 0u);
}

// Every row is in the file of its session and participant, once, in order, whatever the batches.
TEST_F(ZipTest, AFolderPerSessionAndParticipant) {
  FillStudy(fake_, "d", 3000);
  FillStudy(fake_, "e", 21);
  for (const std::size_t batch_rows : {7u, 2048u}) {
    fake_.batch_rows = batch_rows;
    auto options = Options("zip", {});
    options.layout = ZipLayout::kParticipant;
    options.columns = "seq,note";
    options.timezone = batch_rows == 7 ? "Europe/Berlin" : "";  // another request
    const auto entries = Export(options);
    std::map<std::string, std::string> expected;
    for (const std::string dataset : {"d", "e"}) {
      for (const FakeRow& row : fake_.Rows(dataset)) {
        std::string& text = expected[(row.session.empty() ? "no-session" : row.session) + "/" + row.participant + "/" + dataset + ".csv"];
        if (text.empty()) text = "seq,note\r\n";
        text += std::to_string(row.seq) + "," + std::get<std::string>(row.values.at(0)) + "\r\n";
      }
    }
    for (const auto& [path, text] : expected) {
      ASSERT_TRUE(entries.contains(path)) << path;
      EXPECT_TRUE(entries.at(path) == text) << path;
    }
    EXPECT_EQ(entries.size(), expected.size() + 5) << "and three files that describe, and two schemas";
    EXPECT_TRUE(entries.contains("schemas/d.json"));
  }
}

TEST_F(ZipTest, JsonPerParticipantIsWellFormed) {
  FillStudy(fake_, "d", 500);
  auto options = Options("zip");
  options.layout = ZipLayout::kParticipant;
  options.inner = Format::kJson;
  std::size_t records = 0;
  for (const auto& [path, text] : Export(options)) {
    if (!path.ends_with("d.json")) continue;
    const auto value = boost::json::parse(text);
    records += value.at("records").as_array().size();
    EXPECT_EQ(value.at("count").to_number<std::size_t>(), value.at("records").as_array().size());
  }
  EXPECT_EQ(records, 500u);
}

TEST_F(ZipTest, ParquetPerParticipant) {
  FillStudy(fake_, "d", 60);
  auto options = Options("zip");
  options.layout = ZipLayout::kParticipant;
  options.inner = Format::kParquet;
  const auto entries = Export(options);
  EXPECT_EQ(At(job_.manifest, "/files").as_array().size(), entries.size());
  std::size_t files = 0;
  for (const auto& [path, text] : entries) files += path.ends_with(".parquet");
  EXPECT_EQ(files, 21u);  // 7 participants with no session, S0 and S1
  EXPECT_EQ(TemporaryFiles(), 0u);
}

TEST_F(ZipTest, HostileIdsStayInsideAndAreExplained) {
  fake_.Add(SeqDataset("d"));
  int time = 0;
  for (const std::string participant : {"../../evil", "a/b", "a_b", "A_B", "con", "Zo\xc3\xab"}) {
    FakeRow row;
    row.participant = participant;
    row.session = participant == "con" ? "metadata.json" : "../up";
    row.time = ++time;
    fake_.Add("d", std::move(row));
  }
  auto options = Options("zip");
  options.layout = ZipLayout::kParticipant;
  const auto entries = Export(options);
  for (const auto& [path, text] : entries) {
    EXPECT_THAT(path, Not(HasSubstr(".."))) << path;
    EXPECT_FALSE(path.starts_with("/"));
    EXPECT_TRUE(!path.ends_with(".csv") || Lines(text) == 2) << path;
  }
  EXPECT_TRUE(entries.contains("___up/Zo\xc3\xab/d.csv"));
  EXPECT_TRUE(entries.contains("metadata.json-2/_con/d.csv"));
  const auto folders = At(job_.manifest, "/folders/participants").as_array();
  EXPECT_EQ(folders.size(), 5u);
  bool found = false;
  for (const auto& folder : folders) found |= folder.at("id").as_string() == "../../evil";
  EXPECT_TRUE(found);
  // The ids themselves are in the manifest, file by file.
  EXPECT_THAT(job_.manifest, HasSubstr("\"participant\": \"../../evil\""));
  EXPECT_THAT(entries.at("README.txt"), HasSubstr("cannot be names of folders"));
}

TEST_F(ZipTest, TheFileKnowsWhoWhenAndWhy) {
  FillStudy(fake_, "d", 100);
  auto options = Options("zip");
  options.filter = R"({"field":"note","op":"!=","value":"x"})";
  const auto entries = Export(options);
  const std::string& metadata = entries.at("metadata.json");
  EXPECT_EQ(TextAt(metadata, "/created_by"), anna_);
  EXPECT_EQ(TextAt(metadata, "/study/id"), "fake");
  EXPECT_EQ(TextAt(metadata, "/request/filter/field"), "note");
  EXPECT_EQ(TextAt(metadata, "/datasets/0/id"), "d");
  EXPECT_EQ(TextAt(metadata, "/datasets/0/first_time"), FormatIsoUtc(1'700'000'000'000'000));
  EXPECT_EQ(TextAt(metadata, "/cursor"), CursorText(100));
  EXPECT_THAT(entries.at("README.txt"), HasSubstr("It is a part of the data"));
}

TEST_F(ZipTest, AllDatasetsAreOfOneInstant) {
  FillStudy(fake_, "d", 100);
  FillStudy(fake_, "e", 10);
  // Rows that come while the first dataset is written must not be in the second.
  std::atomic<bool> added{false};
  study_->wrap_cursor = [&](std::unique_ptr<vault::Cursor> cursor) -> Result<std::unique_ptr<vault::Cursor>> {
    if (!added.exchange(true)) fake_.Add("e", FakeRow{});
    return cursor;
  };
  const auto entries = Export(Options("zip", {}));
  EXPECT_TRUE(added);
  EXPECT_EQ(Lines(entries.at("e/e.csv")), 11u);
}

TEST_F(ZipTest, TheDataPackageDescribesTheTables) {
  model::Dataset dataset = SeqDataset("d");
  dataset.mode = model::DatasetMode::kKeyed;
  const auto field = [&](const std::string& id, model::FieldType type, auto... option) {
    model::Field added;
    added.id = added.name = id;
    added.label = "Label of " + id;
    added.type = type;
    for (const char* name : std::initializer_list<const char*>{option...}) {
      added.options.push_back({name, std::to_string(added.options.size() + 1), std::string("Option ") + name});
    }
    dataset.fields.push_back(added);
  };
  field("age", model::FieldType::kInteger);
  dataset.fields.back().min = 18;
  dataset.fields.back().max = 99.5;
  dataset.fields.back().required = true;
  field("weight", model::FieldType::kDouble);
  dataset.fields.back().unit = "kg";
  field("mood", model::FieldType::kEnum, "good", "bad");
  field("tools", model::FieldType::kSet, "pen", "ink");
  field("when", model::FieldType::kDatetime);
  field("raw", model::FieldType::kJson);
  fake_.Add(dataset);
  fake_.Add("d", FakeRow{});
  auto options = Options("zip");
  options.columns = "id,participant,time,seq,age,weight,mood,tools,when,raw";
  options.sets = SetStyle::kBoth;
  options.missing = {"", "-99"};
  const auto entries = Export(options);
  const std::string& package = entries.at("datapackage.json");
  EXPECT_EQ(TextAt(package, "/resources/0/path"), "d/d.csv");
  EXPECT_EQ(TextAt(package, "/resources/0/hash"), "sha256:" + Sha256Hex(entries.at("d/d.csv")));
  EXPECT_EQ(TextAt(package, "/resources/0/type"), "table");
  EXPECT_EQ(TextAt(package, "/resources/0/mediatype"), "text/csv");
  EXPECT_EQ(TextAt(package, "/resources/0/schema/primaryKey/0"), "id");
  EXPECT_EQ(TextAt(package, "/resources/0/schema/missingValues/1/value"), "-99");
  EXPECT_EQ(TextAt(package, "/resources/0/schema/missingValues/1/label"), "skipped");
  std::string names;
  std::map<std::string, boost::json::value> fields;
  const boost::json::value all_fields = At(package, "/resources/0/schema/fields");
  for (const auto& described : all_fields.as_array()) {
    const std::string name(described.at("name").as_string());
    names += (names.empty() ? "" : ",") + name;
    fields[name] = described;
  }
  const std::string& csv = entries.at("d/d.csv");
  EXPECT_EQ(csv.substr(0, csv.find("\r\n")), names) << "the same columns in the same order";
  const auto type = [&](const std::string& name) { return std::string(fields.at(name).at("type").as_string()); };
  EXPECT_EQ(type("age"), "integer");
  EXPECT_EQ(fields.at("age").at("constraints").at("minimum").to_number<int>(), 18);
  EXPECT_EQ(fields.at("age").at("constraints").at("maximum").to_number<double>(), 99.5);
  EXPECT_EQ(fields.at("age").at("title").as_string(), "Label of age");
  EXPECT_EQ(type("weight"), "number");
  EXPECT_EQ(fields.at("weight").at("unit").as_string(), "kg");
  EXPECT_EQ(type("mood"), "string");
  EXPECT_EQ(fields.at("mood").at("categories").at(1).at("value").as_string(), "2");
  EXPECT_EQ(fields.at("mood").at("categories").at(1).at("label").as_string(), "Option bad");
  EXPECT_EQ(type("tools"), "list");
  EXPECT_EQ(type("tools/pen"), "integer");
  EXPECT_EQ(type("when"), "datetime");
  EXPECT_EQ(type("raw"), "any");
  EXPECT_TRUE(fields.at("participant").at("constraints").at("required").as_bool());
  EXPECT_TRUE(fields.at("seq").at("constraints").at("required").as_bool());
}

TEST_F(ZipTest, AStudyWithoutDatasets) { EXPECT_EQ(Export(Options("zip", {})).size(), 3u); }

TEST_F(ZipTest, CancelDuringThePassOverPeople) {
  FillStudy(fake_, "d", 100'000);
  std::atomic<int> batches{0};
  std::atomic<bool> open{false};
  fake_.before_batch = [&] {
    ++batches;
    while (batches >= 3 && !open) std::this_thread::yield();
  };
  StartRunner();
  auto options = Options("zip");
  options.layout = ZipLayout::kParticipant;
  const auto job = Submit(options);
  while (batches < 3) std::this_thread::yield();
  ASSERT_TRUE(runner_->CancelOrRemove(job.id));
  open = true;
  runner_->Stop(60);
  EXPECT_LT(batches, 10);
  EXPECT_THAT(AllBlobs(), testing::IsEmpty());
}

}  // namespace
}  // namespace sheaf::exporting
