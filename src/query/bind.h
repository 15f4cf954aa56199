#pragma once
//! One condition of a filter, bound: operator and value checked against the column's type.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "model/predicate.h"

namespace boost::json {
class value;
}

namespace sheaf::query {

//! "=", "not_in", …; nullopt for an unknown word.
std::optional<model::Operator> OperatorFrom(std::string_view word);

//! A condition as found in the JSON. `value` is nullptr when there is none; `place` is the condition's pointer.
struct Condition {
  model::Column column;
  model::Operator op;
  const boost::json::value* value;
  std::string place;
};

//! Errors: kBadFilter (the operator does not suit the type, the value has the wrong shape), kWrongType, kUnknownOption,
//! kBadTime.
Result<model::Predicate> BindCondition(Condition condition, const model::Dataset& dataset);

}  // namespace sheaf::query
