#pragma once
//! Time-based one-time passwords: RFC 6238 with SHA-1, six digits and 30 seconds, what every authenticator app speaks.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace sheaf::access {

inline constexpr std::size_t kTotpSecretBytes = 20;
inline constexpr Micros kTotpStep = Micros{30} * 1'000'000;

//! RFC 4648, without padding.
std::string Base32(std::string_view bytes);
std::string NewTotpSecret();
//! The six digits of step `step` (time / 30 s). Empty when the library fails.
std::string TotpCode(std::string_view secret, std::int64_t step);
//! The step whose code this is: that of `now`, the one before or the one after, for clocks that differ; nullopt for none.
std::optional<std::int64_t> TotpStepOf(std::string_view secret, std::string_view code, Micros now);
//! What an authenticator reads from a QR code.
std::string TotpUri(std::string_view secret, std::string_view email);

}  // namespace sheaf::access
