#pragma once
//! The text of a key, and what is kept of it.

#include <string>
#include <string_view>

#include "access/access.h"
#include "base/error.h"

namespace sheaf::access {

//! A prefix and at least 43 random characters of 62: 256 bits that nobody can guess.
Result<std::string> NewSecret(KeyStyle style = KeyStyle::kSheaf);
//! BLAKE2b-256 as hex. A plain hash is right for a secret of 256 random bits: there is no dictionary to try, so the
//! slowness that passwords need would only slow every request. Looking the digest up in an index also keeps timing
//! from telling: whoever asks cannot choose how the digest begins.
Result<std::string> Digest(std::string_view secret);

}  // namespace sheaf::access
