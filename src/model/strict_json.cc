#include "model/strict_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"

namespace sheaf::model {
namespace {

namespace json = boost::json;

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
constexpr std::size_t kDepthOfData = 512;

// Receives what the parser reads and builds the value from it. The parser is given the whole text at once, but still
// hands out strings with escapes in parts.
class Builder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  //! Strictly, or as ParseDataJson reads.
  explicit Builder(bool strict) : strict_(strict) {}

  bool on_document_begin(json::error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return Open(true); }
  bool on_object_end(std::size_t count, json::error_code&) {
    stack_.push_object(count);
    return Close();
  }
  bool on_array_begin(json::error_code&) { return Open(false); }
  bool on_array_end(std::size_t count, json::error_code&) {
    stack_.push_array(count);
    return Close();
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    if (strict_) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& error) {
    stack_.push_key(part);
    if (!strict_) return true;
    key_.append(part.data(), part.size());
    Level& level = levels_.back();
    level.member = key_;
    if (!level.members.insert(std::move(key_)).second) {
      return Stop(ErrorCode::kBadMember, "the member '" + level.member + "' is given twice", Place(), error);
    }
    key_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    stack_.push_string(part);
    return Element();
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    number_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    number_.clear();
    stack_.push_int64(number);
    return Element();
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    number_.clear();
    stack_.push_uint64(number);
    return Element();
  }
  bool on_double(double approximate, json::string_view part, json::error_code& error) {
    // Boost's own conversion may be off in the last place.
    number_.append(part.data(), part.size());
    double number = 0;
    const auto read = std::from_chars(number_.data(), number_.data() + number_.size(), number);
    number_.clear();
    if (read.ec != std::errc{}) {
      // Too small for a double is zero, too large is nothing.
      const bool large = std::abs(approximate) > 1;
      if (large && strict_) return Stop(ErrorCode::kBadJson, "a number is too large", Place(), error);
      number = large ? std::copysign(HUGE_VAL, approximate) : 0;
    }
    stack_.push_double(number);
    return Element();
  }
  bool on_bool(bool value, json::error_code&) {
    stack_.push_bool(value);
    return Element();
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return Element();
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value Release() { return stack_.release(); }
  std::optional<Error>& Failure() { return failure_; }

 private:
  struct Level {
    bool object;
    std::size_t element = 0;
    std::string member;
    std::set<std::string, std::less<>> members;
  };

  bool Open(bool object) {
    if (strict_) levels_.push_back(Level{object, 0, {}, {}});
    return true;
  }
  bool Close() {
    if (strict_) levels_.pop_back();
    return Element();
  }
  bool Element() {
    if (!levels_.empty()) ++levels_.back().element;
    return true;
  }
  std::string Place() const {
    std::string place;
    for (const Level& level : levels_) { place = level.object ? PointerTo(place, level.member) : PointerTo(place, level.element); }
    return place;
  }
  bool Stop(ErrorCode code, std::string detail, std::string place, json::error_code& error) {
    failure_ = Error{code, std::move(detail), std::move(place)};
    error = json::error::syntax;
    return false;
  }

  const bool strict_;
  json::value_stack stack_;
  std::vector<Level> levels_;
  std::string key_;
  std::string number_;
  std::optional<Error> failure_;
};

Error SyntaxError(const json::error_code& error, std::size_t byte) {
  const std::string place = "byte " + std::to_string(byte);
  switch (static_cast<json::error>(error.value())) {
    case json::error::incomplete: return Error{ErrorCode::kBadJson, "the JSON ends too early", place};
    case json::error::extra_data: return Error{ErrorCode::kBadJson, "something follows the JSON", place};
    case json::error::too_deep: return Error{ErrorCode::kBadJson, "arrays and objects are nested too deeply", place};
    case json::error::exponent_overflow: return Error{ErrorCode::kBadJson, "a number is too large", place};
    default: return Error{ErrorCode::kBadJson, "this is not JSON from byte " + std::to_string(byte) + " on", place};
  }
}

void AppendEscape(std::string& json, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': json += "\\\""; return;
    case '\\': json += "\\\\"; return;
    case '\n': json += "\\n"; return;
    case '\r': json += "\\r"; return;
    case '\t': json += "\\t"; return;
    default:
      json += "\\u00";
      json += kHex[static_cast<unsigned char>(c) >> 4];
      json += kHex[c & 15];
  }
}

}  // namespace

Status ParseStrictJson(std::string_view text, const JsonLimits& limits, json::value& value) {
  if (text.size() > limits.bytes) {
    return Fail(ErrorCode::kPayloadTooLarge, "the JSON has more than " + std::to_string(limits.bytes) + " bytes");
  }
  if (!IsUtf8(text)) return Fail(ErrorCode::kBadUtf8, "the JSON is not valid UTF-8");
  try {
    json::parse_options options;
    options.max_depth = static_cast<std::size_t>(limits.depth);
    json::basic_parser<Builder> parser(options, true);
    json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (parser.handler().Failure()) return Fail(std::move(*parser.handler().Failure()));
    if (!error && read < text.size()) error = json::error::extra_data;
    if (error) return Fail(SyntaxError(error, read));
    value = parser.handler().Release();
  } catch (const std::exception&) { return Fail(ErrorCode::kPayloadTooLarge, "the JSON is too large to be read"); }
  return {};
}

bool ParseDataJson(std::string_view text, json::value& value) {
  try {
    json::parse_options options;
    options.max_depth = kDepthOfData;
    json::basic_parser<Builder> parser(options, false);
    json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || read < text.size()) return false;
    value = parser.handler().Release();
    return true;
  } catch (const std::exception&) { return false; }
}

void AppendJsonString(std::string& json, std::string_view text) {
  json += '"';
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\') continue;
    json.append(text, begin, i - begin);
    AppendEscape(json, c);
    begin = i + 1;
  }
  json.append(text, begin);
  json += '"';
}

void AppendJsonNumber(std::string& json, double number) {
  // As every reader of JSON takes it: too large to be held.
  if (std::isinf(number)) json += number < 0 ? "-1e99999" : "1e99999";
  else if (std::isnan(number)) json += "null";
  if (!std::isfinite(number)) return;
  char buffer[32];
  const bool whole = std::abs(number) <= kExactIntegers && number == std::trunc(number);
  const auto written = whole ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<std::int64_t>(number))
                             : std::to_chars(buffer, buffer + sizeof buffer, number);
  json.append(buffer, written.ptr);
}

namespace {
void AppendArray(std::string& json, const json::array& array) {
  char before = '[';
  for (const json::value& element : array) {
    json += before;
    AppendJson(json, element);
    before = ',';
  }
  json += before == '[' ? "[]" : "]";
}

void AppendObject(std::string& json, const json::object& object) {
  char before = '{';
  for (const auto& member : object) {
    json += before;
    AppendJsonString(json, std::string_view(member.key().data(), member.key().size()));
    json += ':';
    AppendJson(json, member.value());
    before = ',';
  }
  json += before == '{' ? "{}" : "}";
}
}  // namespace

void AppendJson(std::string& json, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: json += "null"; return;
    case json::kind::bool_: json += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: json += std::to_string(value.get_int64()); return;
    case json::kind::uint64: json += std::to_string(value.get_uint64()); return;
    case json::kind::double_: AppendJsonNumber(json, value.get_double()); return;
    case json::kind::string: AppendJsonString(json, std::string_view(value.get_string().data(), value.get_string().size())); return;
    case json::kind::array: AppendArray(json, value.get_array()); return;
    case json::kind::object: AppendObject(json, value.get_object()); return;
  }
}

std::string CompactJson(const json::value& value) {
  std::string json;
  AppendJson(json, value);
  return json;
}
std::string CompactJson(const json::object& object) {
  std::string json;
  AppendObject(json, object);
  return json;
}
std::string CompactJson(const json::array& array) {
  std::string json;
  AppendArray(json, array);
  return json;
}

std::string PointerTo(std::string_view pointer, std::string_view member) {
  std::string result(pointer);
  result += '/';
  for (const char c : member) {
    if (c == '~') result += "~0";
    else if (c == '/') result += "~1";
    else result += c;
  }
  return result;
}

std::string PointerTo(std::string_view pointer, std::size_t element) {
  return PointerTo(pointer, std::string_view(std::to_string(element)));
}

}  // namespace sheaf::model
