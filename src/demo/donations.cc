//! A data donation project: participants hand over what platforms keep about them, each file with its own consent,
//! and answer a short questionnaire. Many start, fewer finish.

#include <algorithm>
#include <array>
#include <limits>
#include <string>
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

struct Blueprint {
  std::string_view id;
  std::string_view name;
  std::int64_t entries;  // of a usual donation
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

constexpr std::array<Blueprint, 3> kBlueprints = {{{"search_history", "Search history", 40, SearchEntry},
                                                   {"watch_history", "Watch history", 60, WatchEntry},
                                                   {"ad_interests", "Interests used for advertising", 8, InterestEntry}}};

std::string Payload(const Blueprint& blueprint, const Donor& donor, std::int64_t entries, Random& random) {
  std::string json = "[";
  Micros time = donor.started - 90 * kDay;
  for (std::int64_t entry = 0; entry < entries; ++entry) {
    if (entry > 0) json += ',';
    time += random.Between(1, 86400 * 180 / std::max<std::int64_t>(entries, 1)) * kSecond;
    blueprint.entry(random, std::min(time, donor.started), json);
  }
  return json + "]";
}

Status MakeDonations(const Scale& scale, const std::vector<Donor>& donors, const Blueprint& blueprint, const model::Dataset& dataset,
                     const BatchSink& sink) {
  static constexpr std::array<std::string_view, 4> kStatus = {"success", "pending", "failed", "no data extracted"};
  static constexpr std::array<int, 4> kShares = {72, 12, 5, 11};
  Rows rows(dataset, sink);
  const int status_field = rows.Field("status"), consent_field = rows.Field("consent"), entries_field = rows.Field("entries");
  const int data_field = rows.Field("data");
  Random random(scale.seed, blueprint.id);
  for (const Donor& donor : donors) {
    if (!donor.briefed || donor.step < 2) continue;
    const std::size_t status = random.Weighted(kShares);
    const bool extracted = status == 0, consents = extracted && random.Chance(880);
    const std::int64_t entries = consents ? random.NormalIn(blueprint.entries, blueprint.entries / 2, 1, blueprint.entries * 4) : 0;
    const std::string id = donor.id + "-" + std::string(blueprint.id);
    rows.Begin({id, donor.id, {}, donor.started + random.Between(120, 280) * kSecond, kLocalOffset, kNoOnset});
    rows.Text(status_field, kStatus[status]);
    // Without anything to show nobody is asked; some who are asked close the question.
    if (extracted && random.Chance(960)) rows.Integer(consent_field, consents ? 1 : 0);
    else if (extracted) rows.Skip(consent_field);
    rows.Integer(entries_field, entries);
    rows.Text(data_field, Payload(blueprint, donor, entries, random));
    rows.End();
  }
  return rows.Finish();
}

Status MakeAnswers(const Scale& scale, const std::vector<Donor>& donors, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const int use = rows.Field("use"), platforms = rows.Field("platforms"), trust = rows.Field("trust"), why_not = rows.Field("why_not");
  const int open = rows.Field("open");
  static constexpr std::array<std::string_view, 5> kReasons = {"too private", "I did not find the file", "es war mir zu kompliziert",
                                                               "don't know, just a feeling", "=1+1"};
  Random random(scale.seed, "donation answers");
  for (const Donor& donor : donors) {
    if (!donor.briefed || donor.step < 3) continue;
    rows.Begin({donor.id, donor.id, {}, *donor.ended - random.Between(5, 60) * kSecond, kLocalOffset, kNoOnset});
    rows.Integer(use, static_cast<std::int64_t>(random.Weighted(std::array<int, 4>{45, 30, 15, 10})));
    std::vector<std::int32_t> chosen;
    for (std::int32_t option = 0; option < 4; ++option) {
      if (random.Chance(450)) chosen.push_back(option);
    }
    if (random.Chance(40)) rows.Skip(platforms);
    else rows.Set(platforms, chosen);
    const std::int64_t trusts = random.NormalIn(3, 1, 0, 6);
    if (random.Chance(50)) rows.Skip(trust);
    else rows.Integer(trust, trusts);
    if (trusts < 3) {
      if (random.Chance(300)) rows.Skip(why_not);
      else rows.Text(why_not, random.Pick(kReasons));
    }
    if (random.Chance(250))
      rows.Text(open, random.Chance(500) ? "Interesting project!" : "The instructions could be shorter.\nOtherwise fine.");
    else rows.Skip(open);
    rows.End();
  }
  return rows.Finish();
}

model::Dataset BlueprintDefinition(const Blueprint& blueprint) {
  return Defined(blueprint.id, R"({"kind":"donation","mode":"keyed","name":")" + std::string(blueprint.name) + R"(","fields":[
    {"id":"status","type":"string","label":"Outcome of the extraction"},
    {"id":"consent","type":"boolean","label":"Agreed to hand this over"},
    {"id":"entries","type":"integer","label":"Number of entries","min":0},
    {"id":"data","type":"json","label":"What was handed over","privacy":"sensitive"}]})");
}

constexpr std::string_view kQuestionnaire = R"({"kind":"survey","mode":"keyed","name":"Questionnaire","fields":[
  {"id":"use","type":"enum","label":"How often do you search for something online?","options":[
    {"id":"daily","code":"1","label":"Several times a day"},{"id":"often","code":"2","label":"Daily"},
    {"id":"weekly","code":"3","label":"Weekly"},{"id":"rarely","code":"4","label":"More rarely"}]},
  {"id":"platforms","type":"set","label":"Which of these do you use?","options":[{"id":"video","code":"1","label":"Video platforms"},
    {"id":"photos","code":"2","label":"Photo platforms"},{"id":"messengers","code":"3","label":"Messengers"},
    {"id":"forums","code":"4","label":"Forums"}]},
  {"id":"trust","type":"integer","label":"How much do you trust us with your data?","min":0,"max":6},
  {"id":"why_not","type":"string","label":"What makes you hesitate?"},
  {"id":"open","type":"string","label":"Anything else?","privacy":"sensitive"}]})";

}  // namespace

StudyPlan PlanDonations(const Scale& scale) {
  StudyPlan plan;
  plan.study = NewStudy("demo-donations", "What platforms know", "A data donation project. Synthetic data: none of these people exist.");
  const auto donors = MakeDonors(scale);
  Random random(scale.seed, "donation recruiting");
  for (std::size_t i = 0; i < donors.size(); ++i) plan.participants.push_back(ParticipantOf(donors[i], i, random));
  for (const Blueprint& blueprint : kBlueprints) {
    plan.datasets.push_back(
        {BlueprintDefinition(blueprint), [scale, donors, &blueprint](const model::Dataset& dataset, const BatchSink& sink) {
           return MakeDonations(scale, donors, blueprint, dataset, sink);
         }});
  }
  plan.datasets.push_back({Defined("questionnaire", kQuestionnaire), [scale, donors](const model::Dataset& dataset, const BatchSink& sink) {
                             return MakeAnswers(scale, donors, dataset, sink);
                           }});
  return plan;
}

}  // namespace sheaf::demo
