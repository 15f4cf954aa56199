#include "access/links.h"

#include "access/secret.h"
#include "base/ids.h"

namespace sheaf::access {
namespace {

constexpr std::string_view kPrefix = "sheafme_";
constexpr std::size_t kSecretSize = 43;
constexpr std::size_t kMostTokenBytes = 512;
constexpr std::string_view kBearer = "bearer ";
// How exactly it is known when a link was used last.
constexpr Micros kUseEvery = 60'000'000;

tl::unexpected<Error> Unauthenticated() { return Fail(ErrorCode::kUnauthenticated, "The request carries no valid personal link."); }

std::string_view TokenOf(std::string_view authorization) {
  if (authorization.size() <= kBearer.size()) return {};
  for (std::size_t i = 0; i < kBearer.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != kBearer[i]) return {};
  }
  const std::string_view token = authorization.substr(kBearer.size());
  return token.size() <= kMostTokenBytes && token.substr(0, kPrefix.size()) == kPrefix ? token : std::string_view();
}

}  // namespace

Result<NewLink> CreateLink(catalog::Catalog& catalog, std::string_view study, std::string_view participant, std::string_view account,
                           std::optional<Micros> expires_at) {
  NewLink made;
  made.token = std::string(kPrefix) + RandomToken(kSecretSize);
  if (made.token.size() != kPrefix.size() + kSecretSize) return Fail(ErrorCode::kInternal, "The system gives no random numbers.");
  SHEAF_ASSIGN(const std::string digest, Digest(made.token));
  catalog::ParticipantLink link;
  link.study = study;
  link.participant = participant;
  link.created_by = account;
  link.expires_at = expires_at;
  SHEAF_ASSIGN(made.link, catalog.Care().AddLink(link, digest));
  return made;
}

Result<Visitor> AuthenticateLink(catalog::Catalog& catalog, std::string_view authorization) {
  const std::string_view token = TokenOf(authorization);
  if (token.empty()) return Unauthenticated();
  SHEAF_ASSIGN(const std::string digest, Digest(token));
  auto link = catalog.Care().FindLinkByDigest(digest);
  if (!link && link.error().code == ErrorCode::kNotFound) return Unauthenticated();
  if (!link) return Fail(std::move(link).error());
  const Micros now = Now();
  if (link->revoked_at || (link->expires_at && *link->expires_at <= now)) return Unauthenticated();
  auto study = catalog.FindStudy(link->study);
  if (!study && study.error().code == ErrorCode::kNotFound) return Unauthenticated();
  if (!study) return Fail(std::move(study).error());
  if (!study->settings.participant_access) return Unauthenticated();
  if (!link->last_used_at || now - *link->last_used_at > kUseEvery) SHEAF_TRY(catalog.Care().NoteLinkUse(link->id, now));
  return Visitor{*std::move(link), *std::move(study)};
}

}  // namespace sheaf::access
