#pragma once
//! Who may do what. Every decision about rights is taken here.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "model/definition.h"
#include "model/study.h"
#include "model/view_rights.h"

namespace sheaf::access {

//! Who is asking, after authentication.
struct Principal {
  std::string account;
  std::string key;
  bool admin = false;
  std::vector<std::string> scopes;
};

enum class Action {
  kListStudies,
  kCreateStudy,
  kViewStudy,
  kManageStudy,
  kDeleteStudy,  // settings, definitions, participants, sessions
  kReadRecords,
  kWriteRecords,
  kDeleteRecords,
  kExport,
};

//! A study, and what of it the principal may see.
struct StudyAccess {
  model::Study study;
  model::ViewRights rights;
};

//! A new key: "sheaf_" + 43 random characters. Shown once; only its digest is kept.
struct NewKey {
  catalog::Key key;
  std::string secret;
};
//! `scopes` empty: {"*"}. kBadParameter for an unknown scope. Known: * read:* read:records read:studies write:records
//! write:studies delete:records delete:studies export and read:<kind> for each dataset kind.
Result<NewKey> CreateKey(catalog::Catalog& catalog, std::string_view account, std::string_view name, std::vector<std::string> scopes,
                         std::optional<Micros> expires_at);
//! "90d", "12h", "1y", "2w", "30s", "never" → seconds, nullopt for never. At most 100 years. kBadParameter otherwise.
Result<std::optional<std::int64_t>> ParseExpiry(std::string_view text);

//! Argon2id. A thousand-word password is fine, fewer than 8 characters is kBadParameter.
Result<std::string> HashPassword(std::string_view password);
bool VerifyPassword(std::string_view hash, std::string_view password);

class Gate {
 public:
  explicit Gate(std::shared_ptr<catalog::Catalog> catalog);
  ~Gate();

  //! From the values of `Authorization` and `X-API-Key` (either may be empty). A missing, unknown, expired or revoked
  //! key is kUnauthenticated, all alike. Revocation counts from the next request. Thread-safe, microseconds.
  Result<Principal> Authenticate(std::string_view authorization, std::string_view api_key);

  //! May the principal do this at all (scope)? kForbidden with the scope needed in the detail. `kind`: that of the dataset
  //! whose records are read, where it is known; then `read:<kind>` suffices, without it only `read:records` does.
  Status Allow(const Principal& principal, Action action, std::optional<model::DatasetKind> kind = std::nullopt);
  //! And in this study (owner, admin)? A study that the principal may not see is kNotFound, like one that is not there.
  Result<StudyAccess> AllowStudy(const Principal& principal, Action action, std::string_view study,
                                 std::optional<model::DatasetKind> kind = std::nullopt);
  //! Owner whose studies the principal lists; empty for an administrator: all.
  std::string ListOwner(const Principal& principal) const;
  //! Writes counted key uses to the catalog; called every few seconds and at the end.
  Status FlushUses();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheaf::access
