#pragma once
//! Bytes as the catalog keeps them.

#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::secrets {

std::string ToHex(std::string_view bytes);
//! kStorageDamaged when it is no hexadecimal text.
Result<std::string> FromHex(std::string_view hex);

}  // namespace sheaf::secrets
