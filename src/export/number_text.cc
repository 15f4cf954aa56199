#include "export/number_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace sheaf::exporting::number_text {
namespace {

constexpr std::array<std::uint64_t, 20> kPowers = [] {
  std::array<std::uint64_t, 20> powers{1};
  for (std::size_t exponent = 1; exponent < powers.size(); ++exponent) powers[exponent] = 10 * powers[exponent - 1];
  return powers;
}();

// Eight digits with their zeros, all at once: four digits in each half, two in each quarter, one in each byte.
void PutEight(std::uint64_t number, char* out) {
  const std::uint64_t high = number / 10'000;
  std::uint64_t word = high | (number - high * 10'000) << 32;
  const std::uint64_t hundreds = word * 10'486 >> 20 & 0x0000'007F'0000'007F;
  word = (word - 100 * hundreds) << 16 | hundreds;
  const std::uint64_t tens = word * 103 >> 10 & 0x000F'000F'000F'000F;
  word = ((word - 10 * tens) << 8 | tens) + 0x3030'3030'3030'3030;
  std::memcpy(out, &word, sizeof(word));
}

void PutSixteen(std::uint64_t number, char* out) {
  PutEight(number / kPowers[8], out);
  PutEight(number % kPowers[8], out + 8);
}

// `number` with exactly `decimals` digits, 1 to 20; touches 24 bytes. Straight to its place: digits that are written
// elsewhere first and copied in other pieces wait for the stores.
char* PutDecimals(std::uint64_t number, int decimals, char* out) {
  if (decimals <= 8) {
    PutEight(number * kPowers[8 - decimals], out);
  } else if (decimals <= 16) {
    PutSixteen(number * kPowers[16 - decimals], out);
  } else {
    const std::uint64_t power = kPowers[decimals - 16];
    PutSixteen(number / power, out);
    PutEight(number % power * kPowers[24 - decimals], out + 16);
  }
  return out + decimals;
}

char* PutScientific(std::uint64_t significand, int exponent, char point, char* out) {
  char digits[kNumberRoom];
  const auto size = static_cast<int>(WriteUnsigned(significand, digits) - digits);
  *out++ = digits[0];
  if (size > 1) {
    *out++ = point;
    out = std::copy(digits + 1, digits + size, out);
  }
  exponent += size - 1;
  *out++ = 'e';
  *out++ = exponent < 0 ? '-' : '+';
  const auto magnitude = static_cast<std::uint32_t>(exponent < 0 ? -exponent : exponent);
  if (magnitude >= 100) return PutGroup(magnitude, out);
  *out++ = static_cast<char>('0' + magnitude / 10);
  *out++ = static_cast<char>('0' + magnitude % 10);
  return out;
}

}  // namespace

char* WriteLongUnsigned(std::uint64_t number, char* out) {
  // At most seven groups of three; the first is written without zeros.
  std::uint32_t groups[7];
  int count = 0;
  while (number >= 1000) {
    groups[count++] = static_cast<std::uint32_t>(number % 1000);
    number /= 1000;
  }
  out = PutFirstGroup(static_cast<std::uint32_t>(number), out);
  while (count > 0) out = PutGroup(groups[--count], out);
  return out;
}

char* WriteAnyDouble(double number, char point, char* out) {
  if (number == 0) {
    *out = '0';
    return out + 1;
  }
  // fmt's Dragonbox finds the shortest decimal in half the time of std::to_chars. It is not fmt's documented interface;
  // the unit test compares millions of numbers with std::to_chars, whatever the version.
  const auto decimal = fmt::detail::dragonbox::to_decimal(number);
  if (number < 1e-4 || number >= 1e16) return PutScientific(decimal.significand, decimal.exponent, point, out);
  if (decimal.exponent >= 0) return WriteUnsigned(decimal.significand * kPowers[static_cast<std::size_t>(decimal.exponent)], out);
  // Up to 17 digits, up to 20 of them behind the point.
  const int decimals = -decimal.exponent;
  const std::uint64_t power = kPowers[static_cast<std::size_t>(std::min(decimals, 19))];
  const std::uint64_t whole = decimal.significand / power;
  out = WriteUnsigned(whole, out);
  *out = point;
  return PutDecimals(decimal.significand - whole * power, decimals, out + 1);
}

}  // namespace sheaf::exporting::number_text
