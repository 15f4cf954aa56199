#include "demo/random.h"

#include <algorithm>

namespace sheaf::demo {
namespace {

std::uint64_t RotateLeft(std::uint64_t value, int bits) { return (value << bits) | (value >> (64 - bits)); }

std::uint64_t SplitMix(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

}  // namespace

Random::Random(std::uint64_t seed, std::string_view stream) {
  std::uint64_t mixed = seed ^ 0xCBF29CE484222325ULL;
  for (const char c : stream) mixed = (mixed ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  for (std::uint64_t& word : state_) word = SplitMix(mixed);
}

std::uint64_t Random::Next() {
  const std::uint64_t result = RotateLeft(state_[1] * 5, 7) * 9;
  const std::uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = RotateLeft(state_[3], 45);
  return result;
}

std::int64_t Random::Below(std::int64_t count) {
  return static_cast<std::int64_t>(((Next() >> 32) * static_cast<std::uint64_t>(count)) >> 32);
}

std::int64_t Random::Normal(std::int64_t mean, std::int64_t deviation) {
  std::int64_t sum = 0;
  for (int i = 0; i < 3; ++i) {
    const std::uint64_t word = Next();
    for (int shift = 0; shift < 64; shift += 16) sum += static_cast<std::int64_t>((word >> shift) & 0xFFFF);
  }
  // Twelve uniform numbers of 16 bits have a deviation of 2^16 around six times the largest.
  return mean + (sum - 6 * 0xFFFF) * deviation / 65536;
}

std::int64_t Random::NormalIn(std::int64_t mean, std::int64_t deviation, std::int64_t low, std::int64_t high) {
  return std::clamp(Normal(mean, deviation), low, high);
}

std::size_t Random::Weighted(std::span<const int> weights) {
  std::int64_t total = 0;
  for (const int weight : weights) total += weight;
  std::int64_t rest = Below(total);
  for (std::size_t place = 0; place < weights.size(); ++place) {
    rest -= weights[place];
    if (rest < 0) return place;
  }
  return weights.size() - 1;
}

std::string Random::Token(std::size_t size) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string token(size, '\0');
  for (char& c : token) c = Pick(kAlphabet);
  return token;
}

std::int64_t SineMilli(std::int64_t degrees) {
  degrees %= 360;
  if (degrees < 0) degrees += 360;
  const std::int64_t half = degrees % 180;
  // Bhaskara's approximation.
  const std::int64_t product = half * (180 - half);
  const std::int64_t sine = 4000 * product / (40500 - product);
  return degrees < 180 ? sine : -sine;
}

}  // namespace sheaf::demo
