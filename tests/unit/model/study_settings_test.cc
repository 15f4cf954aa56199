#include "model/study_settings.h"

#include <gtest/gtest.h>

namespace sheaf::model {
namespace {

TEST(StudySettings, ChangesOnlyWhatIsNamed) {
  StudySettings settings;
  settings.records_consent = true;
  const auto changed =
      ChangeStudySettings(settings, R"({"participant_access":true,"minimum_cell":10,"attributes":{"age":"quasi"}})", "/settings");
  ASSERT_TRUE(changed);
  EXPECT_TRUE(changed->participant_access);
  EXPECT_TRUE(changed->records_consent);
  EXPECT_EQ(changed->minimum_cell, 10);
  EXPECT_EQ(changed->ClassOfAttribute("age"), PrivacyClass::kQuasi);
  EXPECT_EQ(changed->ClassOfAttribute("email"), PrivacyClass::kDirect);
}

TEST(StudySettings, ComesBackFromItsText) {
  StudySettings settings;
  settings.consent_purpose = "a \"quoted\" one";
  settings.attributes = {{"x", PrivacyClass::kPlain}, {"y", PrivacyClass::kSensitive}};
  const auto read = ChangeStudySettings({}, StudySettingsJson(settings), "");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, settings);
}

TEST(StudySettings, NamesThePlaceOfAFault) {
  const auto place = [](const char* json) { return ChangeStudySettings({}, json, "/settings").error().place; };
  EXPECT_EQ(place(R"({"minimum_cell":1})"), "/settings/minimum_cell");
  EXPECT_EQ(place(R"({"attributes":{"a/b":"secret"}})"), "/settings/attributes/a~1b");
  EXPECT_EQ(place(R"({"colour":1})"), "/settings/colour");
  EXPECT_EQ(place(R"({"consent_purpose":""})"), "/settings/consent_purpose");
  EXPECT_EQ(place("[]"), "/settings");
}

}  // namespace
}  // namespace sheaf::model
