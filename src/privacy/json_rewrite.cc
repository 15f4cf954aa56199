#include "privacy/json_rewrite.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

namespace sheaf::privacy {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::uint32_t> HexUnit(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t unit = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return std::nullopt;
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  return unit;
}

void AppendUtf8(std::uint32_t code, std::string& out) {
  if (code >= 0xD800 && code < 0xE000) code = 0xFFFD;
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 63));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 63));
    out += static_cast<char>(0x80 | (code >> 6 & 63));
    out += static_cast<char>(0x80 | (code & 63));
  }
}

//! The characters a string's inside stands for.
void Unescape(std::string_view inside, std::string& out) {
  out.clear();
  for (std::size_t at = 0; at < inside.size(); ++at) {
    if (inside[at] != '\\' || at + 1 == inside.size()) {
      out += inside[at];
      continue;
    }
    const char c = inside[++at];
    constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
    if (const std::size_t known = kFrom.find(c); known != std::string_view::npos) {
      out += kTo[known];
    } else if (c != 'u') {
      out += c;
    } else if (auto unit = HexUnit(inside.substr(at + 1))) {
      at += 4;
      const bool high = *unit >= 0xD800 && *unit < 0xDC00 && inside.substr(at + 1, 2) == "\\u";
      const auto low = high ? HexUnit(inside.substr(at + 3)) : std::nullopt;
      if (low && *low >= 0xDC00 && *low < 0xE000) {
        unit = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
        at += 6;
      }
      AppendUtf8(*unit, out);
    }
  }
}

void Escape(std::string_view text, std::string& out) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
}

bool IsNumberCharacter(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; }

class JsonRewriter {
 public:
  JsonRewriter(std::string_view json, const JsonRules& rules, std::string& out) : json_(json), rules_(rules), out_(out) { out_.clear(); }

  bool Run() {
    while (at_ < json_.size()) {
      const char c = json_[at_];
      if (c == '"') {
        String();
      } else if (c == '-' || (c >= '0' && c <= '9')) {
        Number();
      } else {
        if (c == '{' || c == '[' || c == ',') is_coordinate_ = false;
        out_ += c;
        ++at_;
      }
    }
    return changed_;
  }

 private:
  void String() {
    std::size_t end = at_ + 1;
    bool escaped = false;
    while (end < json_.size() && json_[end] != '"') {
      const bool backslash = json_[end] == '\\' && end + 1 < json_.size();
      escaped = escaped || backslash;
      end += backslash ? 2 : 1;
    }
    const std::string_view inside = json_.substr(at_ + 1, std::min(end, json_.size()) - at_ - 1);
    std::string_view text = inside;
    if (escaped) {
      Unescape(inside, plain_);
      text = plain_;
    }
    // A name stands before a colon.
    std::size_t next = end + 1;
    while (next < json_.size() && (json_[next] == ' ' || json_[next] == '\t' || json_[next] == '\n' || json_[next] == '\r')) ++next;
    const bool is_name = next < json_.size() && json_[next] == ':';
    out_ += '"';
    const auto rounded = is_coordinate_ && rules_.location_decimals ? RoundedText(text, *rules_.location_decimals) : std::nullopt;
    if (rounded && *rounded != text) {
      out_ += *rounded;
      changed_ = true;
    } else if (rules_.text && rules_.text(text, changed_text_)) {
      Escape(changed_text_, out_);
      changed_ = true;
    } else {
      out_ += inside;
    }
    if (end < json_.size()) out_ += '"';
    is_coordinate_ = is_name && rules_.location_decimals && NamesCoordinate(text);
    at_ = std::min(end + 1, json_.size());
  }

  void Number() {
    std::size_t end = at_;
    while (end < json_.size() && IsNumberCharacter(json_[end])) ++end;
    const std::string_view number = json_.substr(at_, end - at_);
    const auto rounded = is_coordinate_ ? RoundedText(number, *rules_.location_decimals) : std::nullopt;
    changed_ = changed_ || (rounded && *rounded != number);
    out_ += rounded ? std::string_view(*rounded) : number;
    at_ = end;
  }

  const std::string_view json_;
  const JsonRules& rules_;
  std::string& out_;
  std::string plain_, changed_text_;
  std::size_t at_ = 0;
  bool is_coordinate_ = false;  // the value that comes belongs to a coordinate's name
  bool changed_ = false;
};

}  // namespace

bool RewriteJson(std::string_view json, const JsonRules& rules, std::string& out) { return JsonRewriter(json, rules, out).Run(); }

bool NamesCoordinate(std::string_view name) {
  static constexpr std::array<std::string_view, 3> kWords = {"lat", "lng", "lon"};
  if (name.size() > 255) return false;
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (lower == "degrees_north" || lower == "degrees_east" || lower == "long") return true;
  if (lower.find("latitude") != std::string::npos || lower.find("longitude") != std::string::npos) return true;
  for (std::size_t begin = 0; begin <= lower.size();) {
    std::size_t end = begin;
    while (end < lower.size() && lower[end] >= 'a' && lower[end] <= 'z') ++end;
    if (std::find(kWords.begin(), kWords.end(), std::string_view(lower).substr(begin, end - begin)) != kWords.end()) return true;
    begin = end + 1;
  }
  return false;
}

double Rounded(double number, int decimals) {
  const double scale = std::pow(10.0, decimals);
  const double scaled = number * scale;
  return std::isfinite(scaled) ? std::round(scaled) / scale : number;
}

std::optional<std::string> RoundedText(std::string_view text, int decimals) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  const double rounded = Rounded(number, decimals);
  if (rounded == number) return std::string(text);
  std::array<char, 32> buffer{};
  const auto written = std::to_chars(buffer.data(), buffer.data() + buffer.size(), rounded);
  return std::string(buffer.data(), written.ptr);
}

}  // namespace sheaf::privacy
