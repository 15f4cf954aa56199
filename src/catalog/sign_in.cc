// Sessions, attempts, second factors.

#include "catalog/sign_in.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include <algorithm>

#include "base/ids.h"
#include "catalog/rows.h"
#include "catalog/sql_catalog.h"

namespace sheaf::catalog {
namespace {

constexpr Micros kForgottenAfter = Micros{3600} * 1'000'000;

struct SessionRow {
  using Value = WebSession;
  WebSession session;
  long long created_at = 0;
  long long last_seen_at = 0;
  long long expires_at = 0;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(session.id));
    statement.exchange(soci::into(session.account));
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(last_seen_at));
    statement.exchange(soci::into(expires_at));
  }
  Result<WebSession> Take() {
    session.created_at = created_at;
    session.last_seen_at = last_seen_at;
    session.expires_at = expires_at;
    return session;
  }
};

struct FactorRow {
  using Value = SecondFactor;
  SecondFactor factor;
  int confirmed = 0;
  long long last_step = 0;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(factor.account));
    statement.exchange(soci::into(factor.sealed));
    statement.exchange(soci::into(confirmed));
    statement.exchange(soci::into(last_step));
  }
  Result<SecondFactor> Take() {
    factor.confirmed = confirmed != 0;
    factor.last_step = last_step;
    return factor;
  }
};

struct AttemptsRow {
  using Value = Attempts;
  int failures = 0;
  long long last_at = 0;

  void Into(soci::statement& statement) {
    statement.exchange(soci::into(failures));
    statement.exchange(soci::into(last_at));
  }
  Result<Attempts> Take() { return Attempts{failures, last_at}; }
};

Result<std::optional<SecondFactor>> OneFactor(soci::session& sql, const std::string& account) {
  return SelectOne<FactorRow, soci::statement>(
      sql, "SELECT account, sealed, confirmed, last_step FROM second_factor WHERE account = :account", soci::use(account, "account"));
}

void CountAttempt(soci::session& sql, const std::string& subject, long long now) {
  const long long touched =
      Change<soci::statement>(sql, "UPDATE sign_in_attempt SET failures = failures + 1, last_at = :now WHERE subject = :subject",
                              soci::use(now, "now"), soci::use(subject, "subject"));
  if (touched > 0) return;
  Change<soci::statement>(sql, "INSERT INTO sign_in_attempt (subject, failures, last_at) VALUES (:subject, 1, :now)",
                          soci::use(subject, "subject"), soci::use(now, "now"));
}

tl::unexpected<Error> NoSession() { return Fail(ErrorCode::kNotFound, "There is no such session."); }

}  // namespace

Result<WebSession> SqlCatalog::AddSession(std::string_view account, std::string_view digest, Micros now, Micros expires_at) {
  const WebSession session{NewId("ses_"), std::string(account), now, now, expires_at};
  const std::string digest_text(digest);
  const long long created = now;
  const long long expires = expires_at;
  return store_->Write([&](soci::session& sql) -> Result<WebSession> {
    Change<soci::statement>(sql,
                            "INSERT INTO web_session (id, account, digest, created_at, last_seen_at, expires_at) "
                            "VALUES (:id, :account, :digest, :created, :seen, :expires)",
                            soci::use(session.id, "id"), soci::use(session.account, "account"), soci::use(digest_text, "digest"),
                            soci::use(created, "created"), soci::use(created, "seen"), soci::use(expires, "expires"));
    return session;
  });
}

Result<WebSession> SqlCatalog::FindSessionByDigest(std::string_view digest) {
  const std::string value(digest);
  return store_->Read([&](soci::session& sql) -> Result<WebSession> {
    SHEAF_ASSIGN(auto found, (SelectOne<SessionRow, soci::statement>(
                                 sql, "SELECT id, account, created_at, last_seen_at, expires_at FROM web_session WHERE digest = :digest",
                                 soci::use(value, "digest"))));
    if (!found) return NoSession();
    return *std::move(found);
  });
}

Status SqlCatalog::NoteSessionUse(std::string_view id, Micros last_seen_at) {
  const std::string value(id);
  const long long seen = last_seen_at;
  return store_->Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(sql,
                                                      "UPDATE web_session SET last_seen_at = CASE WHEN last_seen_at > :seen THEN "
                                                      "last_seen_at ELSE :again END WHERE id = :id",
                                                      soci::use(seen, "seen"), soci::use(seen, "again"), soci::use(value, "id"));
    if (touched == 0) return NoSession();
    return {};
  });
}

Status SqlCatalog::RemoveSession(std::string_view id) {
  const std::string value(id);
  return store_->Write([&](soci::session& sql) -> Status {
    if (Change<soci::statement>(sql, "DELETE FROM web_session WHERE id = :id", soci::use(value, "id")) == 0) return NoSession();
    return {};
  });
}

Status SqlCatalog::RemoveSessions(std::string_view account, std::string_view except) {
  const std::string account_text(account);
  const std::string except_text(except);
  return store_->Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM web_session WHERE account = :account AND id <> :except", soci::use(account_text, "account"),
                            soci::use(except_text, "except"));
    return {};
  });
}

Status SqlCatalog::RemoveOldSessions(Micros now, Micros idle_since) {
  const long long now_value = now;
  const long long idle_value = idle_since;
  return store_->Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM web_session WHERE expires_at <= :now OR last_seen_at < :idle", soci::use(now_value, "now"),
                            soci::use(idle_value, "idle"));
    return {};
  });
}

Result<Micros> SqlCatalog::BeginAttempt(const std::vector<std::string>& subjects, Micros now, const Wait& wait) {
  const long long now_value = now;
  const long long forgotten = now - kForgottenAfter;
  return store_->Write([&](soci::session& sql) -> Result<Micros> {
    Change<soci::statement>(sql, "DELETE FROM sign_in_attempt WHERE last_at < :forgotten", soci::use(forgotten, "forgotten"));
    Micros longest = 0;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      SHEAF_ASSIGN(const auto before,
                   (SelectOne<AttemptsRow, soci::statement>(sql, "SELECT failures, last_at FROM sign_in_attempt WHERE subject = :subject",
                                                            soci::use(subjects[i], "subject"))));
      if (before) longest = std::max(longest, wait(i, *before));
    }
    if (longest > 0) return longest;
    for (const std::string& subject : subjects) CountAttempt(sql, subject, now_value);
    return Micros{0};
  });
}

Status SqlCatalog::TakeBackAttempt(const std::vector<std::string>& subjects) {
  return store_->Write([&](soci::session& sql) -> Status {
    for (const std::string& subject : subjects) {
      Change<soci::statement>(sql, "UPDATE sign_in_attempt SET failures = failures - 1 WHERE subject = :subject AND failures > 0",
                              soci::use(subject, "subject"));
    }
    return {};
  });
}

Status SqlCatalog::ForgetAttempts(std::string_view subject) {
  const std::string value(subject);
  return store_->Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM sign_in_attempt WHERE subject = :subject", soci::use(value, "subject"));
    return {};
  });
}

Result<std::optional<SecondFactor>> SqlCatalog::FindSecondFactor(std::string_view account) {
  const std::string value(account);
  return store_->Read([&](soci::session& sql) { return OneFactor(sql, value); });
}

Status SqlCatalog::PutSecondFactor(std::string_view account, std::string_view sealed) {
  const std::string account_text(account);
  const std::string sealed_text(sealed);
  return store_->Write([&](soci::session& sql) -> Status {
    SHEAF_ASSIGN(const auto present, OneFactor(sql, account_text));
    if (present && present->confirmed) return Fail(ErrorCode::kConflict, "The account has a second factor; remove it first.");
    Change<soci::statement>(sql, "DELETE FROM second_factor WHERE account = :account", soci::use(account_text, "account"));
    Change<soci::statement>(sql, "INSERT INTO second_factor (account, sealed, confirmed, last_step) VALUES (:account, :sealed, 0, 0)",
                            soci::use(account_text, "account"), soci::use(sealed_text, "sealed"));
    return {};
  });
}

Status SqlCatalog::ConfirmSecondFactor(std::string_view account, std::int64_t step, const std::vector<std::string>& digests) {
  const std::string value(account);
  const long long step_value = step;
  return store_->Write([&](soci::session& sql) -> Status {
    const long long touched =
        Change<soci::statement>(sql, "UPDATE second_factor SET confirmed = 1, last_step = :step WHERE account = :account AND confirmed = 0",
                                soci::use(step_value, "step"), soci::use(value, "account"));
    if (touched == 0) return Fail(ErrorCode::kConflict, "No second factor waits to be confirmed.");
    Change<soci::statement>(sql, "DELETE FROM recovery_code WHERE account = :account", soci::use(value, "account"));
    for (const std::string& digest : digests) {
      Change<soci::statement>(sql, "INSERT INTO recovery_code (account, digest) VALUES (:account, :digest)", soci::use(value, "account"),
                              soci::use(digest, "digest"));
    }
    return {};
  });
}

Result<bool> SqlCatalog::UseStep(std::string_view account, std::int64_t step) {
  const std::string value(account);
  const long long step_value = step;
  return store_->Write([&](soci::session& sql) -> Result<bool> {
    return Change<soci::statement>(sql, "UPDATE second_factor SET last_step = :step WHERE account = :account AND last_step < :same",
                                   soci::use(step_value, "step"), soci::use(value, "account"), soci::use(step_value, "same")) > 0;
  });
}

Result<bool> SqlCatalog::UseRecoveryCode(std::string_view account, std::string_view digest) {
  const std::string account_text(account);
  const std::string digest_text(digest);
  return store_->Write([&](soci::session& sql) -> Result<bool> {
    return Change<soci::statement>(sql, "DELETE FROM recovery_code WHERE account = :account AND digest = :digest",
                                   soci::use(account_text, "account"), soci::use(digest_text, "digest")) > 0;
  });
}

Status SqlCatalog::RemoveSecondFactor(std::string_view account) {
  const std::string value(account);
  return store_->Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM recovery_code WHERE account = :account", soci::use(value, "account"));
    const long long touched =
        Change<soci::statement>(sql, "DELETE FROM second_factor WHERE account = :account", soci::use(value, "account"));
    if (touched == 0) return Fail(ErrorCode::kNotFound, "The account has no second factor.");
    return {};
  });
}

}  // namespace sheaf::catalog
