#pragma once
//! Codes that stand for ids when identifiers are removed: stable within a study, without relation to those of another
//! study, and computable from an id only by who has the study's secret.

#include <array>
#include <string>
#include <string_view>

namespace sheaf::privacy {

using CodeKey = std::array<unsigned char, 32>;  //!< a study's own; see secrets

enum class CodeKind { kParticipant, kSession, kRecord };

//! "P-", "S-" or "R-" and 16 characters of Crockford's base 32: 80 bits of a keyed BLAKE2b hash, so that two of ten
//! million ids share a code with a probability of one in twenty billion.
std::string Code(const CodeKey& key, CodeKind kind, std::string_view id);

//! Is the text written as a code of this kind is, whether or not it is somebody's?
bool IsCode(CodeKind kind, std::string_view text);

}  // namespace sheaf::privacy
