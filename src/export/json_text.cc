#include "export/json_text.h"

#include <algorithm>

namespace sheaf::exporting {
namespace {

// Up to six bytes.
char* PutEscape(char character, char* at) {
  static constexpr char kHex[] = "0123456789abcdef";
  *at++ = '\\';
  switch (character) {
    case '"':
    case '\\': *at++ = character; return at;
    case '\n': *at++ = 'n'; return at;
    case '\r': *at++ = 'r'; return at;
    case '\t': *at++ = 't'; return at;
    case '\b': *at++ = 'b'; return at;
    case '\f': *at++ = 'f'; return at;
    default: break;
  }
  const auto byte = static_cast<unsigned char>(character);
  std::memcpy(at, "u00", 3);
  at[3] = kHex[byte >> 4];
  at[4] = kHex[byte & 15];
  return at + 5;
}

}  // namespace

char* PutJsonText(std::string_view text, EncodeBuffer& buffer, char* at) {
  at = buffer.Room(at);
  *at++ = '"';
  while (!text.empty()) {
    const std::size_t plain = FindSpecial(JsonSpecials{}, text.data(), text.size());
    at = buffer.Put(text.substr(0, plain), at);
    at = buffer.Room(at);
    text.remove_prefix(plain);
    // Special characters often come together.
    const std::size_t together = std::min<std::size_t>(text.size(), 16);
    std::size_t place = 0;
    for (; place < together && JsonSpecials::Is(text[place]); ++place) at = PutEscape(text[place], at);
    text.remove_prefix(place);
  }
  at = buffer.Room(at);
  *at++ = '"';
  return at;
}

std::string JsonText(std::string_view text) {
  std::string json;
  EncodeBuffer buffer(json);
  buffer.Finish(PutJsonText(text, buffer, buffer.Begin()));
  return json;
}

char* PutJsonValue(std::string_view json, EncodeBuffer& buffer, char* at) {
  while (true) {
    const std::size_t plain = std::min(json.find_first_of("\r\n"), json.size());
    at = buffer.Put(json.substr(0, plain), at);
    if (plain == json.size()) return at;
    at = buffer.Room(at);
    *at++ = ' ';
    json.remove_prefix(plain + 1);
  }
}

}  // namespace sheaf::exporting
