#pragma once
//! Wrapping a secret by a passphrase that nobody keeps: Argon2id makes a key of it, XSalsa20-Poly1305 seals with that.

#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::secrets {

inline constexpr std::size_t kFewestPassphraseBytes = 12;
inline constexpr std::size_t kMostPassphraseBytes = 1024;

//! Bytes that hold the parameters, a salt of their own and the sealed secret. kBadParameter for a passphrase of fewer than
//! 12 or more than 1,024 bytes; kUnavailable when there is no memory, or too many are at it for too long.
Result<std::string> SealByPassphrase(std::string_view passphrase, std::string_view secret);
//! kStudyLocked when the passphrase is not the one it was sealed with. Takes a tenth of a second and 64 MiB; two at once.
Result<std::string> OpenByPassphrase(std::string_view passphrase, std::string_view sealed);

}  // namespace sheaf::secrets
