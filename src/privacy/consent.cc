#include "privacy/consent.h"

#include "vault/care.h"

namespace sheaf::privacy {

Result<bool> ConsentsTo(vault::StudyVault& study, std::string_view participant, std::string_view purpose) {
  auto* const care = study.Care();
  if (care == nullptr) return false;
  const auto history = care->Consents(participant);
  if (!history && history.error().code == ErrorCode::kNotFound) return false;
  if (!history) return Fail(history.error());
  const vault::Consent* latest = nullptr;
  for (const vault::Consent& consent : *history) {
    if (consent.purpose == purpose && (latest == nullptr || consent.at >= latest->at)) latest = &consent;
  }
  return latest != nullptr && latest->given;
}

}  // namespace sheaf::privacy
