#include "ingest/json_reader.h"

#include <cstring>

#include "ingest/number.h"

namespace sheaf::ingest {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Four hexadecimal digits at `at`, -1 when they are not.
std::int32_t CodeUnit(std::string_view text, std::size_t at) {
  if (at + 4 > text.size()) return -1;
  std::int32_t unit = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

void AppendUtf8(std::uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

// \uXXXX at `at` (the u), a pair of them for a surrogate pair. Half a pair is no character.
bool AppendUnicodeEscape(std::string_view text, std::size_t* at, std::string& out) {
  const std::int32_t unit = CodeUnit(text, *at + 1);
  if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF)) return false;
  *at += 5;
  if (unit < 0xD800 || unit > 0xDBFF) {
    AppendUtf8(static_cast<std::uint32_t>(unit), out);
    return true;
  }
  if (*at + 1 >= text.size() || text[*at] != '\\' || text[*at + 1] != 'u') return false;
  const std::int32_t low = CodeUnit(text, *at + 2);
  if (low < 0xDC00 || low > 0xDFFF) return false;
  *at += 6;
  AppendUtf8(0x10000 + ((static_cast<std::uint32_t>(unit) - 0xD800) << 10) + (static_cast<std::uint32_t>(low) - 0xDC00), out);
  return true;
}

bool Unescape(std::string_view text, std::string& out) {
  out.clear();
  std::size_t at = 0;
  while (at < text.size()) {
    const void* const found = std::memchr(text.data() + at, '\\', text.size() - at);
    const std::size_t next = found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : text.size();
    out.append(text, at, next - at);
    if (!found) return true;
    at = next + 1;
    if (at >= text.size()) return false;
    switch (text[at]) {
      case '"':
      case '\\':
      case '/': out += text[at++]; break;
      case 'b':
        out += '\b';
        ++at;
        break;
      case 'f':
        out += '\f';
        ++at;
        break;
      case 'n':
        out += '\n';
        ++at;
        break;
      case 'r':
        out += '\r';
        ++at;
        break;
      case 't':
        out += '\t';
        ++at;
        break;
      case 'u':
        if (!AppendUnicodeEscape(text, &at, out)) return false;
        break;
      default: return false;
    }
  }
  return true;
}

// Strings are short: a call of memchr would cost more than the search.
bool HasBackslash(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101u;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (; end - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    word ^= kOnes * '\\';
    // A byte that is zero now was a backslash.
    if (((word - kOnes) & ~word & (kOnes << 7)) != 0) return true;
  }
  for (; at != end; ++at) {
    if (*at == '\\') return true;
  }
  return false;
}

bool IsJsonSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

std::string_view JsonReader::Token() const {
  if (token_ == last_) return {};
  const std::size_t from = *token_;
  std::size_t to = token_ + 1 == last_ ? end_ : token_[1];
  while (to > from && IsJsonSpace(text_[to - 1])) --to;
  return {text_ + from, to - from};
}

bool JsonReader::TakeString(std::string_view* value, std::string& scratch) {
  const std::string_view token = Token();
  if (token.size() < 2 || token.front() != '"' || token.back() != '"') return false;
  const std::string_view inner = token.substr(1, token.size() - 2);
  if (!HasBackslash(inner)) {
    *value = inner;
  } else {
    if (!Unescape(inner, scratch)) return false;
    *value = scratch;
  }
  ++token_;
  return true;
}

bool JsonReader::TakeAnyKey(std::string_view* key, std::string& scratch) { return TakeString(key, scratch) && Take(':'); }

bool JsonReader::TakeRaw(std::string& out) { return TakeRawValue(out, 1); }

bool JsonReader::TakeRawValue(std::string& out, int depth) {
  if (depth > kMaxJsonDepth) return false;
  switch (Peek()) {
    case '{': return TakeRawMembers(out, depth);
    case '[': return TakeRawElements(out, depth);
    default: return TakeRawScalar(out);
  }
}

bool JsonReader::TakeRawMembers(std::string& out, int depth) {
  ++token_;
  out += '{';
  if (Take('}')) {
    out += '}';
    return true;
  }
  while (true) {
    if (Peek() != '"' || !TakeRawScalar(out) || !Take(':')) return false;
    out += ':';
    if (!TakeRawValue(out, depth + 1)) return false;
    const char c = Peek();
    if (c != ',' && c != '}') return false;
    ++token_;
    out += c;
    if (c == '}') return true;
  }
}

bool JsonReader::TakeRawElements(std::string& out, int depth) {
  ++token_;
  out += '[';
  if (Take(']')) {
    out += ']';
    return true;
  }
  while (true) {
    if (!TakeRawValue(out, depth + 1)) return false;
    const char c = Peek();
    if (c != ',' && c != ']') return false;
    ++token_;
    out += c;
    if (c == ']') return true;
  }
}

bool JsonReader::TakeRawScalar(std::string& out) {
  const std::string_view token = Token();
  if (Peek() == '"') {
    std::string_view value;
    if (!TakeString(&value, scratch_)) return false;
  } else {
    if (!IsJsonLiteral(token)) return false;
    ++token_;
  }
  out += token;
  return true;
}

bool IsJsonLiteral(std::string_view token) {
  if (token == "true" || token == "false" || token == "null") return true;
  return ParseJsonNumber(token).kind != Number::Kind::kInvalid;
}

bool JsonText::Open(std::string_view text, JsonReader* reader) {
  if (tokens_.Index(text) != JsonTokens::Fault::kNone) return false;
  *reader = JsonReader(text, tokens_.Positions(), 0, text.size());
  return true;
}

bool JsonText::Minify(std::string_view text, std::string& out) {
  JsonReader reader({}, {}, 0, 0);
  out.clear();
  return Open(text, &reader) && reader.TakeRaw(out) && reader.AtEnd();
}

}  // namespace sheaf::ingest
