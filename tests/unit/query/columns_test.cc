#include <gtest/gtest.h>

#include <string>

#include "example_dataset.h"
#include "query/filter.h"

namespace sheaf::query {
namespace {

using model::ColumnKind;

std::string ShowSort(std::string_view text) {
  const auto keys = ParseSort(text, ExampleDataset());
  if (!keys) return std::string(Describe(keys.error().code).slug) + "@" + keys.error().place;
  std::string shown;
  for (const auto& key : *keys) shown += (key.descending ? "-" : "+") + ColumnName(key.column, ExampleDataset()) + " ";
  return shown;
}

TEST(ParseSort, ReadsNamesAndDirections) {
  EXPECT_EQ(ShowSort(""), "");
  EXPECT_EQ(ShowSort("count"), "+count ");
  EXPECT_EQ(ShowSort("-time,+text,weight"), "-time +text +weight ");
  EXPECT_EQ(ShowSort(" count , -mood"), "+count -mood ") << "a plus in an address may arrive as a space";
  EXPECT_EQ(ShowSort("participant,-session,session.start"), "+participant.id -session.id +session.start ");
  EXPECT_EQ(ShowSort("seq,-record.seq"), "+seq -record.seq ");
  EXPECT_EQ(ShowSort("participant.age"), "+participant.age ");
  EXPECT_EQ(ParseSort("-record.seq", ExampleDataset())->front().column.kind, ColumnKind::kSeq);
}

TEST(ParseSort, RefusesTheRest) {
  for (const char* text : {",", "count,", ",count", "count,,text", " "}) EXPECT_EQ(ShowSort(text), "bad-parameter@sort") << text;
  for (const char* text : {"-", "+", "nope", "--count", "count desc", "record.count", "COUNT"}) {
    EXPECT_EQ(ShowSort(text), "unknown-field@sort") << text;
  }
  for (const char* text : {"hobbies", "-extra", "metadata", "skipped", "record.metadata"}) {
    EXPECT_EQ(ShowSort(text), "bad-parameter@sort") << text;
  }
  for (const char* text : {"count,-count", "participant,participant.id", "time,record.time"}) {
    EXPECT_EQ(ShowSort(text), "bad-parameter@sort") << text;
  }
  std::string many;
  for (int i = 0; i < 40; ++i) many += (i == 0 ? "" : ",") + ("participant.a" + std::to_string(i));
  EXPECT_EQ(ShowSort(many), "bad-parameter@sort");
}

std::string ShowColumns(std::string_view text) {
  const auto columns = ParseColumns(text, ExampleDataset());
  if (!columns) return std::string(Describe(columns.error().code).slug) + "@" + columns.error().place;
  std::string shown;
  for (const auto& column : *columns) shown += ColumnName(column, ExampleDataset()) + " ";
  return shown;
}

TEST(ParseColumns, ReadsFieldsAndRecordColumns) {
  EXPECT_EQ(ShowColumns(""), "");
  EXPECT_EQ(ShowColumns("mood,time,hobbies"), "mood time hobbies ");
  const std::string all = "id,participant,session,time,time_offset,onset_ms,record.seq,received_at,updated_at,skipped,metadata";
  EXPECT_EQ(ShowColumns(all), "id participant session time time_offset onset_ms record.seq received_at updated_at skipped metadata ");
  EXPECT_EQ(ParseColumns("participant", ExampleDataset())->front().kind, ColumnKind::kParticipant);
  EXPECT_EQ(ParseColumns("seq", ExampleDataset())->front().field, 9) << "a field hides the record's own column";
  EXPECT_EQ(ShowColumns(" mood , time "), "mood time ");
  const std::string of_people = "participant.code participant.age:number participant.age session.start session.room study metadata.mood ";
  EXPECT_EQ(ShowColumns("participant.code,participant.age:number,participant.age,session.start,session.room,study,metadata.mood"),
            of_people);
  EXPECT_EQ(ShowColumns("participant.id,session.id"), "participant session ") << "ids have columns of their own";
  EXPECT_EQ(ParseColumns("participant.joined:datetime", ExampleDataset())->front().cast, model::FieldType::kDatetime);
}

TEST(ParseColumns, RefusesTheRest) {
  for (const char* text : {"nope", "record.mood", "*", "metadata.nope", "metadata.", "participant."}) {
    EXPECT_EQ(ShowColumns(text), "unknown-field@columns") << text;
  }
  for (const char* text : {"mood,", "mood,,time", "mood,mood", "time,record.time", "participant,participant",
                           "participant.age,participant.age", "study,study"}) {
    EXPECT_EQ(ShowColumns(text), "bad-parameter@columns") << text;
  }
}

TEST(ColumnName, IsReadBack) {
  const model::Dataset& dataset = ExampleDataset();
  std::vector<model::Column> columns;
  for (std::int32_t field = 0; field < 10; ++field) columns.push_back({ColumnKind::kField, field, {}});
  for (int kind = 0; kind < static_cast<int>(ColumnKind::kField); ++kind) columns.push_back({static_cast<ColumnKind>(kind), -1, {}});
  std::string text;
  for (const auto& column : columns) text += (text.empty() ? "" : ",") + ColumnName(column, dataset);
  const auto parsed = ParseColumns(text, dataset);
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(*parsed, columns);
}

}  // namespace
}  // namespace sheaf::query
