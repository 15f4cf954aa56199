#pragma once
//! RFC 4180 text in pieces → rows of cells. Also used where a file is looked at before it is imported.

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ingest/byte_order_mark.h"

namespace sheaf::ingest {

struct CsvCell {
  std::string_view text;  //!< unquoted
  bool quoted = false;
};

struct CsvRow {
  std::uint64_t line = 0;  //!< where the row begins; counts line ends inside quotes, too
  std::string_view text;   //!< as written, without the line end
  std::span<const CsvCell> cells;
  std::size_t cell_count = 0;  //!< may exceed cells.size(), which has a limit
  std::string_view fault;      //!< a sentence when the row is malformed in itself, else empty
};

//! Push parser. Lines end with LF, CRLF or CR; a byte order mark at the beginning and empty lines are passed over.
//! Errors: kBadCsv for text behind a closing quote and for a quote that does not close, kPayloadTooLarge for a row of
//! more than `max_row_bytes`, and what the sink returns.
class CsvReader {
 public:
  //! The row is valid until the sink returns.
  using RowSink = std::function<Status(const CsvRow&)>;
  CsvReader(char separator, std::size_t max_row_bytes, std::size_t max_cells, RowSink sink);

  Status Feed(std::string_view piece);
  Status Finish();

 private:
  enum class Place : std::uint8_t { kCellStart, kPlain, kQuoted, kQuoteInQuoted };
  // Offsets from the row's beginning.
  struct Extent {
    std::size_t begin;
    std::size_t end;
    bool quoted;
    bool doubled;  // holds "" for "
  };

  Status Take(std::string_view piece);
  void StartCell(std::string_view piece, std::size_t* at);
  Status PassPlain(std::string_view piece, std::size_t* at);
  void PassQuoted(std::string_view piece, std::size_t* at);
  Status PassQuote(std::string_view piece, std::size_t* at);
  Status EndCell(std::string_view piece, std::size_t cell_end, std::size_t* at);
  void KeepCell(std::size_t end);
  Status EndRow(std::string_view row);
  std::size_t Offset(std::size_t at) const { return carry_.size() + at - row_begin_; }

  std::size_t max_row_bytes_;
  std::size_t max_cells_;
  RowSink sink_;
  std::array<bool, 256> ends_plain_{};  // separator, quote, line ends
  MarkSkipper mark_;

  Place place_ = Place::kCellStart;
  std::string carry_;          // the row's bytes from earlier pieces
  std::size_t row_begin_ = 0;  // in the piece being taken; 0 when the row began before
  bool after_cr_ = false;      // a LF now belongs to the line end before
  std::uint64_t line_ = 1;
  std::uint64_t row_line_ = 1;
  Extent cell_{};
  std::vector<Extent> extents_;
  std::size_t cell_count_ = 0;
  bool stray_quote_ = false;
  std::vector<CsvCell> cells_;
  std::string unquoted_;
};

}  // namespace sheaf::ingest
