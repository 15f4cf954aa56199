// Wrapped keys.

#include "catalog/secret_store.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <array>

#include "catalog/rows.h"
#include "catalog/sql_secret_store.h"

namespace sheaf::catalog {
namespace {

struct StudyKeysRow {
  using Value = StudyKeys;
  StudyKeys keys;
  int locked = 0;
  long long created_at = 0;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(keys.study));
    statement.exchange(soci::into(keys.public_key));
    statement.exchange(soci::into(keys.wrapped));
    statement.exchange(soci::into(locked));
    statement.exchange(soci::into(keys.code_key));
    statement.exchange(soci::into(created_at));
  }
  Result<StudyKeys> Take() {
    keys.locked = locked != 0;
    keys.created_at = created_at;
    return keys;
  }
};

//! One secret of a table: whose it is, and its sealed text.
struct SealedRow {
  using Value = std::pair<std::string, std::string>;
  Value value;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(value.first));
    statement.exchange(soci::into(value.second));
  }
  Result<Value> Take() { return value; }
};

// Every column whose text the site key has sealed; its purpose is the prefix and the row's name.
struct SealedColumn {
  const char* table;
  const char* name;
  const char* column;
  const char* purpose;
  const char* where;
};
constexpr std::array<SealedColumn, 6> kSealed = {{
    {"study_key", "study", "wrapped", "content key ", "locked = 0"},
    {"study_key", "study", "code_key", "code key ", "1 = 1"},
    {"second_factor", "account", "sealed", "totp ", "1 = 1"},
    {"schedule", "id", "sealed", "webhook ", "sealed <> ''"},
    {"donation_token", "study", "sealed", "donation token ", "1 = 1"},
    {"file", "study || '/' || id", "digest", "file digest ", "digest <> ''"},
}};

tl::unexpected<Error> WrongKey(std::string_view kept, std::string_view given) {
  return Fail(ErrorCode::kWrongKeyFile,
              fmt::format("The data belong to the key file with the fingerprint {}, and this one has {}.", kept, given));
}

std::string Fingerprint(soci::session& sql) {
  std::string kept;
  sql << "SELECT coalesce(max(fingerprint), '') FROM site_key", soci::into(kept);
  return kept;
}

Result<std::optional<StudyKeys>> One(soci::session& sql, const std::string& study) {
  return SelectOne<StudyKeysRow, soci::statement>(
      sql, "SELECT study, public_key, wrapped, locked, code_key, created_at FROM study_key WHERE study = :study",
      soci::use(study, "study"));
}

Result<std::uint64_t> ResealColumn(soci::session& sql, const SealedColumn& sealed, const SecretStore::Reseal& reseal) {
  const std::string select = fmt::format("SELECT {}, {} FROM {} WHERE {}", sealed.name, sealed.column, sealed.table, sealed.where);
  const std::string update = fmt::format("UPDATE {} SET {} = :sealed WHERE {} = :name", sealed.table, sealed.column, sealed.name);
  SHEAF_ASSIGN(const auto rows, (SelectAll<SealedRow, soci::statement>(sql, select)));
  for (const auto& [name, text] : rows) {
    SHEAF_ASSIGN(const std::string again, reseal(sealed.purpose + name, text));
    Change<soci::statement>(sql, update, soci::use(again, "sealed"), soci::use(name, "name"));
  }
  return rows.size();
}

}  // namespace

Result<std::string> SqlSecretStore::SiteFingerprint() {
  return store_.Read([](soci::session& sql) -> Result<std::string> { return Fingerprint(sql); });
}

Status SqlSecretStore::ClaimSite(std::string_view fingerprint) {
  const std::string value(fingerprint);
  return store_.Write([&](soci::session& sql) -> Status {
    const std::string kept = Fingerprint(sql);
    if (kept == value) return {};
    if (!kept.empty()) return WrongKey(kept, value);
    Change<soci::statement>(sql, "INSERT INTO site_key (fingerprint) VALUES (:fingerprint)", soci::use(value, "fingerprint"));
    return {};
  });
}

Result<std::optional<StudyKeys>> SqlSecretStore::FindStudyKeys(std::string_view study) {
  const std::string value(study);
  return store_.Read([&](soci::session& sql) { return One(sql, value); });
}

Result<StudyKeys> SqlSecretStore::AddStudyKeys(const StudyKeys& keys) {
  const int locked = keys.locked ? 1 : 0;
  const long long created_at = keys.created_at == 0 ? Now() : keys.created_at;
  return store_.Write([&](soci::session& sql) -> Result<StudyKeys> {
    SHEAF_ASSIGN(auto there, One(sql, keys.study));
    if (there) return *std::move(there);
    int known = 0;
    sql << "SELECT count(*) FROM study WHERE id = :study", soci::into(known), soci::use(keys.study, "study");
    if (known == 0) return Fail(ErrorCode::kNotFound, "There is no such study.");
    Change<soci::statement>(sql,
                            "INSERT INTO study_key (study, public_key, wrapped, locked, code_key, created_at) "
                            "VALUES (:study, :public, :wrapped, :locked, :code, :created)",
                            soci::use(keys.study, "study"), soci::use(keys.public_key, "public"), soci::use(keys.wrapped, "wrapped"),
                            soci::use(locked, "locked"), soci::use(keys.code_key, "code"), soci::use(created_at, "created"));
    StudyKeys kept = keys;
    kept.created_at = created_at;
    return kept;
  });
}

Status SqlSecretStore::ChangeWrapping(std::string_view study, std::string_view expected, std::string_view wrapped, bool locked) {
  const std::string study_text(study), expected_text(expected), wrapped_text(wrapped);
  const int locked_word = locked ? 1 : 0;
  SHEAF_TRY(store_.Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(
        sql, "UPDATE study_key SET wrapped = :wrapped, locked = :locked WHERE study = :study AND wrapped = :expected",
        soci::use(wrapped_text, "wrapped"), soci::use(locked_word, "locked"), soci::use(study_text, "study"),
        soci::use(expected_text, "expected"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "The study's key was changed meanwhile.");
    return {};
  }));
  return store_.WipeDeleted();
}

Result<std::uint64_t> SqlSecretStore::ResealAll(std::string_view from, std::string_view to, const Reseal& reseal) {
  const std::string to_text(to);
  auto count = store_.Write([&](soci::session& sql) -> Result<std::uint64_t> {
    const std::string kept = Fingerprint(sql);
    if (kept != from) return WrongKey(kept, from);
    std::uint64_t resealed = 0;
    for (const SealedColumn& sealed : kSealed) {
      SHEAF_ASSIGN(const std::uint64_t of_column, ResealColumn(sql, sealed, reseal));
      resealed += of_column;
    }
    Change<soci::statement>(sql, "UPDATE site_key SET fingerprint = :fingerprint", soci::use(to_text, "fingerprint"));
    return resealed;
  });
  if (count) SHEAF_TRY(store_.WipeDeleted());
  return count;
}

}  // namespace sheaf::catalog
