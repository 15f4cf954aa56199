#pragma once
//! The byte order mark that some programs write before UTF-8.

#include <string_view>

namespace sheaf::ingest {

//! Drops a mark at the beginning of a body that comes in pieces.
class MarkSkipper {
 public:
  //! The piece without what belongs to the mark. `held` is what earlier pieces had of a mark that turned out to be
  //! none: it comes before the piece.
  std::string_view Skip(std::string_view piece, std::string_view* held) {
    *held = {};
    while (!done_ && !piece.empty()) {
      if (piece.front() == kMark[matched_]) {
        piece.remove_prefix(1);
        done_ = ++matched_ == kMark.size();
      } else {
        *held = kMark.substr(0, matched_);
        done_ = true;
      }
    }
    return piece;
  }
  //! At the end: what is still held back.
  std::string_view Rest() const { return done_ ? std::string_view() : kMark.substr(0, matched_); }

 private:
  static constexpr std::string_view kMark = "\xEF\xBB\xBF";
  std::size_t matched_ = 0;
  bool done_ = false;
};

}  // namespace sheaf::ingest
