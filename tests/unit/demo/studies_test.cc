#include "demo/studies.h"

#include <gtest/gtest.h>

#include <bit>
#include <boost/json/value.hpp>
#include <cmath>
#include <map>
#include <set>

#include "base/ids.h"
#include "demo/demo.h"
#include "demo/random.h"
#include "model/strict_json.h"

namespace sheaf::demo {
namespace {

using model::CellState;
using model::FieldType;
using model::RecordBatch;

std::uint64_t CountRows(const DatasetPlan& plan) {
  std::uint64_t rows = 0;
  EXPECT_TRUE(plan.generate(plan.definition, [&](RecordBatch&& batch) -> Status {
    rows += batch.rows;
    return {};
  }));
  return rows;
}

const DatasetPlan& PlanOf(const std::vector<StudyPlan>& plans, std::string_view study, std::string_view dataset) {
  for (const StudyPlan& plan : plans) {
    if (plan.study.id != study) continue;
    for (const DatasetPlan& candidate : plan.datasets) {
      if (candidate.definition.id == dataset) return candidate;
    }
  }
  throw std::out_of_range("no such dataset");
}

TEST(DemoRandom, IsTheSameEverywhere) {
  Random random(1, "test");
  EXPECT_EQ(random.Next(), 14128976465670661294u);
  EXPECT_NE(Random(1, "other").Next(), Random(1, "test").Next());
  EXPECT_NE(Random(2, "test").Next(), Random(1, "test").Next());
}

TEST(DemoRandom, KeepsItsBounds) {
  Random random(3, "bounds");
  std::set<std::int64_t> seen;
  std::int64_t sum = 0, squares = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::int64_t number = random.Between(-3, 3);
    ASSERT_GE(number, -3);
    ASSERT_LE(number, 3);
    seen.insert(number);
    const std::int64_t normal = random.Normal(500, 100);
    ASSERT_LE(std::abs(normal - 500), 600);
    sum += normal;
    squares += (normal - 500) * (normal - 500);
  }
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_NEAR(static_cast<double>(sum) / 100000, 500, 2);
  EXPECT_NEAR(std::sqrt(static_cast<double>(squares) / 100000), 100, 2);
  EXPECT_EQ(random.Token(28).size(), 28u);
}

TEST(DemoRandom, SineIsClose) {
  for (int degrees = -720; degrees <= 720; ++degrees) {
    EXPECT_NEAR(static_cast<double>(SineMilli(degrees)), 1000 * std::sin(degrees * M_PI / 180), 3) << degrees;
  }
}

TEST(DemoStudies, AreTheFourPromised) {
  const auto plans = PlanStudies({1, 1000});
  ASSERT_EQ(plans.size(), 4u);
  for (std::size_t i = 0; i < plans.size(); ++i) EXPECT_EQ(plans[i].study.id, StudyIds()[i]);
  ASSERT_EQ(plans[1].datasets.size(), 7u);
  for (const DatasetPlan& dataset : plans[1].datasets) {
    EXPECT_EQ(model::Name(dataset.definition.kind), dataset.definition.id);
    EXPECT_FALSE(dataset.definition.fields.empty()) << dataset.definition.id;
  }
}

TEST(DemoStudies, GrowWithTheRowsAskedFor) {
  for (const std::uint64_t rows : {20000u, 100000u, 500000u}) {
    const auto plans = PlanStudies({1, rows});
    const auto made = CountRows(PlanOf(plans, "demo-sensors", "accelerometer"));
    EXPECT_GT(made, rows * 85 / 100);
    EXPECT_LT(made, rows * 115 / 100);
  }
  const auto smallest = PlanStudies({1, 0});
  for (const StudyPlan& plan : smallest) {
    for (const DatasetPlan& dataset : plan.datasets) EXPECT_GT(CountRows(dataset), 0u) << dataset.definition.id;
  }
}

// Everything that ingest would refuse, looked for in what the demo makes.
class Checker {
 public:
  explicit Checker(const StudyPlan& study) {
    for (const auto& participant : study.participants) {
      EXPECT_TRUE(IsRecordId(participant.id));
      EXPECT_TRUE(participants_.insert(participant.id).second) << participant.id;
      EXPECT_TRUE(IsObject(participant.attributes)) << participant.attributes;
    }
    for (const auto& session : study.sessions) {
      EXPECT_TRUE(IsObject(session.attributes)) << session.attributes;
      starts_[session.id] = session.start;
      for (const auto& attendance : session.attendance) EXPECT_TRUE(participants_.contains(attendance.participant));
    }
  }

  void Check(const model::Dataset& dataset, const RecordBatch& batch) {
    SCOPED_TRACE(dataset.id);
    ASSERT_EQ(batch.fields.size(), dataset.fields.size());
    for (const std::size_t size : {batch.ids.Size(), batch.participant.size(), batch.session.size(), batch.time.size(),
                                   batch.time_offset.size(), batch.onset_ms.size(), batch.metadata.Size()}) {
      ASSERT_EQ(size, batch.rows);
    }
    ASSERT_GT(batch.bytes, 0u);
    for (const auto& id : batch.participants.Ids()) ASSERT_TRUE(participants_.contains(id)) << id;
    for (std::size_t row = 0; row < batch.rows; ++row) CheckHead(dataset, batch, row);
    for (std::size_t field = 0; field < dataset.fields.size(); ++field) CheckField(dataset.fields[field], batch.fields[field], batch.rows);
  }

 private:
  static bool IsObject(const std::string& json) {
    boost::json::value value;
    return model::ParseStrictJson(json, {}, value).has_value() && value.is_object();
  }

  void CheckHead(const model::Dataset& dataset, const RecordBatch& batch, std::size_t row) {
    const std::string_view id = batch.ids.At(row);
    ASSERT_TRUE(dataset.mode == model::DatasetMode::kAppend || !id.empty());
    if (!id.empty()) {
      ASSERT_TRUE(IsRecordId(id));
      ASSERT_TRUE(ids_.insert(dataset.id + "/" + std::string(id)).second) << id;
    }
    ASSERT_GE(batch.time[row], kMinMicros);
    ASSERT_LE(batch.time[row], kMaxMicros);
    if (batch.session[row] < 0) {
      ASSERT_TRUE(std::isnan(batch.onset_ms[row]));
      return;
    }
    const auto& session = batch.sessions.Ids()[static_cast<std::size_t>(batch.session[row])];
    ASSERT_TRUE(starts_.contains(session));
    ASSERT_EQ(batch.onset_ms[row] * 1000, static_cast<double>(batch.time[row] - *starts_[session]));
  }

  void CheckField(const model::Field& field, const model::FieldColumn& column, std::size_t rows) {
    SCOPED_TRACE(field.id);
    ASSERT_EQ(column.states.size(), rows);
    const auto type = model::CellTypeOf(field.type);
    ASSERT_EQ(column.strings.Size(), type == model::CellType::kString ? rows : 0);
    ASSERT_EQ(column.doubles.size(), type == model::CellType::kDouble ? rows : 0);
    ASSERT_EQ(column.option_ends.size(), type == model::CellType::kInt32List ? rows : 0);
    ASSERT_EQ(column.strings.Size() + column.doubles.size() + column.option_ends.size() + column.integers.size(), rows);
    for (const std::int32_t option : column.options) ASSERT_LT(static_cast<std::size_t>(option), field.options.size());
    for (std::size_t row = 0; row < rows; ++row) {
      ASSERT_TRUE(!field.required || column.states[row] == CellState::kAnswered);
      if (column.states[row] == CellState::kAnswered) CheckCell(field, column, row);
    }
  }

  static void CheckCell(const model::Field& field, const model::FieldColumn& column, std::size_t row) {
    boost::json::value value;
    switch (field.type) {
      case FieldType::kEnum: ASSERT_LT(static_cast<std::size_t>(column.integers[row]), field.options.size()); break;
      case FieldType::kBoolean: ASSERT_LE(static_cast<std::uint64_t>(column.integers[row]), 1u); break;
      case FieldType::kInteger:
        ASSERT_GE(static_cast<double>(column.integers[row]), field.min.value_or(-1e300));
        ASSERT_LE(static_cast<double>(column.integers[row]), field.max.value_or(1e300));
        break;
      case FieldType::kDouble:
        ASSERT_GE(column.doubles[row], field.min.value_or(-1e300));
        ASSERT_LE(column.doubles[row], field.max.value_or(1e300));
        break;
      case FieldType::kDatetime: ASSERT_GE(column.integers[row], kMinMicros); break;
      case FieldType::kJson: ASSERT_TRUE(model::ParseStrictJson(column.strings.At(row), {}, value)) << column.strings.At(row); break;
      case FieldType::kString:
      case FieldType::kIdentifier: ASSERT_TRUE(IsUtf8(column.strings.At(row))); break;
      case FieldType::kSet: break;
    }
  }

  std::set<std::string> participants_;
  std::map<std::string, std::optional<Micros>> starts_;
  std::set<std::string> ids_;
};

TEST(DemoStudies, HoldOnlyRecordsThatIngestWouldTake) {
  for (const std::uint64_t seed : {1u, 77u}) {
    for (const StudyPlan& study : PlanStudies({seed, 30000})) {
      SCOPED_TRACE(study.study.id);
      Checker checker(study);
      for (const DatasetPlan& plan : study.datasets) {
        ASSERT_TRUE(plan.generate(plan.definition, [&](RecordBatch&& batch) -> Status {
          checker.Check(plan.definition, batch);
          return {};
        }));
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

class Digest {
 public:
  void Mix(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001B3ULL; }
  void Mix(std::string_view text) {
    Mix(text.size());
    for (const char c : text) Mix(std::uint64_t{static_cast<unsigned char>(c)});
  }
  std::uint64_t Value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

void MixHeads(Digest& digest, const RecordBatch& batch) {
  for (std::size_t row = 0; row < batch.rows; ++row) {
    digest.Mix(batch.ids.At(row));
    digest.Mix(batch.participants.Ids()[static_cast<std::size_t>(batch.participant[row])]);
    digest.Mix(static_cast<std::uint64_t>(batch.time[row]));
  }
}

void MixColumn(Digest& digest, const model::FieldColumn& column) {
  for (const CellState state : column.states) digest.Mix(static_cast<std::uint64_t>(state));
  for (const std::int64_t value : column.integers) digest.Mix(static_cast<std::uint64_t>(value));
  for (const double value : column.doubles) digest.Mix(std::bit_cast<std::uint64_t>(value));
  for (const std::int32_t option : column.options) digest.Mix(static_cast<std::uint64_t>(option));
  for (std::size_t row = 0; row < column.strings.Size(); ++row) digest.Mix(column.strings.At(row));
}

// Every byte of a dataset's records in one number.
std::uint64_t DigestOf(const DatasetPlan& plan) {
  std::vector<Digest> parts(plan.definition.fields.size() + 1);
  EXPECT_TRUE(plan.generate(plan.definition, [&](RecordBatch&& batch) -> Status {
    MixHeads(parts.back(), batch);
    for (std::size_t field = 0; field < batch.fields.size(); ++field) MixColumn(parts[field], batch.fields[field]);
    return {};
  }));
  Digest whole;
  for (const Digest& part : parts) whole.Mix(part.Value());
  return whole.Value();
}

std::uint64_t DigestOfAll(const Scale& scale) {
  Digest whole;
  for (const StudyPlan& study : PlanStudies(scale)) {
    for (const DatasetPlan& plan : study.datasets) whole.Mix(DigestOf(plan));
  }
  return whole.Value();
}

TEST(DemoStudies, AreTheSameForASeedOnEveryMachine) {
  EXPECT_EQ(DigestOfAll({1, 20000}), DigestOfAll({1, 20000}));
  EXPECT_NE(DigestOfAll({1, 20000}), DigestOfAll({2, 20000}));
  // Changes with every change of the demo; between compilers and processors it must not.
  EXPECT_EQ(DigestOfAll({1, 20000}), 6146460458666679786u);
}

struct Seen {
  std::uint64_t rows = 0, answered = 0, skipped = 0, absent = 0, negative_onsets = 0;
};
Seen Look(const DatasetPlan& plan, std::string_view field) {
  Seen seen;
  const auto number = static_cast<std::size_t>(plan.definition.FieldNumber(field));
  EXPECT_TRUE(plan.generate(plan.definition, [&](RecordBatch&& batch) -> Status {
    seen.rows += batch.rows;
    for (const CellState state : batch.fields.at(number).states) {
      ++(state == CellState::kAnswered ? seen.answered : state == CellState::kSkipped ? seen.skipped : seen.absent);
    }
    for (const double onset : batch.onset_ms) seen.negative_onsets += onset < 0 ? 1 : 0;
    return {};
  }));
  return seen;
}

TEST(DemoStudies, ShowWhatStudiesAreLike) {
  const auto plans = PlanStudies({1, 100000});
  const Seen other = Look(PlanOf(plans, "demo-survey", "wellbeing"), "activities_other");
  EXPECT_GT(other.answered, 0u);
  EXPECT_GT(other.skipped, 0u) << "some who were asked declined";
  EXPECT_GT(other.absent, other.answered) << "most were not asked";
  const Seen item = Look(PlanOf(plans, "demo-survey", "wellbeing"), "personality_01");
  EXPECT_GT(item.answered, item.rows * 8 / 10);
  EXPECT_GT(item.absent, 0u) << "some stopped before";
  const Seen events = Look(PlanOf(plans, "demo-experiment", "events"), "eventType");
  EXPECT_GT(events.negative_onsets, events.rows / 20) << "consent and instructions come before the start";
  EXPECT_EQ(events.answered, events.rows);
  const Seen consent = Look(PlanOf(plans, "demo-donations", "blueprint-2"), "consent");
  EXPECT_GT(consent.skipped, 0u);
  EXPECT_GT(consent.absent, 0u);
}

TEST(DemoRows, KeepTheFirstFailureOfTheSink) {
  const auto plans = PlanStudies({1, 100000});
  int calls = 0;
  const DatasetPlan& plan = PlanOf(plans, "demo-sensors", "accelerometer");
  const Status status = plan.generate(plan.definition, [&](RecordBatch&&) -> Status {
    ++calls;
    return Fail(ErrorCode::kStorageFull, "full");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kStorageFull);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace sheaf::demo
