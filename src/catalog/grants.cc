// Grants.

#include "catalog/grants.h"

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

const std::string kColumns = "study, account, rights, datasets, sites, identifiers, expires_at, created_at, updated_at";
// Sites are people's words and may hold blanks, but no line ends.
constexpr char kLine = '\n';

std::string RightsText(const Grant& grant) {
  std::vector<std::string> words = {"view"};
  if (grant.may_export) words.emplace_back("export");
  if (grant.may_manage) words.emplace_back("manage");
  if (grant.may_delete) words.emplace_back("delete");
  return JoinWords(words);
}

struct GrantRow {
  using Value = Grant;
  Grant grant;
  std::string rights;
  std::string datasets;
  std::string sites;
  int identifiers = 0;
  NullableTime<soci::indicator> expires_at;
  long long created_at = 0;
  long long updated_at = 0;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(grant.study));
    statement.exchange(soci::into(grant.account));
    statement.exchange(soci::into(rights));
    statement.exchange(soci::into(datasets));
    statement.exchange(soci::into(sites));
    statement.exchange(soci::into(identifiers));
    statement.exchange(soci::into(expires_at.value, expires_at.indicator));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(updated_at));
  }
  Result<Grant> Take() {
    const std::vector<std::string> words = SplitWords(rights);
    const auto has = [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); };
    grant.may_export = has("export");
    grant.may_manage = has("manage");
    grant.may_delete = has("delete");
    grant.datasets = SplitWords(datasets);
    grant.sites = SplitWords(sites, kLine);
    grant.identifiers = identifiers != 0;
    grant.expires_at = expires_at.Get();
    grant.created_at = created_at;
    grant.updated_at = updated_at;
    return grant;
  }
};

Status CheckLimits(const Grant& grant) {
  if (!std::all_of(grant.datasets.begin(), grant.datasets.end(), [](const std::string& id) { return IsSlug(id); })) {
    return Fail(ErrorCode::kBadId, "This cannot be a dataset's id.", "datasets");
  }
  if (!std::all_of(grant.sites.begin(), grant.sites.end(), [](const std::string& site) { return IsRecordId(site); })) {
    return Fail(ErrorCode::kBadParameter, "A site is 1 to 255 bytes of UTF-8 in one line.", "sites");
  }
  return {};
}

Result<std::optional<Grant>> One(soci::session& sql, const std::string& study, const std::string& account) {
  return SelectOne<GrantRow, soci::statement>(
      sql, fmt::format("SELECT {} FROM study_grant WHERE study = :study AND account = :account", kColumns), soci::use(study, "study"),
      soci::use(account, "account"));
}

Status CheckBoth(soci::session& sql, const std::string& study, const std::string& account) {
  int studies = 0;
  int accounts = 0;
  sql << "SELECT count(*) FROM study WHERE id = :study", soci::into(studies), soci::use(study, "study");
  if (studies == 0) return Fail(ErrorCode::kNotFound, "There is no such study.");
  sql << "SELECT count(*) FROM account WHERE id = :account", soci::into(accounts), soci::use(account, "account");
  if (accounts == 0) return Fail(ErrorCode::kNotFound, "There is no such account.");
  return {};
}

}  // namespace

Result<Grant> SqlCatalog::PutGrant(const Grant& grant) {
  SHEAF_TRY(CheckLimits(grant));
  const std::string rights = RightsText(grant);
  const std::string datasets = JoinWords(grant.datasets);
  const std::string sites = JoinWords(grant.sites, kLine);
  const int identifiers = grant.identifiers ? 1 : 0;
  const long long now = Now();
  auto expires = NullableTime<soci::indicator>::Of(grant.expires_at);
  return store_->Write([&](soci::session& sql) -> Result<Grant> {
    SHEAF_TRY(CheckBoth(sql, grant.study, grant.account));
    const long long touched = Change<soci::statement>(
        sql,
        "UPDATE study_grant SET rights = :rights, datasets = :datasets, sites = :sites, identifiers = :identifiers, "
        "expires_at = :expires, updated_at = :now WHERE study = :study AND account = :account",
        soci::use(rights, "rights"), soci::use(datasets, "datasets"), soci::use(sites, "sites"), soci::use(identifiers, "identifiers"),
        soci::use(expires.value, expires.indicator, "expires"), soci::use(now, "now"), soci::use(grant.study, "study"),
        soci::use(grant.account, "account"));
    if (touched == 0) {
      Change<soci::statement>(sql,
                              "INSERT INTO study_grant (study, account, rights, datasets, sites, identifiers, expires_at, created_at, "
                              "updated_at) VALUES (:study, :account, :rights, :datasets, :sites, :identifiers, :expires, :now, :again)",
                              soci::use(grant.study, "study"), soci::use(grant.account, "account"), soci::use(rights, "rights"),
                              soci::use(datasets, "datasets"), soci::use(sites, "sites"), soci::use(identifiers, "identifiers"),
                              soci::use(expires.value, expires.indicator, "expires"), soci::use(now, "now"), soci::use(now, "again"));
    }
    SHEAF_ASSIGN(auto kept, One(sql, grant.study, grant.account));
    if (!kept) return Fail(ErrorCode::kInternal, "The grant is not there.");
    return *std::move(kept);
  });
}

Result<std::optional<Grant>> SqlCatalog::FindGrant(std::string_view study, std::string_view account) {
  const std::string study_text(study);
  const std::string account_text(account);
  return store_->Read([&](soci::session& sql) { return One(sql, study_text, account_text); });
}

Result<std::vector<Grant>> SqlCatalog::Grants(std::string_view study) {
  const std::string value(study);
  return store_->Read([&](soci::session& sql) {
    return SelectAll<GrantRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM study_grant WHERE study = :study ORDER BY account", kColumns), soci::use(value, "study"));
  });
}

Status SqlCatalog::RemoveGrant(std::string_view study, std::string_view account) {
  const std::string study_text(study);
  const std::string account_text(account);
  return store_->Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(sql, "DELETE FROM study_grant WHERE study = :study AND account = :account",
                                                      soci::use(study_text, "study"), soci::use(account_text, "account"));
    if (touched == 0) return Fail(ErrorCode::kNotFound, "There is no such grant.");
    return {};
  });
}

Status SqlCatalog::HandOverStudy(std::string_view study, std::string_view account) {
  const std::string study_text(study);
  const std::string account_text(account);
  const long long now = Now();
  return store_->Write([&](soci::session& sql) -> Status {
    SHEAF_TRY(CheckBoth(sql, study_text, account_text));
    Change<soci::statement>(sql, "UPDATE study SET owner = :account, updated_at = :now WHERE id = :study",
                            soci::use(account_text, "account"), soci::use(now, "now"), soci::use(study_text, "study"));
    Change<soci::statement>(sql, "DELETE FROM study_grant WHERE study = :study AND account = :account", soci::use(study_text, "study"),
                            soci::use(account_text, "account"));
    return {};
  });
}

}  // namespace sheaf::catalog
