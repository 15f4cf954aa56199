#pragma once
//! Numbers written as text, read exactly.

#include <cstdint>
#include <string_view>

namespace sheaf::ingest {

struct Number {
  enum class Kind : std::uint8_t {
    kInvalid,     //!< not a number by the grammar
    kInteger,     //!< no fraction, no exponent, fits `integer`; `real` is the nearest double
    kBigInteger,  //!< no fraction, no exponent, does not fit 64 bits; `real` is the nearest double
    kReal,        //!< `real`
    kTooLarge,    //!< beyond the largest double
  };
  Kind kind = Kind::kInvalid;
  std::int64_t integer = 0;
  double real = 0;
};

//! JSON's grammar (RFC 8259), the whole text. Correctly rounded; too small a number is zero. No allocation but for
//! numbers beyond the doubles' range.
Number ParseJsonNumber(std::string_view text);
//! As people write it in CSV: leading zeros, `.5` and `5.` too. No plus sign, no NaN, no infinity, no spaces.
Number ParsePlainNumber(std::string_view text);

//! The number as an integer: exact, or a real of integral value within ±2^53.
enum class IntegerFit : std::uint8_t { kFits, kFraction, kOutOfRange };
IntegerFit ToInteger(const Number& number, std::int64_t* value);

}  // namespace sheaf::ingest
