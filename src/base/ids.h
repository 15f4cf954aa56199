#pragma once
//! Ids: what they may look like, and new ones.

#include <cstddef>
#include <string>
#include <string_view>

namespace sheaf {

//! [A-Za-z0-9_-]{1,64}: studies, datasets, fields, options. Safe as a file name and in SQL identifiers.
bool IsSlug(std::string_view text);
//! 1 to 255 bytes of UTF-8 without control characters, and neither "." nor "..", which clients take out of addresses:
//! participants, sessions, records.
bool IsRecordId(std::string_view text);
bool IsUtf8(std::string_view text);

//! `size` characters of [A-Za-z0-9] from the system's secure generator.
std::string RandomToken(std::size_t size);
//! `prefix` + 20 random characters, for example "exp_…".
std::string NewId(std::string_view prefix);

}  // namespace sheaf
