#pragma once
//! The keys of studies: kept wrapped in the catalog, made when they are first needed, gone with their study.
//!
//!   content key pair   encrypts what lies in blobs. The public half stands in the clear, so that writing needs no secret;
//!                      the secret half is wrapped by the site key, or by the owner's passphrase while the study is locked
//!   code key           makes the codes that stand for ids; wrapped by the site key, locked or not

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"
#include "catalog/catalog.h"
#include "secrets/site_key.h"

namespace sheaf::secrets {

//! The secret half of a study's content key pair; wiped when it goes.
class ContentKey {
 public:
  ContentKey(const KeyBytes& secret, const KeyBytes& open) : secret_(secret), open_(open) {}
  ~ContentKey();
  ContentKey(const ContentKey&) = default;
  ContentKey& operator=(const ContentKey&) = delete;
  //! Opens what was sealed (crypto_box_seal) to the public half. kStorageDamaged when it was not, or was changed.
  Result<KeyBytes> OpenBox(std::string_view box) const;
  const KeyBytes& Open() const { return open_; }  //!< the public half

 private:
  KeyBytes secret_;
  KeyBytes open_;
};

//! Thread-safe. Errors of every method: kNotFound when there is no such study, kStorageDamaged, and those of the catalog.
class KeyRing {
 public:
  //! kWrongKeyFile when the catalog's secrets were sealed with another site key. Otherwise the catalog remembers this one.
  static Result<std::shared_ptr<KeyRing>> Open(std::shared_ptr<catalog::Catalog> catalog, std::shared_ptr<const SiteKey> site_key);

  //! The secret of privacy::Code. Made once; the same ever after, in every process. Costs microseconds once known.
  Result<KeyBytes> CodeKey(std::string_view study);
  //! What content of the study is sealed to.
  Result<KeyBytes> PublicKey(std::string_view study);
  //! What opens it. `passphrase` counts only while the study is locked; kStudyLocked when it is missing or another one.
  Result<ContentKey> OpenContent(std::string_view study, std::string_view passphrase);

  //! From now on only the passphrase opens content. kConflict when it is locked already; kBadParameter for a passphrase
  //! that is too short.
  Status Lock(std::string_view study, std::string_view passphrase);
  //! kStudyLocked for another passphrase; kConflict when it is not locked.
  Status Unlock(std::string_view study, std::string_view passphrase);

  const SiteKey& Site() const { return *site_key_; }

 private:
  struct Known {
    std::uint64_t generation = 0;
    KeyBytes code{};
    KeyBytes open{};
  };

  KeyRing(std::shared_ptr<catalog::Catalog> catalog, std::shared_ptr<const SiteKey> site_key)
      : catalog_(std::move(catalog)), site_key_(std::move(site_key)) {}
  Result<catalog::StudyKeys> FindOrMake(const std::string& study);
  Result<catalog::StudyKeys> Make(const std::string& study) const;
  Result<Known> Find(std::string_view study);

  const std::shared_ptr<catalog::Catalog> catalog_;
  const std::shared_ptr<const SiteKey> site_key_;
  std::mutex mutex_;
  std::unordered_map<std::string, Known> known_;
};

//! Another site key for everything that `from` has sealed, in one transaction: afterwards only `to` opens it. Answers how many
//! secrets that were. A repetition after success is kWrongKeyFile. No server may run meanwhile.
Result<std::uint64_t> RotateSiteKey(catalog::Catalog& catalog, const SiteKey& from, const SiteKey& to);

}  // namespace sheaf::secrets
