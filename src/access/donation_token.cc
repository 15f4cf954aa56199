#include "access/donation_token.h"

#include <sodium.h>

#include "access/secret.h"
#include "base/log.h"
#include "secrets/hex.h"

namespace sheaf::access {
namespace {

constexpr std::size_t kTokenBytes = 20;
constexpr Micros kDay = Micros{86400} * 1'000'000;

std::string Purpose(std::string_view study) { return "donation token " + std::string(study); }

//! A line that is missing is no reason to refuse what was done.
void LogLine(catalog::DonationTable& table, std::string_view study, std::string description) {
  const Status logged = table.AddEvent(study, {0, std::move(description), {}});
  if (!logged) LogWarning("a line of a donation project's log was not kept", {{"study", study}, {"detail", logged.error().detail}});
}

}  // namespace

Result<MadeDonationToken> MakeDonationToken(catalog::DonationTable& table, const secrets::SiteKey& site_key, std::string_view study,
                                            std::int64_t days) {
  if (days < 1 || days > kMostDonationTokenDays) return Fail(ErrorCode::kBadMember, "A token is good for 1 to 90 days.", "/days");
  std::string bytes(kTokenBytes, '\0');
  randombytes_buf(bytes.data(), bytes.size());
  MadeDonationToken made;
  made.key = secrets::ToHex(bytes);
  made.kept.study = study;
  SHEAF_ASSIGN(made.kept.digest, Digest(made.key));
  SHEAF_ASSIGN(const std::string sealed, site_key.Seal(Purpose(study), made.key));
  made.kept.sealed = secrets::ToHex(sealed);
  made.kept.created_at = Now();
  made.kept.expires_at = made.kept.created_at + days * kDay;
  SHEAF_TRY(table.PutToken(made.kept));
  LogLine(table, study, "New Access Token Created");
  return made;
}

Result<std::string> OpenDonationToken(const secrets::SiteKey& site_key, const catalog::DonationToken& token) {
  SHEAF_ASSIGN(const std::string sealed, secrets::FromHex(token.sealed));
  return site_key.Open(Purpose(token.study), sealed);
}

Status RemoveDonationToken(catalog::DonationTable& table, std::string_view study) {
  SHEAF_TRY(table.RemoveToken(study));
  LogLine(table, study, "Access Token Deleted");
  return {};
}

}  // namespace sheaf::access
