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
  std::string key;  //!< its id; empty for a session
  bool admin = false;
  std::vector<std::string> scopes;    //!< a session has {"*"}
  std::vector<std::string> studies;   //!< of a key that is for some only; empty: all
  std::string session;                //!< its id; empty for a key
  std::optional<Micros> key_expires;  //!< of the key
  Micros session_expires = 0;         //!< of the session
};

//! What a request is let in by; each may be empty.
struct Credentials {
  std::string_view authorization;  //!< `Authorization`
  std::string_view api_key;        //!< `X-API-Key`
  std::string_view cookie;         //!< `Cookie`
  std::string_view csrf;           //!< `X-CSRF-Token`
  std::string_view method = "GET";
};

enum class Action {
  kListStudies,
  kCreateStudy,
  kViewStudy,
  kManageStudy,  // settings, definitions, participants, sessions
  kDeleteStudy,
  kReadRecords,
  kWriteRecords,
  kDeleteRecords,
  kExport,
  kManagePeople,  // consent, withdrawal, personal links, requests
  kErase,         // all of a participant, for good
  kReadAccess,    // grants, keys, accounts
  kManageAccess,
  kReadAudit,
};

//! What a route of an experiment platform's protocol is about. Its keys have scopes of these names.
enum class Topic {
  kEvents,
  kRecordings,
  kChat,
  kVideochat,
  kContinuousRatings,
  kSparseRatings,
  kSyncMetrics,
  kComponents,
  kParticipants,
  kRooms,
  kExperiments,
  kDeployments,
  kWriteEvents,
};
//! What for. The key's scope is that of the topic, whatever the purpose; a grant must allow the purpose.
enum class Intent { kView, kExport, kWrite };

//! A study, and what of it the principal may see.
struct StudyAccess {
  model::Study study;
  model::ViewRights rights;
};

enum class KeyStyle {
  kSheaf,       //!< "sheaf_" + 43 random characters
  kHyperStudy,  //!< "hst_live_" + 64 random characters
};
//! "sheaf", "hyperstudy"; nullopt for an unknown word.
std::optional<KeyStyle> KeyStyleFrom(std::string_view name);

//! A new key. Shown once; only its digest is kept.
struct NewKey {
  catalog::Key key;
  std::string secret;
};
//! `scopes` empty: {"*"}. kBadParameter for an unknown scope. Known: * read:* read:records read:studies read:access
//! read:audit write:records write:studies write:people write:access delete:records delete:studies delete:participants
//! export, read:<kind> for each dataset kind, and the scopes of experiment platforms (scopes.cc). `studies`: the only ones it is good for; empty: all.
Result<NewKey> CreateKey(catalog::Catalog& catalog, std::string_view account, std::string_view name, std::vector<std::string> scopes,
                         std::optional<Micros> expires_at, std::vector<std::string> studies = {}, KeyStyle style = KeyStyle::kSheaf);
//! "90d", "12h", "1y", "2w", "30s", "never" → seconds, nullopt for never. At most 100 years. kBadParameter otherwise.
Result<std::optional<std::int64_t>> ParseExpiry(std::string_view text);

//! Argon2id. A thousand-word password is fine, fewer than 8 characters is kBadParameter.
Result<std::string> HashPassword(std::string_view password);
bool VerifyPassword(std::string_view hash, std::string_view password);
//! The same for callers nobody knows yet: when too many passwords are being looked at already, kTooManyRequests.
Result<bool> TryVerifyPassword(std::string_view hash, std::string_view password);

class Gate {
 public:
  explicit Gate(std::shared_ptr<catalog::Catalog> catalog);
  ~Gate();

  //! By a key, if one was sent, else by a session's cookie. A missing, unknown, expired or revoked key or session and a
  //! disabled account are kUnauthenticated, all alike. A session that wants to change something must prove with its token
  //! that its own page asks (kCsrf). Revocation counts from the next request. Thread-safe, microseconds.
  Result<Principal> Authenticate(const Credentials& credentials);
  //! By a key and the e-mail address of its owner, which must agree; refused like a wrong key when they do not.
  Result<Principal> AuthenticateAs(std::string_view email, std::string_view key);
  //! By a key alone.
  Result<Principal> Authenticate(std::string_view authorization, std::string_view api_key);
  //! Whom a token was given to, as they are now: a key by its id, else an account, as if signed in. kUnauthenticated when the
  //! key was revoked or has expired, or the account is disabled.
  Result<Principal> Holder(std::string_view key, std::string_view account);
  //! Was there anything to be let in by? Coming without is no guess.
  static bool Tries(const Credentials& credentials);

  //! May the principal do this at all (scope)? kForbidden with the scope needed in the detail. `kind`: that of the dataset
  //! whose records are read, where it is known; then `read:<kind>` suffices, without it only `read:records` does.
  Status Allow(const Principal& principal, Action action, std::optional<model::DatasetKind> kind = std::nullopt);
  //! For what concerns the whole server: an administrator, with a key that is not for some studies only. kForbidden.
  Status AllowAdmin(const Principal& principal, Action action);
  //! And in this study (owner, administrator, grant)? A study that the principal may not see is kNotFound, like one that
  //! is not there; kForbidden when it may be seen but not this be done. What changes more than records needs a grant of the
  //! whole study, identifiers included.
  Result<StudyAccess> AllowStudy(const Principal& principal, Action action, std::string_view study,
                                 std::optional<model::DatasetKind> kind = std::nullopt);
  //! The same for a route of a platform's protocol. kForbidden names the platform's scope.
  Status AllowTopic(const Principal& principal, Topic topic);
  Result<StudyAccess> AllowTopic(const Principal& principal, Topic topic, Intent purpose, std::string_view study);
  //! May the account behind the principal do this in the study, whatever the key's scopes? False for a study that it may not see.
  Result<bool> MayInStudy(const Principal& principal, Intent purpose, std::string_view study);
  //! The account whose studies, own and granted, the principal lists; empty for an administrator: all. A key's
  //! `studies` limit the list further.
  std::string ListOwner(const Principal& principal) const;
  //! Writes counted uses of keys and sessions to the catalog; called every few seconds and at the end.
  Status FlushUses();

 private:
  //! AllowStudy after the scope.
  Result<StudyAccess> AllowAccount(const Principal& principal, Action action, std::string_view study);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheaf::access
