#include "secrets/key_ring.h"

#include <sodium.h>

#include <algorithm>

#include "secrets/hex.h"
#include "secrets/passphrase.h"

namespace sheaf::secrets {
namespace {

static_assert(kKeyBytes == crypto_box_PUBLICKEYBYTES && kKeyBytes == crypto_box_SECRETKEYBYTES);
// A full cache starts over, which costs each study one look-up.
constexpr std::size_t kMostKnown = 10000;

std::string ContentPurpose(const std::string& study) { return "content key " + study; }
std::string CodePurpose(const std::string& study) { return "code key " + study; }

std::string_view View(const KeyBytes& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }
void Wipe(std::string& text) { sodium_memzero(text.data(), text.size()); }

Result<KeyBytes> ToKey(std::string text) {
  KeyBytes key{};
  const bool fits = text.size() == key.size();
  if (fits) std::copy(text.begin(), text.end(), key.begin());
  Wipe(text);
  if (!fits) return Fail(ErrorCode::kStorageDamaged, "A key in the catalog does not have a key's length.");
  return key;
}

Result<KeyBytes> OpenKey(const SiteKey& site, const std::string& purpose, const std::string& hex) {
  SHEAF_ASSIGN(const std::string sealed, FromHex(hex));
  SHEAF_ASSIGN(std::string plain, site.Open(purpose, sealed));
  return ToKey(std::move(plain));
}

Result<std::string> SealKey(const SiteKey& site, const std::string& purpose, std::string_view key) {
  SHEAF_ASSIGN(const std::string sealed, site.Seal(purpose, key));
  return ToHex(sealed);
}

Result<KeyBytes> OpenHalf(const catalog::StudyKeys& keys) {
  SHEAF_ASSIGN(std::string bytes, FromHex(keys.public_key));
  return ToKey(std::move(bytes));
}

}  // namespace

ContentKey::~ContentKey() { sodium_memzero(secret_.data(), secret_.size()); }

Result<KeyBytes> ContentKey::OpenBox(std::string_view box) const {
  KeyBytes key{};
  const bool fits = box.size() == crypto_box_SEALBYTES + key.size();
  if (!fits ||
      crypto_box_seal_open(key.data(), reinterpret_cast<const unsigned char*>(box.data()), box.size(), open_.data(), secret_.data()) != 0) {
    return Fail(ErrorCode::kStorageDamaged, "A file's key cannot be opened with its study's key.");
  }
  return key;
}

Result<std::shared_ptr<KeyRing>> KeyRing::Open(std::shared_ptr<catalog::Catalog> catalog, std::shared_ptr<const SiteKey> site_key) {
  SHEAF_TRY(catalog->Secrets().ClaimSite(site_key->Fingerprint()));
  return std::shared_ptr<KeyRing>(new KeyRing(std::move(catalog), std::move(site_key)));
}

Result<catalog::StudyKeys> KeyRing::Make(const std::string& study) const {
  catalog::StudyKeys keys;
  keys.study = study;
  KeyBytes open{}, secret{}, code{};
  crypto_box_keypair(open.data(), secret.data());
  randombytes_buf(code.data(), code.size());
  keys.public_key = ToHex(View(open));
  auto wrapped = SealKey(*site_key_, ContentPurpose(study), View(secret));
  auto code_key = SealKey(*site_key_, CodePurpose(study), View(code));
  sodium_memzero(secret.data(), secret.size());
  sodium_memzero(code.data(), code.size());
  if (!wrapped) return Fail(wrapped.error());
  if (!code_key) return Fail(code_key.error());
  keys.wrapped = *std::move(wrapped);
  keys.code_key = *std::move(code_key);
  return keys;
}

Result<catalog::StudyKeys> KeyRing::FindOrMake(const std::string& study) {
  SHEAF_ASSIGN(auto there, catalog_->Secrets().FindStudyKeys(study));
  if (there) return *std::move(there);
  SHEAF_ASSIGN(const catalog::StudyKeys made, Make(study));
  return catalog_->Secrets().AddStudyKeys(made);
}

// The generation is asked for before the look-up: what changes between the two makes the entry old at once.
Result<KeyRing::Known> KeyRing::Find(std::string_view study) {
  const std::string id(study);
  Known known;
  SHEAF_ASSIGN(known.generation, catalog_->Generation());
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(id);
    if (found != known_.end() && found->second.generation == known.generation) return found->second;
  }
  auto found = FindOrMake(id);
  if (!found) {
    const std::lock_guard lock(mutex_);
    known_.erase(id);
    return Fail(std::move(found).error());
  }
  const catalog::StudyKeys& keys = *found;
  SHEAF_ASSIGN(known.code, OpenKey(*site_key_, CodePurpose(id), keys.code_key));
  SHEAF_ASSIGN(known.open, OpenHalf(keys));
  const std::lock_guard lock(mutex_);
  if (known_.size() >= kMostKnown && known_.count(id) == 0) known_.clear();
  known_[id] = known;
  return known;
}

Result<KeyBytes> KeyRing::CodeKey(std::string_view study) {
  SHEAF_ASSIGN(const Known known, Find(study));
  return known.code;
}

Result<KeyBytes> KeyRing::PublicKey(std::string_view study) {
  SHEAF_ASSIGN(const Known known, Find(study));
  return known.open;
}

Result<ContentKey> KeyRing::OpenContent(std::string_view study, std::string_view passphrase) {
  SHEAF_ASSIGN(const catalog::StudyKeys keys, FindOrMake(std::string(study)));
  SHEAF_ASSIGN(const KeyBytes open, OpenHalf(keys));
  if (!keys.locked) {
    SHEAF_ASSIGN(const KeyBytes secret, OpenKey(*site_key_, ContentPurpose(keys.study), keys.wrapped));
    return ContentKey(secret, open);
  }
  if (passphrase.empty()) return Fail(ErrorCode::kStudyLocked, "The study is locked: its passphrase is needed.");
  SHEAF_ASSIGN(const std::string sealed, FromHex(keys.wrapped));
  SHEAF_ASSIGN(std::string plain, OpenByPassphrase(passphrase, sealed));
  SHEAF_ASSIGN(const KeyBytes secret, ToKey(std::move(plain)));
  return ContentKey(secret, open);
}

Status KeyRing::Lock(std::string_view study, std::string_view passphrase) {
  SHEAF_ASSIGN(const catalog::StudyKeys keys, FindOrMake(std::string(study)));
  if (keys.locked) return Fail(ErrorCode::kConflict, "The study is locked already.");
  SHEAF_ASSIGN(const KeyBytes secret, OpenKey(*site_key_, ContentPurpose(keys.study), keys.wrapped));
  SHEAF_ASSIGN(const std::string sealed, SealByPassphrase(passphrase, View(secret)));
  return catalog_->Secrets().ChangeWrapping(study, keys.wrapped, ToHex(sealed), true);
}

Status KeyRing::Unlock(std::string_view study, std::string_view passphrase) {
  SHEAF_ASSIGN(const catalog::StudyKeys keys, FindOrMake(std::string(study)));
  if (!keys.locked) return Fail(ErrorCode::kConflict, "The study is not locked.");
  SHEAF_ASSIGN(const std::string sealed, FromHex(keys.wrapped));
  SHEAF_ASSIGN(std::string plain, OpenByPassphrase(passphrase, sealed));
  auto wrapped = SealKey(*site_key_, ContentPurpose(keys.study), plain);
  Wipe(plain);
  if (!wrapped) return Fail(wrapped.error());
  return catalog_->Secrets().ChangeWrapping(study, keys.wrapped, *wrapped, false);
}

Result<std::uint64_t> RotateSiteKey(catalog::Catalog& catalog, const SiteKey& from, const SiteKey& to) {
  return catalog.Secrets().ResealAll(from.Fingerprint(), to.Fingerprint(),
                                     [&](const std::string& purpose, const std::string& hex) -> Result<std::string> {
                                       SHEAF_ASSIGN(const std::string sealed, FromHex(hex));
                                       SHEAF_ASSIGN(std::string plain, from.Open(purpose, sealed));
                                       auto again = SealKey(to, purpose, plain);
                                       Wipe(plain);
                                       return again;
                                     });
}

}  // namespace sheaf::secrets
