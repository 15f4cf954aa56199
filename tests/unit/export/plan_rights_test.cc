#include <gtest/gtest.h>

#include "export/jobs.h"
#include "export/plan.h"
#include "export/rows.h"
#include "fake_vault.h"

namespace sheaf::exporting {
namespace {

class PlanRightsTest : public testing::Test {
 protected:
  PlanRightsTest() {
    model::Dataset dataset;
    dataset.id = "mood";
    model::Field name, score;
    name.id = name.name = name.label = "name";
    name.privacy = model::PrivacyClass::kDirect;
    score.id = score.name = score.label = "score";
    score.type = model::FieldType::kInteger;
    score.privacy = model::PrivacyClass::kQuasi;
    dataset.fields = {name, score};
    study_.Add(dataset);
    for (int i = 0; i < 6; ++i) {
      study_.Add("mood", FakeRow{.participant = "P" + std::to_string(i % 3),
                                 .time = i * Micros{1'000'000},
                                 .values = {{0, std::string("Somebody")}, {1, std::int64_t{i % 3 == 2 ? 50 : 10 + i}}}});
    }
    viewer_.code_key = [] { return Result<privacy::CodeKey>(privacy::CodeKey{7}); };
  }
  std::string ErrorOf(const ExportOptions& options) {
    const auto plan = MakePlan(study_, options, "mood", 0, viewer_);
    return plan ? "none" : std::string(Describe(plan.error().code).slug);
  }

  FakeStudy study_;
  Viewer viewer_;
};

TEST_F(PlanRightsTest, WithoutIdentifiersKeepIsRemove) {
  viewer_.rights.identifiers = false;
  const auto plan = MakePlan(study_, {}, "mood", 0, viewer_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->options.privacy.identifiers, privacy::IdentifierMode::kRemove);
  EXPECT_EQ(plan->people->ParticipantId(*study_.ParticipantNumber("P1")).substr(0, 2), "P-");
  EXPECT_TRUE(plan->select.masked);
  for (const auto& column : plan->output) EXPECT_NE(column.name, "name");
  ExportOptions options;
  options.columns = "name";
  EXPECT_EQ(ErrorOf(options), "identifier-removed");
}

TEST_F(PlanRightsTest, NoKeyNoExport) {
  viewer_.rights.identifiers = false;
  viewer_.code_key = {};
  EXPECT_EQ(ErrorOf({}), "internal");
}

TEST_F(PlanRightsTest, DatasetsThatMayNotBeSeenAreNotThere) {
  viewer_.rights.datasets = {"other"};
  EXPECT_EQ(ErrorOf({}), "not-found");
}

TEST_F(PlanRightsTest, ParticipantsSeeTheirOwn) {
  viewer_.rights.own_participant = "P1";
  auto plan = MakePlan(study_, {}, "mood", 0, viewer_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->people->ParticipantId(*study_.ParticipantNumber("P1")), "P1");
  EXPECT_EQ(plan->people->ParticipantId(*study_.ParticipantNumber("P2")).substr(0, 2), "P-");
  EXPECT_EQ(CountRows(study_, *plan).value(), 2u);
}

TEST_F(PlanRightsTest, SitesAreACondition) {
  viewer_.rights.sites = {"north"};
  viewer_.settings.site_attribute = "clinic";
  const auto plan = MakePlan(study_, {}, "mood", 0, viewer_);
  ASSERT_TRUE(plan && plan->select.where);
  const model::Predicate* leaf = &*plan->select.where;
  while (!leaf->children.empty()) leaf = &leaf->children.front();
  EXPECT_EQ(leaf->column.kind, model::ColumnKind::kParticipantAttribute);
  EXPECT_EQ(leaf->column.attribute, "clinic");
  EXPECT_EQ(std::get<std::string>(leaf->values.front()), "north");
}

TEST_F(PlanRightsTest, AnExportAsKeptIsReadAsKept) {
  const auto plan = MakePlan(study_, {}, "mood", 0, viewer_);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->rewriter, nullptr);
  EXPECT_FALSE(plan->select.masked);
  EXPECT_EQ(plan->people->ParticipantId(*study_.ParticipantNumber("P1")), "P1");
}

TEST_F(PlanRightsTest, SmallClassesAreLeftOut) {
  ExportOptions options;
  options.privacy.require_k = 2;
  options.privacy.generalise = R"({"score":{"band":20}})";
  auto plan = MakePlan(study_, options, "mood", 0, viewer_);
  ASSERT_TRUE(plan);
  const auto refused = PreparePlan(study_, *plan);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kRiskTooHigh);
  options.privacy.on_risk = privacy::RiskAction::kSuppress;
  plan = MakePlan(study_, options, "mood", 0, viewer_);
  ASSERT_TRUE(plan && PreparePlan(study_, *plan));
  EXPECT_EQ(CountRows(study_, *plan).value(), 4u);
  const auto cursor = ReadRows(study_, *plan, plan->select);
  ASSERT_TRUE(cursor);
  std::size_t rows = 0;
  while (true) {
    const auto batch = (*cursor)->Next();
    ASSERT_TRUE(batch);
    if (*batch == nullptr) break;
    rows += (*batch)->rows;
  }
  EXPECT_EQ(rows, 4u);
}

TEST(MaySeeJobTest, ShowsNoMoreThanMayBeSeen) {
  catalog::ExportJob keep, removed, of_site;
  keep.request = R"({"format":"csv","datasets":["a"]})";
  removed.request = R"({"format":"csv","datasets":["a"],"identifiers":"remove"})";
  of_site = keep;
  of_site.rights = R"({"sites":["north"]})";
  model::ViewRights no_identifiers, north, south, only_a, only_b;
  no_identifiers.identifiers = false;
  north.sites = {"north"};
  south.sites = {"south"};
  only_a.datasets = {"a"};
  only_b.datasets = {"b"};
  EXPECT_TRUE(MaySeeJob(keep, {}) && MaySeeJob(of_site, {}) && MaySeeJob(removed, no_identifiers));
  EXPECT_FALSE(MaySeeJob(keep, no_identifiers));
  EXPECT_FALSE(MaySeeJob(keep, north) || MaySeeJob(of_site, south));
  EXPECT_TRUE(MaySeeJob(of_site, north));
  EXPECT_TRUE(MaySeeJob(keep, only_a));
  EXPECT_FALSE(MaySeeJob(keep, only_b));
  keep.rights = "damaged";
  EXPECT_FALSE(MaySeeJob(keep, only_a));
}

}  // namespace
}  // namespace sheaf::exporting
