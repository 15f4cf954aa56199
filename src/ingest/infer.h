#pragma once
//! Field types for files whose dataset does not exist yet. A type is given to a column only when every cell, written
//! back by Sheaf, is the text that was read: `007`, `1.50` and `+5` keep their column a string.
//!
//! Let it see every cell of the file in a first reading, before any record is sent. It keeps a few words a column,
//! whatever the length of the file.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "model/definition.h"

namespace sheaf::ingest {

//! One column. Cells may come as text, as JSON values, or as both. One thread.
class Inference {
 public:
  //! A cell of CSV, unquoted. Empty ones and `<skipped>` are no answers and do not count. `line` is for the
  //! explanation; 0: unknown.
  void ObserveText(std::string_view cell, std::uint64_t line = 0);
  //! One well-formed JSON value as text. null does not count. Numbers are compared by value: 1.50 is a double, but a whole
  //! number that a double would round is not.
  void ObserveJson(std::string_view value, std::uint64_t line = 0);

  //! integer, double, boolean or datetime where all answers allow it; string for other text, and when there are no
  //! answers; json for objects, arrays and mixtures.
  model::FieldType Type() const;
  //! A sentence without a full stop: what speaks for the type, and for a string the first cell that is not of the
  //! type that the cells before it had.
  std::string Reason() const;
  std::uint64_t Answers() const { return answers_; }

 private:
  enum Candidate : std::uint8_t { kInteger, kDouble, kBoolean, kDatetime, kString };
  static constexpr std::size_t kCandidates = 5;
  struct Objection {
    std::string cell;  // quoted and shortened
    std::uint64_t line = 0;
    std::uint64_t answer = 0;
  };

  void Keep(std::uint8_t allowed, std::string_view cell, std::uint64_t line);
  bool Possible(Candidate candidate) const { return (possible_ >> candidate & 1u) != 0; }

  std::uint64_t answers_ = 0;
  std::uint8_t possible_ = (1u << kCandidates) - 1;
  std::array<Objection, kCandidates> objections_;  // the first against each
};

}  // namespace sheaf::ingest
