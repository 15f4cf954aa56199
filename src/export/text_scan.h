#pragma once
//! Looks through text for characters that a format must treat, 16 at a time. Never reads outside the text.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sheaf::exporting {

#if defined(__SSE2__)

struct TextBlock {
  __m128i bytes;

  static TextBlock Load(const char* text) { return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(text))}; }
  //! Eight characters at each of two places.
  static TextBlock LoadHalves(const char* low, const char* high) {
    return {_mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(low)),
                               _mm_loadl_epi64(reinterpret_cast<const __m128i*>(high)))};
  }
  void Store(char* out) const { _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes); }
};

//! What CSV quotes: the separator, the quote, CR, LF.
class CsvSpecials {
 public:
  explicit CsvSpecials(char separator) : separator_(separator), separators_(_mm_set1_epi8(separator)) {}
  //! A bit for every special character of the block.
  std::uint32_t Find(TextBlock block) const {
    const __m128i quotes = _mm_cmpeq_epi8(block.bytes, _mm_set1_epi8('"'));
    const __m128i line_feeds = _mm_cmpeq_epi8(block.bytes, _mm_set1_epi8('\n'));
    const __m128i returns = _mm_cmpeq_epi8(block.bytes, _mm_set1_epi8('\r'));
    const __m128i separators = _mm_cmpeq_epi8(block.bytes, separators_);
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, line_feeds), _mm_or_si128(returns, separators))));
  }
  bool Is(char character) const { return character == separator_ || character == '"' || character == '\n' || character == '\r'; }

 private:
  char separator_;
  __m128i separators_;
};

//! What JSON escapes in a string: the quote, the backslash, control characters.
struct JsonSpecials {
  static std::uint32_t Find(TextBlock block) {
    const __m128i quotes = _mm_cmpeq_epi8(block.bytes, _mm_set1_epi8('"'));
    const __m128i backslashes = _mm_cmpeq_epi8(block.bytes, _mm_set1_epi8('\\'));
    const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(block.bytes, _mm_set1_epi8(0x1F)), block.bytes);
    return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)));
  }
  static bool Is(char character) { return static_cast<unsigned char>(character) < 0x20 || character == '"' || character == '\\'; }
};

#else

struct TextBlock {
  char bytes[16];

  static TextBlock Load(const char* text) {
    TextBlock block;
    std::memcpy(block.bytes, text, 16);
    return block;
  }
  static TextBlock LoadHalves(const char* low, const char* high) {
    TextBlock block;
    std::memcpy(block.bytes, low, 8);
    std::memcpy(block.bytes + 8, high, 8);
    return block;
  }
  void Store(char* out) const { std::memcpy(out, bytes, 16); }
};

template <class Specials>
std::uint32_t FindEach(const Specials& specials, const TextBlock& block) {
  std::uint32_t found = 0;
  for (std::size_t place = 0; place < 16; ++place) found |= std::uint32_t{specials.Is(block.bytes[place])} << place;
  return found;
}

class CsvSpecials {
 public:
  explicit CsvSpecials(char separator) : separator_(separator) {}
  std::uint32_t Find(const TextBlock& block) const { return FindEach(*this, block); }
  bool Is(char character) const { return character == separator_ || character == '"' || character == '\n' || character == '\r'; }

 private:
  char separator_;
};

struct JsonSpecials {
  static std::uint32_t Find(const TextBlock& block) { return FindEach(JsonSpecials{}, block); }
  static bool Is(char character) { return static_cast<unsigned char>(character) < 0x20 || character == '"' || character == '\\'; }
};

#endif

//! Where the first special character stands; `size` when there is none.
template <class Specials>
std::size_t FindSpecial(const Specials& specials, const char* text, std::size_t size) {
  std::size_t place = 0;
  for (; place + 16 <= size; place += 16) {
    const std::uint32_t found = specials.Find(TextBlock::Load(text + place));
    if (found != 0) return place + static_cast<std::size_t>(std::countr_zero(found));
  }
  if (place == size) return size;
  if (size >= 16) {  // the last block again, from its end
    const std::uint32_t found = specials.Find(TextBlock::Load(text + size - 16));
    return found == 0 ? size : size - 16 + static_cast<std::size_t>(std::countr_zero(found));
  }
  if (size >= 8) {
    const std::uint32_t found = specials.Find(TextBlock::LoadHalves(text, text + size - 8));
    if (found == 0) return size;
    const auto bit = static_cast<std::size_t>(std::countr_zero(found));
    return bit < 8 ? bit : size - 16 + bit;
  }
  while (place < size && !specials.Is(text[place])) ++place;
  return place;
}

}  // namespace sheaf::exporting
