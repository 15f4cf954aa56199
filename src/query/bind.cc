#include "query/bind.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <utility>

#include "base/time.h"
#include "model/strict_json.h"
#include "query/names.h"

namespace sheaf::query {
namespace {

namespace json = boost::json;
using model::Column;
using model::ColumnKind;
using model::FieldType;
using model::Operator;
using model::PointerTo;
using model::Value;

// What a column's values are to a filter.
enum class Kind { kText, kInteger, kDouble, kBoolean, kTime, kEnum, kSet, kAttribute };

constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"=", Operator::kEqual},
    {"!=", Operator::kNotEqual},
    {">", Operator::kGreater},
    {">=", Operator::kGreaterEqual},
    {"<", Operator::kLess},
    {"<=", Operator::kLessEqual},
    {"in", Operator::kIn},
    {"not_in", Operator::kNotIn},
    {"contains", Operator::kContains},
    {"not_contains", Operator::kNotContains},
    {"starts_with", Operator::kStartsWith},
    {"not_starts_with", Operator::kNotStartsWith},
    {"ends_with", Operator::kEndsWith},
    {"not_ends_with", Operator::kNotEndsWith},
    {"is_null", Operator::kIsNull},
    {"is_not_null", Operator::kIsNotNull},
    {"between", Operator::kBetween},
};

std::string_view WordOf(Operator op) {
  for (const auto& [word, candidate] : kOperators) {
    if (candidate == op) return word;
  }
  return {};
}

Kind KindOf(FieldType type) {
  switch (type) {
    case FieldType::kString:
    case FieldType::kIdentifier:
    case FieldType::kJson: return Kind::kText;
    case FieldType::kInteger: return Kind::kInteger;
    case FieldType::kDouble: return Kind::kDouble;
    case FieldType::kBoolean: return Kind::kBoolean;
    case FieldType::kDatetime: return Kind::kTime;
    case FieldType::kEnum: return Kind::kEnum;
    case FieldType::kSet: return Kind::kSet;
  }
  return Kind::kText;
}

Kind KindOf(const Column& column, const model::Dataset& dataset) {
  switch (column.kind) {
    case ColumnKind::kField: return KindOf(dataset.fields[static_cast<std::size_t>(column.field)].type);
    case ColumnKind::kSeq: return Kind::kInteger;
    case ColumnKind::kOnset: return Kind::kDouble;
    case ColumnKind::kTime:
    case ColumnKind::kReceived:
    case ColumnKind::kUpdated:
    case ColumnKind::kSessionStart:
    case ColumnKind::kSessionEnd: return Kind::kTime;
    case ColumnKind::kParticipantId: return KindOf(column.cast);
    case ColumnKind::kParticipantAttribute:
    case ColumnKind::kSessionAttribute: return column.cast == FieldType::kString ? Kind::kAttribute : KindOf(column.cast);
    default: return Kind::kText;
  }
}

std::string_view Describe(Kind kind) {
  switch (kind) {
    case Kind::kText: return "a text";
    case Kind::kInteger: return "an integer";
    case Kind::kDouble: return "a number";
    case Kind::kBoolean: return "true or false";
    case Kind::kTime: return "a time in ISO 8601, as text";
    case Kind::kEnum:
    case Kind::kSet: return "an option's id or code, as text";
    case Kind::kAttribute: return "a text, a number, true or false";
  }
  return {};
}

bool IsOrdering(Operator op) {
  return op == Operator::kGreater || op == Operator::kGreaterEqual || op == Operator::kLess || op == Operator::kLessEqual ||
         op == Operator::kBetween;
}
bool IsSearch(Operator op) {
  return op == Operator::kStartsWith || op == Operator::kNotStartsWith || op == Operator::kEndsWith || op == Operator::kNotEndsWith;
}
bool IsContains(Operator op) { return op == Operator::kContains || op == Operator::kNotContains; }
bool IsNullTest(Operator op) { return op == Operator::kIsNull || op == Operator::kIsNotNull; }
bool TakesList(Operator op) { return op == Operator::kIn || op == Operator::kNotIn || op == Operator::kBetween; }

// The advice when the operator does not suit the kind; empty when it does.
std::string_view Unsuited(Kind kind, Operator op) {
  if (IsNullTest(op)) return {};
  switch (kind) {
    case Kind::kText:
    case Kind::kAttribute: return {};
    case Kind::kInteger:
    case Kind::kDouble:
    case Kind::kTime:
      if (!IsSearch(op) && !IsContains(op)) return {};
      return "it looks into texts; numbers and times take = != > >= < <= in not_in between is_null is_not_null";
    case Kind::kBoolean:
    case Kind::kEnum:
      if (!IsOrdering(op) && !IsSearch(op) && !IsContains(op)) return {};
      return "boolean and enum fields take = != in not_in is_null is_not_null";
    case Kind::kSet:
      if (IsContains(op)) return {};
      return "set fields take contains, not_contains (one option each), is_null and is_not_null; combine them with all and any";
  }
  return {};
}

std::string_view View(const json::value& value) { return {value.get_string().data(), value.get_string().size()}; }

auto WrongType(Kind kind, const std::string& place) {
  return Fail(ErrorCode::kWrongType, "the value must be " + std::string(Describe(kind)), place);
}

Value IntegerOrDouble(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64()) return static_cast<double>(value.get_uint64());
  const double number = value.get_double();
  // 2^63 as a double is the first number that does not fit.
  const bool fits = number == std::trunc(number) && number >= -9223372036854775808.0 && number < 9223372036854775808.0;
  if (fits) return static_cast<std::int64_t>(number);
  return number;
}

Result<Value> BindTime(const json::value& value, const std::string& place) {
  if (!value.is_string()) return WrongType(Kind::kTime, place);
  const auto parsed = ParseIsoTime(View(value));
  if (!parsed) return Fail(ErrorCode::kBadTime, Quoted(View(value)) + " is no time in ISO 8601", place);
  return parsed->instant;
}

Result<Value> BindOption(const json::value& value, const model::Field& field, const std::string& place) {
  if (!value.is_string()) return WrongType(Kind::kEnum, place);
  const int number = field.OptionNumber(View(value));
  if (number < 0) { return Fail(ErrorCode::kUnknownOption, "the field '" + field.id + "' has no option " + Quoted(View(value)), place); }
  return static_cast<std::int64_t>(number);
}

Result<Value> BindAttribute(const json::value& value, Operator op, const std::string& place) {
  if (value.is_string()) return std::string(View(value));
  if (IsSearch(op) || IsContains(op)) return WrongType(Kind::kText, place);
  if (value.is_number()) return value.to_number<double>();
  if (!value.is_bool()) return WrongType(Kind::kAttribute, place);
  if (IsOrdering(op)) return Fail(ErrorCode::kWrongType, "true and false have no order", place);
  return value.get_bool();
}

Result<Value> BindValue(const json::value& value, Kind kind, const Condition& condition, const model::Dataset& dataset,
                        const std::string& place) {
  if (value.is_null()) { return Fail(ErrorCode::kWrongType, "null is no value to compare with: use is_null or is_not_null", place); }
  switch (kind) {
    case Kind::kText:
      if (!value.is_string()) return WrongType(kind, place);
      return std::string(View(value));
    case Kind::kInteger:
      if (!value.is_number()) return WrongType(kind, place);
      return IntegerOrDouble(value);
    case Kind::kDouble:
      if (!value.is_number()) return WrongType(kind, place);
      return value.to_number<double>();
    case Kind::kBoolean:
      if (!value.is_bool()) return WrongType(kind, place);
      return value.get_bool();
    case Kind::kTime: return BindTime(value, place);
    case Kind::kEnum:
    case Kind::kSet: return BindOption(value, dataset.fields[static_cast<std::size_t>(condition.column.field)], place);
    case Kind::kAttribute: return BindAttribute(value, condition.op, place);
  }
  return WrongType(kind, place);
}

// A list is compared as a whole, so its values become one alternative: integers give way to doubles, else they must agree.
Status MakeUniform(std::vector<Value>& values, const std::string& place) {
  bool integers = false, doubles = false;
  for (const Value& value : values) {
    integers = integers || std::holds_alternative<std::int64_t>(value);
    doubles = doubles || std::holds_alternative<double>(value);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    Value& value = values[i];
    if (integers && doubles && std::holds_alternative<std::int64_t>(value)) { value = static_cast<double>(std::get<std::int64_t>(value)); }
    if (!(integers && doubles) && value.index() != values.front().index()) {
      return Fail(ErrorCode::kWrongType, "the values of a list must be of one type", PointerTo(place, i));
    }
  }
  return {};
}

Result<std::vector<Value>> BindList(const Condition& condition, Kind kind, const model::Dataset& dataset) {
  const std::string place = PointerTo(condition.place, "value");
  if (!condition.value->is_array()) {
    return Fail(ErrorCode::kWrongType, "the value of '" + std::string(WordOf(condition.op)) + "' must be an array", place);
  }
  const json::array& list = condition.value->get_array();
  if (condition.op == Operator::kBetween && list.size() != 2) {
    return Fail(ErrorCode::kBadFilter, "'between' needs an array of two values: the lowest and the highest", place);
  }
  std::vector<Value> values;
  values.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    SHEAF_ASSIGN(Value value, BindValue(list[i], kind, condition, dataset, PointerTo(place, i)));
    values.push_back(std::move(value));
  }
  SHEAF_TRY(MakeUniform(values, place));
  return values;
}

}  // namespace

std::optional<Operator> OperatorFrom(std::string_view word) {
  for (const auto& [name, op] : kOperators) {
    if (name == word) return op;
  }
  return std::nullopt;
}

Result<model::Predicate> BindCondition(Condition condition, const model::Dataset& dataset) {
  const Kind kind = KindOf(condition.column, dataset);
  if (const std::string_view advice = Unsuited(kind, condition.op); !advice.empty()) {
    return Fail(ErrorCode::kBadFilter, "'" + std::string(WordOf(condition.op)) + "' does not suit this field: " + std::string(advice),
                PointerTo(condition.place, "op"));
  }
  model::Predicate predicate;
  predicate.op = condition.op;
  if (IsNullTest(condition.op)) {
    if (condition.value != nullptr && !condition.value->is_null()) {
      return Fail(ErrorCode::kBadFilter, "'" + std::string(WordOf(condition.op)) + "' takes no value", PointerTo(condition.place, "value"));
    }
  } else if (condition.value == nullptr) {
    return Fail(ErrorCode::kBadFilter, "'" + std::string(WordOf(condition.op)) + "' needs a value", condition.place);
  } else if (TakesList(condition.op)) {
    SHEAF_ASSIGN(predicate.values, BindList(condition, kind, dataset));
    // Nothing is in an empty list, and everything is outside.
    if (predicate.values.empty()) {
      predicate.op = condition.op == Operator::kIn ? Operator::kAny : Operator::kAll;
      return predicate;
    }
  } else {
    SHEAF_ASSIGN(Value value, BindValue(*condition.value, kind, condition, dataset, PointerTo(condition.place, "value")));
    predicate.values.push_back(std::move(value));
  }
  predicate.column = std::move(condition.column);
  return predicate;
}

}  // namespace sheaf::query
