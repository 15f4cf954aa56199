#include "quality/groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sheaf::quality {
namespace {

std::vector<std::pair<Micros, Micros>> Stretches(const Group& group) {
  std::vector<std::pair<Micros, Micros>> all;
  if (!group.detail) return all;
  for (const auto& stretch : group.detail->stretches) all.emplace_back(stretch.begin, stretch.end);
  return all;
}

TEST(Stretches, GrowAndJoin) {
  Group group;
  for (const Micros time : {10, 11, 12, 30, 31}) group.AddTime(time, time, 5);
  EXPECT_EQ(Stretches(group), (std::vector<std::pair<Micros, Micros>>{{10, 12}, {30, 31}}));
  EXPECT_EQ(group.detail->stretches[1].first, 30);
  group.AddTime(20, 20, 5);
  EXPECT_EQ(Stretches(group).size(), 3u);
  group.AddTime(16, 16, 5);
  EXPECT_EQ(Stretches(group), (std::vector<std::pair<Micros, Micros>>{{10, 20}, {30, 31}}));
  group.AddTime(25, 25, 5);
  EXPECT_EQ(Stretches(group), (std::vector<std::pair<Micros, Micros>>{{10, 31}}));
  group.AddTime(1, 1, 5);
  group.AddTime(6, 6, 5);
  EXPECT_EQ(Stretches(group), (std::vector<std::pair<Micros, Micros>>{{1, 31}}));
  group.AddTime(15, 15, 5);
  EXPECT_EQ(Stretches(group).size(), 1u);
}

TEST(Stretches, AreTheSameInWhateverOrderTimesCome) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<Micros> times;
    for (int i = 0; i < 40; ++i) times.push_back(static_cast<Micros>(random() % 300));
    auto sorted = times;
    std::sort(sorted.begin(), sorted.end());
    Group shuffled, ordered;
    for (const Micros time : times) shuffled.AddTime(time, time, 4);
    for (const Micros time : sorted) ordered.AddTime(time, time, 4);
    ASSERT_EQ(Stretches(shuffled), Stretches(ordered));
  }
}

TEST(Stretches, AreNoMoreThanAreKept) {
  Group group;
  for (Micros time = 0; time < 3000; ++time) group.AddTime(time * 100, time, 5);
  EXPECT_EQ(Stretches(group).size(), kMostStretches);
  ASSERT_EQ(group.detail->findings.size(), 1u);
  EXPECT_EQ(group.detail->findings[0].count + kMostStretches, 3000u);
}

TEST(Groups, KeepAFewSamples) {
  Group group;
  for (vault::Seq seq = 1; seq <= 5; ++seq) group.Found(Check::kRange, 2, seq);
  group.Found(Check::kRange, 3, 9);
  ASSERT_EQ(group.detail->findings.size(), 2u);
  EXPECT_EQ(group.detail->findings[0].count, 5u);
  EXPECT_EQ(group.detail->findings[0].sampled, kGroupSamples);
  EXPECT_EQ(group.detail->findings[0].samples[0], 1);
}

TEST(Groups, WhoComesBackHasAnotherEpoch) {
  Groups groups;
  groups.All()[groups.At(1, 0)].records = 1;
  groups.All()[groups.At(2, 5)].records = 2;
  const auto before = groups.All()[groups.At(1, 0)].epoch;
  groups.Retain([](const Group& group) { return group.participant != 1; });
  ASSERT_EQ(groups.All().size(), 1u);
  EXPECT_EQ(groups.All()[groups.At(2, 5)].records, 2u);
  EXPECT_NE(groups.All()[groups.At(1, 0)].epoch, before);
  Group& group = groups.All()[groups.At(1, 0)];
  const auto second = group.epoch;
  group.Clear(groups.NewEpoch());
  EXPECT_GT(group.epoch, second);
  EXPECT_EQ(group.participant, 1);
}

}  // namespace
}  // namespace sheaf::quality
