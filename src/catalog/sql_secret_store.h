#pragma once
//! The SecretStore over a Store.

#include "catalog/secret_store.h"
#include "catalog/store.h"

namespace sheaf::catalog {

class SqlSecretStore final : public SecretStore {
 public:
  explicit SqlSecretStore(Store& store) : store_(store) {}

  Result<std::string> SiteFingerprint() override;
  Status ClaimSite(std::string_view fingerprint) override;
  Result<std::optional<StudyKeys>> FindStudyKeys(std::string_view study) override;
  Result<StudyKeys> AddStudyKeys(const StudyKeys& keys) override;
  Status ChangeWrapping(std::string_view study, std::string_view expected, std::string_view wrapped, bool locked) override;
  Result<std::uint64_t> ResealAll(std::string_view from, std::string_view to, const Reseal& reseal) override;

 private:
  Store& store_;
};

}  // namespace sheaf::catalog
