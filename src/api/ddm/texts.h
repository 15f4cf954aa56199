#pragma once
//! How DDM writes things: times, Python's spelling of values, cells, compact JSON.

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "export/time_zone.h"

namespace sheaf::api::ddm {

//! "2024-07-16T22:30:40.863581+02:00"; without a fraction that is zero, with Z in UTC.
std::string JsonTime(Micros instant, const exporting::TimeZone& zone);
//! In quotes, or null.
std::string JsonTimeOrNull(const std::optional<Micros>& instant, const exporting::TimeZone& zone);
//! "2024-07-16 20:30:40.863581+00:00"
std::string UtcTime(Micros instant);
//! "2025-01-14-12-30", of a file's name, in UTC.
std::string StampOf(Micros instant);
//! JSON as Python's repr() writes it: {'a': None}. Of text that is no JSON: the text.
std::string PythonRepr(std::string_view json);
//! U+2028 and U+2029, which JavaScript took for ends of lines, as \u2028 and \u2029: all that is escaped beyond what has to be.
void EscapeSeparators(std::string& json);
//! JSON without spaces between tokens and with characters as they are; numbers stay as they were written.
std::string CompactJson(std::string_view json);
//! The same of a text that comes in pieces. Holds no more than the string that a piece ends in.
class JsonCompactor {
 public:
  void Feed(std::string_view piece, std::string& out);
  //! At the text's end; then it can begin with another.
  void Finish(std::string& out);

 private:
  std::string literal_;  // from its quote on
  bool escaping_ = false, escaped_ = false;
};
//! In quotes, with quotes inside doubled.
std::string Quoted(std::string_view text);
//! As Python's csv writer does: quotes where they are needed.
std::string CsvCell(std::string_view text);
//! For HTML, attributes too.
std::string Escaped(std::string_view text);

}  // namespace sheaf::api::ddm
