// Studies.

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>
#include <limits>

#include "base/ids.h"
#include "base/log.h"
#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/sql_catalog.h"
#include "catalog/words.h"

namespace sheaf::catalog {
namespace {

const std::string kColumns =
    "id, name, description, status, owner, created_at, updated_at, settings, ends_at, "
    "(SELECT count(*) FROM study_key WHERE study_key.study = study.id AND study_key.locked = 1)";
// Well under what the engine takes as a pattern, also when every character is escaped.
constexpr std::size_t kMaxSearch = 16384;

struct StudyRow {
  using Value = model::Study;
  model::Study study;
  std::string status;
  long long created_at = 0;
  long long updated_at = 0;
  std::string settings;
  NullableTime<soci::indicator> ends_at;
  int locked = 0;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(study.id));
    statement.exchange(soci::into(study.name));
    statement.exchange(soci::into(study.description));
    statement.exchange(soci::into(status));
    statement.exchange(soci::into(study.owner));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(updated_at));
    statement.exchange(soci::into(settings));
    statement.exchange(soci::into(ends_at.value, ends_at.indicator));
    statement.exchange(soci::into(locked));
  }
  Result<model::Study> Take() {
    const auto known = model::StudyStatusFrom(status);
    if (!known) return Fail(ErrorCode::kStorageDamaged, "A study in the catalog has an unknown status.");
    study.status = *known;
    study.created_at = created_at;
    study.updated_at = updated_at;
    study.ends_at = ends_at.Get();
    study.locked = locked != 0;
    auto read = model::ChangeStudySettings({}, settings, "");
    if (!read) return Fail(ErrorCode::kStorageDamaged, "A study in the catalog has settings that cannot be read.");
    study.settings = *std::move(read);
    return study;
  }
};

Status CheckText(const model::Study& study) {
  if (!IsSlug(study.id)) return Fail(ErrorCode::kBadId, "A study's id has 1 to 64 of A-Z a-z 0-9 _ -.", "id");
  for (const auto& [place, text] : {std::pair("name", &study.name), std::pair("description", &study.description)}) {
    if (!IsUtf8(*text) || text->find('\0') != std::string::npos) {
      return Fail(ErrorCode::kBadParameter, "The text is not UTF-8, or holds a NUL character.", place);
    }
  }
  return {};
}

Status CheckOwner(soci::session& sql, const std::string& owner) {
  int found = 0;
  sql << "SELECT count(*) FROM account WHERE id = :owner", soci::into(found), soci::use(owner, "owner");
  if (found == 0) return Fail(ErrorCode::kNotFound, "The study's owner has no account.", "owner");
  return {};
}

Result<std::optional<model::Study>> One(soci::session& sql, const std::string& id) {
  return SelectOne<StudyRow, soci::statement>(sql, fmt::format("SELECT {} FROM study WHERE id = :id", kColumns), soci::use(id, "id"));
}

tl::unexpected<Error> NoStudy() { return Fail(ErrorCode::kNotFound, "There is no such study."); }

std::string SearchPattern(std::string_view search) {
  std::string pattern = "%";
  for (const char c : search) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

// Empty texts mean all: the condition then holds for every row. `only` is " id id ": a study is of it when taking the
// study out of it changes it.
const std::string kChosen =
    "(:owner = '' OR owner = :same_owner OR id IN (SELECT study FROM study_grant WHERE account = :grantee "
    "AND (expires_at IS NULL OR expires_at > :now))) AND (:only = '' OR replace(:among, ' ' || id || ' ', '') <> :same_only) "
    "AND (:every = 1 OR lower(id) LIKE lower(:in_id) ESCAPE '\\' OR lower(name) LIKE lower(:in_name) ESCAPE '\\')";

// What kChosen is bound to.
struct Choice {
  Choice(std::string_view viewer, std::string_view search, const std::vector<std::string>& among)
      : account(viewer), only(among.empty() ? "" : ' ' + JoinWords(among) + ' '), pattern(SearchPattern(search)), every(search.empty()) {}
  std::string account;
  std::string only;
  std::string pattern;
  int every;
  long long now = Now();
};

Status CheckSearch(std::string_view search) {
  if (search.size() <= kMaxSearch) return {};
  return Fail(ErrorCode::kBadParameter, fmt::format("A search has at most {} bytes.", kMaxSearch), "search");
}

}  // namespace

Result<model::Study> SqlCatalog::AddStudy(const model::Study& study) {
  SHEAF_TRY(CheckText(study));
  model::Study kept = study;
  if (kept.created_at == 0) kept.created_at = Now();
  if (kept.updated_at == 0) kept.updated_at = kept.created_at;
  const std::string status(model::Name(kept.status));
  const long long created_at = kept.created_at;
  const long long updated_at = kept.updated_at;
  const std::string settings = model::StudySettingsJson(kept.settings);
  auto ends_at = NullableTime<soci::indicator>::Of(kept.ends_at);
  return store_->Write([&](soci::session& sql) -> Result<model::Study> {
    SHEAF_TRY(CheckOwner(sql, kept.owner));
    SHEAF_ASSIGN(const auto present, One(sql, kept.id));
    if (present) return Fail(ErrorCode::kStudyExists, "The id is taken.", "id");
    Change<soci::statement>(sql,
                            "INSERT INTO study (id, name, description, status, owner, created_at, updated_at, settings, ends_at) "
                            "VALUES (:id, :name, :description, :status, :owner, :created, :updated, :settings, :ends)",
                            soci::use(kept.id, "id"), soci::use(kept.name, "name"), soci::use(kept.description, "description"),
                            soci::use(status, "status"), soci::use(kept.owner, "owner"), soci::use(created_at, "created"),
                            soci::use(updated_at, "updated"), soci::use(settings, "settings"),
                            soci::use(ends_at.value, ends_at.indicator, "ends"));
    return kept;
  });
}

Result<model::Study> SqlCatalog::FindStudy(std::string_view id) {
  const std::string value(id);
  return store_->Read([&](soci::session& sql) -> Result<model::Study> {
    SHEAF_ASSIGN(auto found, One(sql, value));
    if (!found) return NoStudy();
    return *std::move(found);
  });
}

Result<model::Study> SqlCatalog::UpdateStudy(const model::Study& study) {
  SHEAF_TRY(CheckText(study));
  const std::string status(model::Name(study.status));
  const std::string settings = model::StudySettingsJson(study.settings);
  auto ends_at = NullableTime<soci::indicator>::Of(study.ends_at);
  const long long now = Now();
  return store_->Write([&](soci::session& sql) -> Result<model::Study> {
    SHEAF_TRY(CheckOwner(sql, study.owner));
    const long long touched =
        Change<soci::statement>(sql,
                                "UPDATE study SET name = :name, description = :description, status = :status, "
                                "owner = :owner, updated_at = :now, settings = :settings, ends_at = :ends WHERE id = :id",
                                soci::use(study.name, "name"), soci::use(study.description, "description"), soci::use(status, "status"),
                                soci::use(study.owner, "owner"), soci::use(now, "now"), soci::use(settings, "settings"),
                                soci::use(ends_at.value, ends_at.indicator, "ends"), soci::use(study.id, "id"));
    if (touched == 0) return NoStudy();
    SHEAF_ASSIGN(auto kept, One(sql, study.id));
    if (!kept) return NoStudy();
    return *std::move(kept);
  });
}

Status SqlCatalog::RemoveStudy(std::string_view id) {
  const std::string value(id);
  const long long now = Now();
  SHEAF_TRY(store_->Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(sql, "DELETE FROM study WHERE id = :id", soci::use(value, "id"));
    if (touched == 0) return NoStudy();
    Change<soci::statement>(sql,
                            "UPDATE export_job SET state = 'cancelled', activity = '', finished_at = :now, "
                            "error = 'The study was deleted.', lease_owner = '', lease_until = NULL "
                            "WHERE study = :study AND state IN ('pending', 'executing')",
                            soci::use(now, "now"), soci::use(value, "study"));
    for (const char* table : {"participant_link", "participant_request", "retention"}) {
      Change<soci::statement>(sql, fmt::format("DELETE FROM {} WHERE study = :study", table), soci::use(value, "study"));
    }
    Change<soci::statement>(sql, "UPDATE export_job SET expires_at = :now WHERE study = :study AND state = 'succeeded'",
                            soci::use(now, "now"), soci::use(value, "study"));
    return {};
  }));
  // The study's keys went with its row. It is deleted now whatever comes; a log that cannot be emptied at once is emptied later.
  if (const Status wiped = store_->WipeDeleted(); !wiped) LogWarning("the keys of a deleted study are still in the write-ahead log");
  return {};
}

Result<std::vector<model::Study>> SqlCatalog::Studies(std::string_view account, std::string_view search, std::string_view after,
                                                      std::uint64_t limit, const std::vector<std::string>& only) {
  SHEAF_TRY(CheckSearch(search));
  const Choice choice(account, search, only);
  const std::string after_text(after);
  const auto most =
      static_cast<long long>(std::min<std::uint64_t>(limit, static_cast<std::uint64_t>(std::numeric_limits<long long>::max())));
  return store_->Read([&](soci::session& sql) {
    return SelectAll<StudyRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM study WHERE {} AND id > :after ORDER BY id LIMIT :most", kColumns, kChosen),
        soci::use(choice.account, "owner"), soci::use(choice.account, "same_owner"), soci::use(choice.account, "grantee"),
        soci::use(choice.now, "now"), soci::use(choice.only, "only"), soci::use(choice.only, "among"), soci::use(choice.only, "same_only"),
        soci::use(choice.every, "every"), soci::use(choice.pattern, "in_id"), soci::use(choice.pattern, "in_name"),
        soci::use(after_text, "after"), soci::use(most, "most"));
  });
}

Result<std::uint64_t> SqlCatalog::CountStudies(std::string_view account, std::string_view search, const std::vector<std::string>& only) {
  SHEAF_TRY(CheckSearch(search));
  const Choice choice(account, search, only);
  return store_->Read([&](soci::session& sql) -> Result<std::uint64_t> {
    long long count = 0;
    sql << fmt::format("SELECT count(*) FROM study WHERE {}", kChosen), soci::into(count), soci::use(choice.account, "owner"),
        soci::use(choice.account, "same_owner"), soci::use(choice.account, "grantee"), soci::use(choice.now, "now"),
        soci::use(choice.only, "only"), soci::use(choice.only, "among"), soci::use(choice.only, "same_only"),
        soci::use(choice.every, "every"), soci::use(choice.pattern, "in_id"), soci::use(choice.pattern, "in_name");
    return static_cast<std::uint64_t>(count);
  });
}

}  // namespace sheaf::catalog
