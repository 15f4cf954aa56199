#include "export/csv_text.h"

#include <algorithm>
#include <charconv>

namespace sheaf::exporting {
namespace {

bool IsNumber(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

CsvStyle::CsvStyle(const ExportOptions& options)
    : separator_(options.profile == CsvProfile::kExcelEu ? ';' : ','),
      point_(options.profile == CsvProfile::kExcelEu ? ',' : '.'),
      guard_(options.profile != CsvProfile::kRfc4180),
      has_mark_(options.profile != CsvProfile::kRfc4180),
      specials_(separator_),
      absent_(options.missing.absent),
      skipped_(options.missing.skipped),
      tells_skipped_(options.missing.absent != options.missing.skipped),
      has_missing_text_(!options.missing.absent.empty() || !options.missing.skipped.empty()) {
  // The missing texts are written as they are; one that a spreadsheet would run is guarded like any other text.
  for (Rendered* missing : {&absent_, &skipped_}) {
    if (StartsFormula(missing->View()) && !IsNumber(missing->View())) *missing = Rendered("'" + std::string(missing->View()));
  }
}

char* CsvStyle::PutQuoted(std::string_view text, bool guarded, EncodeBuffer& buffer, char* at) const {
  at = buffer.Room(at);
  *at++ = '"';
  if (guarded) *at++ = '\'';
  while (true) {
    const std::size_t quote = std::min(text.find('"'), text.size());
    at = buffer.Put(text.substr(0, quote), at);
    at = buffer.Room(at);
    if (quote == text.size()) break;
    *at++ = '"';
    *at++ = '"';
    text.remove_prefix(quote + 1);
  }
  *at++ = '"';
  return at;
}

char* CsvStyle::Put(std::string_view text, EncodeBuffer& buffer, char* at) const {
  const bool guarded = StartsFormula(text);
  if (text.empty() || NeedsQuotes(text) || ReadsAsMissing(text)) return PutQuoted(text, guarded, buffer, at);
  at = buffer.Room(at);
  if (guarded) *at++ = '\'';
  return buffer.Put(text, at);
}

std::string CsvStyle::Render(std::string_view text) const {
  std::string rendered;
  EncodeBuffer buffer(rendered);
  buffer.Finish(Put(text, buffer, buffer.Begin()));
  return rendered;
}

std::string CsvStyle::RenderCode(std::string_view text) const {
  if (!StartsFormula(text) || !IsNumber(text)) return Render(text);
  std::string rendered;
  EncodeBuffer buffer(rendered);
  const bool quoted = NeedsQuotes(text) || ReadsAsMissing(text);
  buffer.Finish(quoted ? PutQuoted(text, false, buffer, buffer.Begin()) : buffer.Put(text, buffer.Begin()));
  return rendered;
}

}  // namespace sheaf::exporting
