//! A data donation project: participants hand over what platforms keep about them, each file with its own consent,
//! and answer a short questionnaire. Many start, fewer finish.

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "demo/random.h"
#include "demo/studies.h"
#include "model/strict_json.h"

namespace sheaf::demo {
namespace {

constexpr double kNoOnset = std::numeric_limits<double>::quiet_NaN();

struct Donor {
  std::string id;
  Micros started;
  std::optional<Micros> ended;
  int step;  // 0 briefing, 1 donation, 2 questionnaire, 3 debriefing
  bool briefed;
};

std::vector<Donor> MakeDonors(const Scale& scale) {
  std::vector<Donor> donors(static_cast<std::size_t>(Scaled(scale, 1000, 40, 1000)));
  static constexpr std::array<int, 4> kSteps = {12, 18, 8, 62};
  Random random(scale.seed, "donors");
  Micros next = kBeginning;
  for (Donor& donor : donors) {
    next += random.Seconds(60, 90 * 60);
    donor.id = random.Token(24);
    donor.started = next;
    donor.briefed = random.Chance(930);
    donor.step = donor.briefed ? static_cast<int>(random.Weighted(kSteps)) : 3;
    if (donor.step == 3) donor.ended = donor.started + random.Between(donor.briefed ? 300 : 20, donor.briefed ? 2400 : 90) * kSecond;
  }
  return donors;
}

model::Participant ParticipantOf(const Donor& donor, std::size_t number, Random& random) {
  static constexpr std::array<std::string_view, 3> kSources = {R"("panel")", R"("newsletter")", "null"};
  model::Participant participant;
  participant.id = donor.id;
  participant.code = Numbered("pid-", static_cast<std::int64_t>(number) + 1, 5);
  participant.status = donor.ended ? "completed" : "started";
  std::string& json = participant.attributes;
  json = "{\"start_time\":\"" + FormatIsoUtc(donor.started) + "\",\"end_time\":";
  json += donor.ended ? "\"" + FormatIsoUtc(*donor.ended) + "\"" : "null";
  json += ",\"completed\":" + std::string(donor.ended ? "true" : "false") + ",\"current_step\":" + std::to_string(donor.step);
  json += ",\"extra_data\":{\"url_param\":{\"pid\":\"" + participant.code + "\",\"src\":" + std::string(random.Pick(kSources));
  json += "},\"briefing_consent\":\"" + std::string(donor.briefed ? "1" : "0") + "\"}}";
  return participant;
}

struct Asked {
  std::int64_t id;
  std::string_view name;
  std::vector<std::string> members;  // of an entry
  std::int64_t entries;              // of a usual donation
  void (*entry)(Random& random, Micros time, std::string& json);
};

void SearchEntry(Random& random, Micros time, std::string& json) {
  static constexpr std::array<std::string_view, 14> kQueries = {"weather tomorrow",
                                                                "how to repot an orchid",
                                                                "train zurich bern",
                                                                "what is \"data donation\"",
                                                                "rezept zürcher geschnetzeltes",
                                                                "headache after coffee",
                                                                "flat to rent 3 rooms",
                                                                "films tonight",
                                                                "météo lausanne",
                                                                "why do cats purr",
                                                                "quiet places to work",
                                                                "minimum wage 2026",
                                                                "ラーメン 近く",
                                                                "news election"};
  json += "{\"time\":\"" + FormatIsoUtc(time) + "\",\"query\":";
  model::AppendJsonString(json, random.Pick(kQueries));
  json += "}";
}

void WatchEntry(Random& random, Micros time, std::string& json) {
  static constexpr std::array<std::string_view, 10> kTitles = {"Ten minutes of rain on a tent",
                                                               "Bread, from scratch",
                                                               "The week in politics",
                                                               "Speedrun in 14:02 (new record!)",
                                                               "Learn chords in one evening",
                                                               "Cats & boxes",
                                                               "Tagesschau 20 Uhr",
                                                               "How bridges \"breathe\"",
                                                               "Lo-fi for homework",
                                                               "Repairing a 1972 radio"};
  json += "{\"time\":\"" + FormatIsoUtc(time) + "\",\"title\":";
  model::AppendJsonString(json, random.Pick(kTitles));
  json += ",\"channel\":\"channel-" + std::to_string(random.Between(1, 400));
  json += "\",\"seconds\":" + std::to_string(random.Between(4, 1900)) + "}";
}

void InterestEntry(Random& random, Micros, std::string& json) {
  static constexpr std::array<std::string_view, 9> kInterests = {
      "gardening", "football", "budget travel", "jazz", "parents of toddlers", "electric cars", "running", "politics", "home office"};
  json += "{\"interest\":";
  model::AppendJsonString(json, random.Pick(kInterests));
  json += ",\"score\":0." + std::to_string(random.Between(1, 9)) + "}";
}

const std::array<Asked, 3>& AllAsked() {
  static const std::array<Asked, 3> kAsked = {{{1, "Search history", {"time", "query"}, 40, SearchEntry},
                                               {2, "Watch history", {"time", "title", "channel", "seconds"}, 60, WatchEntry},
                                               {3, "Interests used for advertising", {"interest", "score"}, 8, InterestEntry}}};
  return kAsked;
}

std::string Payload(const Asked& asked, const Donor& donor, std::int64_t entries, Random random) {
  std::string json = "[";
  Micros time = donor.started - 90 * kDay;
  for (std::int64_t entry = 0; entry < entries; ++entry) {
    if (entry > 0) json += ',';
    time += random.Between(1, 86400 * 180 / std::max<std::int64_t>(entries, 1)) * kSecond;
    asked.entry(random, std::min(time, donor.started), json);
  }
  return json + "]";
}

// What one person handed over of one kind; nothing is handed over without consent.
struct Donation {
  const Donor* donor = nullptr;
  std::string id;
  Micros time = 0;
  std::string_view status;
  std::optional<bool> consent;  // nullopt: not asked, or the question was closed
  bool closed = false;
  std::int64_t entries = 0;
  std::string file;  // says nothing of whose it is
};

std::vector<Donation> MakeDonations(const Scale& scale, const std::vector<Donor>& donors, const Asked& asked) {
  static constexpr std::array<std::string_view, 4> kStatus = {"success", "pending", "failed", "no data extracted"};
  static constexpr std::array<int, 4> kShares = {72, 12, 5, 11};
  std::vector<Donation> donations;
  Random random(scale.seed, asked.name);
  for (const Donor& donor : donors) {
    if (!donor.briefed || donor.step < 2) continue;
    Donation& donation = donations.emplace_back();
    donation.donor = &donor;
    donation.id = donor.id + "-" + std::to_string(asked.id);
    donation.file = "fil_" + random.Token(20);
    donation.time = donor.started + random.Between(120, 280) * kSecond;
    donation.status = kStatus[random.Weighted(kShares)];
    if (donation.status != kStatus[0]) continue;
    // Some who are asked close the question.
    donation.closed = random.Chance(70);
    if (donation.closed) continue;
    donation.consent = random.Chance(880);
    if (*donation.consent) donation.entries = random.NormalIn(asked.entries, asked.entries / 2, 1, asked.entries * 4);
  }
  return donations;
}

Status MakeRecords(const std::vector<Donation>& donations, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const int status = rows.Field("status"), consent = rows.Field("consent"), entries = rows.Field("entries"),
            payload = rows.Field("payload");
  for (const Donation& donation : donations) {
    rows.Begin({donation.id, donation.donor->id, {}, donation.time, kLocalOffset, kNoOnset});
    rows.Text(status, donation.status);
    if (donation.consent) rows.Integer(consent, *donation.consent ? 1 : 0);
    else if (donation.closed) rows.Skip(consent);
    rows.Integer(entries, donation.entries);
    if (donation.entries > 0) rows.Text(payload, donation.file);
    rows.End();
  }
  return rows.Finish();
}

FilePlan PayloadFile(const Scale& scale, const Asked& asked, const Donation& donation) {
  FilePlan file;
  file.id = donation.file;
  file.kind = "donation";
  file.dataset = model::BlueprintDatasetId(asked.id);
  file.name = file.dataset + ".json";
  file.media_type = "application/json";
  file.participant = donation.donor->id;
  file.record = donation.id;
  file.field = "payload";
  file.bytes = [seed = scale.seed, &asked, donor = *donation.donor, entries = donation.entries, id = donation.id] {
    return Payload(asked, donor, entries, Random(seed, id));
  };
  return file;
}

// Answers as the page of a questionnaire sends them: codes of what was chosen, -99 where it was passed over.
struct AnswerSheet {
  std::vector<std::pair<std::string, std::string>> variables;
  std::string snapshot = "{";

  void Add(std::string variable, std::string_view place, const std::string& value, bool text = false) {
    if (snapshot.size() > 1) snapshot += ',';
    snapshot += '"' + std::string(place) + "\":";
    if (text) model::AppendJsonString(snapshot, value);
    else snapshot += value;
    variables.emplace_back(std::move(variable), value);
  }
};

AnswerSheet FillIn(Random& random) {
  static constexpr std::array<std::string_view, 5> kReasons = {"too private", "I did not find the file", "es war mir zu kompliziert",
                                                               "don't know, just a feeling", "=1+1"};
  AnswerSheet sheet;
  sheet.Add("use", "question-1", std::to_string(1 + random.Weighted(std::array<int, 4>{45, 30, 15, 10})));
  const bool passed = random.Chance(40);
  for (int item = 1; item <= 4; ++item) {
    const bool chosen = random.Chance(450);
    sheet.Add("platforms-" + std::to_string(item), "item-" + std::to_string(20 + item), passed ? "-99" : chosen ? "1" : "0");
  }
  const std::int64_t trust = random.NormalIn(3, 1, 0, 6);
  sheet.Add("trust", "question-3", random.Chance(50) ? "-99" : std::to_string(trust));
  // Who trusts is not asked why not.
  if (trust < 3) sheet.Add("why_not", "question-4", random.Chance(300) ? "-99" : std::string(random.Pick(kReasons)), true);
  const bool pleased = random.Chance(500);
  const std::string_view said = pleased ? "Interesting project!" : "The instructions could be shorter.\nOtherwise fine.";
  sheet.Add("open", "question-5", random.Chance(750) ? "-99" : std::string(said), true);
  sheet.snapshot += '}';
  return sheet;
}

Status MakeAnswers(const Scale& scale, const std::vector<Donor>& donors, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  Random random(scale.seed, "donation answers");
  const int snapshot = rows.Field("snapshot"), config = rows.Field("config");
  for (const Donor& donor : donors) {
    if (!donor.briefed || donor.step < 3) continue;
    const AnswerSheet sheet = FillIn(random);
    rows.Begin({donor.id, donor.id, {}, *donor.ended - random.Between(5, 60) * kSecond, kLocalOffset, kNoOnset});
    for (const auto& [variable, value] : sheet.variables) rows.Text(rows.Field(variable), value);
    rows.Text(snapshot, sheet.snapshot);
    rows.Text(config, "[]");
    rows.End();
  }
  return rows.Finish();
}

model::DonationProject Project() {
  model::DonationProject project;
  project.url_id = "Demo2026";
  project.slug = "demo-donations";
  project.contact_information = "demo@example.org";
  project.data_protection_statement = "Nothing of this is real.";
  project.briefing_consent = true;
  project.url_parameter_enabled = true;
  project.expected_url_parameters = "pid;src";
  for (const Asked& asked : AllAsked()) {
    model::Blueprint blueprint;
    blueprint.id = asked.id;
    blueprint.name = asked.name;
    blueprint.expected_fields = asked.members;
    project.blueprints.push_back(std::move(blueprint));
  }
  project.questionnaire = {
      {1, "use", {}}, {2, "platforms", {{21, 1}, {22, 2}, {23, 3}, {24, 4}}}, {3, "trust", {}}, {4, "why_not", {}}, {5, "open", {}}};
  return project;
}

}  // namespace

StudyPlan PlanDonations(const Scale& scale) {
  StudyPlan plan;
  plan.study = NewStudy("demo-donations", "What platforms know", "A data donation project. Synthetic data: none of these people exist.");
  plan.project = Project();
  const auto donors = std::make_shared<const std::vector<Donor>>(MakeDonors(scale));
  Random random(scale.seed, "donation recruiting");
  for (std::size_t i = 0; i < donors->size(); ++i) plan.participants.push_back(ParticipantOf((*donors)[i], i, random));
  for (std::size_t i = 0; i < AllAsked().size(); ++i) {
    const Asked& asked = AllAsked()[i];
    const auto donations = MakeDonations(scale, *donors, asked);
    for (const Donation& donation : donations) {
      if (donation.entries > 0) plan.files.push_back(PayloadFile(scale, asked, donation));
    }
    plan.datasets.push_back(
        {model::BlueprintDataset(plan.project->blueprints[i]),
         [donors, donations](const model::Dataset& dataset, const BatchSink& sink) { return MakeRecords(donations, dataset, sink); }});
  }
  plan.datasets.push_back(
      {model::QuestionnaireDataset(*plan.project),
       [scale, donors](const model::Dataset& dataset, const BatchSink& sink) { return MakeAnswers(scale, *donors, dataset, sink); }});
  return plan;
}

}  // namespace sheaf::demo
