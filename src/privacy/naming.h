#pragma once
//! How a request that is answered under codes names participants and sessions. One rule for filters, parameters and paths:
//! who may not see identifiers names people by code, and is told nothing of any other text, be it an id or not; who may see
//! them and only asks for codes uses ids and codes alike.

#include <string>
#include <string_view>

#include "base/error.h"
#include "privacy/codes.h"
#include "vault/vault.h"

namespace sheaf::privacy {

//! Refers to what it is made of.
class Naming {
 public:
  Naming(vault::StudyVault& study, const CodeKey& key, bool knows_ids) : study_(study), key_(key), knows_ids_(knows_ids) {}

  //! The code of whom `name` means, who need not exist. kIdentifierRemoved for what is no code, from who knows no ids; the
  //! same for ids that exist and ids that do not.
  Result<std::string> CodeOf(CodeKind kind, std::string_view name, std::string_view place) const;

 private:
  vault::StudyVault& study_;
  const CodeKey& key_;
  const bool knows_ids_;
};

//! What somebody is told who names a person by something else than a code.
Error NoCode(CodeKind kind, std::string_view place);

}  // namespace sheaf::privacy
