#pragma once
//! Personal links: a participant's own way to what a study has of them. A link is a bearer token of a role of its own; it
//! opens nothing but /me.

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "catalog/care.h"
#include "catalog/catalog.h"

namespace sheaf::access {

//! "sheafme_" + 43 random characters. Shown once; only its digest is kept.
struct NewLink {
  catalog::ParticipantLink link;
  std::string token;
};
Result<NewLink> CreateLink(catalog::Catalog& catalog, std::string_view study, std::string_view participant, std::string_view account,
                           std::optional<Micros> expires_at);

//! Whose link `Authorization: Bearer TOKEN` is. A missing, unknown, expired or revoked one is kUnauthenticated, all alike, and
//! so is one of a study that does not let participants see their data (any more).
struct Visitor {
  catalog::ParticipantLink link;
  model::Study study;
};
Result<Visitor> AuthenticateLink(catalog::Catalog& catalog, std::string_view authorization);

}  // namespace sheaf::access
