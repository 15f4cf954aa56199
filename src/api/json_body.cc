#include "api/json_body.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <algorithm>
#include <charconv>

#include "model/strict_json.h"

namespace sheaf::api {
namespace {

//! Walks over JSON that a parser has found well-formed, so that the text of a member can be kept exactly as it came:
//! a tree of values would round its numbers.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void SkipSpace() {
    while (at_ < text_.size() && IsSpace(text_[at_])) ++at_;
  }
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void Step() { ++at_; }

  //! The value at this point without the spaces between its tokens.
  std::string Value() {
    SkipSpace();
    std::string value;
    int depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        AppendString(value);
        if (depth == 0) return value;
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',')) return value;
      if (c == '{' || c == '[') ++depth;
      if (closes) --depth;
      if (!IsSpace(c)) value += c;
      ++at_;
      if (closes && depth == 0) return value;
    }
    return value;
  }

 private:
  static bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

  void AppendString(std::string& value) {
    const std::size_t begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    value += text_.substr(begin, at_ - begin);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string DecodeString(std::string_view json) {
  return boost::json::value_to<std::string>(boost::json::parse({json.data(), json.size()}));
}

}  // namespace

Result<JsonBody> JsonBody::Parse(std::string_view text, std::size_t limit) {
  boost::json::value value;
  SHEAF_TRY(model::ParseStrictJson(text, model::JsonLimits{limit, 32}, value));
  if (!value.is_object()) return Fail(ErrorCode::kBadMember, "The body must be a JSON object.", "/");
  return Split(text, "");
}

Result<JsonBody> JsonBody::Split(std::string_view text, std::string pointer) {
  JsonBody body;
  body.pointer_ = std::move(pointer);
  Scanner scanner(text);
  scanner.SkipSpace();
  scanner.Step();
  for (scanner.SkipSpace(); scanner.Peek() != '}'; scanner.SkipSpace()) {
    if (scanner.Peek() == ',') scanner.Step();
    Member member;
    member.name = DecodeString(scanner.Value());
    scanner.SkipSpace();
    scanner.Step();  // the colon
    member.text = scanner.Value();
    body.members_.push_back(std::move(member));
  }
  return body;
}

std::string JsonBody::Place(std::string_view name) const { return model::PointerTo(pointer_, name); }

std::vector<std::string> JsonBody::Names() const {
  std::vector<std::string> names;
  for (const Member& member : members_) names.push_back(member.name);
  return names;
}

std::optional<std::string> JsonBody::Raw(std::string_view name) {
  const Member* const member = Take(name);
  if (member == nullptr) return std::nullopt;
  return member->text;
}

bool JsonBody::Has(std::string_view name) const {
  return std::any_of(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; });
}

bool JsonBody::IsNull(std::string_view name) const {
  return std::any_of(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name && member.text == "null"; });
}

JsonBody::Member* JsonBody::Take(std::string_view name) {
  for (Member& member : members_) {
    if (member.name != name) continue;
    member.taken = true;
    return &member;
  }
  return nullptr;
}

void JsonBody::Ignore(std::string_view name) { Take(name); }

Result<std::string> JsonBody::ReadText(std::string_view json, std::string_view name, std::size_t limit, const std::string& place) {
  if (json.front() != '"') return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" must be a string.", place);
  std::string value = DecodeString(json);
  if (value.size() > limit) {
    return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" may have at most " + std::to_string(limit) + " bytes.", place);
  }
  if (value.find('\0') != std::string::npos) {
    return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" may not have the character U+0000.", place);
  }
  return value;
}

Result<std::optional<std::string>> JsonBody::Text(std::string_view name, std::size_t limit) {
  const Member* member = Take(name);
  if (member == nullptr) return std::nullopt;
  return ReadText(member->text, name, limit, Place(name));
}

Result<std::optional<std::int64_t>> JsonBody::WholeNumber(std::string_view name) {
  const auto member = std::find_if(members_.begin(), members_.end(), [&](const Member& one) { return one.name == name; });
  if (member == members_.end()) return std::nullopt;
  const char first = member->text.front();
  if (first != '-' && (first < '0' || first > '9')) return std::nullopt;
  member->taken = true;
  std::int64_t number = 0;
  const char* const end = member->text.data() + member->text.size();
  const auto read = std::from_chars(member->text.data(), end, number);
  if (read.ec != std::errc() || read.ptr != end) {
    return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" must be a whole number.", Place(name));
  }
  return number;
}

Result<std::optional<bool>> JsonBody::Flag(std::string_view name) {
  const Member* member = Take(name);
  if (member == nullptr) return std::nullopt;
  if (member->text == "true") return true;
  if (member->text == "false") return false;
  return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" must be true or false.", Place(name));
}

Result<std::optional<std::int64_t>> JsonBody::Integer(std::string_view name) {
  const Member* member = Take(name);
  if (member == nullptr) return std::nullopt;
  std::int64_t value = 0;
  const char* const end = member->text.data() + member->text.size();
  const auto [stopped, error] = std::from_chars(member->text.data(), end, value);
  if (error == std::errc() && stopped == end) return value;
  return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" must be a whole number.", Place(name));
}

Result<std::optional<std::vector<std::string>>> JsonBody::Texts(std::string_view name, std::size_t most, std::size_t limit) {
  const Member* member = Take(name);
  if (member == nullptr) return std::nullopt;
  const std::string place = Place(name);
  if (member->text.front() != '[') return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" must be an array.", place);
  std::vector<std::string> texts;
  Scanner scanner(member->text);
  scanner.Step();
  while (scanner.Peek() != ']') {
    if (scanner.Peek() == ',') scanner.Step();
    if (texts.size() == most) {
      return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" may have at most " + std::to_string(most) + " elements.", place);
    }
    const std::string element = scanner.Value();
    SHEAF_ASSIGN(std::string text, ReadText(element, name, limit, place + "/" + std::to_string(texts.size())));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<std::optional<std::int64_t>> JsonBody::Integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const Member* member = Take(name);
  if (member == nullptr || member->text == "null") return std::nullopt;
  std::int64_t number = 0;
  const std::string& text = member->text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most) {
    return Fail(ErrorCode::kBadMember,
                "\"" + std::string(name) + "\" must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".",
                Place(name));
  }
  return number;
}

Result<std::optional<Micros>> JsonBody::Time(std::string_view name) {
  const Member* member = Take(name);
  if (member == nullptr || member->text == "null") return std::nullopt;
  SHEAF_ASSIGN(const std::optional<std::string> text, Text(name, 64));
  if (!text) return std::nullopt;
  const auto parsed = ParseIsoTime(*text);
  if (!parsed) return Fail(ErrorCode::kBadTime, "\"" + *text + "\" is not a time.", Place(name));
  return parsed->instant;
}

Result<std::optional<std::string>> JsonBody::ObjectText(std::string_view name) {
  Member* member = Take(name);
  if (member == nullptr) return std::nullopt;
  if (member->text.front() != '{') return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" must be an object.", Place(name));
  return std::move(member->text);
}

Result<std::optional<std::vector<JsonBody>>> JsonBody::Objects(std::string_view name) {
  const Member* member = Take(name);
  if (member == nullptr) return std::nullopt;
  const std::string place = Place(name);
  if (member->text.front() != '[') return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" must be an array.", place);
  std::vector<JsonBody> objects;
  Scanner scanner(member->text);
  scanner.Step();
  while (scanner.Peek() != ']') {
    if (scanner.Peek() == ',') scanner.Step();
    const std::string element = scanner.Value();
    std::string pointer = place + "/" + std::to_string(objects.size());
    if (element.front() != '{') return Fail(ErrorCode::kBadMember, "An element is not an object.", std::move(pointer));
    SHEAF_ASSIGN(JsonBody object, Split(element, std::move(pointer)));
    objects.push_back(std::move(object));
  }
  return objects;
}

Status JsonBody::Finish() const {
  for (const Member& member : members_) {
    if (member.taken) continue;
    return Fail(ErrorCode::kUnknownMember, "There is no member \"" + member.name + "\" here.", Place(member.name));
  }
  return {};
}

}  // namespace sheaf::api
