// Thinning in one pass: buckets are merged two by two whenever more would be needed than there are.

#include <algorithm>
#include <utility>

#include "export/series.h"

namespace sheaf::exporting {
namespace {

constexpr int kWidest = 63;  // of two buckets, one is of what lies before 0

}  // namespace

Thinned::Thinned(std::size_t points) : points_(std::max<std::size_t>(points, kLeastPoints)) {}

void Thinned::Bucket::Add(const Point& point) {
  if (count++ == 0) {
    first = last = least = greatest = point;
    return;
  }
  if (point.x < first.x) first = point;
  if (point.x >= last.x) last = point;
  if (point.y < least.y) least = point;
  if (point.y > greatest.y) greatest = point;
}

void Thinned::Bucket::Merge(const Bucket& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  count += other.count;
  if (other.first.x < first.x) first = other.first;
  if (other.last.x >= last.x) last = other.last;
  if (other.least.y < least.y) least = other.least;
  if (other.greatest.y > greatest.y) greatest = other.greatest;
}

void Thinned::Add(std::int64_t x, double y) {
  if (count_++ == 0) least_ = greatest_ = y;
  least_ = std::min(least_, y);
  greatest_ = std::max(greatest_, y);
  const Point point{x, y};
  if (!raw_) return Put(point);
  if (kept_.size() < points_) return kept_.push_back(point);
  raw_ = false;
  buckets_.resize(points_ / 4);
  base_ = low_ = high_ = IndexOf(kept_.front().x);
  for (const Point& earlier : std::exchange(kept_, {})) Put(earlier);
  Put(point);
}

void Thinned::Put(const Point& point) {
  std::int64_t index = IndexOf(point.x);
  if (index < low_ || index > high_) {
    MakeRoom(index);
    index = IndexOf(point.x);
  }
  buckets_[static_cast<std::size_t>(index - base_)].Add(point);
}

//! So that the index of the same x is within the buckets.
void Thinned::MakeRoom(std::int64_t index) {
  const auto size = static_cast<std::int64_t>(buckets_.size());
  const auto spans = [&] {
    const std::int64_t low = std::min(low_, index), high = std::max(high_, index);
    // Differences of indexes may not fit before they are wide enough.
    return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  };
  while (spans() >= static_cast<std::uint64_t>(size) && shift_ < kWidest) {
    Widen();
    index >>= 1;
  }
  low_ = std::min(low_, index);
  high_ = std::max(high_, index);
  if (low_ >= base_ && high_ < base_ + size) return;
  // Room on both sides is of no use: what comes is mostly later.
  std::vector<Bucket> moved(buckets_.size());
  for (std::int64_t i = 0; i < size; ++i) {
    const std::int64_t to = base_ + i - low_;
    if (to >= 0 && to < size) moved[static_cast<std::size_t>(to)] = buckets_[static_cast<std::size_t>(i)];
  }
  buckets_ = std::move(moved);
  base_ = low_;
}

void Thinned::Widen() {
  ++shift_;
  std::vector<Bucket> wider(buckets_.size());
  const std::int64_t base = low_ >> 1;
  for (std::int64_t index = low_; index <= high_; ++index) {
    const std::int64_t place = index - base_;
    if (place < 0 || place >= static_cast<std::int64_t>(buckets_.size())) continue;
    wider[static_cast<std::size_t>((index >> 1) - base)].Merge(buckets_[static_cast<std::size_t>(place)]);
  }
  buckets_ = std::move(wider);
  base_ = base;
  low_ >>= 1;
  high_ >>= 1;
}

std::vector<Thinned::Point> Thinned::Points() const {
  std::vector<Point> points = kept_;
  const auto before = [](const Point& a, const Point& b) { return a.x < b.x; };
  for (const Bucket& bucket : buckets_) {
    if (bucket.count == 0) continue;
    std::vector<Point> four = {bucket.first, bucket.least, bucket.greatest, bucket.last};
    std::stable_sort(four.begin(), four.end(), before);
    const auto same = [](const Point& a, const Point& b) { return a.x == b.x && a.y == b.y; };
    four.erase(std::unique(four.begin(), four.end(), same), four.end());
    points.insert(points.end(), four.begin(), four.end());
  }
  if (raw_) std::stable_sort(points.begin(), points.end(), before);
  return points;
}

}  // namespace sheaf::exporting
