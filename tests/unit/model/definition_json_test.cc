#include "model/definition_json.h"

#include <gtest/gtest.h>

#include <string>

namespace sheaf::model {
namespace {

constexpr const char* kSurvey = R"({
  "id": "wave1", "kind": "survey", "name": "First wave", "version": 7,
  "published": false, "attributes": {"site": [1, 2.5, null, {"a": true}]},
  "groups": [{"id": "well-being", "label": "Well-being", "required": true}, {"id": "rest"}],
  "fields": [
    {"id": "mood", "type": "enum", "label": "How do you feel? \"Now\"", "group": "well-being", "required": true,
     "question": "single_choice", "attributes": {"page": 3, "logic": {}},
     "options": [{"id": "bad", "code": "1", "label": "Bad", "hidden": true}, {"id": "good", "code": "2"}, {"id": "3"}]},
    {"id": "age", "type": "integer", "unit": "years", "min": 0, "max": 120, "privacy": "quasi"},
    {"id": "temperature", "type": "double", "min": -0.1, "max": 1e300},
    {"id": "hobbies", "type": "set", "options": [{"id": "sport"}, {"id": "other"}], "visibility": "hidden"},
    {"id": "email", "name": "E-mail", "type": "string", "privacy": "direct", "system": true}
  ]})";

Dataset Parsed(std::string_view json, std::string_view id = "wave1") {
  auto dataset = ParseDataset(json, id);
  EXPECT_TRUE(dataset) << dataset.error().detail << " at " << dataset.error().place;
  return dataset ? *dataset : Dataset{};
}

TEST(ParseDataset, ReadsAllMembersAndFillsDefaults) {
  const Dataset dataset = Parsed(kSurvey);
  EXPECT_EQ(dataset.id, "wave1");
  EXPECT_EQ(dataset.kind, DatasetKind::kSurvey);
  EXPECT_EQ(dataset.mode, DatasetMode::kKeyed);
  EXPECT_EQ(dataset.version, 1) << "the version is the server's";
  ASSERT_EQ(dataset.fields.size(), 5u);
  const Field& mood = dataset.fields[0];
  EXPECT_EQ(mood.name, "mood");
  EXPECT_EQ(mood.label, "How do you feel? \"Now\"");
  EXPECT_TRUE(mood.required);
  EXPECT_EQ(mood.group, "well-being");
  ASSERT_EQ(mood.options.size(), 3u);
  EXPECT_FALSE(dataset.published);
  EXPECT_EQ(dataset.attributes, R"({"site":[1,2.5,null,{"a":true}]})");
  ASSERT_EQ(dataset.groups.size(), 2u);
  EXPECT_TRUE(dataset.groups[0].required);
  ASSERT_NE(dataset.FindGroup("rest"), nullptr);
  EXPECT_EQ(dataset.FindGroup("rest")->label, "rest");
  EXPECT_EQ(dataset.FindGroup("elsewhere"), nullptr);
  EXPECT_EQ(mood.question, "single_choice");
  EXPECT_EQ(mood.attributes, R"({"page":3,"logic":{}})");
  EXPECT_TRUE(mood.options[0].hidden);
  EXPECT_FALSE(mood.options[1].hidden);
  EXPECT_EQ(mood.options[1].code, "2");
  EXPECT_EQ(mood.options[1].label, "good");
  EXPECT_EQ(mood.options[2].code, "3");
  const Field& age = dataset.fields[1];
  EXPECT_EQ(age.min, 0.0);
  EXPECT_EQ(age.max, 120.0);
  EXPECT_EQ(age.unit, "years");
  EXPECT_EQ(age.privacy, PrivacyClass::kQuasi);
  EXPECT_EQ(dataset.fields[2].min, -0.1);
  EXPECT_EQ(dataset.fields[2].max, 1e300);
  EXPECT_EQ(dataset.fields[3].visibility, "hidden");
  EXPECT_EQ(dataset.fields[4].label, "E-mail") << "the label defaults to the name";
  EXPECT_TRUE(dataset.fields[4].system);
}

TEST(ParseDataset, ModeFollowsKind) {
  for (const auto& [kind, mode] : {std::pair{"survey", "keyed"},
                                   {"profile", "keyed"},
                                   {"donation", "keyed"},
                                   {"events", "append"},
                                   {"sensor", "append"},
                                   {"custom", "append"}}) {
    const Dataset dataset = Parsed("{\"kind\":\"" + std::string(kind) + "\"}", "d");
    EXPECT_EQ(Name(dataset.mode), mode) << kind;
  }
  EXPECT_EQ(Parsed(R"({"kind":"survey","mode":"append"})", "d").mode, DatasetMode::kAppend);
  const Dataset smallest = Parsed("{}", "d");
  EXPECT_EQ(smallest.kind, DatasetKind::kCustom);
  EXPECT_EQ(smallest.name, "d");
}

TEST(DatasetJson, IsReadBackUnchanged) {
  Dataset dataset = Parsed(kSurvey);
  dataset.version = 3;
  const std::string json = DatasetJson(dataset);
  Dataset again = Parsed(json);
  again.version = 3;
  EXPECT_EQ(DatasetJson(again), json);
  EXPECT_NE(json.find(R"("version":3)"), std::string::npos);
  EXPECT_NE(json.find(R"("min":-0.1)"), std::string::npos);
  EXPECT_NE(json.find(R"("min":0,"max":120)"), std::string::npos);
}

TEST(DatasetJson, SurvivesStrangeTexts) {
  Dataset dataset = Parsed(
      "{\"fields\":[{\"id\":\"a\",\"type\":\"string\",\"label\":"
      "\"\\u0001\\n\\t\\\"\\\\/ é 日本 \\ud83d\\ude00 \\u2028\"}]}");
  EXPECT_EQ(dataset.fields[0].label, "\x01\n\t\"\\/ é 日本 \xf0\x9f\x98\x80 \xe2\x80\xa8");
  EXPECT_EQ(Parsed(DatasetJson(dataset)).fields[0].label, dataset.fields[0].label);
}

struct BadDefinition {
  const char* json;
  ErrorCode code;
  const char* place;
};
void PrintTo(const BadDefinition& bad, std::ostream* out) { *out << bad.json; }
class BadDefinitions : public testing::TestWithParam<BadDefinition> {};

TEST_P(BadDefinitions, AreNamed) {
  const auto dataset = ParseDataset(GetParam().json, "wave1");
  ASSERT_FALSE(dataset);
  EXPECT_EQ(Describe(dataset.error().code).slug, Describe(GetParam().code).slug) << dataset.error().detail;
  EXPECT_EQ(dataset.error().place, GetParam().place) << dataset.error().detail;
  EXPECT_FALSE(dataset.error().detail.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Json, BadDefinitions,
    testing::Values(
        BadDefinition{"", ErrorCode::kBadJson, "byte 0"}, BadDefinition{"[]", ErrorCode::kBadMember, ""},
        BadDefinition{"null", ErrorCode::kBadMember, ""}, BadDefinition{"{} {}", ErrorCode::kBadJson, "byte 3"},
        BadDefinition{"{\"a\":}", ErrorCode::kBadJson, "byte 5"}, BadDefinition{"{\"fields\":[", ErrorCode::kBadJson, "byte 11"},
        BadDefinition{"{'id':1}", ErrorCode::kBadJson, "byte 1"}, BadDefinition{"{\"name\":\"\xff\"}", ErrorCode::kBadUtf8, ""},
        BadDefinition{"{\"name\":\"\\ud800\"}", ErrorCode::kBadJson, "byte 15"},
        BadDefinition{"{\"name\":\"a\\u0000b\"}", ErrorCode::kBadMember, "/name"},
        BadDefinition{"{\"name\":\"a\nb\"}", ErrorCode::kBadJson, "byte 10"},
        BadDefinition{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1", ErrorCode::kBadJson, "byte 32"},
        BadDefinition{R"({"published":1})", ErrorCode::kBadMember, "/published"},
        BadDefinition{R"({"attributes":[]})", ErrorCode::kBadMember, "/attributes"},
        BadDefinition{R"({"groups":{}})", ErrorCode::kBadMember, "/groups"},
        BadDefinition{R"({"groups":["a"]})", ErrorCode::kBadMember, "/groups/0"},
        BadDefinition{R"({"groups":[{}]})", ErrorCode::kBadId, "/groups/0/id"},
        BadDefinition{R"({"groups":[{"id":"a"},{"id":"a"}]})", ErrorCode::kBadDefinition, "/groups/1/id"},
        BadDefinition{R"({"groups":[{"id":"a","colour":1}]})", ErrorCode::kUnknownMember, "/groups/0/colour"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string","question":1}]})", ErrorCode::kBadMember, "/fields/0/question"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string","attributes":"x"}]})", ErrorCode::kBadMember, "/fields/0/attributes"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x","hidden":"no"}]}]})", ErrorCode::kBadMember,
                      "/fields/0/options/0/hidden"},
        BadDefinition{"{\"version\":1e999}", ErrorCode::kBadJson, "/version"},
        BadDefinition{"{\"version\":NaN}", ErrorCode::kBadJson, "byte 11"},
        BadDefinition{R"({"name":"a","name":"b"})", ErrorCode::kBadMember, "/name"},
        BadDefinition{R"({"name":"a","na\u006de":"b"})", ErrorCode::kBadMember, "/name"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x"},{"id":"y","id":"z"}]}]})", ErrorCode::kBadMember,
                      "/fields/0/options/1/id"},
        BadDefinition{R"({"id":"wave2"})", ErrorCode::kBadMember, "/id"}, BadDefinition{R"({"id":1})", ErrorCode::kBadMember, "/id"},
        BadDefinition{R"({"kind":"surveys"})", ErrorCode::kBadMember, "/kind"},
        BadDefinition{R"({"mode":true})", ErrorCode::kBadMember, "/mode"},
        BadDefinition{R"({"colour":"red"})", ErrorCode::kUnknownMember, "/colour"},
        BadDefinition{R"({"a/b~c":1})", ErrorCode::kUnknownMember, "/a~1b~0c"},
        BadDefinition{R"({"fields":{}})", ErrorCode::kBadMember, "/fields"},
        BadDefinition{R"({"fields":["a"]})", ErrorCode::kBadMember, "/fields/0"},
        BadDefinition{R"({"fields":[{"type":"string"}]})", ErrorCode::kBadId, "/fields/0/id"},
        BadDefinition{R"({"fields":[{"id":"a b","type":"string"}]})", ErrorCode::kBadId, "/fields/0/id"},
        BadDefinition{R"({"fields":[{"id":"a"}]})", ErrorCode::kBadMember, "/fields/0/type"},
        BadDefinition{R"({"fields":[{"id":"a","type":"text"}]})", ErrorCode::kBadMember, "/fields/0/type"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string","size":3}]})", ErrorCode::kUnknownMember, "/fields/0/size"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string","required":1}]})", ErrorCode::kBadMember, "/fields/0/required"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string","privacy":"secret"}]})", ErrorCode::kBadMember, "/fields/0/privacy"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string","label":null}]})", ErrorCode::kBadMember, "/fields/0/label"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string"},{"id":"a","type":"double"}]})", ErrorCode::kBadDefinition, "/fields/1/id"}));

INSTANTIATE_TEST_SUITE_P(
    Rules, BadDefinitions,
    testing::Values(
        BadDefinition{R"({"fields":[{"id":"a","type":"string","options":[{"id":"x"}]}]})", ErrorCode::kBadDefinition, "/fields/0/options"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x"},{"id":"x"}]}]})", ErrorCode::kBadDefinition,
                      "/fields/0/options/1/id"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x","code":"1"},{"id":"y","code":"1"}]}]})",
                      ErrorCode::kBadDefinition, "/fields/0/options/1/code"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x","code":"y"},{"id":"y","code":"2"}]}]})",
                      ErrorCode::kBadDefinition, "/fields/0/options/1/id"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x"},{"id":"y","code":"x"}]}]})", ErrorCode::kBadDefinition,
                      "/fields/0/options/1/code"},
        BadDefinition{R"({"fields":[{"id":"a","type":"set","options":[{"id":"x;y"}]}]})", ErrorCode::kBadDefinition,
                      "/fields/0/options/0/id"},
        BadDefinition{R"({"fields":[{"id":"a","type":"set","options":[{"id":"x","code":"1;2"}]}]})", ErrorCode::kBadDefinition,
                      "/fields/0/options/0/code"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{}]}]})", ErrorCode::kBadId, "/fields/0/options/0/id"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":["x"]}]})", ErrorCode::kBadMember, "/fields/0/options/0"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":1}]}]})", ErrorCode::kBadMember, "/fields/0/options/0/id"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x\n"}]}]})", ErrorCode::kBadId, "/fields/0/options/0/id"},
        BadDefinition{R"({"fields":[{"id":"a","type":"enum","options":[{"id":"x","code":"\u0007"}]}]})", ErrorCode::kBadId,
                      "/fields/0/options/0/code"},
        BadDefinition{R"({"fields":[{"id":"a","type":"double","min":2,"max":1}]})", ErrorCode::kBadDefinition, "/fields/0/min"},
        BadDefinition{R"({"fields":[{"id":"a","type":"string","min":2}]})", ErrorCode::kBadDefinition, "/fields/0/min"},
        BadDefinition{R"({"fields":[{"id":"a","type":"datetime","max":2}]})", ErrorCode::kBadDefinition, "/fields/0/max"},
        BadDefinition{R"({"fields":[{"id":"a","type":"double","min":"2"}]})", ErrorCode::kBadMember, "/fields/0/min"}));

TEST(ParseDataset, RefusesABadDatasetId) {
  EXPECT_EQ(ParseDataset("{}", "../x").error().code, ErrorCode::kBadId);
  EXPECT_EQ(ParseDataset("{}", "").error().code, ErrorCode::kBadId);
}

std::string WithFields(std::size_t count) {
  std::string json = "{\"fields\":[";
  for (std::size_t i = 0; i < count; ++i) { json += (i == 0 ? "" : ",") + ("{\"id\":\"f" + std::to_string(i)) + "\",\"type\":\"double\"}"; }
  return json + "]}";
}

TEST(ParseDataset, HasLimits) {
  EXPECT_EQ(Parsed(WithFields(kMaxFields)).fields.size(), kMaxFields);
  const auto wide = ParseDataset(WithFields(kMaxFields + 1), "d");
  ASSERT_FALSE(wide);
  EXPECT_EQ(wide.error().code, ErrorCode::kBadDefinition);
  EXPECT_EQ(wide.error().place, "/fields");

  std::string options = "{\"fields\":[{\"id\":\"a\",\"type\":\"enum\",\"options\":[";
  for (std::size_t i = 0; i <= kMaxOptions; ++i) options += (i == 0 ? "" : ",") + ("{\"id\":\"" + std::to_string(i)) + "\"}";
  const auto many = ParseDataset(options + "]}]}", "d");
  ASSERT_FALSE(many);
  EXPECT_EQ(many.error().place, "/fields/0/options");

  const auto huge = ParseDataset(std::string(9u << 20, ' ') + "{}", "d");
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, ErrorCode::kPayloadTooLarge);

  const auto deep = ParseDataset(std::string(100000, '['), "d");
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, ErrorCode::kBadJson);

  const std::string large = R"({"attributes":{"a":")" + std::string(kMaxAttributesBytes, 'x') + R"("}})";
  const auto attributes = ParseDataset(large, "d");
  ASSERT_FALSE(attributes);
  EXPECT_EQ(attributes.error().place, "/attributes");
  const auto wordy = ParseDataset("{\"name\":\"" + std::string(20000, 'x') + "\"}", "d");
  ASSERT_FALSE(wordy);
  EXPECT_EQ(wordy.error().place, "/name");
}

TEST(MergeDefinitions, KeepsPlacesAndAppends) {
  const Dataset current = Parsed(R"({"name":"Old","fields":[{"id":"a","type":"string"},
      {"id":"b","type":"enum","options":[{"id":"x","code":"1"},{"id":"y","code":"2"}]}]})");
  const Dataset next = Parsed(R"({"name":"New","fields":[{"id":"c","type":"double"},
      {"id":"b","type":"enum","label":"B!","privacy":"quasi","options":[{"id":"z","code":"3"},{"id":"x","code":"one","label":"X"}]}]})");
  const auto merged = MergeDefinitions(current, next);
  ASSERT_TRUE(merged) << merged.error().detail;
  EXPECT_EQ(merged->name, "New");
  EXPECT_EQ(merged->version, 2);
  ASSERT_EQ(merged->fields.size(), 3u);
  EXPECT_EQ(merged->fields[0].id, "a");
  EXPECT_EQ(merged->fields[2].id, "c");
  const Field& field = merged->fields[1];
  EXPECT_EQ(field.label, "B!");
  EXPECT_EQ(field.privacy, PrivacyClass::kQuasi);
  ASSERT_EQ(field.options.size(), 3u);
  EXPECT_EQ(field.options[0].id, "x");
  EXPECT_EQ(field.options[0].code, "one");
  EXPECT_EQ(field.options[1].id, "y") << "an option left out stays";
  EXPECT_EQ(field.options[2].id, "z");
}

TEST(MergeDefinitions, GroupsAddUpAndTheRestIsReplaced) {
  const Dataset current = Parsed(kSurvey);
  const auto merged = MergeDefinitions(current, Parsed(R"({"kind":"survey","groups":[{"id":"new"},{"id":"rest","label":"The rest"}]})"));
  ASSERT_TRUE(merged);
  EXPECT_TRUE(merged->published) << "true where it is left out";
  EXPECT_EQ(merged->attributes, "");
  ASSERT_EQ(merged->groups.size(), 3u);
  EXPECT_EQ(merged->groups[1].label, "The rest");
  EXPECT_EQ(merged->groups[2].id, "new");
  EXPECT_EQ(merged->version, current.version + 1);
}

TEST(MergeDefinitions, CountsOnlyChanges) {
  Dataset current = Parsed(kSurvey);
  current.number = 4;
  current.version = 6;
  const auto same = MergeDefinitions(current, Parsed(kSurvey));
  ASSERT_TRUE(same);
  EXPECT_EQ(same->version, 6);
  EXPECT_EQ(same->number, 4);
  Dataset changed = Parsed(kSurvey);
  changed.fields[1].max = 130;
  EXPECT_EQ(MergeDefinitions(current, changed)->version, 7);
}

TEST(MergeDefinitions, RefusesContradictions) {
  const Dataset current = Parsed(R"({"kind":"survey","fields":[{"id":"a","type":"string"},
      {"id":"b","type":"enum","options":[{"id":"x","code":"1"}]}]})");
  struct Case {
    const char* json;
    ErrorCode code;
    const char* place;
  };
  for (const Case& bad : {
           Case{R"({"kind":"survey","fields":[{"id":"a","type":"integer"}]})", ErrorCode::kDefinitionConflict, "/fields/0/type"},
           Case{R"({"kind":"sensor","mode":"keyed"})", ErrorCode::kDefinitionConflict, "/kind"},
           Case{R"({"kind":"survey","mode":"append"})", ErrorCode::kDefinitionConflict, "/mode"},
           Case{R"({"kind":"survey","fields":[{"id":"b","type":"enum","options":[{"id":"y","code":"1"}]}]})", ErrorCode::kBadDefinition,
                "/fields/0/options/1/code"},
       }) {
    const auto merged = MergeDefinitions(current, Parsed(bad.json));
    ASSERT_FALSE(merged) << bad.json;
    EXPECT_EQ(merged.error().code, bad.code) << bad.json;
    EXPECT_EQ(merged.error().place, bad.place) << bad.json;
  }
}

TEST(MergeDefinitions, HasTheLimitsOfDefinitions) {
  const Dataset current = Parsed(WithFields(kMaxFields));
  const auto merged = MergeDefinitions(current, Parsed(R"({"fields":[{"id":"one-more","type":"string"}]})"));
  ASSERT_FALSE(merged);
  EXPECT_EQ(merged.error().code, ErrorCode::kBadDefinition);
  EXPECT_EQ(merged.error().place, "/fields/0");
}

}  // namespace
}  // namespace sheaf::model
