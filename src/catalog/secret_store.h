#pragma once
//! Wrapped keys: what the catalog keeps of secrets, which is useless without the site key or a passphrase. The room
//! only keeps text; what it means is known in `secrets`.
//!
//! Threads, durability and errors as in catalog.h.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::catalog {

//! The keys of one study. They go with the study's row, in the same transaction.
struct StudyKeys {
  std::string study;
  std::string public_key;  //!< of the content key pair, hex
  std::string wrapped;     //!< its secret half: sealed by the site key, or by a passphrase when `locked`
  bool locked = false;
  std::string code_key;  //!< sealed by the site key
  Micros created_at = 0;
};

class SecretStore {
 public:
  virtual ~SecretStore() = default;

  //! Which site key everything here is sealed with; empty when nothing is yet.
  virtual Result<std::string> SiteFingerprint() = 0;
  //! Says so, once. kWrongKeyFile when it is another one already.
  virtual Status ClaimSite(std::string_view fingerprint) = 0;

  virtual Result<std::optional<StudyKeys>> FindStudyKeys(std::string_view study) = 0;
  //! Answers the keys that are kept: those given, or those another was quicker to add. kNotFound: no such study.
  virtual Result<StudyKeys> AddStudyKeys(const StudyKeys& keys) = 0;
  //! Puts another wrapping of the secret half in the place of `expected` (kConflict when that is not what is there), and
  //! wipes the old one from the files.
  virtual Status ChangeWrapping(std::string_view study, std::string_view expected, std::string_view wrapped, bool locked) = 0;

  //! Replaces everything that is sealed by the site key `from`, in one transaction, by what `reseal` answers for it, and
  //! the fingerprint by `to`. Answers how many secrets that were. kWrongKeyFile when the catalog names another key.
  using Reseal = std::function<Result<std::string>(const std::string& purpose, const std::string& sealed)>;
  virtual Result<std::uint64_t> ResealAll(std::string_view from, std::string_view to, const Reseal& reseal) = 0;
};

}  // namespace sheaf::catalog
