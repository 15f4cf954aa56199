#include "export/pretty_json.h"

namespace sheaf::exporting {
namespace {
bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

//! The place behind the string that begins at `place`.
std::size_t EndOfString(std::string_view json, std::size_t place) {
  for (++place; place < json.size() && json[place] != '"'; ++place) {
    if (json[place] == '\\') ++place;
  }
  return place + 1;
}

void NewLine(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(depth * 2, ' ');
}
}  // namespace

std::string PrettyJson(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  std::size_t depth = 0;
  for (std::size_t place = 0; place < json.size();) {
    const char c = json[place];
    if (c == '"') {
      const std::size_t end = EndOfString(json, place);
      out += json.substr(place, end - place);
      place = end;
      continue;
    }
    ++place;
    if (IsSpace(c)) continue;
    if (c == '{' || c == '[') {
      out += c;
      while (place < json.size() && IsSpace(json[place])) ++place;
      if (place < json.size() && (json[place] == '}' || json[place] == ']')) {
        out += json[place++];
      } else {
        NewLine(out, ++depth);
      }
    } else if (c == '}' || c == ']') {
      NewLine(out, depth > 0 ? --depth : 0);
      out += c;
    } else {
      out += c;
      if (c == ',') NewLine(out, depth);
      if (c == ':') out += ' ';
    }
  }
  return out + "\n";
}

}  // namespace sheaf::exporting
