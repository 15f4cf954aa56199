#pragma once
//! Small parts that the encoders of text formats share.

#include <cstdint>
#include <cstring>
#include <string_view>

#include "export/options.h"
#include "export/plan.h"
#include "model/column.h"

namespace sheaf::exporting {

//! The format of the encoder: of the files inside when the export is a ZIP.
inline Format InnerFormat(const ExportOptions& options) { return options.format == Format::kZip ? options.inner : options.format; }

inline ValueStyle ValuesOf(const ExportOptions& options) {
  if (options.values) return *options.values;
  const Format format = InnerFormat(options);
  return format == Format::kJson || format == Format::kNdjson || format == Format::kAlida ? ValueStyle::kIds : ValueStyle::kCodes;
}

inline const std::string& OptionText(const model::Option& option, ValueStyle style) {
  switch (style) {
    case ValueStyle::kCodes: return option.code;
    case ValueStyle::kLabels: return option.label;
    case ValueStyle::kIds: break;
  }
  return option.id;
}

//! The numbers of skipped fields in a cell of ColumnKind::kSkipped.
class SkippedFields {
 public:
  SkippedFields(const model::ColumnView& column, std::size_t row)
      : bytes_(column.IsNull(row) ? std::string_view() : column.At<model::StringCell>(row).View()) {}
  std::size_t Size() const { return bytes_.size() / 2; }
  std::uint16_t operator[](std::size_t place) const {
    const auto low = static_cast<unsigned char>(bytes_[2 * place]), high = static_cast<unsigned char>(bytes_[2 * place + 1]);
    return static_cast<std::uint16_t>(low | high << 8);
  }
  bool Has(std::uint16_t field) const {
    for (std::size_t place = 0; place < Size(); ++place) {
      if ((*this)[place] == field) return true;
    }
    return false;
  }

 private:
  std::string_view bytes_;
};

//! "+02:00", 6 bytes. Anything beyond a day is cut to what has that form.
inline char* WriteOffset(std::int16_t minutes, char* out) {
  const int size = (minutes < 0 ? -minutes : minutes) % 6000;
  const char digits[] = {minutes < 0 ? '-' : '+',
                         static_cast<char>('0' + size / 600),
                         static_cast<char>('0' + size / 60 % 10),
                         ':',
                         static_cast<char>('0' + size % 60 / 10),
                         static_cast<char>('0' + size % 10)};
  std::memcpy(out, digits, sizeof(digits));
  return out + sizeof(digits);
}

}  // namespace sheaf::exporting
