#pragma once
//! Where the tokens of JSON text begin. simdjson's first stage at the speed of memory: it also checks that the text
//! is UTF-8, that every string ends, and that no string holds a bare control character.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sheaf::ingest {

class JsonTokens {
 public:
  enum class Fault : std::uint8_t {
    kNone,
    kEmpty,     //!< nothing but white space
    kUtf8,      //!< not UTF-8
    kString,    //!< a string that does not end, or a bare control character in one
    kInternal,  //!< no memory
  };

  JsonTokens();
  ~JsonTokens();
  JsonTokens(JsonTokens&&) noexcept;
  JsonTokens& operator=(JsonTokens&&) noexcept;

  //! Finds the tokens of `text`, of one value or of many one after the other. Needs no padding behind the text.
  Fault Index(std::string_view text);
  //! Offsets in ascending order, of the last Index that answered kNone: every [ ] { } , : outside strings, the opening quote of
  //! every string, and the first character of every other run. What follows a token up to the next one may be white
  //! space. Valid until the next Index.
  std::span<const std::uint32_t> Positions() const;

 private:
  struct Stage;
  std::unique_ptr<Stage> stage_;
};

}  // namespace sheaf::ingest
