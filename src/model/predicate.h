#pragma once
//! A filter after binding: typed, checked against the definition, ready for a store to run. `query` makes it,
//! `vault` turns it into SQL with parameters.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "model/column.h"

namespace sheaf::model {

//! A constant of a filter in the column's own terms: int64 for integers, datetimes (Micros) and enum and set
//! options (numbers), double, bool, string.
using Value = std::variant<std::int64_t, double, bool, std::string>;

//! kAll, kAny and kNot are of `children`: kAll of none is true, kAny of none is false, kNot has one.
enum class Operator : std::uint8_t {
  kAll,
  kAny,
  kNot,
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kIn,
  kNotIn,
  kContains,     //!< text: substring, case-insensitive; set: has the option
  kNotContains,  //!< the opposite
  kNotStartsWith,
  kNotEndsWith,
  kStartsWith,  //!< case-insensitive
  kEndsWith,    //!< case-insensitive
  kIsNull,
  kIsNotNull,
  kBetween,  //!< inclusive, two values
};

//! `values`: one for comparisons, text operators and set membership; one or more for kIn and kNotIn, all of one
//! alternative; two for kBetween; none for kIsNull and kIsNotNull. Their alternative is that of Value above, with two
//! exceptions: an integer column may be compared with doubles (2.5, or beyond 64 bits), numerically. Attributes
//! (kParticipantAttribute, kSessionAttribute) are members of a JSON object: a string compares with the member as text
//! (a string without its quotes, anything else as JSON), a double with the member read as a number, a bool with the
//! member read as true or false. A member that is missing, null, or cannot be read so counts as null.
//!
//! Comparisons with a null cell are false, those negated (!=, not_in, not_contains, …) true: "everything but 3" includes
//! the rows that have no answer.
struct Predicate {
  Operator op = Operator::kAll;
  Column column;
  std::vector<Value> values;
  std::vector<Predicate> children;
};

struct SortKey {
  Column column;
  bool descending = false;  //!< nulls come last either way
};

}  // namespace sheaf::model
