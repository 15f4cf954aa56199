#include "ingest/number.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace sheaf::ingest {
namespace {

constexpr int kExactDigits = 19;  // always fit an unsigned 64-bit integer
constexpr std::uint64_t kExactDouble = 1ULL << 53;
constexpr int kExactPower = 22;
constexpr double kPowers[kExactPower + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                             1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The parts of a number's text.
struct Parts {
  bool valid = false;
  bool negative = false;
  bool integer = true;  // neither fraction nor exponent
  bool exact = true;    // `mantissa` holds every significant digit
  std::uint64_t mantissa = 0;
  int exponent = 0;  // of ten, for `mantissa`; means nothing unless exact
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  template <bool kStrict>
  Parts Scan() {
    Parts parts;
    parts.negative = Skip('-');
    const char* const whole = at_;
    Digits(parts);
    const auto whole_digits = at_ - whole;
    if (kStrict && (whole_digits == 0 || (whole_digits > 1 && *whole == '0'))) return parts;
    std::ptrdiff_t fraction_digits = 0;
    if (Skip('.')) {
      parts.integer = false;
      const char* const fraction = at_;
      Digits(parts);
      fraction_digits = at_ - fraction;
      if (kStrict && fraction_digits == 0) return parts;
    }
    if (whole_digits + fraction_digits == 0) return parts;
    int exponent = 0;
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      parts.integer = false;
      if (!Exponent(&exponent)) return parts;
    }
    if (fraction_digits > 1000) parts.exact = false;
    else parts.exponent = exponent - static_cast<int>(fraction_digits);
    parts.valid = at_ == end_;
    return parts;
  }

 private:
  bool Skip(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }

  void Digits(Parts& parts) {
    for (; at_ != end_ && IsDigit(*at_); ++at_) {
      if (parts.mantissa == 0 && *at_ == '0') continue;
      if (++significant_ > kExactDigits) {
        parts.exact = false;
        continue;
      }
      parts.mantissa = parts.mantissa * 10 + static_cast<std::uint64_t>(*at_ - '0');
    }
  }

  bool Exponent(int* exponent) {
    ++at_;
    bool negative = false;
    if (Skip('-')) negative = true;
    else Skip('+');
    if (at_ == end_ || !IsDigit(*at_)) return false;
    int value = 0;
    for (; at_ != end_ && IsDigit(*at_); ++at_) {
      if (value < 100000) value = value * 10 + (*at_ - '0');
    }
    *exponent = negative ? -value : value;
    return true;
  }

  const char* at_;
  const char* end_;
  int significant_ = 0;
};

// Nearly all numbers: a sign, up to 18 digits, perhaps a point among them. False: it is none of these.
bool ParseShort(std::string_view text, Number* number) {
  constexpr std::size_t kShort = 18;
  const char* at = text.data();
  const char* const end = at + text.size();
  const bool negative = at != end && *at == '-';
  if (negative) ++at;
  if (static_cast<std::size_t>(end - at) > kShort || at == end || !IsDigit(*at)) return false;
  const char* const whole = at;
  std::int64_t mantissa = 0;
  for (; at != end && IsDigit(*at); ++at) mantissa = mantissa * 10 + (*at - '0');
  if (at - whole > 1 && *whole == '0') return false;
  if (at == end) {
    number->kind = Number::Kind::kInteger;
    number->integer = negative ? -mantissa : mantissa;
    number->real = negative ? -static_cast<double>(mantissa) : static_cast<double>(mantissa);
    return true;
  }
  if (*at != '.') return false;
  const char* const fraction = ++at;
  for (; at != end && IsDigit(*at); ++at) mantissa = mantissa * 10 + (*at - '0');
  if (at != end || at == fraction || mantissa > static_cast<std::int64_t>(kExactDouble)) return false;
  // Both operands are exact, so the one rounding of the division is the right one (Clinger, 1990).
  const double magnitude = static_cast<double>(mantissa) / kPowers[at - fraction];
  number->kind = Number::Kind::kReal;
  number->real = negative ? -magnitude : magnitude;
  return true;
}

// The nearest double; infinite when there is none.
double Nearest(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{}) return value;
  // from_chars does not tell too large from too small.
  return std::strtod(std::string(text).c_str(), nullptr);
}

Number Finish(std::string_view text, const Parts& parts) {
  Number number;
  if (!parts.valid) return number;
  if (parts.integer && parts.exact) {
    const std::uint64_t limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) + (parts.negative ? 1 : 0);
    if (parts.mantissa <= limit) {
      number.kind = Number::Kind::kInteger;
      number.integer = static_cast<std::int64_t>(parts.negative ? 0 - parts.mantissa : parts.mantissa);
      number.real = parts.negative && parts.mantissa == 0 ? -0.0 : static_cast<double>(number.integer);
      return number;
    }
  }
  // As in ParseShort.
  if (parts.exact && parts.mantissa <= kExactDouble && parts.exponent >= -kExactPower && parts.exponent <= kExactPower) {
    const auto mantissa = static_cast<double>(parts.mantissa);
    const double magnitude = parts.exponent < 0 ? mantissa / kPowers[-parts.exponent] : mantissa * kPowers[parts.exponent];
    number.real = parts.negative ? -magnitude : magnitude;
  } else {
    number.real = Nearest(text);
  }
  if (std::isinf(number.real)) number.kind = Number::Kind::kTooLarge;
  else number.kind = parts.integer ? Number::Kind::kBigInteger : Number::Kind::kReal;
  return number;
}

}  // namespace

Number ParseJsonNumber(std::string_view text) {
  Number number;
  return ParseShort(text, &number) ? number : Finish(text, Scanner(text).Scan<true>());
}

Number ParsePlainNumber(std::string_view text) {
  Number number;
  return ParseShort(text, &number) ? number : Finish(text, Scanner(text).Scan<false>());
}

IntegerFit ToInteger(const Number& number, std::int64_t* value) {
  if (number.kind == Number::Kind::kInteger) {
    *value = number.integer;
    return IntegerFit::kFits;
  }
  if (number.kind != Number::Kind::kReal) return IntegerFit::kOutOfRange;
  if (std::trunc(number.real) != number.real) return IntegerFit::kFraction;
  if (std::abs(number.real) > static_cast<double>(kExactDouble)) return IntegerFit::kOutOfRange;
  *value = static_cast<std::int64_t>(number.real);
  return IntegerFit::kFits;
}

}  // namespace sheaf::ingest
