#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "access/access.h"
#include "access/scopes.h"
#include "access/secret.h"
#include "access/sessions.h"
#include "access/study_rules.h"
#include "base/ids.h"
#include "base/log.h"

namespace sheaf::access {
namespace {

// Longer than any key of ours or of the systems Sheaf stands in for.
constexpr std::size_t kMostKeyBytes = 512;
// The most entries a cache holds; a full one starts over, which costs each entry one look-up.
constexpr std::size_t kMostCached = 10000;
// How much of its idle time a session may lose when the process is killed.
constexpr Micros kSeenStep = Micros{60} * 1'000'000;

//! What is remembered, and the catalog's generation at which it was true.
template <class Value>
struct Remembered {
  std::uint64_t generation = 0;
  Value value;
};

template <class Value>
using Cache = std::unordered_map<std::string, Remembered<Value>>;

template <class Value>
void Remember(Cache<Value>& cache, const std::string& name, std::uint64_t generation, const Value& value) {
  if (cache.size() >= kMostCached && cache.count(name) == 0) cache.clear();
  cache[name] = {generation, value};
}

struct KnownSession {
  Principal principal;
  Micros last_seen_at = 0;
  Micros expires_at = 0;
};

//! When a session was seen, and what of it the catalog has.
struct Seen {
  Micros last = 0;
  Micros written = 0;
};

struct Uses {
  std::uint64_t count = 0;
  Micros last = 0;
};

tl::unexpected<Error> Unauthenticated() { return Fail(ErrorCode::kUnauthenticated, "The request carries no valid key."); }
tl::unexpected<Error> NoStudy() { return Fail(ErrorCode::kNotFound, "There is no such study."); }

Action ActionFor(Intent purpose) {
  switch (purpose) {
    case Intent::kView: return Action::kReadRecords;
    case Intent::kExport: return Action::kExport;
    case Intent::kWrite: return Action::kWriteRecords;
  }
  return Action::kWriteRecords;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

//! In a time that tells nothing of where they differ.
bool SameText(const std::string& one, const std::string& other) {
  unsigned char difference = one.size() == other.size() ? 0 : 1;
  for (std::size_t i = 0; i < one.size() && i < other.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (static_cast<unsigned char>(one[i]) ^ static_cast<unsigned char>(other[i])));
  }
  return difference == 0;
}

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
    if (c != lower[i]) return false;
  }
  return true;
}

// Empty for another scheme than Bearer: a proxy's own credentials say nothing to Sheaf.
std::string_view BearerToken(std::string_view authorization) {
  const std::string_view text = Trim(authorization);
  const std::size_t blank = text.find_first_of(" \t");
  if (blank == std::string_view::npos || !EqualsIgnoringCase(text.substr(0, blank), "bearer")) return {};
  return Trim(text.substr(blank));
}

// Two different keys leave open who is asking, so that neither counts.
std::string_view ChooseKey(std::string_view authorization, std::string_view api_key) {
  const std::string_view bearer = BearerToken(authorization);
  const std::string_view plain = Trim(api_key);
  if (bearer.empty()) return plain;
  if (plain.empty() || plain == bearer) return bearer;
  return {};
}

}  // namespace

struct Gate::Impl {
  std::shared_ptr<catalog::Catalog> catalog;
  std::mutex mutex;
  Cache<Principal> keys;         // by digest
  Cache<KnownSession> sessions;  // by digest
  Cache<model::Study> studies;
  Cache<std::optional<catalog::Grant>> grants;  // by study and account
  std::unordered_map<std::string, Uses> uses;   // by key id, since the last flush
  std::unordered_map<std::string, Seen> seen;   // by session id

  //! What was remembered, if the catalog has not changed since; else `look_up` asks, and only what it finds is
  //! remembered, so that guessing fills nothing. The generation is asked for before the look-up: what changes between the
  //! two makes the entry old at once.
  template <class Value, class LookUp>
  Result<Value> Find(Cache<Value>& cache, const std::string& name, const LookUp& look_up) {
    SHEAF_ASSIGN(const std::uint64_t generation, catalog->Generation());
    {
      const std::lock_guard lock(mutex);
      const auto found = cache.find(name);
      if (found != cache.end() && found->second.generation == generation) return found->second.value;
    }
    Result<Value> value = look_up();
    const std::lock_guard lock(mutex);
    if (value) Remember(cache, name, generation, *value);
    else cache.erase(name);
    return value;
  }

  Result<catalog::Account> FindAccount(const std::string& id) {
    SHEAF_ASSIGN(catalog::Account account, catalog->FindAccount(id));
    if (account.disabled_at) return Unauthenticated();
    return account;
  }

  Result<Principal> FindKey(const std::string& digest) {
    return Find(keys, digest, [&]() -> Result<Principal> {
      const auto key = catalog->FindKeyByDigest(digest);
      if (!key && key.error().code == ErrorCode::kNotFound) return Unauthenticated();
      if (!key) return Fail(key.error());
      if (key->revoked_at) return Unauthenticated();
      SHEAF_ASSIGN(const catalog::Account account, FindAccount(key->account));
      return Principal{account.id, key->id, account.admin, key->scopes, key->studies, "", key->expires_at, 0};
    });
  }

  Result<Principal> FindKeyById(const std::string& id) {
    return Find(keys, "id " + id, [&]() -> Result<Principal> {
      const auto key = catalog->FindKey(id);
      if (!key && key.error().code == ErrorCode::kNotFound) return Unauthenticated();
      if (!key) return Fail(key.error());
      if (key->revoked_at) return Unauthenticated();
      SHEAF_ASSIGN(const catalog::Account account, FindAccount(key->account));
      return Principal{account.id, key->id, account.admin, key->scopes, key->studies, "", key->expires_at, 0};
    });
  }

  Result<KnownSession> FindSession(const std::string& digest) {
    return Find(sessions, digest, [&]() -> Result<KnownSession> {
      const auto session = catalog->FindSessionByDigest(digest);
      if (!session && session.error().code == ErrorCode::kNotFound) return Unauthenticated();
      if (!session) return Fail(session.error());
      SHEAF_ASSIGN(const catalog::Account account, FindAccount(session->account));
      return KnownSession{Principal{account.id, "", account.admin, {"*"}, {}, session->id, {}, session->expires_at}, session->last_seen_at,
                          session->expires_at};
    });
  }

  Result<model::Study> FindStudy(const std::string& id) {
    return Find(studies, id, [&] { return catalog->FindStudy(id); });
  }

  Result<std::optional<catalog::Grant>> FindGrant(const std::string& study, const std::string& account) {
    return Find(grants, study + ' ' + account, [&] { return catalog->FindGrant(study, account); });
  }

  Result<Principal> ByKey(std::string_view secret) {
    if (secret.empty() || secret.size() > kMostKeyBytes) return Unauthenticated();
    SHEAF_ASSIGN(const std::string digest, Digest(secret));
    SHEAF_ASSIGN(Principal principal, FindKey(digest));
    return Use(std::move(principal));
  }

  //! A key that is there, if its time has not run out; counts the use.
  Result<Principal> Use(Principal principal) {
    const Micros now = Now();
    if (principal.key_expires && *principal.key_expires <= now) return Unauthenticated();
    const std::lock_guard lock(mutex);
    Uses& used = uses[principal.key];
    ++used.count;
    used.last = now;
    return principal;
  }

  Result<Principal> BySession(std::string_view secret) {
    if (secret.empty() || secret.size() > kMostKeyBytes) return Unauthenticated();
    SHEAF_ASSIGN(const std::string digest, Digest(secret));
    SHEAF_ASSIGN(KnownSession known, FindSession(digest));
    const Micros now = Now();
    if (known.expires_at <= now) return Unauthenticated();
    const std::lock_guard lock(mutex);
    const auto [place, added] = seen.try_emplace(known.principal.session, Seen{known.last_seen_at, known.last_seen_at});
    if (place->second.last + kSessionIdle <= now) return Unauthenticated();
    place->second.last = now;
    return std::move(known.principal);
  }

  Status FlushKeyUses();
  Status FlushSessionUses();
};

Gate::Gate(std::shared_ptr<catalog::Catalog> catalog) : impl_(std::make_unique<Impl>()) { impl_->catalog = std::move(catalog); }
Gate::~Gate() = default;

bool Gate::Tries(const Credentials& credentials) {
  return !BearerToken(credentials.authorization).empty() || !Trim(credentials.api_key).empty() ||
         !SessionSecret(credentials.cookie).empty();
}

Result<Principal> Gate::Authenticate(std::string_view authorization, std::string_view api_key) {
  return impl_->ByKey(ChooseKey(authorization, api_key));
}

Result<Principal> Gate::Holder(std::string_view key, std::string_view account) {
  if (!key.empty()) {
    SHEAF_ASSIGN(Principal principal, impl_->FindKeyById(std::string(key)));
    return impl_->Use(std::move(principal));
  }
  const auto known = impl_->FindAccount(std::string(account));
  if (!known && known.error().code == ErrorCode::kNotFound) return Unauthenticated();
  if (!known) return Fail(known.error());
  return Principal{known->id, "", known->admin, {"*"}, {}, "", {}, 0};
}

Result<Principal> Gate::AuthenticateAs(std::string_view email, std::string_view key) {
  SHEAF_ASSIGN(Principal principal, impl_->ByKey(key));
  SHEAF_ASSIGN(const catalog::Account account, impl_->FindAccount(principal.account));
  if (!SameText(Lower(email), Lower(account.email))) return Unauthenticated();
  return principal;
}

Result<Principal> Gate::Authenticate(const Credentials& credentials) {
  const bool by_key = !BearerToken(credentials.authorization).empty() || !Trim(credentials.api_key).empty();
  if (by_key) return Authenticate(credentials.authorization, credentials.api_key);
  const std::string_view secret = SessionSecret(credentials.cookie);
  SHEAF_ASSIGN(Principal principal, impl_->BySession(secret));
  if (credentials.method == "GET" || credentials.method == "HEAD") return principal;
  // The browser sends the cookie with whatever page asks; only ours can read the token.
  SHEAF_ASSIGN(const std::string token, CsrfToken(secret));
  if (!SameToken(token, credentials.csrf)) return Fail(ErrorCode::kCsrf, "The request carries no valid X-CSRF-Token.");
  return principal;
}

Status Gate::Allow(const Principal& principal, Action action, std::optional<model::DatasetKind> kind) {
  if (!Covers(principal.scopes, action, kind)) {
    return Fail(ErrorCode::kForbidden, fmt::format("The key lacks the scope {}.", NeededScope(action)));
  }
  if (action == Action::kCreateStudy && !principal.studies.empty()) {
    return Fail(ErrorCode::kForbidden, "The key is for some studies only.");
  }
  return {};
}

Status Gate::AllowAdmin(const Principal& principal, Action action) {
  SHEAF_TRY(Allow(principal, action));
  if (!principal.admin) return Fail(ErrorCode::kForbidden, "This is for administrators.");
  if (!principal.studies.empty()) return Fail(ErrorCode::kForbidden, "The key is for some studies only.");
  return {};
}

Result<StudyAccess> Gate::AllowStudy(const Principal& principal, Action action, std::string_view study,
                                     std::optional<model::DatasetKind> kind) {
  // The scope first: what it says depends on the key alone and tells nothing about studies.
  SHEAF_TRY(Allow(principal, action, kind));
  return AllowAccount(principal, action, study);
}

Status Gate::AllowTopic(const Principal& principal, Topic topic) {
  if (CoversTopic(principal.scopes, topic)) return {};
  return Fail(ErrorCode::kForbidden, fmt::format("Insufficient scopes. Required: {}", NeededScope(topic)));
}

Result<StudyAccess> Gate::AllowTopic(const Principal& principal, Topic topic, Intent purpose, std::string_view study) {
  SHEAF_TRY(AllowTopic(principal, topic));
  return AllowAccount(principal, ActionFor(purpose), study);
}

Result<bool> Gate::MayInStudy(const Principal& principal, Intent purpose, std::string_view study) {
  const auto allowed = AllowAccount(principal, ActionFor(purpose), study);
  if (allowed) return true;
  const ErrorCode code = allowed.error().code;
  if (code == ErrorCode::kNotFound || code == ErrorCode::kForbidden) return false;
  return Fail(allowed.error());
}

Result<StudyAccess> Gate::AllowAccount(const Principal& principal, Action action, std::string_view study) {
  if (!IsSlug(study) || principal.account.empty()) return NoStudy();
  const bool within =
      principal.studies.empty() || std::find(principal.studies.begin(), principal.studies.end(), study) != principal.studies.end();
  if (!within) return NoStudy();
  auto found = impl_->FindStudy(std::string(study));
  if (!found && found.error().code == ErrorCode::kNotFound) return NoStudy();
  if (!found) return Fail(found.error());
  if (principal.admin || found->owner == principal.account) return StudyAccess{*std::move(found), {}};
  SHEAF_ASSIGN(const auto grant, impl_->FindGrant(found->id, principal.account));
  if (!grant || !Counts(*grant, Now())) return NoStudy();
  SHEAF_ASSIGN(model::ViewRights rights, AllowGranted(*grant, action));
  return StudyAccess{*std::move(found), std::move(rights)};
}

std::string Gate::ListOwner(const Principal& principal) const {
  if (principal.admin) return {};
  // Empty would mean everyone's: a principal without an account owns nothing.
  return principal.account.empty() ? "-" : principal.account;
}

Status Gate::Impl::FlushKeyUses() {
  std::unordered_map<std::string, Uses> counted;
  {
    const std::lock_guard lock(mutex);
    counted.swap(uses);
  }
  Status outcome;
  for (const auto& [key, used] : counted) {
    auto noted = catalog->NoteKeyUse(key, used.count, used.last);
    if (noted || noted.error().code == ErrorCode::kNotFound) continue;
    // Kept for the next time.
    const std::lock_guard lock(mutex);
    Uses& again = uses[key];
    again.count += used.count;
    again.last = std::max(again.last, used.last);
    outcome = std::move(noted);
  }
  return outcome;
}

Status Gate::Impl::FlushSessionUses() {
  std::vector<std::pair<std::string, Micros>> moved;
  {
    const std::lock_guard lock(mutex);
    const Micros idle_since = Now() - kSessionIdle;
    std::erase_if(seen, [&](const auto& entry) { return entry.second.last < idle_since; });
    for (auto& [session, times] : seen) {
      if (times.last - times.written < kSeenStep) continue;
      moved.emplace_back(session, times.last);
      times.written = times.last;
    }
  }
  for (const auto& [session, last] : moved) {
    // What is lost by a failure is at most the step before.
    auto noted = catalog->NoteSessionUse(session, last);
    if (!noted && noted.error().code != ErrorCode::kNotFound) return noted;
  }
  return {};
}

Status Gate::FlushUses() {
  Status keys = impl_->FlushKeyUses();
  Status sessions = impl_->FlushSessionUses();
  return keys ? sessions : keys;
}

}  // namespace sheaf::access
