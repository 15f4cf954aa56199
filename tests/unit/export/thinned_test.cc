#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>

#include "export/distribution.h"
#include "export/series.h"

namespace sheaf::exporting {
namespace {

using Point = Thinned::Point;

//! What has to stay, the slow way.
void Check(std::vector<Point> all, std::size_t points) {
  Thinned thinned(points);
  for (const Point& point : all) thinned.Add(point.x, point.y);
  const auto kept = thinned.Points();
  ASSERT_LE(kept.size(), std::max<std::size_t>(points, kLeastPoints));
  EXPECT_EQ(thinned.Count(), all.size());
  EXPECT_TRUE(std::is_sorted(kept.begin(), kept.end(), [](const Point& a, const Point& b) { return a.x < b.x; }));
  const auto has = [&](std::int64_t x, double y) {
    return std::any_of(kept.begin(), kept.end(), [&](const Point& point) { return point.x == x && point.y == y; });
  };
  if (thinned.Width() == 0) {
    EXPECT_EQ(kept.size(), all.size());
    return;
  }
  std::map<std::int64_t, std::vector<Point>> buckets;
  int shift = 0;
  while ((std::uint64_t{1} << shift) < static_cast<std::uint64_t>(thinned.Width())) ++shift;
  for (const Point& point : all) buckets[point.x >> shift].push_back(point);
  for (const auto& [index, values] : buckets) {
    const auto by_y = [](const Point& a, const Point& b) { return a.y < b.y; };
    const auto by_x = [](const Point& a, const Point& b) { return a.x < b.x; };
    const double least = std::min_element(values.begin(), values.end(), by_y)->y,
                 greatest = std::max_element(values.begin(), values.end(), by_y)->y;
    const std::int64_t first = std::min_element(values.begin(), values.end(), by_x)->x,
                       last = std::max_element(values.begin(), values.end(), by_x)->x;
    const auto in_bucket = [&](const auto& matches) {
      return std::any_of(kept.begin(), kept.end(), [&](const Point& point) { return (point.x >> shift) == index && matches(point); });
    };
    EXPECT_TRUE(in_bucket([&](const Point& point) { return point.y == least; }));
    EXPECT_TRUE(in_bucket([&](const Point& point) { return point.y == greatest; }));
    EXPECT_TRUE(in_bucket([&](const Point& point) { return point.x == first; }));
    EXPECT_TRUE(in_bucket([&](const Point& point) { return point.x == last; }));
  }
  for (const Point& point : kept) {
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Point& known) { return known.x == point.x && known.y == point.y; }));
  }
  EXPECT_TRUE(has(thinned.Points().front().x, thinned.Points().front().y));
}

TEST(Thinned, AnyOrderAnyRange) {
  std::mt19937_64 chance(7);
  for (const std::int64_t range : {std::int64_t{1}, std::int64_t{10}, std::int64_t{5000}, std::int64_t{1'000'000'000'000}}) {
    for (const std::size_t count : {1u, 3u, 16u, 17u, 500u, 3000u}) {
      std::vector<Point> points;
      for (std::size_t i = 0; i < count; ++i) {
        const auto x = static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(range)) - range / 2;
        points.push_back({x, static_cast<double>(chance() % 1000)});
      }
      for (const std::size_t most : {8u, 16u, 100u}) Check(points, most);
      std::sort(points.begin(), points.end(), [](const Point& a, const Point& b) { return a.x > b.x; });
      Check(points, 40);
    }
  }
}

TEST(Thinned, TheEndsOfWhatANumberHolds) {
  std::vector<Point> points;
  for (int i = 0; i < 100; ++i) points.push_back({i * 1000, static_cast<double>(i)});
  points.push_back({std::numeric_limits<std::int64_t>::min(), 1});
  points.push_back({std::numeric_limits<std::int64_t>::max(), 2});
  Check(points, 20);
  Check(points, 8);
}

TEST(Bins, HaveRoundWidthsAndCoverAll) {
  const BinPlan plan = PlanBins(0.37, 9.9, false, 10);
  EXPECT_EQ(plan.width, 1);
  EXPECT_EQ(plan.low, 0);
  EXPECT_EQ(plan.count, 10u);
  EXPECT_EQ(plan.PlaceOf(0.37), 0u);
  EXPECT_EQ(plan.PlaceOf(9.9), 9u);
  EXPECT_EQ(PlanBins(1, 7, true, 30).count, 7u);
  EXPECT_EQ(PlanBins(5, 5, false, 30).count, 1u);
  const double most = std::numeric_limits<double>::max();
  for (const auto& [low, high] :
       {std::pair(-most, most), std::pair(most, most), std::pair(0.0, 5e-324), std::pair(-5e-324, 5e-324), std::pair(1e17, 1e17 + 16)}) {
    const BinPlan wide = PlanBins(low, high, false, 30);
    EXPECT_GE(wide.count, 1u);
    EXPECT_LT(wide.PlaceOf(low), wide.count);
    EXPECT_LT(wide.PlaceOf(high), wide.count);
  }
}

}  // namespace
}  // namespace sheaf::exporting
