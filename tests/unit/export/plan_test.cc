#include "export/plan.h"

#include <gtest/gtest.h>

#include "encode_all.h"
#include "fake_vault.h"

namespace sheaf::exporting {
namespace {

using model::ColumnKind;

class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    model::Dataset dataset;
    dataset.id = "mood";
    dataset.fields = {Field("score", model::FieldType::kInteger, 0), Field("ticks", model::FieldType::kSet, 3)};
    study_.Add(dataset);
    for (int i = 0; i < 10; ++i) study_.Add("mood", FakeRow{.participant = "P" + std::to_string(i), .time = i * Micros{1'000'000}});
  }

  static model::Field Field(std::string id, model::FieldType type, int options) {
    model::Field field;
    field.id = field.name = id;
    field.label = "Label of " + id;
    field.type = type;
    for (int option = 0; option < options; ++option) {
      const std::string number = std::to_string(option);
      field.options.push_back({"o" + number, "c" + number, "l" + number});
    }
    return field;
  }
  std::string ErrorOf(const ExportOptions& options, std::string_view dataset = "mood", vault::Seq upto = 0) {
    const auto plan = MakePlan(study_, options, dataset, upto);
    return plan ? "none" : std::string(Describe(plan.error().code).slug) + " at " + plan.error().place;
  }
  std::string Names(const Plan& plan) {
    std::string names;
    for (const OutputColumn& column : plan.output) names += (names.empty() ? "" : " ") + column.title;
    return names;
  }

  FakeStudy study_;
};

TEST_F(PlanTest, DefaultColumnsOfCsv) {
  const auto plan = MakePlan(study_, {}, "mood");
  ASSERT_TRUE(plan);
  EXPECT_EQ(Names(*plan), "participant session time onset_ms score ticks");
  EXPECT_EQ(plan->select.columns.size(), 7u);
  EXPECT_EQ(plan->skipped_source, 6u);
  EXPECT_EQ(plan->select.columns[6].kind, ColumnKind::kSkipped);
  EXPECT_EQ(plan->select.dataset, "mood");
  EXPECT_EQ(plan->select.upto, 10);
  EXPECT_EQ(plan->select.after, 0);
  EXPECT_FALSE(plan->select.where);
  EXPECT_TRUE(plan->select.order.empty());
  EXPECT_EQ(plan->cursor, CursorText(10));
}

TEST_F(PlanTest, DefaultColumnsOfJsonAreTheWholeRecord) {
  const auto plan = MakePlan(study_, OptionsOf("format=ndjson"), "mood");
  ASSERT_TRUE(plan);
  EXPECT_EQ(Names(*plan), "id participant session time time_offset onset_ms score ticks skipped metadata seq updated_at received_at");
  EXPECT_EQ(plan->select.columns.size(), 13u);
  EXPECT_EQ(plan->select.columns[plan->skipped_source].kind, ColumnKind::kSkipped);
}

TEST_F(PlanTest, ChosenColumnsSplitSetsAndLabels) {
  const auto plan = MakePlan(study_, OptionsOf("columns=ticks,skipped,time&sets=both&header=labels"), "mood");
  ASSERT_TRUE(plan);
  EXPECT_EQ(Names(*plan), "Label of ticks Label of ticks/l0 Label of ticks/l1 Label of ticks/l2 skipped time");
  EXPECT_EQ(plan->output[3].name, "ticks/o2");
  EXPECT_EQ(plan->output[3].option, 2);
  EXPECT_EQ(plan->output[3].source, 0u);
  EXPECT_EQ(plan->output[0].option, -1);
  EXPECT_EQ(plan->select.columns.size(), 3u);
  EXPECT_EQ(plan->skipped_source, 1u);
}

TEST_F(PlanTest, TimesAndPeopleBecomeConditions) {
  const auto plan = MakePlan(
      study_, OptionsOf("since=1970-01-01T00:00:02Z&until=1970-01-01T00:00:05Z&participant=P3&participant=P4&participant=P9"), "mood");
  ASSERT_TRUE(plan);
  EXPECT_EQ(*study_.Count(plan->select), 2u);
  EXPECT_EQ(plan->select.after, 0);
  const auto one = MakePlan(study_, OptionsOf("session=none"), "mood");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->select.where->op, model::Operator::kIn);
  EXPECT_EQ(one->select.where->column.kind, ColumnKind::kSessionId);
  EXPECT_EQ(*study_.Count(one->select), 0u);
}

TEST_F(PlanTest, CursorsBecomeAWindowOfSeq) {
  ExportOptions options;
  options.since = CursorText(3);
  options.until = CursorText(7);
  const auto plan = MakePlan(study_, options, "mood");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->select.after, 3);
  EXPECT_EQ(plan->select.upto, 7);
  EXPECT_EQ(plan->cursor, options.until);
  EXPECT_EQ(*study_.Count(plan->select), 4u);
  options.until.clear();
  EXPECT_EQ(MakePlan(study_, options, "mood", 5)->select.upto, 5);
  EXPECT_EQ(MakePlan(study_, options, "mood")->select.upto, 10);
  options.since = CursorText(10);
  EXPECT_EQ(*study_.Count(MakePlan(study_, options, "mood")->select), 0u);
}

TEST_F(PlanTest, RefusesCursorsOfAnotherStudy) {
  ExportOptions options;
  options.since = CursorText(11);
  EXPECT_EQ(ErrorOf(options), "bad-cursor at since");
  options.since.clear();
  options.until = CursorText(11);
  EXPECT_EQ(ErrorOf(options), "bad-cursor at until");
  options.until = CursorText(4);
  options.since = CursorText(5);
  EXPECT_EQ(ErrorOf(options), "bad-parameter at until");
  EXPECT_EQ(ErrorOf({}, "mood", 11), "bad-cursor at cursor");
}

TEST_F(PlanTest, PassesOnWhatTheQuerySays) {
  EXPECT_EQ(ErrorOf({}, "nothing"), "not-found at ");
  EXPECT_EQ(ErrorOf(OptionsOf("columns=score,nothing")), "unknown-field at columns");
  EXPECT_EQ(ErrorOf(OptionsOf("sort=nothing")), "unknown-field at sort");
  EXPECT_EQ(ErrorOf(OptionsOf("filter={\"field\":\"nothing\",\"op\":\"is_null\"}")), "unknown-field at /filter/field");
  EXPECT_EQ(ErrorOf(OptionsOf("format=json&sets=split")), "bad-parameter at sets");
  ExportOptions built;
  built.timezone = "Nowhere";
  EXPECT_EQ(ErrorOf(built), "bad-parameter at timezone");
}

TEST_F(PlanTest, FilterAndWindowGoTogether) {
  const auto plan =
      MakePlan(study_, OptionsOf("filter={\"field\":\"seq\",\"op\":\">\",\"value\":5}&participant=P5&participant=P1"), "mood");
  ASSERT_TRUE(plan);
  EXPECT_EQ(*study_.Count(plan->select), 1u);
}

TEST_F(PlanTest, RefusesMoreColumnsThanAFileCanHave) {
  model::Dataset wide;
  wide.id = "wide";
  for (int field = 0; field < 11; ++field) wide.fields.push_back(Field("f" + std::to_string(field), model::FieldType::kSet, 10000));
  study_.Add(wide);
  EXPECT_EQ(ErrorOf(OptionsOf("sets=split"), "wide"), "bad-parameter at sets");
  EXPECT_EQ(ErrorOf(OptionsOf("sets=split&columns=f1,f2"), "wide"), "none");
  EXPECT_EQ(ErrorOf({}, "wide"), "none");
}

TEST_F(PlanTest, TombstonesOfTheWindow) {
  study_.Delete("mood", 2);
  study_.Delete("mood", 9);
  ExportOptions options = OptionsOf("format=ndjson&tombstones=true");
  options.since = CursorText(11);
  const auto plan = MakePlan(study_, options, "mood");
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->tombstones.size(), 1u);
  EXPECT_EQ(plan->tombstones[0].record_seq, 9);
}

TEST_F(PlanTest, AnEmptyStudyExportsNothing) {
  FakeStudy empty;
  model::Dataset dataset;
  dataset.id = "mood";
  empty.Add(dataset);
  const auto plan = MakePlan(empty, {}, "mood");
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->select.upto, 0);
  EXPECT_EQ(ParseCursor(plan->cursor), 0);
  EXPECT_EQ(EncodeAll(empty, {}, "mood"), "participant,session,time,onset_ms\r\n");
}

}  // namespace
}  // namespace sheaf::exporting
