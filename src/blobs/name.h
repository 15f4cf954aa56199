#pragma once
//! Names of blobs.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sheaf::blobs {

//! The longest name, in bytes.
inline constexpr std::size_t kMaxNameSize = 512;

//! The segments of a name; nullopt when it is none. What this lets through cannot leave a directory: no segment is
//! empty or holds a dot.
std::optional<std::vector<std::string>> SplitName(std::string_view name);

}  // namespace sheaf::blobs
