#include "base/error.h"

#include <algorithm>

namespace sheaf {

const std::vector<ErrorEntry>& ErrorCatalogue() {
  static const std::vector<ErrorEntry> kEntries = {
#define SHEAF_ERROR(number, name, slug, status, title, advice) ErrorEntry{ErrorCode::name, number, slug, status, title, advice},
#include "base/error_catalogue.def"
#undef SHEAF_ERROR
  };
  return kEntries;
}

const ErrorEntry& Describe(ErrorCode code) {
  const auto& entries = ErrorCatalogue();
  const auto found = std::lower_bound(entries.begin(), entries.end(), static_cast<int>(code),
                                      [](const ErrorEntry& entry, int number) { return entry.number < number; });
  return *found;
}

}  // namespace sheaf
