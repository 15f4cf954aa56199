#pragma once
//! The questionnaire of the demo survey.

#include <array>

#include "demo/rows.h"
#include "model/definition.h"

namespace sheaf::demo {

model::Dataset SurveyDefinition();

//! The numbers of options that lead to a further question.
inline constexpr int kSelfDescribed = 3;
inline constexpr int kOtherActivity = 5;

//! The numbers of the survey's fields.
struct SurveyFields {
  explicit SurveyFields(const Rows& rows);

  int wave, started_at, finished_at, complete, device;
  int age, gender, gender_text, postcode_area, education, employed, hours_per_week;
  std::array<int, 10> personality;
  std::array<int, 5> wellbeing;
  int activities, activities_other, sleep_hours, smoker, cigarettes_per_day, in_care;
  int comments, contact_ok, contact_email;
};

}  // namespace sheaf::demo
