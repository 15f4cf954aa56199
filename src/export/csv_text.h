#pragma once
//! Text as cells of CSV.

#include <string>
#include <string_view>

#include "export/encode_buffer.h"
#include "export/options.h"
#include "export/text_scan.h"
#include "model/column.h"

namespace sheaf::exporting {

//! How one export writes its cells. Immutable.
class CsvStyle {
 public:
  explicit CsvStyle(const ExportOptions& options);

  char Separator() const { return separator_; }
  char Point() const { return point_; }       //!< of doubles
  bool HasMark() const { return has_mark_; }  //!< a byte order mark at the start
  const Rendered& Absent() const { return absent_; }
  const Rendered& Skipped() const { return skipped_; }
  //! Whether skipped and absent differ in writing.
  bool TellsSkipped() const { return tells_skipped_; }

  //! One text cell, with room at `at`: quoted where RFC 4180 wants it, where it is empty, and where it would read as a missing text;
  //! with the apostrophe of the formula guard in front of what a spreadsheet would run.
  char* Put(const model::StringCell& cell, EncodeBuffer& buffer, char* at) const {
    const std::uint32_t size = cell.inlined.length;
    const bool is_short = size - 1 < sizeof(cell.inlined.text);
    if (is_short && !has_missing_text_ && !(guard_ && IsFormulaStart(cell.inlined.text[0]))) [[likely]] {
      // The whole cell is one block; the text begins after its four bytes of length.
      const std::uint32_t found = specials_.Find(TextBlock::Load(reinterpret_cast<const char*>(&cell))) >> 4;
      if ((found & ((1u << size) - 1)) == 0) [[likely]] {
        std::memcpy(at, cell.inlined.text, sizeof(cell.inlined.text));
        return at + size;
      }
    }
    return Put(cell.View(), buffer, at);
  }
  char* Put(std::string_view text, EncodeBuffer& buffer, char* at) const;
  //! The same as a string, for what is written again and again.
  std::string Render(std::string_view text) const;
  //! For codes: like Render, but a code that is a number is not guarded, as numbers never are.
  std::string RenderCode(std::string_view text) const;

  bool StartsFormula(std::string_view text) const { return guard_ && !text.empty() && IsFormulaStart(text.front()); }
  bool NeedsQuotes(std::string_view text) const { return FindSpecial(specials_, text.data(), text.size()) != text.size(); }

 private:
  static bool IsFormulaStart(char c) { return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r'; }
  bool ReadsAsMissing(std::string_view text) const { return has_missing_text_ && (text == absent_.View() || text == skipped_.View()); }
  char* PutQuoted(std::string_view text, bool guarded, EncodeBuffer& buffer, char* at) const;

  char separator_;
  char point_;
  bool guard_;
  bool has_mark_;
  CsvSpecials specials_;
  Rendered absent_, skipped_;
  bool tells_skipped_;
  bool has_missing_text_;
};

}  // namespace sheaf::exporting
