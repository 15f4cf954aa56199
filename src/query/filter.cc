#include "query/filter.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "model/strict_json.h"
#include "query/bind.h"
#include "query/names.h"

namespace sheaf::query {
namespace {

namespace json = boost::json;
using model::Operator;
using model::PointerTo;
using model::Predicate;

constexpr std::string_view kRoot = "/filter";
// A group is an object and an array, a condition an object and perhaps an array.
constexpr model::JsonLimits kLimits{kMaxFilterBytes, 2 * kMaxFilterDepth + 2};

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }
std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

Status ReadJson(std::string_view text, json::value& value) {
  auto status = model::ParseStrictJson(text, kLimits, value);
  if (status) return {};
  // Where the JSON is sound up to its meaning the place is a pointer; else it counts bytes.
  Error error = status.error();
  if (error.place.empty() || error.place.front() == '/') {
    error.place = std::string(kRoot) + error.place;
  } else {
    error.detail += " (" + error.place + ")";
    error.place = kRoot;
  }
  if (error.code == ErrorCode::kBadMember) error.code = ErrorCode::kBadFilter;
  return Fail(std::move(error));
}

class Binder {
 public:
  explicit Binder(const model::Dataset& dataset) : names_(dataset) {}

  Result<Predicate> Bind(const json::value& node, const std::string& place, int depth) {
    if (depth > kMaxFilterDepth) {
      return Fail(ErrorCode::kBadFilter, "the filter is nested more than " + std::to_string(kMaxFilterDepth) + " deep", place);
    }
    if (!node.is_object()) return NoNode(place);
    const json::object& object = node.get_object();
    for (const auto& [word, op] : {std::pair{"all", Operator::kAll}, std::pair{"any", Operator::kAny}}) {
      if (const json::value* list = object.if_contains(word)) {
        SHEAF_TRY(NothingBut(object, {word}, place));
        return BindGroup(op, *list, PointerTo(place, std::string_view(word)), depth);
      }
    }
    if (const json::value* inner = object.if_contains("not")) {
      SHEAF_TRY(NothingBut(object, {"not"}, place));
      Predicate predicate;
      predicate.op = Operator::kNot;
      SHEAF_ASSIGN(Predicate child, Bind(*inner, PointerTo(place, "not"), depth + 1));
      predicate.children.push_back(std::move(child));
      return predicate;
    }
    return BindLeaf(object, place);
  }

 private:
  static tl::unexpected<Error> NoNode(const std::string& place) {
    return Fail(ErrorCode::kBadFilter, R"(a filter is one of {"all":[…]}, {"any":[…]}, {"not":{…}} and {"field":…,"op":…,"value":…})",
                place);
  }

  static Status NothingBut(const json::object& object, std::initializer_list<std::string_view> known, const std::string& place) {
    for (const auto& member : object) {
      const std::string_view name = View(member.key());
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        return Fail(ErrorCode::kBadFilter, "the member " + Quoted(name) + " does not belong here", PointerTo(place, name));
      }
    }
    return {};
  }

  Result<Predicate> BindGroup(Operator op, const json::value& list, const std::string& place, int depth) {
    if (!list.is_array()) return Fail(ErrorCode::kBadFilter, "this must be an array of filters", place);
    Predicate predicate;
    predicate.op = op;
    predicate.children.reserve(list.get_array().size());
    std::size_t number = 0;
    for (const json::value& element : list.get_array()) {
      SHEAF_ASSIGN(Predicate child, Bind(element, PointerTo(place, number++), depth + 1));
      predicate.children.push_back(std::move(child));
    }
    return predicate;
  }

  static Result<std::string_view> Word(const json::object& object, std::string_view member, const std::string& place) {
    const json::value* value = object.if_contains(json::string_view(member.data(), member.size()));
    if (value == nullptr) { return Fail(ErrorCode::kBadFilter, "the condition has no '" + std::string(member) + "'", place); }
    if (!value->is_string()) {
      return Fail(ErrorCode::kBadFilter, "'" + std::string(member) + "' must be a text", PointerTo(place, member));
    }
    return View(value->get_string());
  }

  Result<Predicate> BindLeaf(const json::object& object, const std::string& place) {
    if (!object.contains("field") && !object.contains("op")) return NoNode(place);
    SHEAF_TRY(NothingBut(object, {"field", "op", "value"}, place));
    SHEAF_ASSIGN(const std::string_view field, Word(object, "field", place));
    SHEAF_ASSIGN(const std::string_view word, Word(object, "op", place));
    SHEAF_ASSIGN(model::Column column, names_.ForCondition(field, PointerTo(place, "field")));
    if (column.kind == model::ColumnKind::kSkipped || column.kind == model::ColumnKind::kMetadata) {
      return Fail(ErrorCode::kUnknownField, Quoted(field) + " cannot be filtered by", PointerTo(place, "field"));
    }
    const auto op = OperatorFrom(word);
    if (!op) return Fail(ErrorCode::kUnknownOperator, "there is no operator " + Quoted(word), PointerTo(place, "op"));
    const json::value* value = object.if_contains("value");
    leaves_ += value != nullptr && value->is_array() ? std::max<std::size_t>(value->get_array().size(), 1) : 1;
    if (leaves_ > kMaxFilterLeaves) {
      return Fail(ErrorCode::kBadFilter, "the filter has more than " + std::to_string(kMaxFilterLeaves) + " conditions and listed values",
                  place);
    }
    return BindCondition(Condition{std::move(column), *op, value, place}, names_.Dataset());
  }

  Names names_;
  std::size_t leaves_ = 0;
};

bool NamesSomebody(model::ColumnKind kind) {
  using model::ColumnKind;
  return kind == ColumnKind::kParticipant || kind == ColumnKind::kParticipantId || kind == ColumnKind::kSession ||
         kind == ColumnKind::kSessionId;
}

Status RenameText(json::value& value, model::ColumnKind kind, const Rename& rename) {
  if (!value.is_string()) return {};
  SHEAF_ASSIGN(const std::string renamed, rename(kind, View(value.get_string())));
  value = renamed;
  return {};
}

//! As deep as the JSON, which is limited.
Status RenameIn(json::value& node, const Names& names, const Rename& rename) {
  if (node.is_array()) {
    for (json::value& element : node.get_array()) SHEAF_TRY(RenameIn(element, names, rename));
    return {};
  }
  if (!node.is_object()) return {};
  json::object& object = node.get_object();
  for (const char* const word : {"all", "any", "not"}) {
    if (json::value* inner = object.if_contains(word)) SHEAF_TRY(RenameIn(*inner, names, rename));
  }
  const json::value* const field = object.if_contains("field");
  json::value* const value = object.if_contains("value");
  if (field == nullptr || value == nullptr || !field->is_string()) return {};
  const auto column = names.ForCondition(View(field->get_string()), {});
  if (!column || !NamesSomebody(column->kind) || column->cast != model::FieldType::kString) return {};
  if (!value->is_array()) return RenameText(*value, column->kind, rename);
  for (json::value& element : value->get_array()) SHEAF_TRY(RenameText(element, column->kind, rename));
  return {};
}

void AppendCanonical(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: out += std::to_string(value.get_int64()); return;
    case json::kind::uint64: out += std::to_string(value.get_uint64()); return;
    case json::kind::double_: model::AppendJsonNumber(out, value.get_double()); return;
    case json::kind::string: model::AppendJsonString(out, View(value.get_string())); return;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const json::value& element : value.get_array()) {
        if (!first) out += ',';
        first = false;
        AppendCanonical(out, element);
      }
      out += ']';
      return;
    }
    case json::kind::object: {
      std::vector<const json::key_value_pair*> members;
      for (const auto& member : value.get_object()) members.push_back(&member);
      std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
      out += '{';
      for (const auto* member : members) {
        if (member != members.front()) out += ',';
        model::AppendJsonString(out, View(member->key()));
        out += ':';
        AppendCanonical(out, member->value());
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

Result<Predicate> ParseFilter(std::string_view json, const model::Dataset& dataset) {
  json::value value;
  SHEAF_TRY(ReadJson(json, value));
  return Binder(dataset).Bind(value, std::string(kRoot), 1);
}

Result<std::string> CanonicalFilter(std::string_view json) {
  json::value value;
  SHEAF_TRY(ReadJson(json, value));
  std::string text;
  text.reserve(json.size());
  AppendCanonical(text, value);
  return text;
}

Result<std::string> RenamePeople(std::string_view json, const model::Dataset& dataset, const Rename& rename) {
  json::value value;
  SHEAF_TRY(ReadJson(json, value));
  SHEAF_TRY(RenameIn(value, Names(dataset), rename));
  std::string text;
  AppendCanonical(text, value);
  return text;
}

}  // namespace sheaf::query
