#pragma once
//! The access token of a donation project: 40 hexadecimal digits, at most one a project, which act as the project's owner in this project alone.
//! Kept as a digest, and sealed by the site key so that the owner can be shown it again. Making and removing stand in the project's log.

#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/donation_table.h"
#include "secrets/site_key.h"

namespace sheaf::access {

inline constexpr int kMostDonationTokenDays = 90;

struct MadeDonationToken {
  std::string key;
  catalog::DonationToken kept;
};
//! In the place of what there was. `days` until it expires, 1 to kMostDonationTokenDays; else kBadMember.
Result<MadeDonationToken> MakeDonationToken(catalog::DonationTable& table, const secrets::SiteKey& site_key, std::string_view study,
                                            std::int64_t days);
Result<std::string> OpenDonationToken(const secrets::SiteKey& site_key, const catalog::DonationToken& token);
//! No error when there is none.
Status RemoveDonationToken(catalog::DonationTable& table, std::string_view study);

}  // namespace sheaf::access
