#include "api/json_text.h"

#include <algorithm>

#include "base/ids.h"
#include "model/strict_json.h"

namespace sheaf::api {
namespace {

//! The length of the well-formed UTF-8 character at the start of `text`, 0 when there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length > text.size() || !IsUtf8(text.substr(0, length))) return 0;
  return length;
}

std::string Repaired(std::string_view text) {
  std::string repaired;
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) repaired += "\xEF\xBF\xBD";
    else repaired += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(1, length));
  }
  return repaired;
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  if (IsUtf8(text)) return model::AppendJsonString(out, text);
  model::AppendJsonString(out, Repaired(text));
}

void JsonObject::Name(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  AppendJsonString(text_, name);
  text_ += ':';
}

JsonObject& JsonObject::Text(std::string_view name, std::string_view value) {
  Name(name);
  AppendJsonString(text_, value);
  return *this;
}

JsonObject& JsonObject::Integer(std::string_view name, std::int64_t value) { return Raw(name, std::to_string(value)); }
JsonObject& JsonObject::Count(std::string_view name, std::uint64_t value) { return Raw(name, std::to_string(value)); }
JsonObject& JsonObject::Flag(std::string_view name, bool value) { return Raw(name, value ? "true" : "false"); }

JsonObject& JsonObject::Raw(std::string_view name, std::string_view json) {
  Name(name);
  text_ += json;
  return *this;
}

JsonObject& JsonObject::Time(std::string_view name, Micros instant) { return Text(name, FormatIsoUtc(instant)); }

JsonObject& JsonObject::OptionalTime(std::string_view name, const std::optional<Micros>& instant) {
  return instant ? Time(name, *instant) : Raw(name, "null");
}

std::string JsonObject::Finish() {
  text_ += '}';
  return std::move(text_);
}

JsonArray& JsonArray::Raw(std::string_view json) {
  if (text_.size() > 1) text_ += ',';
  text_ += json;
  return *this;
}

JsonArray& JsonArray::Text(std::string_view value) {
  if (text_.size() > 1) text_ += ',';
  AppendJsonString(text_, value);
  return *this;
}

std::string JsonArray::Finish() {
  text_ += ']';
  return std::move(text_);
}

}  // namespace sheaf::api
