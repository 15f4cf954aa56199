#include "ingest/csv_reader.h"

#include <algorithm>
#include <cstring>

namespace sheaf::ingest {

CsvReader::CsvReader(char separator, std::size_t max_row_bytes, std::size_t max_cells, RowSink sink)
    : max_row_bytes_(max_row_bytes), max_cells_(max_cells), sink_(std::move(sink)) {
  for (const char c : {separator, '"', '\n', '\r'}) ends_plain_[static_cast<unsigned char>(c)] = true;
}

Status CsvReader::Feed(std::string_view piece) {
  std::string_view held;
  piece = mark_.Skip(piece, &held);
  SHEAF_TRY(Take(held));
  return Take(piece);
}

Status CsvReader::Finish() {
  SHEAF_TRY(Take(mark_.Rest()));
  row_begin_ = 0;
  const std::string row = std::move(carry_);
  carry_.clear();
  switch (place_) {
    case Place::kCellStart:
      if (cell_count_ == 0) return {};
      cell_ = {row.size(), row.size(), false, false};
      KeepCell(row.size());
      break;
    case Place::kPlain: KeepCell(row.size()); break;
    case Place::kQuoteInQuoted: KeepCell(cell_.end); break;
    case Place::kQuoted: return Fail(ErrorCode::kBadCsv, "A quote does not close.", "line " + std::to_string(row_line_));
  }
  return EndRow(row);
}

Status CsvReader::Take(std::string_view piece) {
  std::size_t at = 0;
  row_begin_ = 0;
  while (at < piece.size()) {
    if (after_cr_) {
      after_cr_ = false;
      if (piece[at] == '\n') {
        row_begin_ = ++at;
        continue;
      }
    }
    switch (place_) {
      case Place::kCellStart: StartCell(piece, &at); break;
      case Place::kPlain: SHEAF_TRY(PassPlain(piece, &at)); break;
      case Place::kQuoted: PassQuoted(piece, &at); break;
      case Place::kQuoteInQuoted: SHEAF_TRY(PassQuote(piece, &at)); break;
    }
  }
  if (Offset(piece.size()) > max_row_bytes_) {
    return Fail(ErrorCode::kPayloadTooLarge, "A row is too long.", "line " + std::to_string(row_line_));
  }
  carry_.append(piece.substr(row_begin_));
  return {};
}

void CsvReader::StartCell(std::string_view piece, std::size_t* at) {
  if (cell_count_ == 0) row_line_ = line_;
  const bool quoted = piece[*at] == '"';
  if (quoted) ++*at;
  cell_ = {Offset(*at), 0, quoted, false};
  place_ = quoted ? Place::kQuoted : Place::kPlain;
}

Status CsvReader::PassPlain(std::string_view piece, std::size_t* at) {
  std::size_t end = *at;
  while (end < piece.size() && !ends_plain_[static_cast<unsigned char>(piece[end])]) ++end;
  *at = end;
  if (end == piece.size()) return {};
  if (piece[end] == '"') {
    stray_quote_ = true;
    ++*at;
    return {};
  }
  return EndCell(piece, Offset(end), at);
}

void CsvReader::PassQuoted(std::string_view piece, std::size_t* at) {
  const std::size_t quote = std::min(piece.find('"', *at), piece.size());
  line_ += static_cast<std::uint64_t>(
      std::count(piece.begin() + static_cast<std::ptrdiff_t>(*at), piece.begin() + static_cast<std::ptrdiff_t>(quote), '\n'));
  *at = quote;
  if (quote == piece.size()) return;
  cell_.end = Offset(quote);
  place_ = Place::kQuoteInQuoted;
  ++*at;
}

Status CsvReader::PassQuote(std::string_view piece, std::size_t* at) {
  const char c = piece[*at];
  if (c == '"') {
    cell_.doubled = true;
    place_ = Place::kQuoted;
    ++*at;
    return {};
  }
  if (ends_plain_[static_cast<unsigned char>(c)]) return EndCell(piece, cell_.end, at);
  return Fail(ErrorCode::kBadCsv, "Text follows a closing quote; a quote inside a quoted cell is written twice.",
              "line " + std::to_string(line_));
}

// At a separator or a line end.
Status CsvReader::EndCell(std::string_view piece, std::size_t cell_end, std::size_t* at) {
  KeepCell(cell_end);
  place_ = Place::kCellStart;
  const char c = piece[*at];
  if (c != '\n' && c != '\r') {
    ++*at;
    return {};
  }
  after_cr_ = c == '\r';
  if (Offset(*at) > max_row_bytes_) { return Fail(ErrorCode::kPayloadTooLarge, "A row is too long.", "line " + std::to_string(row_line_)); }
  ++line_;
  if (carry_.empty()) {
    SHEAF_TRY(EndRow(piece.substr(row_begin_, *at - row_begin_)));
  } else {
    carry_.append(piece.substr(0, *at));
    SHEAF_TRY(EndRow(carry_));
    if (carry_.capacity() > (1u << 20)) carry_ = {};
    carry_.clear();
  }
  row_begin_ = ++*at;
  return {};
}

void CsvReader::KeepCell(std::size_t end) {
  cell_.end = end;
  if (cell_count_++ < max_cells_) extents_.push_back(cell_);
}

Status CsvReader::EndRow(std::string_view row) {
  cells_.clear();
  unquoted_.clear();
  for (const Extent& extent : extents_) {
    std::string_view text = row.substr(extent.begin, extent.end - extent.begin);
    if (extent.doubled) {
      // Room for the whole row, so that the views stay where they are.
      if (unquoted_.capacity() < row.size()) unquoted_.reserve(row.size());
      const std::size_t begin = unquoted_.size();
      for (std::size_t i = 0; i < text.size(); ++i) {
        unquoted_ += text[i];
        if (text[i] == '"') ++i;
      }
      text = std::string_view(unquoted_).substr(begin);
    }
    cells_.push_back({text, extent.quoted});
  }
  const bool blank = cell_count_ == 1 && !cells_.empty() && !cells_[0].quoted && cells_[0].text.empty();
  const CsvRow parsed{row_line_, row, cells_, cell_count_,
                      stray_quote_ ? "A quote stands inside a cell that is not quoted." : std::string_view()};
  const Status status = blank ? Status() : sink_(parsed);
  extents_.clear();
  cell_count_ = 0;
  stray_quote_ = false;
  return status;
}

}  // namespace sheaf::ingest
