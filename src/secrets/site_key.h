#pragma once
//! The key that all other keys of a server are wrapped with. It lives in a file outside the data directory, so that a
//! copy of the data alone opens nothing that is encrypted.

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::secrets {

inline constexpr std::size_t kKeyBytes = 32;
using KeyBytes = std::array<unsigned char, kKeyBytes>;

//! Immutable; wiped when it goes. Thread-safe.
class SiteKey {
 public:
  enum class Missing { kCreate, kFail };
  //! Reads a file of 64 hexadecimal digits; a missing one is made (mode 0600, synced) or refused.
  //! Errors: kIo, kNotFound, kStorageDamaged when it is not such a file, kForbidden when others may read it.
  static Result<std::shared_ptr<const SiteKey>> Load(const std::string& path, Missing missing);
  //! A new key, kept nowhere.
  static Result<std::shared_ptr<const SiteKey>> Generate();
  ~SiteKey();
  SiteKey(const SiteKey&) = delete;
  SiteKey& operator=(const SiteKey&) = delete;

  //! Encrypts and authenticates; `purpose` ("totp usr_1") must be given again to open it, so that one secret cannot be
  //! put in another's place. Answers bytes: nonce and ciphertext.
  Result<std::string> Seal(std::string_view purpose, std::string_view plain) const;
  //! kStorageDamaged: it was sealed with another key or for another purpose, or was changed.
  Result<std::string> Open(std::string_view purpose, std::string_view sealed) const;
  //! Which key this is, as 16 hexadecimal digits that tell nothing else about it.
  std::string Fingerprint() const;
  //! Writes the key to a new file as Load reads it. kConflict when the file exists.
  Status Save(const std::string& path) const;

 private:
  explicit SiteKey(const KeyBytes& key) : key_(key) {}
  KeyBytes PurposeKey(std::string_view purpose) const;

  KeyBytes key_;
};

//! Where the site key is unless another file is named: beside the data directory, "DIR.key".
std::string DefaultKeyFile(const std::string& data_directory);

}  // namespace sheaf::secrets
