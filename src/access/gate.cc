#include <fmt/format.h>

#include <mutex>
#include <unordered_map>
#include <utility>

#include "access/access.h"
#include "access/scopes.h"
#include "access/secret.h"
#include "base/ids.h"
#include "base/log.h"

namespace sheaf::access {
namespace {

// Longer than any key of ours or of the systems Sheaf stands in for.
constexpr std::size_t kMostKeyBytes = 512;
// The most entries a cache holds; a full one starts over, which costs each entry one look-up.
constexpr std::size_t kMostCached = 10000;

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

struct KnownKey {
  Principal principal;
  std::optional<Micros> expires_at;
};

struct Uses {
  std::uint64_t count = 0;
  Micros last = 0;
};

tl::unexpected<Error> Unauthenticated() { return Fail(ErrorCode::kUnauthenticated, "The request carries no valid key."); }
tl::unexpected<Error> NoStudy() { return Fail(ErrorCode::kNotFound, "There is no such study."); }

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
  Cache<KnownKey> keys;  // by digest
  Cache<model::Study> studies;
  std::unordered_map<std::string, Uses> uses;  // by key id, since the last flush

  Result<KnownKey> LookUpKey(const std::string& digest) {
    auto key = catalog->FindKeyByDigest(digest);
    if (!key && key.error().code == ErrorCode::kNotFound) return Unauthenticated();
    if (!key) return Fail(std::move(key).error());
    if (key->revoked_at) return Unauthenticated();
    SHEAF_ASSIGN(const catalog::Account account, catalog->FindAccount(key->account));
    return KnownKey{Principal{account.id, key->id, account.admin, key->scopes}, key->expires_at};
  }

  // The generation is asked for before the look-up: what changes between the two makes the entry old at once.
  Result<KnownKey> FindKey(const std::string& digest) {
    SHEAF_ASSIGN(const std::uint64_t generation, catalog->Generation());
    {
      const std::lock_guard lock(mutex);
      const auto found = keys.find(digest);
      if (found != keys.end() && found->second.generation == generation) return found->second.value;
    }
    auto known = LookUpKey(digest);
    const std::lock_guard lock(mutex);
    // Only keys that work are remembered, so that guessing fills nothing.
    if (known) Remember(keys, digest, generation, *known);
    else keys.erase(digest);
    return known;
  }

  Result<model::Study> FindStudy(const std::string& id) {
    SHEAF_ASSIGN(const std::uint64_t generation, catalog->Generation());
    {
      const std::lock_guard lock(mutex);
      const auto found = studies.find(id);
      if (found != studies.end() && found->second.generation == generation) return found->second.value;
    }
    auto study = catalog->FindStudy(id);
    const std::lock_guard lock(mutex);
    if (study) Remember(studies, id, generation, *study);
    else studies.erase(id);
    return study;
  }
};

Gate::Gate(std::shared_ptr<catalog::Catalog> catalog) : impl_(std::make_unique<Impl>()) { impl_->catalog = std::move(catalog); }
Gate::~Gate() = default;

Result<Principal> Gate::Authenticate(std::string_view authorization, std::string_view api_key) {
  const std::string_view secret = ChooseKey(authorization, api_key);
  if (secret.empty() || secret.size() > kMostKeyBytes) return Unauthenticated();
  SHEAF_ASSIGN(const std::string digest, Digest(secret));
  SHEAF_ASSIGN(KnownKey known, impl_->FindKey(digest));
  const Micros now = Now();
  if (known.expires_at && *known.expires_at <= now) return Unauthenticated();
  const std::lock_guard lock(impl_->mutex);
  Uses& uses = impl_->uses[known.principal.key];
  ++uses.count;
  uses.last = now;
  return std::move(known.principal);
}

Status Gate::Allow(const Principal& principal, Action action, std::optional<model::DatasetKind> kind) {
  if (Covers(principal.scopes, action, kind)) return {};
  return Fail(ErrorCode::kForbidden, fmt::format("The key lacks the scope {}.", NeededScope(action)));
}

Result<StudyAccess> Gate::AllowStudy(const Principal& principal, Action action, std::string_view study,
                                     std::optional<model::DatasetKind> kind) {
  // The scope first: what it says depends on the key alone and tells nothing about studies.
  SHEAF_TRY(Allow(principal, action, kind));
  if (!IsSlug(study)) return NoStudy();
  auto found = impl_->FindStudy(std::string(study));
  if (!found && found.error().code == ErrorCode::kNotFound) return NoStudy();
  if (!found) return Fail(found.error());
  const bool owner = !principal.account.empty() && found->owner == principal.account;
  if (!owner && !principal.admin) return NoStudy();
  return StudyAccess{*std::move(found), {}};
}

std::string Gate::ListOwner(const Principal& principal) const {
  if (principal.admin) return {};
  // Empty would mean everyone's: a principal without an account owns nothing.
  return principal.account.empty() ? "-" : principal.account;
}

Status Gate::FlushUses() {
  std::unordered_map<std::string, Uses> uses;
  {
    const std::lock_guard lock(impl_->mutex);
    uses.swap(impl_->uses);
  }
  Status outcome;
  for (const auto& [key, used] : uses) {
    auto noted = impl_->catalog->NoteKeyUse(key, used.count, used.last);
    if (noted || noted.error().code == ErrorCode::kNotFound) continue;
    // Kept for the next time.
    const std::lock_guard lock(impl_->mutex);
    Uses& again = impl_->uses[key];
    again.count += used.count;
    again.last = std::max(again.last, used.last);
    outcome = std::move(noted);
  }
  return outcome;
}

}  // namespace sheaf::access
