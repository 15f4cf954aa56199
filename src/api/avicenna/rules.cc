#include "api/avicenna/rules.h"

#include <algorithm>
#include <boost/json.hpp>

#include "api/avicenna/options.h"
#include "base/time.h"
#include "model/strict_json.h"

namespace sheaf::api::avicenna {
namespace {

namespace json = boost::json;
using model::AppendJson;
using model::AppendJsonString;

constexpr std::string_view kRoot = "rule_set.query";

std::string_view View(const json::string& text) { return {text.data(), text.size()}; }

tl::unexpected<Error> Bad(ErrorCode code, std::string detail, std::string place) { return Fail(code, std::move(detail), std::move(place)); }

struct OperatorWord {
  std::string_view word;
  std::string_view native;
  bool negated;  // the native one, turned round: true for what is null
};
constexpr std::array kOperators = std::to_array<OperatorWord>({
    {"=", "=", false},
    {"!=", "!=", false},
    {">", ">", false},
    {">=", ">=", false},
    {"<", "<", false},
    {"<=", "<=", false},
    {"in", "in", false},
    {"not_in", "not_in", false},
    {"contains", "contains", false},
    {"not_contains", "not_contains", false},
    {"starts_with", "starts_with", false},
    {"not_starts_with", "not_starts_with", false},
    {"ends_with", "ends_with", false},
    {"not_ends_with", "not_ends_with", false},
    {"is_null", "is_null", false},
    {"is_not_null", "is_not_null", false},
    {"between", "between", false},
});

const OperatorWord* OperatorOf(std::string_view word) {
  for (const OperatorWord& known : kOperators) {
    if (known.word == word) return &known;
  }
  return nullptr;
}

bool IsEquality(std::string_view op) { return op == "=" || op == "!=" || op == "in" || op == "not_in"; }
bool IsNullTest(std::string_view op) { return op == "is_null" || op == "is_not_null"; }

class Compiler {
 public:
  Compiler(const FieldNames& names, const FindParticipant& participant) : names_(names), participant_(participant) {}

  Status Query(const json::value& query, std::string& out) {
    if (!query.is_object()) return Bad(ErrorCode::kBadFilter, "It must be an object: {}, a group or a condition", std::string(kRoot));
    if (query.get_object().empty()) return {};
    return Node(query, std::string(kRoot), 1, out);
  }

 private:
  Status Node(const json::value& node, const std::string& place, int depth, std::string& out) {
    if (depth > kMaxQueryDepth) {
      return Bad(ErrorCode::kBadFilter, "The query is nested more than " + std::to_string(kMaxQueryDepth) + " deep", place);
    }
    if (!node.is_object()) return Bad(ErrorCode::kBadFilter, "It must be an object: a group or a condition", place);
    const json::object& object = node.get_object();
    for (const auto& [word, native] : {std::pair{"AND", "all"}, std::pair{"OR", "any"}}) {
      const json::value* list = object.if_contains(word);
      if (list == nullptr) continue;
      if (object.size() != 1) return Bad(ErrorCode::kBadFilter, "A group has one member, AND or OR", place);
      if (!list->is_array()) return Bad(ErrorCode::kBadFilter, "It must be an array", place + "." + word);
      return Group(native, list->get_array(), place + "." + word, depth, out);
    }
    return Leaf(object, place, out);
  }

  Status Group(const char* native, const json::array& list, const std::string& place, int depth, std::string& out) {
    out += std::string("{\"") + native + "\":[";
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += ',';
      SHEAF_TRY(Node(list[i], place + "[" + std::to_string(i) + "]", depth + 1, out));
    }
    out += "]}";
    return {};
  }

  static Result<std::string_view> Word(const json::object& leaf, const char* member, const std::string& place) {
    const json::value* value = leaf.if_contains(member);
    if (value == nullptr) return Bad(ErrorCode::kBadFilter, std::string("The condition has no \"") + member + "\"", place);
    if (!value->is_string()) return Bad(ErrorCode::kBadFilter, "It must be a text", place + "." + member);
    return View(value->get_string());
  }

  Status Leaf(const json::object& leaf, const std::string& place, std::string& out) {
    if (++leaves_ > kMaxQueryLeaves) {
      return Bad(ErrorCode::kBadFilter, "The query has more than " + std::to_string(kMaxQueryLeaves) + " conditions", std::string(kRoot));
    }
    for (const auto& member : leaf) {
      const std::string_view name(member.key().data(), member.key().size());
      if (name != "field_name" && name != "op" && name != "value") {
        return Bad(ErrorCode::kBadFilter, "The member \"" + std::string(name.substr(0, 80)) + "\" does not belong here", place);
      }
    }
    SHEAF_ASSIGN(const std::string_view name, Word(leaf, "field_name", place));
    SHEAF_ASSIGN(const std::string_view word, Word(leaf, "op", place));
    const OperatorWord* op = OperatorOf(word);
    if (op == nullptr) {
      return Bad(ErrorCode::kUnknownOperator, "There is no operator \"" + std::string(word.substr(0, 40)) + "\"", place + ".op");
    }
    SHEAF_ASSIGN(const auto fields, names_.Find(name, place + ".field_name"));
    if (fields.size() != 1) {
      return Bad(ErrorCode::kBadFilter, "The question has several rows; there is no condition on all of them", place + ".field_name");
    }
    return Condition(fields.front(), *op, leaf.if_contains("value"), place, out);
  }

  Status Condition(const NamedField& field, const OperatorWord& op, const json::value* value, const std::string& place, std::string& out) {
    if (IsNullTest(op.word)) {
      if (value != nullptr && !value->is_null()) return Bad(ErrorCode::kBadFilter, "The operator takes no value", place + ".value");
    } else if (value == nullptr) {
      return Bad(ErrorCode::kBadFilter, "The operator needs a value", place);
    }
    const bool is_list = op.word == "in" || op.word == "not_in" || op.word == "between";
    if (is_list && !value->is_array()) return Bad(ErrorCode::kWrongType, "The operator takes an array", place + ".value");
    if (is_list && value->get_array().size() > kMaxListedValues) {
      return Bad(ErrorCode::kBadFilter, "The array has more than " + std::to_string(kMaxListedValues) + " values", place + ".value");
    }
    if (field.kind == ValueKind::kStatus) return StatusCondition(field, op, value, place, out);
    out += "{\"field\":";
    AppendJsonString(out, field.column);
    out += ",\"op\":";
    AppendJsonString(out, op.native);
    if (!IsNullTest(op.word)) {
      out += ",\"value\":";
      if (is_list) SHEAF_TRY(List(field, value->get_array(), place + ".value", out));
      else SHEAF_TRY(One(field, *value, place + ".value", out));
    }
    out += '}';
    return {};
  }

  Status List(const NamedField& field, const json::array& list, const std::string& place, std::string& out) {
    out += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out += ',';
      SHEAF_TRY(One(field, list[i], place + "[" + std::to_string(i) + "]", out));
    }
    out += ']';
    return {};
  }

  //! A value in our own terms. What has the wrong type is passed on where our own language will say so.
  Status One(const NamedField& field, const json::value& value, const std::string& place, std::string& out) {
    if (value.is_null()) return Bad(ErrorCode::kWrongType, "null is no value to compare with: use is_null or is_not_null", place);
    switch (field.kind) {
      case ValueKind::kParticipant: {
        const bool number = value.is_int64() && value.get_int64() >= 0;
        if (!number && !value.is_string()) return Bad(ErrorCode::kWrongType, "It must be a participant's id, a whole number", place);
        AppendJsonString(out, participant_(number ? std::to_string(value.get_int64()) : std::string(View(value.get_string()))));
        return {};
      }
      case ValueKind::kTime: return Time(value, place, out);
      case ValueKind::kOption:
      case ValueKind::kOptions:
        // Values of options are numbers to many clients.
        if (value.is_int64()) AppendJsonString(out, std::to_string(value.get_int64()));
        else AppendJson(out, value);
        return {};
      default: AppendJson(out, value); return {};
    }
  }

  static Status Time(const json::value& value, const std::string& place, std::string& out) {
    constexpr std::int64_t kMostMillis = 253402300799999;  // the end of the year 9999
    if (value.is_int64() && value.get_int64() >= -62135596800000 && value.get_int64() <= kMostMillis) {
      AppendJsonString(out, FormatIsoUtc(value.get_int64() * 1000));
      return {};
    }
    if (!value.is_string()) return Bad(ErrorCode::kWrongType, "It must be a time: ISO 8601, or milliseconds since 1970", place);
    // As files write it: a space for the T.
    std::string text(View(value.get_string()));
    if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
    const auto time = ParseIsoTime(text);
    if (!time) return Bad(ErrorCode::kBadTime, "It is no time in ISO 8601", place);
    AppendJsonString(out, FormatIsoUtc(time->instant));
    return {};
  }

  //! Numbers stand for our words, and for themselves where a study keeps numbers.
  Status StatusCondition(const NamedField& field, const OperatorWord& op, const json::value* value, const std::string& place,
                         std::string& out) {
    out += "{\"field\":";
    AppendJsonString(out, field.column);
    if (IsNullTest(op.word)) {
      out += ",\"op\":\"" + std::string(op.native) + "\"}";
      return {};
    }
    if (!IsEquality(op.word)) {
      return Bad(ErrorCode::kBadFilter, "A participant's status takes = != in not_in is_null is_not_null", place + ".op");
    }
    const bool negated = op.word == "!=" || op.word == "not_in";
    out += negated ? ",\"op\":\"not_in\",\"value\":[" : ",\"op\":\"in\",\"value\":[";
    bool first = true;
    const auto add = [&](const json::value& one, const std::string& where) -> Status {
      if (!one.is_int64() && !one.is_string()) return Bad(ErrorCode::kWrongType, "It must be a status, a whole number", where);
      const std::string text = one.is_int64() ? std::to_string(one.get_int64()) : std::string(View(one.get_string()));
      if (!first) out += ',';
      first = false;
      AppendJsonString(out, text);
      for (const StatusWord& state : kParticipantStates) {
        if (std::to_string(state.number) != text) continue;
        out += ',';
        AppendJsonString(out, state.label);
      }
      return {};
    };
    if (value->is_array()) {
      std::size_t i = 0;
      for (const json::value& one : value->get_array()) SHEAF_TRY(add(one, place + ".value[" + std::to_string(i++) + "]"));
    } else {
      SHEAF_TRY(add(*value, place + ".value"));
    }
    out += "]}";
    return {};
  }

  const FieldNames& names_;
  const FindParticipant& participant_;
  std::size_t leaves_ = 0;
};

Result<std::vector<std::string>> ReadColumns(const json::object& rules) {
  const std::string place = "rule_set.columns";
  const json::value* list = rules.if_contains("columns");
  if (list == nullptr || !list->is_array()) return Bad(ErrorCode::kBadMember, "It must be an array of names", place);
  if (list->get_array().size() > 10000) return Bad(ErrorCode::kBadMember, "It names too many columns", place);
  std::vector<std::string> columns;
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    const json::value& name = list->get_array()[i];
    if (!name.is_string()) return Bad(ErrorCode::kBadMember, "It must be a text", place + "[" + std::to_string(i) + "]");
    columns.emplace_back(View(name.get_string()));
  }
  return columns;
}

Result<std::string> ReadSort(const json::object& rules, const FieldNames& names) {
  std::string sort;
  const json::value* list = rules.if_contains("sort_by");
  if (list == nullptr || list->is_null()) return sort;
  if (!list->is_array()) return Bad(ErrorCode::kBadMember, "It must be an array", "rule_set.sort_by");
  for (std::size_t i = 0; i < list->get_array().size(); ++i) {
    const std::string place = "rule_set.sort_by[" + std::to_string(i) + "]";
    const json::value& key = list->get_array()[i];
    if (!key.is_object()) return Bad(ErrorCode::kBadMember, "It must be an object", place);
    const json::value* name = key.get_object().if_contains("field_name");
    const json::value* order = key.get_object().if_contains("sort_order");
    if (name == nullptr || !name->is_string()) return Bad(ErrorCode::kBadMember, "It must be a text", place + ".field_name");
    const std::string_view word = order == nullptr ? "asc" : order->is_string() ? View(order->get_string()) : "";
    if (word != "asc" && word != "desc") return Bad(ErrorCode::kBadMember, "It must be asc or desc", place + ".sort_order");
    SHEAF_ASSIGN(const auto fields, names.Find(View(name->get_string()), place + ".field_name"));
    for (const NamedField& field : fields) {
      // Numbers as ids go by their size.
      const std::string column = field.kind == ValueKind::kParticipant ? "participant.id:number," : "";
      if (!sort.empty()) sort += ',';
      const std::string sign = word == "desc" ? "-" : "";
      sort += column.empty() ? sign + field.column : sign + column + sign + field.column;
    }
  }
  return sort;
}

}  // namespace

Result<RuleSet> CompileRules(const json::value& rule_set, const FieldNames& names, const FindParticipant& participant) {
  if (!rule_set.is_object()) return Bad(ErrorCode::kBadMember, "It must be an object with columns, query and sort_by", "rule_set");
  const json::object& rules = rule_set.get_object();
  for (const auto& member : rules) {
    const std::string_view name(member.key().data(), member.key().size());
    if (name != "columns" && name != "query" && name != "sort_by") {
      return Bad(ErrorCode::kUnknownMember, "There is no such member", "rule_set." + std::string(name.substr(0, 80)));
    }
  }
  RuleSet compiled;
  SHEAF_ASSIGN(compiled.columns, ReadColumns(rules));
  if (const json::value* query = rules.if_contains("query")) SHEAF_TRY(Compiler(names, participant).Query(*query, compiled.filter));
  SHEAF_ASSIGN(compiled.sort, ReadSort(rules, names));
  return compiled;
}

std::string PlaceInRules(std::string_view place) {
  if (place == "sort") return "rule_set.sort_by";
  if (place == "columns") return "rule_set.columns";
  constexpr std::string_view kFilter = "/filter";
  if (!place.starts_with(kFilter)) return std::string(place);
  place.remove_prefix(kFilter.size());
  std::string shown(kRoot);
  while (!place.empty()) {
    place.remove_prefix(1);
    const std::size_t end = std::min(place.find('/'), place.size());
    const std::string_view step = place.substr(0, end);
    place.remove_prefix(end);
    if (step == "all") shown += ".AND";
    else if (step == "any") shown += ".OR";
    else if (step == "field") shown += ".field_name";
    else if (!step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos) shown += "[" + std::string(step) + "]";
    else shown += "." + std::string(step);
  }
  return shown;
}

}  // namespace sheaf::api::avicenna
