#pragma once
//! A strict walk over the tokens of one JSON value: nothing is skipped unread, nothing behind the value is touched.

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "ingest/json_tokens.h"

namespace sheaf::ingest {

//! Deeper nesting is refused.
inline constexpr int kMaxJsonDepth = 64;

//! A name that is likely to come next, made ready for comparing. The name's memory is the caller's.
class ExpectedKey {
 public:
  explicit ExpectedKey(std::string_view name) : name_(name) {
    char bytes[8] = {};
    char mask[8] = {};
    for (std::size_t i = 0; i < 8 && i <= name.size(); ++i) {
      bytes[i] = i < name.size() ? name[i] : '"';
      mask[i] = '\xFF';
    }
    std::memcpy(&first_, bytes, 8);
    std::memcpy(&mask_, mask, 8);
  }
  std::size_t Size() const { return name_.size(); }
  //! Whether the name and a closing quote stand at `at`, where as many bytes can be read, and `readable` ones at least.
  bool Matches(const char* at, std::size_t readable) const {
    if (readable >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      if (((word ^ first_) & mask_) != 0) return false;
      if (name_.size() < 8) return true;
    }
    return std::memcmp(at, name_.data(), name_.size()) == 0 && at[name_.size()] == '"';
  }

 private:
  std::string_view name_;
  std::uint64_t first_ = 0;  // of the name and its closing quote, eight bytes
  std::uint64_t mask_ = 0;
};

class JsonReader {
 public:
  //! `positions` are those tokens of `text` that lie in [begin, end), the bytes of this value.
  JsonReader(std::string_view text, std::span<const std::uint32_t> positions, std::size_t begin, std::size_t end)
      : text_(text.data()), token_(positions.data()), last_(positions.data() + positions.size()), begin_(begin), end_(end) {}

  bool AtEnd() const { return token_ == last_; }
  //! The first character of the current token; NUL at the end, which is the beginning of no token that is right.
  char Peek() const { return token_ == last_ ? '\0' : text_[*token_]; }
  void Advance() {
    if (token_ != last_) ++token_;
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++token_;
    return true;
  }
  //! The text of the current token, white space behind it cut off. Empty at the end.
  std::string_view Token() const;
  //! Where the current token begins, in bytes from the value's beginning; the value's size at the end.
  std::size_t Offset() const { return (token_ == last_ ? end_ : *token_) - begin_; }

  //! Passes `"name":` when the next two tokens are just that. The name has neither quotes nor backslashes.
  bool TakeKey(const ExpectedKey& name) {
    if (last_ - token_ < 2) return false;
    const std::size_t at = *token_;
    const std::size_t colon = token_[1];
    if (text_[colon] != ':' || text_[at] != '"' || colon < at + name.Size() + 2) return false;
    // The opening quote begins a string that ends before the colon, so all of the name and one more byte is there.
    if (!name.Matches(text_ + at + 1, end_ - at - 1)) return false;
    token_ += 2;
    return true;
  }
  //! Passes any key and its colon. The key lives in the text, or in `scratch` when it has escapes.
  bool TakeAnyKey(std::string_view* key, std::string& scratch);
  //! Passes a string.
  bool TakeString(std::string_view* value, std::string& scratch);
  //! Passes any value, checks all of it, and appends it to `out` without white space. Strings keep their escapes,
  //! numbers their digits.
  bool TakeRaw(std::string& out);

 private:
  bool TakeRawValue(std::string& out, int depth);
  bool TakeRawMembers(std::string& out, int depth);
  bool TakeRawElements(std::string& out, int depth);
  bool TakeRawScalar(std::string& out);

  const char* text_;
  const std::uint32_t* token_;
  const std::uint32_t* last_;
  std::size_t begin_;
  std::size_t end_;
  std::string scratch_;
};

//! Whether a token is a JSON number, true, false or null.
bool IsJsonLiteral(std::string_view token);

//! JSON text that stands alone, as in a CSV cell.
class JsonText {
 public:
  //! False when `text` is not exactly one JSON value in UTF-8 of bearable depth; else `out` is its short form.
  bool Minify(std::string_view text, std::string& out);
  //! A walk over `text`, or none when the text has no tokens to walk over. Valid until the next call.
  bool Open(std::string_view text, JsonReader* reader);

 private:
  JsonTokens tokens_;
};

}  // namespace sheaf::ingest
