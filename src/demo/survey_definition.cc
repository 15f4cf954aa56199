#include "demo/survey_definition.h"

#include <string>

#include "demo/studies.h"

namespace sheaf::demo {
namespace {

constexpr std::string_view kFirstPart = R"({"kind":"survey","mode":"keyed","name":"Personality and well-being","fields":[
  {"id":"wave","type":"integer","label":"Wave","min":1,"max":3,"system":true,"required":true},
  {"id":"started_at","type":"datetime","label":"Started","system":true,"required":true},
  {"id":"finished_at","type":"datetime","label":"Finished","system":true},
  {"id":"complete","type":"boolean","label":"Answered to the end","system":true,"required":true},
  {"id":"device","type":"json","label":"Device","system":true},
  {"id":"age","type":"integer","label":"How old are you?","group":"about you","unit":"years","min":18,"max":99,"privacy":"quasi"},
  {"id":"gender","type":"enum","label":"What is your gender?","group":"about you","privacy":"quasi","options":[
    {"id":"woman","code":"1","label":"Woman"},{"id":"man","code":"2","label":"Man"},
    {"id":"nonbinary","code":"3","label":"Non-binary"},{"id":"self_described","code":"4","label":"I describe myself otherwise"},
    {"id":"undisclosed","code":"5","label":"I prefer not to say"}]},
  {"id":"gender_text","type":"string","label":"How do you describe yourself?","group":"about you","privacy":"quasi"},
  {"id":"postcode_area","type":"string","label":"What are the first two digits of your postcode?","group":"about you","privacy":"quasi"},
  {"id":"education","type":"enum","label":"What is your highest degree?","group":"about you","options":[
    {"id":"none","code":"0","label":"No degree"},{"id":"vocational","code":"1","label":"Vocational training"},
    {"id":"secondary","code":"2","label":"Secondary school"},{"id":"university","code":"3","label":"University"},
    {"id":"doctorate","code":"4","label":"Doctorate"}]},
  {"id":"employed","type":"boolean","label":"Are you in paid work?","group":"about you"},
  {"id":"hours_per_week","type":"double","label":"How many hours a week?","group":"about you","unit":"h","min":0,"max":100})";

constexpr std::string_view kLastPart = R"(,
  {"id":"activities","type":"set","label":"What do you do in your free time?","group":"habits","options":[
    {"id":"sport","code":"1","label":"Sport"},{"id":"music","code":"2","label":"Making music"},
    {"id":"reading","code":"3","label":"Reading"},{"id":"gaming","code":"4","label":"Games"},
    {"id":"volunteering","code":"5","label":"Volunteering"},{"id":"other","code":"9","label":"Something else"}]},
  {"id":"activities_other","type":"string","label":"What else?","group":"habits"},
  {"id":"sleep_hours","type":"double","label":"How many hours did you sleep last night?","group":"habits","unit":"h","min":0,"max":24},
  {"id":"smoker","type":"boolean","label":"Do you smoke?","group":"habits"},
  {"id":"cigarettes_per_day","type":"integer","label":"How many cigarettes a day?","group":"habits","min":0,"max":100},
  {"id":"in_care","type":"boolean","label":"Are you seeing a doctor or therapist about how you feel?","group":"habits","privacy":"sensitive"},
  {"id":"comments","type":"string","label":"Is there anything you would like to tell us?","privacy":"sensitive"},
  {"id":"contact_ok","type":"boolean","label":"May we write to you again?"},
  {"id":"contact_email","type":"string","label":"Your e-mail address","privacy":"direct"}]})";

constexpr std::array<std::string_view, 10> kPersonality = {
    "I enjoy being among many people",  "I get my work done without delay",     "I stay calm when things go wrong",
    "I trust people I have just met",   "I like to try what I do not know yet", "I would rather keep to myself",
    "I leave tasks until the last day", "Small things can upset me for hours",  "I tend to look for faults in others",
    "I prefer what is familiar",
};
constexpr std::array<std::string_view, 5> kWellbeing = {
    "I was in good spirits", "I felt at ease", "I had energy", "I woke up rested", "My days held things I care about",
};
constexpr std::string_view kAgreement =
    R"("options":[{"id":"disagree_strongly","code":"1","label":"Disagree strongly"},{"id":"disagree","code":"2","label":"Disagree"},)"
    R"({"id":"neither","code":"3","label":"Neither agree nor disagree"},{"id":"agree","code":"4","label":"Agree"},)"
    R"({"id":"agree_strongly","code":"5","label":"Agree strongly"}]})";
constexpr std::string_view kFrequency =
    R"("options":[{"id":"never","code":"0","label":"At no time"},{"id":"rarely","code":"1","label":"Now and then"},)"
    R"({"id":"less_than_half","code":"2","label":"Less than half of the time"},{"id":"more_than_half","code":"3","label":"More than half of the time"},)"
    R"({"id":"mostly","code":"4","label":"Most of the time"},{"id":"always","code":"5","label":"All of the time"}]})";

std::string Item(std::string_view id, std::string_view group, std::string_view label, std::string_view options) {
  std::string json = ",{\"type\":\"enum\",\"id\":\"";
  json.append(id).append("\",\"group\":\"").append(group).append("\",\"label\":\"").append(label).append("\",");
  return json.append(options);
}

std::string PersonalityId(std::size_t item) { return Numbered("personality_", static_cast<std::int64_t>(item) + 1, 2); }
std::string WellbeingId(std::size_t item) { return Numbered("wellbeing_", static_cast<std::int64_t>(item) + 1, 1); }

}  // namespace

model::Dataset SurveyDefinition() {
  std::string json(kFirstPart);
  for (std::size_t item = 0; item < kPersonality.size(); ++item) {
    json += Item(PersonalityId(item), "personality", kPersonality[item], kAgreement);
  }
  for (std::size_t item = 0; item < kWellbeing.size(); ++item) {
    json += Item(WellbeingId(item), "the last two weeks", kWellbeing[item], kFrequency);
  }
  json += kLastPart;
  return Defined("wellbeing", json);
}

SurveyFields::SurveyFields(const Rows& rows)
    : wave(rows.Field("wave")),
      started_at(rows.Field("started_at")),
      finished_at(rows.Field("finished_at")),
      complete(rows.Field("complete")),
      device(rows.Field("device")),
      age(rows.Field("age")),
      gender(rows.Field("gender")),
      gender_text(rows.Field("gender_text")),
      postcode_area(rows.Field("postcode_area")),
      education(rows.Field("education")),
      employed(rows.Field("employed")),
      hours_per_week(rows.Field("hours_per_week")),
      activities(rows.Field("activities")),
      activities_other(rows.Field("activities_other")),
      sleep_hours(rows.Field("sleep_hours")),
      smoker(rows.Field("smoker")),
      cigarettes_per_day(rows.Field("cigarettes_per_day")),
      in_care(rows.Field("in_care")),
      comments(rows.Field("comments")),
      contact_ok(rows.Field("contact_ok")),
      contact_email(rows.Field("contact_email")) {
  for (std::size_t item = 0; item < personality.size(); ++item) personality[item] = rows.Field(PersonalityId(item));
  for (std::size_t item = 0; item < wellbeing.size(); ++item) wellbeing[item] = rows.Field(WellbeingId(item));
}

}  // namespace sheaf::demo
