#pragma once
//! A time column that may be NULL, as the database library binds it: a value and an indicator beside it.
//! `Indicator` is soci::indicator; a parameter keeps the library out of this header.

#include <optional>

#include "base/time.h"

namespace sheaf::catalog {

template <class Indicator>
struct NullableTime {
  long long value = 0;
  Indicator indicator = Indicator::i_null;

  static NullableTime Of(std::optional<Micros> time) {
    if (!time) return {};
    return {*time, Indicator::i_ok};
  }
  std::optional<Micros> Get() const {
    if (indicator != Indicator::i_ok) return std::nullopt;
    return static_cast<Micros>(value);
  }
};

}  // namespace sheaf::catalog
