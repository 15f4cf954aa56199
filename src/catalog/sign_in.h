#pragma once
//! What signing in leaves behind: sessions, failed attempts, second factors. Part of the Catalog; its threads and errors
//! are those of catalog.h. Secrets are kept as digests, or sealed.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

//! A browser that signed in.
struct WebSession {
  std::string id;  //!< "ses_…"
  std::string account;
  Micros created_at = 0;
  Micros last_seen_at = 0;
  Micros expires_at = 0;  //!< whatever is done with it
};

struct SecondFactor {
  std::string account;
  std::string sealed;          //!< hexadecimal; SiteKey::Seal under the purpose "totp ACCOUNT"
  bool confirmed = false;      //!< until then it is not asked for
  std::int64_t last_step = 0;  //!< of the last code that was taken; no code of it or before counts again
};

//! Of somebody (an e-mail address, a network address) who may be guessing.
struct Attempts {
  int failures = 0;
  Micros last_at = 0;
};

class SignInTable {
 public:
  virtual ~SignInTable() = default;

  virtual Result<WebSession> AddSession(std::string_view account, std::string_view digest, Micros now, Micros expires_at) = 0;
  virtual Result<WebSession> FindSessionByDigest(std::string_view digest) = 0;
  virtual Status NoteSessionUse(std::string_view id, Micros last_seen_at) = 0;
  virtual Status RemoveSession(std::string_view id) = 0;
  //! All of the account's but the one with the id `except`.
  virtual Status RemoveSessions(std::string_view account, std::string_view except) = 0;
  //! Those whose time is over, and those not seen since `idle_since`.
  virtual Status RemoveOldSessions(Micros now, Micros idle_since) = 0;

  //! Counts an attempt as failed for each subject before it is looked at, so that many at once are no way around the
  //! count. `wait` answers for one subject, by its place in the list, how long to wait; the longest wait above 0 is
  //! answered and nothing counted. Who had no failure for an hour starts anew.
  using Wait = std::function<Micros(std::size_t subject, const Attempts& before)>;
  virtual Result<Micros> BeginAttempt(const std::vector<std::string>& subjects, Micros now, const Wait& wait) = 0;
  //! The attempt was none that counts: one failure less for each.
  virtual Status TakeBackAttempt(const std::vector<std::string>& subjects) = 0;
  virtual Status ForgetAttempts(std::string_view subject) = 0;

  virtual Result<std::optional<SecondFactor>> FindSecondFactor(std::string_view account) = 0;
  //! A new one, to be confirmed; kConflict when the account has one that is.
  virtual Status PutSecondFactor(std::string_view account, std::string_view sealed) = 0;
  //! `digests`: of the recovery codes, each good once.
  virtual Status ConfirmSecondFactor(std::string_view account, std::int64_t step, const std::vector<std::string>& digests) = 0;
  //! True once for a step after the last one.
  virtual Result<bool> UseStep(std::string_view account, std::int64_t step) = 0;
  //! True once for a code that is there.
  virtual Result<bool> UseRecoveryCode(std::string_view account, std::string_view digest) = 0;
  virtual Status RemoveSecondFactor(std::string_view account) = 0;
};

}  // namespace sheaf::catalog
