#pragma once
//! Parts of a file and whether a client has it already: RFC 9110, 13 and 14, for files that never change.

#include <cstdint>
#include <string_view>

namespace sheaf::api {

struct ByteRange {
  enum class Kind { kWhole, kPart, kUnsatisfiable };
  Kind kind = Kind::kWhole;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

//! What a `Range` header asks of a file of `size` bytes. One range is honoured; several, another unit, or a header
//! that cannot be read mean the whole file, as the standard allows.
ByteRange ResolveRange(std::string_view range, std::uint64_t size);

//! True when the list of `If-None-Match` or `If-Match` has `etag` (with its quotes) or is `*`. `weak`: W/ is looked past.
bool ListsEtag(std::string_view list, std::string_view etag, bool weak);

//! True when the range may be honoured under `If-Range` (empty: no condition). A date never matches.
bool RangeStillValid(std::string_view if_range, std::string_view etag);

}  // namespace sheaf::api
