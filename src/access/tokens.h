#pragma once
//! Short-lived tokens that the server signs instead of keeping: whoever has the site key can read them, every other server of
//! the same data too, and a restart ends none. What a token allows is asked anew each time it is used: it names who it was
//! given to, and no rights.

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"
#include "secrets/site_key.h"

namespace sheaf::access {

struct Token {
  std::string key;      //!< id of the key it was given to; empty: to an account's session
  std::string account;  //!< id
  std::string subject;  //!< what it is for, without line breaks: an export's id, a study's
  Micros expires_at = 0;
};

//! Thread-safe.
class Tokens {
 public:
  explicit Tokens(std::shared_ptr<const secrets::SiteKey> site_key) : site_key_(std::move(site_key)) {}

  //! URL-safe text. `purpose`: one made for a download is no bearer.
  Result<std::string> Issue(std::string_view purpose, const Token& token) const;
  //! kUnauthenticated when it was made by nobody here, for another purpose, or has expired, all alike.
  Result<Token> Read(std::string_view purpose, std::string_view text) const;

 private:
  const std::shared_ptr<const secrets::SiteKey> site_key_;
};

}  // namespace sheaf::access
