#pragma once
//! Who consents to what, for those who ask about one participant at a time.

#include <string>
#include <string_view>

#include "vault/vault.h"

namespace sheaf::privacy {

//! Does the participant consent to the purpose now? Of consents of one purpose the latest counts, of equal ones the last recorded. Who is not known does not.
Result<bool> ConsentsTo(vault::StudyVault& study, std::string_view participant, std::string_view purpose);

}  // namespace sheaf::privacy
