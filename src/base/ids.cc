#include "base/ids.h"

#include <simdjson.h>
#include <sodium.h>

#include <cstdlib>

namespace sheaf {
namespace {
bool IsSlugCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; }
}  // namespace

bool IsSlug(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    if (!IsSlugCharacter(c)) return false;
  }
  return true;
}

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool IsRecordId(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  // Clients take these two segments of an address away.
  if (text == "." || text == "..") return false;
  bool ascii = true;
  unsigned char before = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return false;
    if (byte >= 0x80) ascii = false;
    // U+0080 to U+009F, the other block of control characters, is C2 80 to C2 9F.
    if (before == 0xC2 && byte < 0xA0) return false;
    before = byte;
  }
  return ascii || IsUtf8(text);
}

std::string RandomToken(std::size_t size) {
  static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  // Without a secure generator every key and session would be guessable: there is nothing to go on with.
  if (sodium_init() < 0) std::abort();
  std::string token(size, '\0');
  for (char& c : token) c = kAlphabet[randombytes_uniform(kAlphabet.size())];
  return token;
}

std::string NewId(std::string_view prefix) { return std::string(prefix) + RandomToken(20); }

}  // namespace sheaf
