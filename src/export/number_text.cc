#include "export/number_text.h"

#include <fmt/format.h>

namespace sheaf::exporting::number_text {
namespace {

// Eight digits with their zeros, all at once: four digits in each half, two in each quarter, one in each byte.
void PutEight(std::uint32_t number, char* out) {
  const std::uint64_t high = number / 10'000;
  std::uint64_t word = high | (number - high * 10'000) << 32;
  const std::uint64_t hundreds = word * 10'486 >> 20 & 0x0000'007F'0000'007F;
  word = (word - 100 * hundreds) << 16 | hundreds;
  const std::uint64_t tens = word * 103 >> 10 & 0x000F'000F'000F'000F;
  word = ((word - 10 * tens) << 8 | tens) + 0x3030'3030'3030'3030;
  std::memcpy(out, &word, sizeof(word));
}

// The digits of a decimal of up to 17 digits.
class Digits {
 public:
  explicit Digits(std::uint64_t number) {
    const std::uint64_t high = number / 100'000'000;
    PutEight(static_cast<std::uint32_t>(number % 100'000'000), text_ + 16);
    PutEight(static_cast<std::uint32_t>(high % 100'000'000), text_ + 8);
    PutEight(static_cast<std::uint32_t>(high / 100'000'000), text_);
    while (size_ > 1 && text_[24 - size_] == '0') --size_;
  }
  int Size() const { return size_; }
  //! Readable kWindow bytes from any digit on.
  const char* At(int place) const { return text_ + 24 - size_ + place; }
  static constexpr std::size_t kWindow = 17;

 private:
  int size_ = 17;
  char text_[24 + kWindow] = {};
};

char* PutScientific(const Digits& digits, int exponent, char point, char* out) {
  *out++ = *digits.At(0);
  if (digits.Size() > 1) {
    *out++ = point;
    std::memcpy(out, digits.At(1), Digits::kWindow);
    out += digits.Size() - 1;
  }
  *out++ = 'e';
  *out++ = exponent < 0 ? '-' : '+';
  const auto size = static_cast<std::uint32_t>(exponent < 0 ? -exponent : exponent);
  if (size >= 100) return PutGroup(size, out);
  *out++ = static_cast<char>('0' + size / 10);
  *out++ = static_cast<char>('0' + size % 10);
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
  const Digits digits(decimal.significand);
  const int whole = digits.Size() + decimal.exponent;  // digits before the point
  if (number < 1e-4 || number >= 1e16) return PutScientific(digits, whole - 1, point, out);
  if (whole <= 0) {
    std::memcpy(out, "0.000", 5);
    out[1] = point;
    std::memcpy(out + 2 - whole, digits.At(0), Digits::kWindow);
    return out + 2 - whole + digits.Size();
  }
  std::memcpy(out, digits.At(0), Digits::kWindow);
  if (decimal.exponent >= 0) {
    std::memset(out + digits.Size(), '0', Digits::kWindow);
    return out + whole;
  }
  out[whole] = point;
  std::memcpy(out + whole + 1, digits.At(whole), Digits::kWindow);
  return out + digits.Size() + 1;
}

}  // namespace sheaf::exporting::number_text
