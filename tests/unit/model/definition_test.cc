#include "model/definition.h"

#include <gtest/gtest.h>

#include "model/column.h"
#include "model/definition_json.h"
#include "model/study.h"

namespace sheaf::model {
namespace {

TEST(Words, GoBothWays) {
  for (const char* word : {"string", "integer", "double", "boolean", "datetime", "identifier", "enum", "set", "json"}) {
    ASSERT_TRUE(FieldTypeFrom(word)) << word;
    EXPECT_EQ(Name(*FieldTypeFrom(word)), word);
  }
  for (const char* word : {"plain", "sensitive", "quasi", "direct"}) {
    ASSERT_TRUE(PrivacyClassFrom(word)) << word;
    EXPECT_EQ(Name(*PrivacyClassFrom(word)), word);
  }
  for (const char* word : {"events", "recordings", "chat", "continuous_ratings", "sparse_ratings", "sync_metrics", "components", "survey",
                           "sensor", "donation", "profile", "custom"}) {
    ASSERT_TRUE(DatasetKindFrom(word)) << word;
    EXPECT_EQ(Name(*DatasetKindFrom(word)), word);
  }
  for (const char* word : {"append", "keyed"}) {
    ASSERT_TRUE(DatasetModeFrom(word)) << word;
    EXPECT_EQ(Name(*DatasetModeFrom(word)), word);
  }
  for (const char* word : {"active", "completed", "archived"}) {
    ASSERT_TRUE(StudyStatusFrom(word)) << word;
    EXPECT_EQ(Name(*StudyStatusFrom(word)), word);
  }
  for (const char* word : {"", "String", "text", "int", "keyed "}) {
    EXPECT_FALSE(FieldTypeFrom(word)) << word;
    EXPECT_FALSE(PrivacyClassFrom(word)) << word;
    EXPECT_FALSE(DatasetKindFrom(word)) << word;
    EXPECT_FALSE(DatasetModeFrom(word)) << word;
    EXPECT_FALSE(StudyStatusFrom(word)) << word;
  }
}

TEST(OptionNumber, PrefersIdsToCodes) {
  Field field;
  field.options = {{"never", "1", "Never"}, {"often", "2", "Often"}, {"3", "3", "Three"}};
  EXPECT_EQ(field.OptionNumber("never"), 0);
  EXPECT_EQ(field.OptionNumber("2"), 1);
  EXPECT_EQ(field.OptionNumber("3"), 2);
  EXPECT_EQ(field.OptionNumber("Never"), -1) << "labels are no words of the API";
  EXPECT_EQ(field.OptionNumber(""), -1);
}

TEST(CellTypes, FollowTheType) {
  const Dataset dataset = ParseDataset(R"({"fields":[{"id":"s","type":"string"},{"id":"i","type":"integer"},
    {"id":"d","type":"double"},{"id":"b","type":"boolean"},{"id":"t","type":"datetime"},{"id":"n","type":"identifier"},
    {"id":"e","type":"enum"},{"id":"m","type":"set"},{"id":"j","type":"json"}]})",
                                       "all")
                              .value();
  const CellType wanted[] = {CellType::kString, CellType::kInt64, CellType::kDouble,    CellType::kBool,  CellType::kInt64,
                             CellType::kString, CellType::kInt32, CellType::kInt32List, CellType::kString};
  for (std::int32_t field = 0; field < 9; ++field) {
    EXPECT_EQ(CellTypeOf(Column{ColumnKind::kField, field, {}}, dataset), wanted[field]) << field;
  }
  EXPECT_EQ(CellTypeOf(Column{ColumnKind::kTime, -1, {}}, dataset), CellType::kInt64);
  EXPECT_EQ(CellTypeOf(Column{ColumnKind::kTimeOffset, -1, {}}, dataset), CellType::kInt16);
  EXPECT_EQ(CellTypeOf(Column{ColumnKind::kOnset, -1, {}}, dataset), CellType::kDouble);
  EXPECT_EQ(CellTypeOf(Column{ColumnKind::kParticipant, -1, {}}, dataset), CellType::kInt32);
  EXPECT_EQ(CellTypeOf(Column{ColumnKind::kParticipantId, -1, {}}, dataset), CellType::kString);
}

TEST(StringCell, ShortAndLong) {
  StringCell cell{};
  cell.inlined.length = 3;
  std::copy_n("abc", 3, cell.inlined.text);
  EXPECT_EQ(cell.View(), "abc");
  const std::string text = "thirteen char";
  cell.pointer.length = 13;
  cell.pointer.data = text.data();
  EXPECT_EQ(cell.View(), text);
}

}  // namespace
}  // namespace sheaf::model
