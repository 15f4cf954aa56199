#pragma once
//! Private to the room. A quick 64-bit hash of cells; not for secrets.

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sheaf::quality {

inline std::uint64_t Mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xE7037ED1A0B428DBu);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^ (a + 0x8EBC6AF09C88C6E3u);
}

inline std::uint64_t BitsOf(double number) { return std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number); }

inline std::uint64_t HashText(std::string_view text) {
  std::uint64_t hash = text.size();
  while (text.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), 8);
    hash = Mix(hash, word);
    text.remove_prefix(8);
  }
  std::uint64_t tail = 0;
  std::memcpy(&tail, text.data(), text.size());
  return Mix(hash, tail);
}

}  // namespace sheaf::quality
