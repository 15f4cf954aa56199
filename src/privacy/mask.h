#pragma once
//! E-mail and IP addresses in free text. What is found is replaced; what is no address in the usual spelling ("anna at
//! example dot org") is not found.

#include <string>
#include <string_view>

#include "privacy/options.h"

namespace sheaf::privacy {

inline constexpr std::string_view kEmailMask = "[email]";
inline constexpr std::string_view kIpMask = "[ip]";

//! Replaces `out` by the text with every address masked and adds to the counts; false, with `out` untouched, when there
//! is none. Linear in the text.
bool MaskText(std::string_view text, std::string& out, MaskCounts& counts);

}  // namespace sheaf::privacy
