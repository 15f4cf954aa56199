#pragma once
//! Sessions of browsers: how long they last, their cookie, and the token against forged requests.

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::access {

inline constexpr std::string_view kSessionCookie = "sheaf_session";
inline constexpr Micros kSessionIdle = Micros{12} * 3600 * 1'000'000;      //!< without a request
inline constexpr Micros kSessionLongest = Micros{14} * 86400 * 1'000'000;  //!< whatever is done with it

//! The session's secret in a `Cookie` header. Empty when there is none, or two that differ: then it is open which of them
//! the server gave.
std::string_view SessionSecret(std::string_view cookie);
//! What a page sends as `X-CSRF-Token`: made of the secret by a keyed hash, so that it tells nothing of it and need not be kept.
Result<std::string> CsrfToken(std::string_view secret);
//! In constant time.
bool SameToken(std::string_view expected, std::string_view given);

}  // namespace sheaf::access
