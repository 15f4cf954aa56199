//! A panel survey on personality and well-being in three waves: grids of Likert items, questions asked only of some,
//! refusals, people who stop half-way, and free text of every kind.

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "demo/random.h"
#include "demo/studies.h"
#include "demo/survey_definition.h"

namespace sheaf::demo {
namespace {

constexpr int kWaves = 3;
constexpr int kSkipPerMille = 25;

struct Person {
  std::string id;
  int gender;  // option number
  std::int64_t age;
  std::string postcode;
  std::size_t education;
  bool employed;
  bool smoker;
  std::int64_t wellbeing;              // thousandths of a deviation
  std::array<std::int64_t, 5> traits;  // likewise
};

constexpr std::array<std::string_view, 12> kComments = {
    "Nothing to add.",
    "The questions about sleep were hard to answer: I work night shifts.",
    "Some items seem to ask the same thing twice, \"just to check\"?",
    "Sehr angenehm auszufüllen, danke! Grüße aus Zürich",
    "J'ai répondu comme je me sentais ce matin ; hier c'était différent.",
    "-",
    "= 2 hours is too long for a survey",
    "Line one\nline two,\nand a third",
    "I'd like to know the results 🙂",
    "+41 is the code of my country, if that's what you meant",
    "とても面白かったです。",
    "Semicolons; commas, tabs\tand 'quotes' - I like to test forms",
};
constexpr std::array<std::string_view, 6> kOtherActivities = {"gardening", "cooking; baking", "choir \"Cantus\"",
                                                              "Schach",    "dog walking",     "model railways"};
constexpr std::array<std::string_view, 4> kOwnGenders = {"genderfluid", "agender", "prefer 'they'", "nicht-binär"};

std::vector<Person> MakePeople(const Scale& scale) {
  static constexpr std::array<int, 5> kGenders = {480, 470, 25, 10, 15};
  static constexpr std::array<int, 5> kEducations = {8, 30, 22, 28, 12};
  std::vector<Person> people(static_cast<std::size_t>(Scaled(scale, 800, 40, 1000)));
  Random random(scale.seed, "survey people");
  for (std::size_t i = 0; i < people.size(); ++i) {
    Person& person = people[i];
    person.id = Numbered("P", static_cast<std::int64_t>(i) + 1, 4);
    person.gender = static_cast<int>(random.Weighted(kGenders));
    person.age = random.NormalIn(39, 14, 18, 88);
    person.postcode = Numbered("", random.Between(1, 99), 2);
    person.education = random.Weighted(kEducations);
    person.employed = person.age < 66 && random.Chance(730);
    person.smoker = random.Chance(180);
    person.wellbeing = random.Normal(0, 1000);
    for (auto& trait : person.traits) trait = random.Normal(0, 1000);
  }
  return people;
}

// Writes one response question by question; after the participant has stopped nothing is asked any more.
class Response {
 public:
  Response(Rows& rows, Random& random) : rows_(rows), random_(random) {}

  void StopAfter(int questions) { left_ = questions; }

  void Choice(int field, std::int64_t option, int skip = kSkipPerMille) {
    if (Asked(field, skip)) rows_.Integer(field, option);
  }
  void Whole(int field, std::int64_t value, int skip = kSkipPerMille) {
    if (Asked(field, skip)) rows_.Integer(field, value);
  }
  void Text(int field, std::string_view text, int skip = kSkipPerMille) {
    if (Asked(field, skip)) rows_.Text(field, text);
  }
  void Tenths(int field, std::int64_t tenths, int skip = kSkipPerMille) {
    if (Asked(field, skip)) rows_.Double(field, static_cast<double>(tenths) / 10.0);
  }
  void Several(int field, std::span<const std::int32_t> options, int skip = kSkipPerMille) {
    if (Asked(field, skip)) rows_.Set(field, options);
  }
  //! An item of a grid: option 0 to `last`, around `centre` (thousandths of a step).
  void Likert(int field, std::int64_t centre, std::int64_t last) {
    const std::int64_t value = random_.Normal(centre, 800);
    Choice(field, std::clamp((value + 500) / 1000, std::int64_t{0}, last));
  }
  bool Complete() const { return left_ > 0; }

 private:
  bool Asked(int field, int skip) {
    if (left_ <= 0) return false;
    --left_;
    if (!random_.Chance(skip)) return true;
    rows_.Skip(field);
    return false;
  }

  Rows& rows_;
  Random& random_;
  int left_ = std::numeric_limits<int>::max();
};

void AnswerDemographics(const Person& person, Random& random, const SurveyFields& fields, Response& response) {
  response.Whole(fields.age, person.age, 15);
  response.Choice(fields.gender, person.gender, 15);
  if (person.gender == kSelfDescribed) response.Text(fields.gender_text, random.Pick(kOwnGenders), 150);
  response.Text(fields.postcode_area, person.postcode, 60);
  response.Choice(fields.education, static_cast<std::int64_t>(person.education));
  response.Whole(fields.employed, person.employed ? 1 : 0);
  if (person.employed) response.Tenths(fields.hours_per_week, random.NormalIn(370, 90, 40, 700));
}

void AnswerGrids(const Person& person, const SurveyFields& fields, Response& response) {
  for (std::size_t item = 0; item < fields.personality.size(); ++item) {
    const std::int64_t trait = person.traits[item % 5];
    // The second five items are worded the other way round.
    const std::int64_t leaning = item < 5 ? trait : -trait;
    response.Likert(fields.personality[item], 2000 + leaning * 8 / 10, 4);
  }
  for (const int field : fields.wellbeing) response.Likert(field, 2800 + person.wellbeing, 5);
}

void AnswerHabits(const Person& person, Random& random, const SurveyFields& fields, Response& response) {
  std::vector<std::int32_t> activities;
  static constexpr std::array<int, 6> kShares = {480, 350, 420, 300, 170, 90};
  for (std::int32_t option = 0; option < 6; ++option) {
    if (random.Chance(kShares[static_cast<std::size_t>(option)])) activities.push_back(option);
  }
  const bool other = !activities.empty() && activities.back() == kOtherActivity;
  response.Several(fields.activities, activities);
  if (other) response.Text(fields.activities_other, random.Pick(kOtherActivities), 200);
  response.Tenths(fields.sleep_hours, random.NormalIn(72 + person.wellbeing / 500, 11, 20, 130));
  response.Whole(fields.smoker, person.smoker ? 1 : 0);
  if (person.smoker) response.Whole(fields.cigarettes_per_day, random.NormalIn(11, 6, 1, 45), 80);
  response.Whole(fields.in_care, random.Chance(person.wellbeing < -800 ? 350 : 80) ? 1 : 0, 140);
}

void AnswerEnd(const Person& person, Random& random, const SurveyFields& fields, Response& response) {
  response.Text(fields.comments, random.Pick(kComments), 600);
  const bool contact = random.Chance(350);
  response.Whole(fields.contact_ok, contact ? 1 : 0);
  if (contact) response.Text(fields.contact_email, person.id + "@example.org", 50);
}

void MakeResponse(const Person& person, int wave, Random& random, const SurveyFields& fields, Rows& rows) {
  const Micros day = kBeginning + (wave - 1) * 28 * kDay + random.Below(7) * kDay;
  const Micros started = day + random.Seconds(0, 14 * 3600);
  const Micros submitted = started + random.NormalIn(560000, 200000, 120000, 3600000) * 1000;
  const std::string id = person.id + "-w" + std::to_string(wave);
  rows.Begin({id, person.id, {}, submitted, kLocalOffset, std::numeric_limits<double>::quiet_NaN()});
  rows.Integer(fields.wave, wave);
  rows.Integer(fields.started_at, started);
  static constexpr std::array<std::string_view, 3> kDevices = {R"({"os":"iOS","width":390,"touch":true})",
                                                               R"({"os":"Android","width":412,"touch":true})",
                                                               R"({"os":"Windows","width":1920,"touch":false})"};
  rows.Text(fields.device, random.Pick(kDevices));
  Response response(rows, random);
  if (random.Chance(60)) response.StopAfter(static_cast<int>(random.Between(2, 26)));
  AnswerDemographics(person, random, fields, response);
  AnswerGrids(person, fields, response);
  AnswerHabits(person, random, fields, response);
  AnswerEnd(person, random, fields, response);
  if (response.Complete()) rows.Integer(fields.finished_at, submitted);
  rows.Integer(fields.complete, response.Complete() ? 1 : 0);
  rows.End();
}

Status MakeResponses(const Scale& scale, const std::vector<Person>& people, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const SurveyFields fields(rows);
  Random random(scale.seed, "survey responses");
  for (int wave = 1; wave <= kWaves; ++wave) {
    for (const Person& person : people) {
      // Panels wear out.
      if (wave > 1 && random.Chance(120 * (wave - 1))) continue;
      MakeResponse(person, wave, random, fields, rows);
    }
  }
  return rows.Finish();
}

}  // namespace

StudyPlan PlanSurvey(const Scale& scale) {
  StudyPlan plan;
  plan.study =
      NewStudy("demo-survey", "Personality and well-being", "A panel survey in three waves. Synthetic data: none of these people exist.");
  auto people = MakePeople(scale);
  static constexpr std::string_view kSources[] = {"university", "online panel", "flyer"};
  Random random(scale.seed, "survey recruiting");
  for (const Person& person : people) {
    model::Participant participant;
    participant.id = person.id;
    participant.code = "PANEL-" + random.Token(6);
    participant.status = random.Chance(900) ? "active" : "withdrawn";
    participant.attributes = "{\"source\":\"" + std::string(random.Pick(kSources)) + "\",\"cohort\":";
    participant.attributes += std::to_string(random.Between(2024, 2026)) + "}";
    plan.participants.push_back(std::move(participant));
  }
  plan.datasets.push_back({SurveyDefinition(), [scale, people](const model::Dataset& dataset, const BatchSink& sink) {
                             return MakeResponses(scale, people, dataset, sink);
                           }});
  return plan;
}

}  // namespace sheaf::demo
