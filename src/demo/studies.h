#pragma once
//! The studies as plans: who takes part, which datasets there are, and how to make their records. Pure: a plan reads and writes
//! nothing but the sink it is given.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "demo/rows.h"
#include "model/definition.h"
#include "model/donation_project.h"
#include "model/study.h"

namespace sheaf::demo {

//! Makes all records of a dataset in an order that data could arrive in. `dataset` is the definition as kept.
using Generate = std::function<Status(const model::Dataset& dataset, const BatchSink& sink)>;

struct DatasetPlan {
  model::Dataset definition;
  Generate generate;
};

//! A file that belongs to a record.
struct FilePlan {
  std::string id, kind, name, media_type, participant, session, dataset, record, field;
  std::optional<Micros> started_at, ended_at;  //!< of what was recorded
  std::optional<std::int64_t> duration_ms;
  std::function<std::string()> bytes;
};

struct StudyPlan {
  model::Study study;  //!< without owner
  std::vector<model::Participant> participants;
  std::vector<model::Session> sessions;
  std::vector<DatasetPlan> datasets;
  std::vector<FilePlan> files;
  std::optional<model::DonationProject> project;  //!< of a study that collects donations
};

struct Scale {
  std::uint64_t seed = 1;
  std::uint64_t rows = 100000;
};

StudyPlan PlanSurvey(const Scale& scale);
StudyPlan PlanExperiment(const Scale& scale);
StudyPlan PlanSensors(const Scale& scale);
StudyPlan PlanDonations(const Scale& scale);

//! All of them.
std::vector<StudyPlan> PlanStudies(const Scale& scale);

// What the plans share.

//! 2026-01-12T08:00:00Z, a Monday: when the studies begin.
inline constexpr Micros kBeginning = 1768204800000000;
inline constexpr Micros kSecond = 1000000;
inline constexpr Micros kMinute = 60 * kSecond;
inline constexpr Micros kHour = 60 * kMinute;
inline constexpr Micros kDay = 24 * kHour;
//! Where participants live it is winter in Central Europe.
inline constexpr std::int16_t kLocalOffset = 60;

model::Study NewStudy(std::string_view id, std::string_view name, std::string_view description);
//! Parses a definition written in the source.
model::Dataset Defined(std::string_view id, std::string_view json);
//! "P0042"
std::string Numbered(std::string_view prefix, std::int64_t number, int digits);
//! `rows / per`, but at least `low` and at most `high`.
std::int64_t Scaled(const Scale& scale, std::uint64_t per, std::int64_t low, std::int64_t high);

}  // namespace sheaf::demo
