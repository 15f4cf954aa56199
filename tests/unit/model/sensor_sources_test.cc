#include "model/sensor_sources.h"

#include <gtest/gtest.h>

namespace sheaf::model {
namespace {

TEST(SensorSources, DefaultsAreSoundAndReadBack) {
  const auto sources = SensorSources::Parse(SensorSources::DefaultJson());
  ASSERT_TRUE(sources) << sources.error().detail << " at " << sources.error().place;
  EXPECT_EQ(sources->All().size(), 19u);
  ASSERT_NE(sources->Find("gps"), nullptr);
  EXPECT_EQ(sources->Find("gps")->number, 10);
  EXPECT_EQ(sources->Find(99)->definition.id, "accelerometer");
  EXPECT_EQ(sources->Find(98), nullptr);
  EXPECT_EQ(sources->Find("nose"), nullptr);
  const auto again = SensorSources::Parse(sources->Json());
  ASSERT_TRUE(again) << again.error().detail << " at " << again.error().place;
  EXPECT_EQ(again->Json(), sources->Json());
}

TEST(SensorSources, MakeDatasets) {
  const auto sources = SensorSources::Parse(SensorSources::DefaultJson());
  const Dataset dataset = DatasetFrom(*sources->Find(10), "phone-gps");
  EXPECT_EQ(dataset.id, "phone-gps");
  EXPECT_EQ(dataset.kind, DatasetKind::kSensor);
  EXPECT_EQ(dataset.mode, DatasetMode::kAppend);
  EXPECT_EQ(dataset.fields.front().id, kDeviceField);
  EXPECT_TRUE(dataset.fields.front().system);
  EXPECT_EQ(dataset.fields[3].id, "lat");
  EXPECT_EQ(dataset.fields[3].unit, "deg");
  EXPECT_EQ(DataSourceOf(dataset), 10);
  Dataset other = dataset;
  other.attributes = R"({"data_source":"ten"})";
  EXPECT_EQ(DataSourceOf(other), std::nullopt);
}

struct BadRegistry {
  const char* json;
  const char* place;
};
void PrintTo(const BadRegistry& bad, std::ostream* out) { *out << bad.json; }
class BadRegistries : public testing::TestWithParam<BadRegistry> {};

TEST_P(BadRegistries, AreNamed) {
  const auto sources = SensorSources::Parse(GetParam().json);
  ASSERT_FALSE(sources);
  EXPECT_EQ(sources.error().place, GetParam().place) << sources.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadRegistries,
    testing::Values(BadRegistry{"", "byte 0"}, BadRegistry{"[]", ""}, BadRegistry{"{}", "/sources"},
                    BadRegistry{R"({"sources":{}})", "/sources"}, BadRegistry{R"({"sources":[1]})", "/sources/0"},
                    BadRegistry{R"({"sources":[{"name":"a","fields":[]}]})", "/sources/0/id"},
                    BadRegistry{R"({"sources":[{"id":0,"name":"a","fields":[]}]})", "/sources/0/id"},
                    BadRegistry{R"({"sources":[{"id":1.5,"name":"a","fields":[]}]})", "/sources/0/id"},
                    BadRegistry{R"({"sources":[{"id":1,"name":"a b","fields":[]}]})", "/sources/0/name"},
                    BadRegistry{R"({"sources":[{"id":1,"name":"a"}]})", "/sources/0/fields"},
                    BadRegistry{R"({"sources":[{"id":1,"name":"a","fields":[{"id":"x","type":"double"},{"id":"y","type":"real"}]}]})",
                                "/sources/0/fields/1/type"},
                    BadRegistry{R"({"sources":[{"id":1,"name":"a","fields":[{"id":"device_id","type":"double"}]}]})",
                                "/sources/0/fields/0/id"},
                    BadRegistry{R"({"sources":[{"id":1,"name":"a","fields":[]},{"id":1,"name":"b","fields":[]}]})", "/sources/1/id"},
                    BadRegistry{R"({"sources":[{"id":1,"name":"a","fields":[]},{"id":2,"name":"a","fields":[]}]})", "/sources/1/name"},
                    BadRegistry{R"({"sources":[{"id":1,"alias_of":2}]})", "/sources"},
                    BadRegistry{R"({"sources":[{"id":1,"alias_of":2,"name":"a"}]})", "/sources/0/name"},
                    BadRegistry{R"({"sources":[{"id":1,"name":"a","fields":[],"colour":1}]})", "/sources/0/colour"}));

}  // namespace
}  // namespace sheaf::model
