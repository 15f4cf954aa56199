#include "secrets/hex.h"

#include <sodium.h>

namespace sheaf::secrets {

std::string ToHex(std::string_view bytes) {
  std::string hex(bytes.size() * 2 + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  hex.pop_back();
  return hex;
}

Result<std::string> FromHex(std::string_view hex) {
  std::string bytes(hex.size() / 2, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int outcome =
      sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), hex.data(), hex.size(), nullptr, &size, &end);
  if (outcome != 0 || size != bytes.size() || end != hex.data() + hex.size()) {
    return Fail(ErrorCode::kStorageDamaged, "A wrapped key in the catalog cannot be read.");
  }
  return bytes;
}

}  // namespace sheaf::secrets
