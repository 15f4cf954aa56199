#pragma once
//! Random numbers that are the same everywhere: xoshiro256** and integer arithmetic. Fractions are counted in
//! thousandths, because floating point may round differently from one compiler to the next.

#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>

namespace sheaf::demo {

class Random {
 public:
  //! Independent streams: equal seeds and equal names give equal numbers, other names others.
  Random(std::uint64_t seed, std::string_view stream);

  std::uint64_t Next();
  //! 0 to count - 1; `count` is above 0 and below 2^32.
  std::int64_t Below(std::int64_t count);
  //! Both ends included.
  std::int64_t Between(std::int64_t low, std::int64_t high) { return low + Below(high - low + 1); }
  //! A duration in microseconds, in whole milliseconds; at most 40 days. One call, because the order in which an expression
  //! makes several is not the same everywhere.
  std::int64_t Seconds(std::int64_t low, std::int64_t high) { return Between(low * 1000, high * 1000) * 1000; }
  bool Chance(int thousandths) { return Below(1000) < thousandths; }
  //! Bell-shaped (a sum of twelve), never more than six deviations away.
  std::int64_t Normal(std::int64_t mean, std::int64_t deviation);
  std::int64_t NormalIn(std::int64_t mean, std::int64_t deviation, std::int64_t low, std::int64_t high);
  //! The place of a weight, chosen in proportion.
  std::size_t Weighted(std::span<const int> weights);
  template <class List>
  const auto& Pick(const List& list) {
    return list[static_cast<std::size_t>(Below(static_cast<std::int64_t>(std::size(list))))];
  }
  //! `size` letters and digits.
  std::string Token(std::size_t size);

 private:
  std::uint64_t state_[4];
};

//! Thousand times the sine of an angle in degrees, to about two thousandths.
std::int64_t SineMilli(std::int64_t degrees);

}  // namespace sheaf::demo
