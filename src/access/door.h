#pragma once
//! Signing in and out: passwords, second factors, sessions, and what slows guessing down.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"
#include "secrets/site_key.h"

namespace sheaf::access {

//! Failures after which the next attempt has to wait: one second, then twice as long each time; from `lock_after` on 15
//! minutes. An hour without a failure forgets them.
struct ThrottleRule {
  int delay_after;
  int lock_after;
};
inline constexpr ThrottleRule kPerEmail{5, 10};
inline constexpr ThrottleRule kPerAddress{20, 40};  //!< people may share an address
Micros ThrottleWait(const ThrottleRule& rule, const catalog::Attempts& before, Micros now);

struct SignInRequest {
  std::string email;
  std::string password;
  std::string code;     //!< of the second factor; empty: not sent
  std::string address;  //!< the client's
};

struct SignedIn {
  catalog::Account account;
  bool second_factor = false;
  catalog::WebSession session;
  std::string secret;  //!< the cookie's value: shown to the browser, kept as a digest
  std::string csrf_token;
};

struct NewFactor {
  std::string secret;  //!< base32
  std::string uri;     //!< otpauth://
};

//! Thread-safe.
class Door {
 public:
  Door(std::shared_ptr<catalog::Catalog> catalog, std::shared_ptr<const secrets::SiteKey> site_key);

  //! kSignInRefused for a wrong password, an unknown e-mail address and a disabled account, at the same cost;
  //! kSecondFactorRequired when the password is right and the code missing or wrong; kTooManyRequests.
  Result<SignedIn> SignIn(const SignInRequest& request);
  Status SignOut(const Principal& principal);
  //! Ends the account's other sessions. kWrongPassword, kTooManyRequests, kBadParameter for a password too short.
  Status ChangePassword(const Principal& principal, const std::string& current, const std::string& next, const std::string& address);

  //! A secret that waits to be confirmed; kConflict when the account has a second factor.
  Result<NewFactor> BeginSecondFactor(const Principal& principal);
  //! Eight recovery codes, shown once. kWrongCode, kConflict when nothing waits.
  Result<std::vector<std::string>> ConfirmSecondFactor(const Principal& principal, const std::string& code, const std::string& address);
  //! kWrongPassword, kWrongCode, kTooManyRequests, kNotFound when there is none.
  Status RemoveSecondFactor(const Principal& principal, const std::string& password, const std::string& code, const std::string& address);
  Result<bool> HasSecondFactor(std::string_view account);

 private:
  Result<std::vector<std::string>> Subjects(const std::string& email, const std::string& address) const;
  Status Begin(const std::vector<std::string>& subjects);
  Status Succeed(const std::vector<std::string>& subjects);
  //! kWrongPassword, or as SignIn counts it.
  Result<catalog::Account> CheckPresentPassword(const Principal& principal, const std::string& password, const std::string& address);
  Result<bool> TakeCode(const catalog::SecondFactor& factor, const std::string& code);
  Result<std::string> OpenSecret(const catalog::SecondFactor& factor) const;
  Result<SignedIn> Open(const catalog::Account& account, bool second_factor);

  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<const secrets::SiteKey> site_key_;
  std::string nobodys_hash_;  //!< looked at for accounts that are not there, so that they cost the same
};

}  // namespace sheaf::access
