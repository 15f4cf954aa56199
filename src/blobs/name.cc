#include "blobs/name.h"

#include "base/ids.h"

namespace sheaf::blobs {

std::optional<std::vector<std::string>> SplitName(std::string_view name) {
  if (name.size() > kMaxNameSize) return std::nullopt;
  std::vector<std::string> segments;
  for (;;) {
    const std::size_t slash = name.find('/');
    const std::string_view segment = name.substr(0, slash);
    if (!IsSlug(segment)) return std::nullopt;
    segments.emplace_back(segment);
    if (slash == std::string_view::npos) return segments;
    name.remove_prefix(slash + 1);
  }
}

}  // namespace sheaf::blobs
