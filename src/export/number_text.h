#pragma once
//! Numbers as text, quickly. Locale-free, no allocation.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sheaf::exporting {

//! The longest text these write, and how far beyond its end they may touch the buffer.
inline constexpr std::size_t kNumberRoom = 40;

namespace number_text {

static_assert(std::endian::native == std::endian::little, "digits are moved as little-endian words");

//! "000" to "999", four bytes each so that one load and one store move a group; the fourth byte tells how many digits
//! are left without trailing zeros, at least one.
inline constexpr std::array<char, 4000> kGroups = [] {
  std::array<char, 4000> groups{};
  for (std::size_t number = 0; number < 1000; ++number) {
    groups[4 * number] = static_cast<char>('0' + number / 100);
    groups[4 * number + 1] = static_cast<char>('0' + number / 10 % 10);
    groups[4 * number + 2] = static_cast<char>('0' + number % 10);
    groups[4 * number + 3] = static_cast<char>(number % 10 != 0 ? 3 : number % 100 != 0 ? 2 : 1);
  }
  return groups;
}();

//! Three digits with their zeros; touches a fourth byte.
inline char* PutGroup(std::uint32_t number, char* out) {
  std::memcpy(out, kGroups.data() + 4 * number, 4);
  return out + 3;
}
//! A number below 1000 without leading zeros; touches 4 bytes.
inline char* PutFirstGroup(std::uint32_t number, char* out) {
  const std::uint32_t zeros = static_cast<std::uint32_t>(number < 10) + static_cast<std::uint32_t>(number < 100);
  std::uint32_t digits;
  std::memcpy(&digits, kGroups.data() + 4 * number, 4);
  digits >>= 8 * zeros;
  std::memcpy(out, &digits, 4);
  return out + 3 - zeros;
}
//! Three decimals, the last of the number, without trailing zeros; at least one digit.
inline char* PutLastGroup(std::uint32_t number, char* out) {
  std::memcpy(out, kGroups.data() + 4 * number, 4);
  return out + out[3];
}
//! Nine decimals, not all zero, without trailing zeros.
inline char* PutFraction(std::uint32_t billionths, char* out) {
  const std::uint32_t millis = billionths / 1'000'000;
  const std::uint32_t below = billionths % 1'000'000;
  if (below == 0) return PutLastGroup(millis, out);
  out = PutGroup(millis, out);
  const std::uint32_t micros = below / 1000;
  if (below % 1000 == 0) return PutLastGroup(micros, out);
  return PutLastGroup(below % 1000, PutGroup(micros, out));
}

char* WriteLongUnsigned(std::uint64_t number, char* out);
char* WriteAnyDouble(double number, char point, char* out);

}  // namespace number_text

inline char* WriteUnsigned(std::uint64_t number, char* out) {
  if (number < 1000) return number_text::PutFirstGroup(static_cast<std::uint32_t>(number), out);
  if (number < 1'000'000) {
    const auto small = static_cast<std::uint32_t>(number);
    return number_text::PutGroup(small % 1000, number_text::PutFirstGroup(small / 1000, out));
  }
  return number_text::WriteLongUnsigned(number, out);
}

inline char* WriteInteger(std::int64_t number, char* out) {
  if (number >= 0) return WriteUnsigned(static_cast<std::uint64_t>(number), out);
  *out++ = '-';
  return WriteUnsigned(std::uint64_t{0} - static_cast<std::uint64_t>(number), out);
}

//! The fewest digits that read back as the same double, with `point` as the decimal sign: as decimals for 0 and
//! 1e-4 <= |number| < 1e16 ("100000", "0.0001"), beyond that with an exponent ("1e+16", "2.5e-07"). This is Python's
//! repr without its ".0". `number` is finite.
//!
//! Most measured values have few decimals. n = number * 10^k rounded, with n below 10^15, and n / 10^k == number
//! show that the digits of n read back as `number`; as no two decimals of up to 15 digits read as the same double,
//! no shorter text does.
inline char* WriteDouble(double number, char point, char* out) {
  using number_text::PutFraction;
  // Without a jump: signs are often as good as random.
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(number);
  *out = '-';
  out += bits >> 63;
  number = std::bit_cast<double>(bits & ~(std::uint64_t{1} << 63));
  if (number < 1e6) {
    const auto scaled = static_cast<std::int64_t>(number * 1e9 + 0.5);
    if (static_cast<double>(scaled) / 1e9 == number && (scaled >= 100'000 || scaled == 0)) {
      const auto whole = static_cast<std::uint32_t>(static_cast<std::uint64_t>(scaled) / 1'000'000'000);
      const auto billionths = static_cast<std::uint32_t>(static_cast<std::uint64_t>(scaled) % 1'000'000'000);
      out = WriteUnsigned(whole, out);
      if (billionths == 0) return out;
      *out++ = point;
      return PutFraction(billionths, out);
    }
  } else if (number < 1e12) {
    const auto scaled = static_cast<std::int64_t>(number * 1e3 + 0.5);
    if (static_cast<double>(scaled) / 1e3 == number) {
      const auto thousandths = static_cast<std::uint32_t>(static_cast<std::uint64_t>(scaled) % 1000);
      out = WriteUnsigned(static_cast<std::uint64_t>(scaled) / 1000, out);
      if (thousandths == 0) return out;
      *out++ = point;
      return number_text::PutLastGroup(thousandths, out);
    }
  }
  return number_text::WriteAnyDouble(number, point, out);
}

}  // namespace sheaf::exporting
