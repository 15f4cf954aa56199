// Accounts and keys.

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>

#include "base/ids.h"
#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/sql_catalog.h"
#include "catalog/words.h"

namespace sheaf::catalog {
namespace {

constexpr std::size_t kMaxEmail = 254;
constexpr std::size_t kMaxName = 255;

const std::string kAccountColumns = "id, email, name, admin, password_hash, created_at, disabled_at";
const std::string kKeyColumns = "id, account, name, scopes, created_at, expires_at, revoked_at, last_used_at, uses, studies";

struct AccountRow {
  using Value = Account;
  Account account;
  int admin = 0;
  long long created_at = 0;
  NullableTime<soci::indicator> disabled_at;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(account.id));
    statement.exchange(soci::into(account.email));
    statement.exchange(soci::into(account.name));
    statement.exchange(soci::into(admin));
    statement.exchange(soci::into(account.password_hash));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(disabled_at.value, disabled_at.indicator));
  }
  Result<Account> Take() {
    account.admin = admin != 0;
    account.created_at = created_at;
    account.disabled_at = disabled_at.Get();
    return account;
  }
};

struct KeyRow {
  using Value = Key;
  Key key;
  std::string scopes;
  std::string studies;
  long long created_at = 0;
  long long uses = 0;
  NullableTime<soci::indicator> expires_at, revoked_at, last_used_at;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(key.id));
    statement.exchange(soci::into(key.account));
    statement.exchange(soci::into(key.name));
    statement.exchange(soci::into(scopes));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(expires_at.value, expires_at.indicator));
    statement.exchange(soci::into(revoked_at.value, revoked_at.indicator));
    statement.exchange(soci::into(last_used_at.value, last_used_at.indicator));
    statement.exchange(soci::into(uses));
    statement.exchange(soci::into(studies));
  }
  Result<Key> Take() {
    key.scopes = SplitWords(scopes);
    key.studies = SplitWords(studies);
    key.created_at = created_at;
    key.expires_at = expires_at.Get();
    key.revoked_at = revoked_at.Get();
    key.last_used_at = last_used_at.Get();
    key.uses = static_cast<std::uint64_t>(uses);
    return key;
  }
};

bool IsLine(std::string_view text, std::size_t most) {
  if (text.size() > most || !IsUtf8(text)) return false;
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

// Not what the mail standards allow, only what cannot be mistaken: something, one @, something, no blanks.
bool IsEmail(std::string_view text) {
  if (!IsLine(text, kMaxEmail) || text.find(' ') != std::string_view::npos) return false;
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  return text.find('@', at + 1) == std::string_view::npos;
}

// ASCII only, here and not in SQL: engines disagree on the case of other letters.
std::string Fold(std::string_view email) {
  std::string folded(email);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

Status CheckName(std::string_view name) {
  if (IsLine(name, kMaxName)) return {};
  return Fail(ErrorCode::kBadParameter, fmt::format("A name is one line of up to {} bytes of UTF-8.", kMaxName), "name");
}

Result<Account> One(soci::session& sql, const std::string& where, const std::string& value) {
  SHEAF_ASSIGN(auto found,
               (SelectOne<AccountRow, soci::statement>(sql, fmt::format("SELECT {} FROM account WHERE {} = :value", kAccountColumns, where),
                                                       soci::use(value, "value"))));
  if (!found) return Fail(ErrorCode::kNotFound, "There is no such account.");
  return *std::move(found);
}

Result<Key> OneKey(soci::session& sql, const std::string& where, const std::string& value) {
  SHEAF_ASSIGN(auto found,
               (SelectOne<KeyRow, soci::statement>(sql, fmt::format("SELECT {} FROM api_key WHERE {} = :value", kKeyColumns, where),
                                                   soci::use(value, "value"))));
  if (!found) return Fail(ErrorCode::kNotFound, "There is no such key.");
  return *std::move(found);
}

}  // namespace

Result<Account> SqlCatalog::AddAccount(std::string_view email, std::string_view name, bool admin, std::string_view password_hash) {
  if (!IsEmail(email)) return Fail(ErrorCode::kBadParameter, "This is not an e-mail address.", "email");
  SHEAF_TRY(CheckName(name));
  const Account account{NewId("usr_"), std::string(email), std::string(name), admin, std::string(password_hash), Now(), {}};
  const std::string folded = Fold(email);
  const int admin_word = admin ? 1 : 0;
  const long long created_at = account.created_at;
  return store_->Write([&](soci::session& sql) -> Result<Account> {
    if (One(sql, "email_folded", folded)) { return Fail(ErrorCode::kConflict, "An account with this e-mail address exists.", "email"); }
    Change<soci::statement>(sql,
                            "INSERT INTO account (id, email, email_folded, name, admin, password_hash, created_at) "
                            "VALUES (:id, :email, :folded, :name, :admin, :hash, :created)",
                            soci::use(account.id, "id"), soci::use(account.email, "email"), soci::use(folded, "folded"),
                            soci::use(account.name, "name"), soci::use(admin_word, "admin"), soci::use(account.password_hash, "hash"),
                            soci::use(created_at, "created"));
    return account;
  });
}

Result<Account> SqlCatalog::FindAccount(std::string_view id) {
  const std::string value(id);
  return store_->Read([&](soci::session& sql) { return One(sql, "id", value); });
}

Result<Account> SqlCatalog::FindAccountByEmail(std::string_view email) {
  const std::string value = Fold(email);
  return store_->Read([&](soci::session& sql) { return One(sql, "email_folded", value); });
}

Result<std::vector<Account>> SqlCatalog::Accounts() {
  return store_->Read([](soci::session& sql) {
    return SelectAll<AccountRow, soci::statement>(sql, fmt::format("SELECT {} FROM account ORDER BY created_at, id", kAccountColumns));
  });
}

Result<Account> SqlCatalog::ChangeAccount(std::string_view id, const AccountChange& change) {
  if (change.name) SHEAF_TRY(CheckName(*change.name));
  const std::string value(id);
  const long long now = Now();
  return store_->Write([&](soci::session& sql) -> Result<Account> {
    SHEAF_ASSIGN(Account account, One(sql, "id", value));
    const bool ruled = account.admin && !account.disabled_at;
    account.name = change.name.value_or(account.name);
    account.password_hash = change.password_hash.value_or(account.password_hash);
    account.admin = change.admin.value_or(account.admin);
    if (change.disabled && !*change.disabled) account.disabled_at.reset();
    if (change.disabled && *change.disabled && !account.disabled_at) account.disabled_at = now;
    const int admin = account.admin ? 1 : 0;
    auto disabled = NullableTime<soci::indicator>::Of(account.disabled_at);
    Change<soci::statement>(
        sql, "UPDATE account SET name = :name, admin = :admin, password_hash = :hash, disabled_at = :disabled WHERE id = :id",
        soci::use(account.name, "name"), soci::use(admin, "admin"), soci::use(account.password_hash, "hash"),
        soci::use(disabled.value, disabled.indicator, "disabled"), soci::use(value, "id"));
    long long rulers = 0;
    sql << "SELECT count(*) FROM account WHERE admin = 1 AND disabled_at IS NULL", soci::into(rulers);
    if (ruled && rulers == 0) return Fail(ErrorCode::kConflict, "No administrator would be left.");
    return account;
  });
}

Result<Key> SqlCatalog::AddKey(std::string_view account, std::string_view name, const std::vector<std::string>& scopes,
                               std::optional<Micros> expires_at, std::string_view digest, const std::vector<std::string>& studies) {
  SHEAF_TRY(CheckName(name));
  if (digest.empty()) return Fail(ErrorCode::kInternal, "A key has a digest.");
  if (scopes.empty()) return Fail(ErrorCode::kBadParameter, "A key needs a scope.", "scope");
  for (const std::string& scope : scopes) {
    if (scope.empty() || !IsLine(scope, kMaxName) || scope.find(' ') != std::string::npos) {
      return Fail(ErrorCode::kBadParameter, "A scope is one word.", "scope");
    }
  }
  const Key key{NewId("key_"), std::string(account), std::string(name), scopes, Now(), expires_at, {}, {}, 0, studies};
  if (!std::all_of(studies.begin(), studies.end(), [](const std::string& study) { return IsSlug(study); })) {
    return Fail(ErrorCode::kBadId, "This cannot be a study's id.", "studies");
  }
  const std::string scope_text = JoinWords(scopes);
  const std::string study_text = JoinWords(studies);
  const std::string digest_text(digest);
  const long long created_at = key.created_at;
  auto expires = NullableTime<soci::indicator>::Of(expires_at);
  return store_->Write([&](soci::session& sql) -> Result<Key> {
    SHEAF_TRY(One(sql, "id", key.account));
    Change<soci::statement>(sql,
                            "INSERT INTO api_key (id, account, name, scopes, digest, created_at, expires_at, uses, studies) "
                            "VALUES (:id, :account, :name, :scopes, :digest, :created, :expires, 0, :studies)",
                            soci::use(key.id, "id"), soci::use(key.account, "account"), soci::use(key.name, "name"),
                            soci::use(scope_text, "scopes"), soci::use(digest_text, "digest"), soci::use(created_at, "created"),
                            soci::use(expires.value, expires.indicator, "expires"), soci::use(study_text, "studies"));
    return key;
  });
}

Result<Key> SqlCatalog::FindKeyByDigest(std::string_view digest) {
  const std::string value(digest);
  return store_->Read([&](soci::session& sql) { return OneKey(sql, "digest", value); });
}

Result<Key> SqlCatalog::FindKey(std::string_view id) {
  const std::string value(id);
  return store_->Read([&](soci::session& sql) { return OneKey(sql, "id", value); });
}

Result<std::vector<Key>> SqlCatalog::Keys(std::string_view account) {
  const std::string value(account);
  return store_->Read([&](soci::session& sql) {
    return SelectAll<KeyRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM api_key WHERE account = :account ORDER BY created_at, id", kKeyColumns),
        soci::use(value, "account"));
  });
}

Status SqlCatalog::RevokeKey(std::string_view id) {
  const std::string value(id);
  const long long now = Now();
  return store_->Write([&](soci::session& sql) -> Status {
    // A second revocation keeps the time of the first.
    const long long touched = Change<soci::statement>(sql, "UPDATE api_key SET revoked_at = coalesce(revoked_at, :now) WHERE id = :id",
                                                      soci::use(now, "now"), soci::use(value, "id"));
    if (touched == 0) return Fail(ErrorCode::kNotFound, "There is no such key.");
    return {};
  });
}

Status SqlCatalog::NoteKeyUse(std::string_view id, std::uint64_t uses, Micros last_used_at) {
  const std::string value(id);
  const auto more = static_cast<long long>(uses);
  const long long used = last_used_at;
  return store_->Write([&](soci::session& sql) -> Status {
    const long long touched =
        Change<soci::statement>(sql,
                                "UPDATE api_key SET uses = uses + :more, last_used_at = CASE WHEN last_used_at > :used THEN last_used_at "
                                "ELSE :again END WHERE id = :id",
                                soci::use(more, "more"), soci::use(used, "used"), soci::use(used, "again"), soci::use(value, "id"));
    if (touched == 0) return Fail(ErrorCode::kNotFound, "There is no such key.");
    return {};
  });
}

}  // namespace sheaf::catalog
