#include "api/ddm/texts.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "api/json_text.h"
#include "model/strict_json.h"

namespace sheaf::api::ddm {
namespace {

namespace json = boost::json;

constexpr Micros kSecond = 1'000'000;
constexpr std::size_t kDateAndTime = 19;  // 2024-07-16T22:30:40

Micros Fraction(Micros instant) { return ((instant % kSecond) + kSecond) % kSecond; }

std::string Decimals(Micros instant) {
  const Micros fraction = Fraction(instant);
  return fraction == 0 ? std::string() : fmt::format(".{:06}", fraction);
}

//! To the second, at an offset.
std::string DateAndTime(Micros instant, int offset_s) { return FormatIsoUtc(instant + offset_s * kSecond).substr(0, kDateAndTime); }

//! A character of UTF-8 from `at` on; how many bytes.
std::size_t CharacterSize(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return std::min(size, text.size() - at);
}

std::string ReprText(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos, twice = text.find('"') != std::string_view::npos;
  const char quote = single && !twice ? '"' : '\'';
  std::string repr(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    const std::size_t size = CharacterSize(text, at);
    if (c == '\n') repr += "\\n";
    else if (c == '\r') repr += "\\r";
    else if (c == '\t') repr += "\\t";
    else if (c == '\\' || c == quote) repr += fmt::format("\\{}", c);
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) repr += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    else repr += text.substr(at, size);
    at += size;
  }
  return repr + quote;
}

void Repr(const json::value& value, std::string& out) {
  switch (value.kind()) {
    case json::kind::null: out += "None"; return;
    case json::kind::bool_: out += value.get_bool() ? "True" : "False"; return;
    case json::kind::string: out += ReprText({value.get_string().data(), value.get_string().size()}); return;
    case json::kind::double_: {
      std::string text = fmt::format("{}", value.get_double());
      if (text.find_first_of(".en") == std::string::npos) text += ".0";
      out += text;
      return;
    }
    case json::kind::array: {
      out += '[';
      for (std::size_t i = 0; i < value.get_array().size(); ++i) {
        if (i != 0) out += ", ";
        Repr(value.get_array()[i], out);
      }
      out += ']';
      return;
    }
    case json::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!first) out += ", ";
        first = false;
        out += ReprText({member.key().data(), member.key().size()}) + ": ";
        Repr(member.value(), out);
      }
      out += '}';
      return;
    }
    default: model::AppendJson(out, value);
  }
}

//! A JSON string with its characters as they are.
void AppendLiteral(std::string_view literal, bool escaped, std::string& out) {
  const bool separators = literal.find("\xE2\x80\xA8") != std::string_view::npos || literal.find("\xE2\x80\xA9") != std::string_view::npos;
  boost::system::error_code broken;
  const json::value decoded =
      escaped || separators ? json::parse(json::string_view(literal.data(), literal.size()), broken) : json::value(nullptr);
  if (broken || !decoded.is_string()) {
    out += literal;
    return;
  }
  std::string again;
  AppendJsonString(again, {decoded.get_string().data(), decoded.get_string().size()});
  EscapeSeparators(again);
  out += again;
}

}  // namespace

std::string JsonTime(Micros instant, const exporting::TimeZone& zone) {
  const int offset = zone.OffsetSeconds(instant);
  std::string text = DateAndTime(instant, offset) + Decimals(instant);
  if (offset == 0) return text + "Z";
  const int minutes = std::abs(offset) / 60;
  return text + fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

std::string JsonTimeOrNull(const std::optional<Micros>& instant, const exporting::TimeZone& zone) {
  return instant ? "\"" + JsonTime(*instant, zone) + "\"" : "null";
}

std::string UtcTime(Micros instant) {
  std::string text = DateAndTime(instant, 0);
  text[10] = ' ';
  return text + Decimals(instant) + "+00:00";
}

std::string StampOf(Micros instant) {
  std::string stamp = DateAndTime(instant, 0).substr(0, 16);
  for (char& c : stamp) {
    if (c == 'T' || c == ':') c = '-';
  }
  return stamp;
}

std::string PythonRepr(std::string_view text) {
  json::value value;
  if (!model::ParseDataJson(text, value)) return std::string(text);
  std::string out;
  Repr(value, out);
  return out;
}

void EscapeSeparators(std::string& json) {
  for (const auto& [raw, name] : {std::pair{"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}}) {
    for (std::size_t found = json.find(raw); found != std::string::npos; found = json.find(raw, found)) json.replace(found, 3, name);
  }
}

std::string CompactJson(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  JsonCompactor compactor;
  compactor.Feed(text, out);
  compactor.Finish(out);
  return out;
}

void JsonCompactor::Feed(std::string_view piece, std::string& out) {
  for (std::size_t at = 0; at < piece.size();) {
    if (literal_.empty()) {
      const char c = piece[at++];
      if (c == '"') literal_ = c;
      else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') out += c;
      continue;
    }
    if (escaping_) {
      literal_ += piece[at++];
      escaping_ = false;
      continue;
    }
    const std::size_t stop = std::min(piece.find_first_of("\"\\", at), piece.size());
    literal_.append(piece, at, stop - at);
    at = stop;
    if (at == piece.size()) return;
    literal_ += piece[at];
    if (piece[at++] == '\\') {
      escaping_ = escaped_ = true;
    } else {
      AppendLiteral(literal_, escaped_, out);
      literal_.clear();
      escaped_ = false;
    }
  }
}

void JsonCompactor::Finish(std::string& out) {
  out += literal_;
  literal_.clear();
  escaping_ = escaped_ = false;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string CsvCell(std::string_view text) {
  return text.find_first_of(",\"\r\n") == std::string_view::npos ? std::string(text) : Quoted(text);
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#x27;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace sheaf::api::ddm
