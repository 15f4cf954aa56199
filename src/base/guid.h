#pragma once
//! GUIDs: 8-4-4-4-12 hexadecimal digits. Written in lower case, read in any.

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace sheaf {

//! The GUID in lower case; nullopt for anything else.
std::optional<std::string> ReadGuid(std::string_view text);
//! A random one (version 4).
std::string NewGuid();
//! Of 16 bytes of a hash, marked as version 5.
std::string GuidOfHash(const std::array<unsigned char, 16>& hash);

//! An id of NewId under a GUID and back, without a table: the 20 characters behind the prefix are a number that fits. `mark`
//! (0 to 3) makes different GUIDs of one id. nullopt when the id, or the GUID, is none of these.
std::optional<std::string> GuidOfId(std::string_view id, std::string_view prefix, unsigned mark);
std::optional<std::string> IdOfGuid(std::string_view guid, std::string_view prefix, unsigned mark);

}  // namespace sheaf
