#include "base/guid.h"

#include <sodium.h>

#include <cstdint>
#include <cstdlib>

namespace sheaf {
namespace {

__extension__ using Wide = unsigned __int128;
using Bytes = std::array<unsigned char, 16>;

constexpr std::size_t kGuidSize = 36;
constexpr std::size_t kIdCharacters = 20;  // of NewId: 62^20 is below 2^120
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr int kMarkBit = 120;
constexpr unsigned kVersionOfIds = 8;  // RFC 9562: of one's own making

bool IsDash(std::size_t place) { return place == 8 || place == 13 || place == 18 || place == 23; }

int DigitOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Written(Bytes bytes, unsigned version) {
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0F) | version << 4);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3F) | 0x80);
  std::string text;
  text.reserve(kGuidSize);
  for (const unsigned char byte : bytes) {
    if (IsDash(text.size())) text += '-';
    text += "0123456789abcdef"[byte >> 4];
    text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

Wide NumberOf(std::string_view guid) {
  Wide number = 0;
  for (const char c : guid) {
    if (c != '-') number = number << 4 | static_cast<unsigned>(DigitOf(c));
  }
  return number;
}

// 48 bits, the version, 12 bits, the variant, 62 bits.
Wide Spread(Wide payload) {
  const Wide low = payload & ((Wide{1} << 62) - 1), middle = payload >> 62 & 0xFFF, high = payload >> 74;
  return high << 80 | Wide{kVersionOfIds} << 76 | middle << 64 | Wide{2} << 62 | low;
}
Wide Gathered(Wide number) { return (number >> 80) << 74 | (number >> 64 & 0xFFF) << 62 | (number & ((Wide{1} << 62) - 1)); }

}  // namespace

std::optional<std::string> ReadGuid(std::string_view text) {
  if (text.size() != kGuidSize) return std::nullopt;
  std::string guid(text);
  for (std::size_t place = 0; place < kGuidSize; ++place) {
    if (IsDash(place) ? guid[place] != '-' : DigitOf(guid[place]) < 0) return std::nullopt;
    if (guid[place] >= 'A' && guid[place] <= 'F') guid[place] = static_cast<char>(guid[place] - 'A' + 'a');
  }
  return guid;
}

std::string NewGuid() {
  if (sodium_init() < 0) std::abort();
  Bytes bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return Written(bytes, 4);
}

std::string GuidOfHash(const std::array<unsigned char, 16>& hash) { return Written(hash, 5); }

std::optional<std::string> GuidOfId(std::string_view id, std::string_view prefix, unsigned mark) {
  if (!id.starts_with(prefix) || id.size() != prefix.size() + kIdCharacters || mark > 3) return std::nullopt;
  Wide payload = 0;
  for (const char c : id.substr(prefix.size())) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    payload = payload * kAlphabet.size() + digit;
  }
  const Wide number = Spread(payload | Wide{mark} << kMarkBit);
  Bytes bytes{};
  for (std::size_t place = 0; place < bytes.size(); ++place) bytes[place] = static_cast<unsigned char>(number >> (8 * (15 - place)));
  return Written(bytes, kVersionOfIds);
}

std::optional<std::string> IdOfGuid(std::string_view guid, std::string_view prefix, unsigned mark) {
  const auto read = ReadGuid(guid);
  if (!read) return std::nullopt;
  const Wide number = NumberOf(*read);
  Wide payload = Gathered(number);
  if (Spread(payload) != number || payload >> kMarkBit != mark) return std::nullopt;
  payload &= (Wide{1} << kMarkBit) - 1;
  std::string characters(kIdCharacters, 'A');
  for (std::size_t place = kIdCharacters; place-- > 0; payload /= kAlphabet.size()) {
    characters[place] = kAlphabet[static_cast<std::size_t>(payload % kAlphabet.size())];
  }
  if (payload != 0) return std::nullopt;
  return std::string(prefix) + characters;
}

}  // namespace sheaf
