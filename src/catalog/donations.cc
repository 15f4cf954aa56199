// Donation projects, their tokens and logs.

#include <fmt/format.h>
#include <soci/soci.h>

#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/sql_donation_table.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

using NullTime = NullableTime<soci::indicator>;
constexpr int kMostLines = 10'000;

struct ProjectRow {
  using Value = DonationProjectRow;
  DonationProjectRow project;
  long long created_at = 0;
  void Into(soci::statement& statement) {
    for (std::string* text : {&project.study, &project.url_id, &project.slug, &project.settings}) statement.exchange(soci::into(*text));
    statement.exchange(soci::into(created_at));
  }
  Result<Value> Take() {
    project.created_at = created_at;
    return project;
  }
};

struct TokenRow {
  using Value = DonationToken;
  DonationToken token;
  long long created_at = 0;
  NullTime expires_at;
  void Into(soci::statement& statement) {
    for (std::string* text : {&token.study, &token.digest, &token.sealed}) statement.exchange(soci::into(*text));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(expires_at.value, expires_at.indicator));
  }
  Result<Value> Take() {
    token.created_at = created_at;
    token.expires_at = expires_at.Get();
    return token;
  }
};

struct EventRow {
  using Value = DonationEvent;
  DonationEvent event;
  long long time = 0;
  void Into(soci::statement& statement) {
    statement.exchange(soci::into(time));
    statement.exchange(soci::into(event.description));
    statement.exchange(soci::into(event.message));
  }
  Result<Value> Take() {
    event.time = time;
    return event;
  }
};

struct ExceptionRow {
  using Value = DonationException;
  DonationException exception;
  long long time = 0;
  void Into(soci::statement& statement) {
    statement.exchange(soci::into(time));
    for (std::string* text : {&exception.participant, &exception.type, &exception.raised_by, &exception.blueprint, &exception.message}) {
      statement.exchange(soci::into(*text));
    }
  }
  Result<Value> Take() {
    exception.time = time;
    return exception;
  }
};

constexpr const char* kTokenColumns = "study, digest, sealed, created_at, expires_at";

tl::unexpected<Error> NoProject() { return Fail(ErrorCode::kNotFound, "There is no such donation project."); }

}  // namespace

Result<DonationProjectRow> SqlDonationTable::FindBy(const char* column, std::string_view value) {
  const std::string text(value);
  return store_.Read([&](soci::session& sql) -> Result<DonationProjectRow> {
    SHEAF_ASSIGN(auto found,
                 (SelectOne<ProjectRow, soci::statement>(
                     sql, fmt::format("SELECT study, url_id, slug, settings, created_at FROM donation_project WHERE {} = :value", column),
                     soci::use(text, "value"))));
    if (!found) return NoProject();
    return *std::move(found);
  });
}

Result<DonationProjectRow> SqlDonationTable::FindProject(std::string_view study) { return FindBy("study", study); }
Result<DonationProjectRow> SqlDonationTable::FindProjectByUrl(std::string_view url_id) { return FindBy("url_id", url_id); }
Result<DonationProjectRow> SqlDonationTable::FindProjectBySlug(std::string_view slug) { return FindBy("slug", slug); }

Result<DonationProjectRow> SqlDonationTable::PutProject(const DonationProjectRow& project) {
  const long long now = Now();
  SHEAF_TRY(store_.Write([&](soci::session& sql) -> Status {
    int studies = 0, taken = 0;
    sql << "SELECT count(*) FROM study WHERE id = :study", soci::into(studies), soci::use(project.study, "study");
    if (studies == 0) return Fail(ErrorCode::kNotFound, "There is no such study.");
    sql << "SELECT count(*) FROM donation_project WHERE study <> :study AND (url_id = :url OR slug = :slug)", soci::into(taken),
        soci::use(project.study, "study"), soci::use(project.url_id, "url"), soci::use(project.slug, "slug");
    if (taken != 0) return Fail(ErrorCode::kConflict, "Another project has this url_id or slug.");
    Change<soci::statement>(
        sql,
        "INSERT INTO donation_project (study, url_id, slug, settings, created_at) VALUES (:study, :url, :slug, :settings, :now) "
        "ON CONFLICT (study) DO UPDATE SET slug = excluded.slug, settings = excluded.settings",
        soci::use(project.study, "study"), soci::use(project.url_id, "url"), soci::use(project.slug, "slug"),
        soci::use(project.settings, "settings"), soci::use(now, "now"));
    return {};
  }));
  return FindProject(project.study);
}

Status SqlDonationTable::PutToken(const DonationToken& token) {
  const long long created_at = token.created_at;
  auto expires = NullTime::Of(token.expires_at);
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM donation_token WHERE study = :study", soci::use(token.study, "study"));
    Change<soci::statement>(
        sql, fmt::format("INSERT INTO donation_token ({}) VALUES (:study, :digest, :sealed, :created, :expires)", kTokenColumns),
        soci::use(token.study, "study"), soci::use(token.digest, "digest"), soci::use(token.sealed, "sealed"),
        soci::use(created_at, "created"), soci::use(expires.value, expires.indicator, "expires"));
    return {};
  });
}

Status SqlDonationTable::RemoveToken(std::string_view study) {
  const std::string text(study);
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM donation_token WHERE study = :study", soci::use(text, "study"));
    return {};
  });
}

Result<std::optional<DonationToken>> SqlDonationTable::FindToken(std::string_view study) {
  const std::string text(study);
  return store_.Read([&](soci::session& sql) {
    return SelectOne<TokenRow, soci::statement>(sql, fmt::format("SELECT {} FROM donation_token WHERE study = :study", kTokenColumns),
                                                soci::use(text, "study"));
  });
}

Result<std::optional<DonationToken>> SqlDonationTable::FindTokenByDigest(std::string_view digest) {
  const std::string text(digest);
  return store_.Read([&](soci::session& sql) {
    return SelectOne<TokenRow, soci::statement>(sql, fmt::format("SELECT {} FROM donation_token WHERE digest = :digest", kTokenColumns),
                                                soci::use(text, "digest"));
  });
}

Status SqlDonationTable::AddEvent(std::string_view study, const DonationEvent& event) {
  const std::string text(study);
  const long long time = event.time == 0 ? Now() : event.time;
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql,
                            "INSERT INTO donation_event (study, time, description, message) VALUES (:study, :time, :description, :message)",
                            soci::use(text, "study"), soci::use(time, "time"), soci::use(event.description, "description"),
                            soci::use(event.message, "message"));
    return {};
  });
}

Result<std::vector<DonationEvent>> SqlDonationTable::Events(std::string_view study) {
  const std::string text(study);
  const int most = kMostLines;
  return store_.Read([&](soci::session& sql) {
    return SelectAll<EventRow, soci::statement>(
        sql, "SELECT time, description, message FROM donation_event WHERE study = :study ORDER BY time DESC LIMIT :most",
        soci::use(text, "study"), soci::use(most, "most"));
  });
}

Status SqlDonationTable::AddException(std::string_view study, const DonationException& exception) {
  const std::string text(study);
  const long long time = exception.time == 0 ? Now() : exception.time;
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(
        sql,
        "INSERT INTO donation_exception (study, time, participant, type, raised_by, blueprint, message) VALUES (:study, :time, "
        ":participant, :type, :raised, :blueprint, :message)",
        soci::use(text, "study"), soci::use(time, "time"), soci::use(exception.participant, "participant"),
        soci::use(exception.type, "type"), soci::use(exception.raised_by, "raised"), soci::use(exception.blueprint, "blueprint"),
        soci::use(exception.message, "message"));
    return {};
  });
}

Result<std::vector<DonationException>> SqlDonationTable::Exceptions(std::string_view study) {
  const std::string text(study);
  const int most = kMostLines;
  return store_.Read([&](soci::session& sql) {
    return SelectAll<ExceptionRow, soci::statement>(
        sql,
        "SELECT time, participant, type, raised_by, blueprint, message FROM donation_exception WHERE study "
        "= :study ORDER BY time DESC LIMIT :most",
        soci::use(text, "study"), soci::use(most, "most"));
  });
}

Status SqlDonationTable::ForgetParticipants(std::string_view study, const std::vector<std::string>& participants) {
  const std::string study_text(study);
  return store_.Write([&](soci::session& sql) -> Status {
    for (const std::string& who : participants) {
      if (who.empty()) continue;
      Change<soci::statement>(
          sql,
          "UPDATE donation_exception SET participant = '', message = replace(message, :who, '') WHERE study = :study AND "
          "(participant = :who2 OR message LIKE '%' || :who3 || '%')",
          soci::use(who, "who"), soci::use(study_text, "study"), soci::use(who, "who2"), soci::use(who, "who3"));
      Change<soci::statement>(
          sql,
          "UPDATE donation_event SET description = replace(description, :who, '(removed)'), message = replace(message, :who2, '(removed)') "
          "WHERE study = :study AND (description LIKE '%' || :who3 || '%' OR message LIKE '%' || :who4 || '%')",
          soci::use(who, "who"), soci::use(who, "who2"), soci::use(study_text, "study"), soci::use(who, "who3"), soci::use(who, "who4"));
    }
    return {};
  });
}

}  // namespace sheaf::catalog
