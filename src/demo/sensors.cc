//! A smartphone study over a week: bursts of accelerometer, places, battery and heart rate. Phones are switched off,
//! watches taken off: the gaps are part of it.

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "demo/random.h"
#include "demo/studies.h"

namespace sheaf::demo {
namespace {

constexpr double kNoOnset = std::numeric_limits<double>::quiet_NaN();
constexpr Micros kLength = 7 * kDay;
constexpr Micros kSamplePeriod = kSecond / 20;
constexpr std::int64_t kBurstSamples = 200;
constexpr Micros kBurstLength = kBurstSamples * kSamplePeriod;

enum Activity : std::int64_t { kStill, kWalking, kRunning, kVehicle, kUnknown };

struct Wearer {
  std::string id;
  std::int64_t home_lat, home_lon, work_lat, work_lon;  // millionths of a degree
  std::int64_t rest_bpm;
  std::int64_t wakes_at, sleeps_at;            // minutes of the local day
  std::vector<std::pair<Micros, Micros>> off;  // when the phone is off
};

std::vector<Wearer> MakeWearers(const Scale& scale) {
  std::vector<Wearer> wearers(static_cast<std::size_t>(Scaled(scale, 10000, 3, 60)));
  Random random(scale.seed, "sensor wearers");
  for (std::size_t i = 0; i < wearers.size(); ++i) {
    Wearer& wearer = wearers[i];
    wearer.id = Numbered("S", static_cast<std::int64_t>(i) + 1, 3);
    wearer.home_lat = 47380000 + random.Normal(0, 25000);
    wearer.home_lon = 8540000 + random.Normal(0, 35000);
    wearer.work_lat = wearer.home_lat + random.Normal(0, 20000);
    wearer.work_lon = wearer.home_lon + random.Normal(0, 30000);
    wearer.rest_bpm = random.NormalIn(62, 7, 46, 84);
    wearer.wakes_at = random.NormalIn(410, 45, 300, 560);
    wearer.sleeps_at = random.NormalIn(1370, 40, 1260, 1439);
    for (int day = 0; day < 7; ++day) {
      if (!random.Chance(450)) continue;
      const Micros from = kBeginning + day * kDay + random.Below(86400) * kSecond;
      wearer.off.emplace_back(from, from + random.Between(20, 400) * kMinute);
    }
  }
  return wearers;
}

bool IsOff(const Wearer& wearer, Micros time) {
  for (const auto& [from, to] : wearer.off) {
    if (time >= from && time < to) return true;
  }
  return false;
}

std::int64_t LocalMinute(Micros time) { return (time + kLocalOffset * kMinute) % kDay / kMinute; }

bool IsAsleep(const Wearer& wearer, Micros time) {
  const std::int64_t minute = LocalMinute(time);
  return minute < wearer.wakes_at || minute >= wearer.sleeps_at;
}

// How far along the way to work: 0 at home, 1000 at work. Weekends are spent at home.
std::int64_t AwayMilli(const Wearer& wearer, Micros time) {
  const std::int64_t day = (time - kBeginning) / kDay;
  if (day % 7 >= 5) return 0;
  const std::int64_t leaves = wearer.wakes_at + 50, arrives = leaves + 35, returns = arrives + 490, back = returns + 40;
  const std::int64_t minute = LocalMinute(time);
  if (minute < leaves || minute >= back) return 0;
  if (minute < arrives) return (minute - leaves) * 1000 / (arrives - leaves);
  if (minute < returns) return 1000;
  return (back - minute) * 1000 / (back - returns);
}

Activity ActivityAt(const Wearer& wearer, Micros time, Random& random) {
  if (IsAsleep(wearer, time)) return kStill;
  const std::int64_t away = AwayMilli(wearer, time);
  static constexpr std::array<int, 5> kOnTheWay = {10, 25, 5, 55, 5};
  static constexpr std::array<int, 5> kElsewhere = {72, 17, 3, 3, 5};
  return static_cast<Activity>(random.Weighted(away > 0 && away < 1000 ? kOnTheWay : kElsewhere));
}

RowHead HeadOf(const Wearer& wearer, Micros time) { return RowHead{{}, wearer.id, {}, time, kLocalOffset, kNoOnset}; }

double Milli(std::int64_t value) { return static_cast<double>(value) / 1000.0; }

// One burst. The phone lies or hangs somehow: gravity spreads over the axes, steps swing on top of it.
void MakeBurst(const Wearer& wearer, Micros begin, Random& random, Rows& rows, const std::array<int, 5>& fields) {
  static constexpr std::array<std::int64_t, 5> kSwing = {12, 1900, 6200, 420, 800};      // mm/s2
  static constexpr std::array<std::int64_t, 5> kDegreesPerSample = {3, 36, 50, 20, 23};  // 2 steps a second when walking
  const auto activity = static_cast<std::size_t>(ActivityAt(wearer, begin, random));
  const std::int64_t pitch = random.Below(360), roll = random.Below(360);
  const std::int64_t phase = random.Below(360), accuracy = random.Between(1, 3);
  const std::int64_t x_rest = 9810 * SineMilli(roll) / 1000 * SineMilli(pitch) / 1000;
  const std::int64_t y_rest = 9810 * SineMilli(roll + 90) / 1000 * SineMilli(pitch) / 1000;
  const std::int64_t z_rest = 9810 * SineMilli(pitch + 90) / 1000;
  const bool labelled = random.Chance(600);
  for (std::int64_t sample = 0; sample < kBurstSamples; ++sample) {
    const std::int64_t angle = phase + sample * kDegreesPerSample[activity];
    const std::int64_t swing = kSwing[activity];
    // Clocks of phones jitter by a few milliseconds.
    const Micros time = begin + sample * kSamplePeriod + random.Below(4000);
    rows.Begin(HeadOf(wearer, time));
    rows.Double(fields[0], Milli(x_rest + swing * SineMilli(angle) / 2000 + random.Normal(0, 25 + swing / 8)));
    rows.Double(fields[1], Milli(y_rest + swing * SineMilli(angle + 70) / 1600 + random.Normal(0, 25 + swing / 8)));
    rows.Double(fields[2], Milli(z_rest + swing * SineMilli(2 * angle) / 1000 + random.Normal(0, 25 + swing / 8)));
    rows.Integer(fields[3], accuracy);
    if (labelled) rows.Integer(fields[4], static_cast<std::int64_t>(activity));
    rows.End();
  }
}

Status MakeAccelerometer(const Scale& scale, const std::vector<Wearer>& wearers, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const std::array<int, 5> fields = {rows.Field("x_axis"), rows.Field("y_axis"), rows.Field("z_axis"), rows.Field("accu"),
                                     rows.Field("label")};
  // One burst in ten falls into a gap or fails, which those planned must make up for.
  const auto people = static_cast<std::int64_t>(wearers.size());
  const std::int64_t planned = std::max<std::int64_t>(2, Scaled(scale, 1, 1, 1LL << 40) * 11 / 10 / kBurstSamples / people);
  const Micros spacing = std::max<Micros>(kLength / planned, kBurstLength);
  Random random(scale.seed, "accelerometer");
  // Phones upload once a day, one after the other.
  const std::int64_t per_day = std::max<std::int64_t>(1, kDay / spacing);
  for (std::int64_t first = 0; first < planned; first += per_day) {
    for (const Wearer& wearer : wearers) {
      for (std::int64_t burst = first; burst < std::min(planned, first + per_day); ++burst) {
        const Micros begin = kBeginning + burst * spacing + random.Below((spacing - kBurstLength) / 2000 + 1) * 1000;
        if (IsOff(wearer, begin) || random.Chance(30)) continue;
        MakeBurst(wearer, begin, random, rows, fields);
      }
    }
  }
  return rows.Finish();
}

Status MakePlaces(const Scale& scale, const std::vector<Wearer>& wearers, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const int lat = rows.Field("lat"), lon = rows.Field("lon"), alt = rows.Field("alt"), accu = rows.Field("accu");
  const int speed = rows.Field("speed"), provider = rows.Field("provider");
  const Micros spacing = kLength / Scaled(scale, 10 * wearers.size(), 200, 10080);
  Random random(scale.seed, "gps");
  for (const Wearer& wearer : wearers) {
    for (Micros time = kBeginning; time < kBeginning + kLength; time += spacing) {
      // Indoors at night phones seldom find satellites.
      if (IsOff(wearer, time) || random.Chance(IsAsleep(wearer, time) ? 700 : 80)) continue;
      const std::int64_t away = AwayMilli(wearer, time);
      const bool moving = away > 0 && away < 1000;
      const std::int64_t blur = moving ? 60 : 150;
      rows.Begin(HeadOf(wearer, time + random.Seconds(0, 20)));
      rows.Double(lat,
                  static_cast<double>(wearer.home_lat + (wearer.work_lat - wearer.home_lat) * away / 1000 + random.Normal(0, blur)) / 1e6);
      rows.Double(lon,
                  static_cast<double>(wearer.home_lon + (wearer.work_lon - wearer.home_lon) * away / 1000 + random.Normal(0, blur)) / 1e6);
      const bool satellites = moving || random.Chance(400);
      if (satellites) rows.Double(alt, static_cast<double>(random.Normal(4300, 250)) / 10.0);
      rows.Double(accu, static_cast<double>(satellites ? random.Between(30, 150) : random.Between(150, 900)) / 10.0);
      if (satellites) rows.Double(speed, moving ? Milli(random.NormalIn(8000, 4000, 200, 30000)) : 0.0);
      rows.Integer(provider, satellites ? 0 : random.Between(1, 2));
      rows.End();
    }
  }
  return rows.Finish();
}

Status MakeBattery(const Scale& scale, const std::vector<Wearer>& wearers, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const int level_field = rows.Field("level"), plugged_field = rows.Field("plugged"), hot = rows.Field("temperature");
  Random random(scale.seed, "battery");
  for (const Wearer& wearer : wearers) {
    std::int64_t level = random.Between(400, 1000);  // thousandths
    for (Micros time = kBeginning; time < kBeginning + kLength; time += 15 * kMinute) {
      const bool charging = IsAsleep(wearer, time) || level < 120;
      level = std::clamp(level + (charging ? random.Between(30, 80) : -random.Between(5, 25)), std::int64_t{20}, std::int64_t{1000});
      if (IsOff(wearer, time)) continue;
      rows.Begin(HeadOf(wearer, time + random.Below(5000) * 1000));
      rows.Integer(level_field, level / 10);
      rows.Integer(plugged_field, charging ? random.Between(1, 2) : 0);
      rows.Double(hot, static_cast<double>(random.Normal(charging ? 310 : 270, 25)) / 10.0);
      rows.End();
    }
  }
  return rows.Finish();
}

Status MakeHeartRate(const Scale& scale, const std::vector<Wearer>& wearers, const model::Dataset& dataset, const BatchSink& sink) {
  Rows rows(dataset, sink);
  const int bpm_field = rows.Field("bpm"), quality = rows.Field("quality");
  const Micros spacing = std::max<Micros>(5 * kSecond, kLength / Scaled(scale, 5 * wearers.size(), 500, 120960));
  Random random(scale.seed, "heart rate");
  for (const Wearer& wearer : wearers) {
    std::int64_t bpm = wearer.rest_bpm * 1000;
    Micros taken_off_until = 0;
    for (Micros time = kBeginning; time < kBeginning + kLength; time += spacing) {
      if (random.Chance(1)) taken_off_until = time + random.Between(20, 180) * kMinute;
      if (time < taken_off_until) continue;
      static constexpr std::array<std::int64_t, 5> kExtra = {6, 30, 80, 8, 12};
      const Activity activity = ActivityAt(wearer, time, random);
      const std::int64_t target = wearer.rest_bpm - (IsAsleep(wearer, time) ? 6 : 0) + kExtra[static_cast<std::size_t>(activity)];
      bpm += (target * 1000 - bpm) / 4 + random.Normal(0, 1500);
      rows.Begin(HeadOf(wearer, time + random.Below(1000) * 1000));
      rows.Integer(bpm_field, std::clamp<std::int64_t>(bpm / 1000, 38, 205));
      rows.Integer(quality, static_cast<std::int64_t>(random.Weighted(std::array<int, 3>{8, 12, 80})));
      rows.End();
    }
  }
  return rows.Finish();
}

// In bursts: what lies between them is not missing.
constexpr std::string_view kAccelerometer = R"({"kind":"sensor","name":"Accelerometer",
 "attributes":{"quality":{"completeness":"none","ignore":["gap"]}},"fields":[
  {"id":"x_axis","type":"double","unit":"m/s2"},{"id":"y_axis","type":"double","unit":"m/s2"},
  {"id":"z_axis","type":"double","unit":"m/s2"},
  {"id":"accu","type":"integer","label":"Accuracy, 1 low to 3 high","min":1,"max":3},
  {"id":"label","type":"enum","label":"Activity as recognised by the phone","options":[{"id":"still"},{"id":"walking"},
   {"id":"running"},{"id":"vehicle"},{"id":"unknown"}]}]})";
constexpr std::string_view kPlaces = R"({"kind":"sensor","name":"GPS","fields":[
  {"id":"lat","type":"double","label":"Latitude","unit":"deg","min":-90,"max":90,"privacy":"quasi"},
  {"id":"lon","type":"double","label":"Longitude","unit":"deg","min":-180,"max":180,"privacy":"quasi"},
  {"id":"alt","type":"double","label":"Altitude","unit":"m"},{"id":"accu","type":"double","label":"Accuracy","unit":"m","min":0},
  {"id":"speed","type":"double","unit":"m/s","min":0},
  {"id":"provider","type":"enum","options":[{"id":"gps"},{"id":"network"},{"id":"fused"}]}]})";
constexpr std::string_view kBattery = R"({"kind":"sensor","name":"Battery","fields":[
  {"id":"level","type":"integer","unit":"%","min":0,"max":100},
  {"id":"plugged","type":"enum","options":[{"id":"battery","code":"0"},{"id":"ac","code":"1"},{"id":"usb","code":"2"}]},
  {"id":"temperature","type":"double","unit":"deg C"}]})";
constexpr std::string_view kHeartRate = R"({"kind":"sensor","name":"Heart rate","fields":[
  {"id":"bpm","type":"integer","label":"Heart rate","unit":"1/min","min":20,"max":250,"privacy":"sensitive"},
  {"id":"quality","type":"enum","options":[{"id":"poor"},{"id":"fair"},{"id":"good"}]}]})";

}  // namespace

StudyPlan PlanSensors(const Scale& scale) {
  StudyPlan plan;
  plan.study = NewStudy("demo-sensors", "A week with a phone and a watch",
                        "Accelerometer, places, battery and heart rate. Synthetic data: none of these people exist.");
  const auto wearers = MakeWearers(scale);
  static constexpr std::string_view kModels[] = {"Pixel 8", "Galaxy S23", "Fairphone 5", "iPhone 14"};
  Random random(scale.seed, "sensor devices");
  for (const Wearer& wearer : wearers) {
    model::Participant participant;
    participant.id = wearer.id;
    participant.status = random.Chance(850) ? "active" : "dropped";
    participant.attributes = "{\"device_model\":\"" + std::string(random.Pick(kModels)) + "\"}";
    plan.participants.push_back(std::move(participant));
  }
  using Make = Status (*)(const Scale&, const std::vector<Wearer>&, const model::Dataset&, const BatchSink&);
  const auto add = [&](std::string_view id, std::string_view json, Make make) {
    plan.datasets.push_back({Defined(id, json), [scale, wearers, make](const model::Dataset& dataset, const BatchSink& sink) {
                               return make(scale, wearers, dataset, sink);
                             }});
  };
  add("accelerometer", kAccelerometer, MakeAccelerometer);
  add("gps", kPlaces, MakePlaces);
  add("battery", kBattery, MakeBattery);
  add("heart_rate", kHeartRate, MakeHeartRate);
  return plan;
}

}  // namespace sheaf::demo
