// Erasures, rules of retention, duties.

#include "catalog/sql_care.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include "base/ids.h"
#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

using NullTime = NullableTime<soci::indicator>;

struct ErasureRow {
  using Value = Erasure;
  Erasure erasure;
  long long created_at = 0;
  NullTime finished_at;

  void Into(soci::statement& statement) {
    for (std::string* text : {&erasure.id, &erasure.study, &erasure.participant, &erasure.account, &erasure.state, &erasure.report}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(finished_at.value, finished_at.indicator));
  }
  Result<Erasure> Take() {
    erasure.created_at = created_at;
    erasure.finished_at = finished_at.Get();
    return erasure;
  }
};
const std::string kErasureColumns = "id, study, participant, account, state, report, created_at, finished_at";

struct RetentionRow {
  using Value = Retention;
  Retention retention;
  NullTime archived_at, deleted_at;
  long long updated_at = 0;

  void Into(soci::statement& statement) {
    for (std::string* text : {&retention.study, &retention.dataset, &retention.rule}) statement.exchange(soci::into(*text));
    statement.exchange(soci::into(archived_at.value, archived_at.indicator));
    statement.exchange(soci::into(deleted_at.value, deleted_at.indicator));
    statement.exchange(soci::into(updated_at));
  }
  Result<Retention> Take() {
    retention.archived_at = archived_at.Get();
    retention.deleted_at = deleted_at.Get();
    retention.updated_at = updated_at;
    return retention;
  }
};
const std::string kRetentionColumns = "study, dataset, rule, archived_at, deleted_at, updated_at";

}  // namespace

Result<std::vector<Erasure>> SqlCare::BeginErasures(std::string_view study, const std::vector<std::string>& participants,
                                                    std::string_view account) {
  const std::string study_text(study), account_text(account);
  return store_.Write([&](soci::session& sql) -> Result<std::vector<Erasure>> {
    std::vector<Erasure> begun;
    for (const std::string& participant : participants) {
      Erasure erasure{NewId("era_"), study_text, participant, account_text, "started", "{}", Now(), {}};
      const long long created_at = erasure.created_at;
      SHEAF_ASSIGN(auto known,
                   (SelectOne<ErasureRow, soci::statement>(
                       sql,
                       fmt::format("SELECT {} FROM erasure WHERE study = :study AND participant = :participant AND state = 'started'",
                                   kErasureColumns),
                       soci::use(erasure.study, "study"), soci::use(erasure.participant, "participant"))));
      if (known) {
        begun.push_back(*std::move(known));
        continue;
      }
      Change<soci::statement>(sql,
                              "INSERT INTO erasure (id, study, participant, account, state, report, created_at) "
                              "VALUES (:id, :study, :participant, :account, :state, :report, :created)",
                              soci::use(erasure.id, "id"), soci::use(erasure.study, "study"), soci::use(erasure.participant, "participant"),
                              soci::use(erasure.account, "account"), soci::use(erasure.state, "state"), soci::use(erasure.report, "report"),
                              soci::use(created_at, "created"));
      begun.push_back(std::move(erasure));
    }
    return begun;
  });
}

Status SqlCare::ForgetWhom(const std::vector<Erasure>& erasures, std::string_view report) {
  return store_.Write([&](soci::session& sql) -> Status {
    std::string text(report);
    for (const Erasure& erasure : erasures) {
      Change<soci::statement>(sql, "UPDATE erasure SET participant = '', state = 'cleaning', report = :report WHERE id = :id",
                              soci::use(text, "report"), soci::use(erasure.id, "id"));
      text = "{}";
    }
    return {};
  });
}

Status SqlCare::FinishErasures(const std::vector<Erasure>& erasures) {
  const long long now = Now();
  return store_.Write([&](soci::session& sql) -> Status {
    for (const Erasure& erasure : erasures) {
      Change<soci::statement>(sql, "UPDATE erasure SET state = 'done', finished_at = :now WHERE id = :id", soci::use(now, "now"),
                              soci::use(erasure.id, "id"));
    }
    return {};
  });
}

Result<std::vector<Erasure>> SqlCare::UnfinishedErasures() {
  return store_.Read([&](soci::session& sql) {
    return SelectAll<ErasureRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM erasure WHERE state <> 'done' ORDER BY created_at, id", kErasureColumns));
  });
}

Result<std::pair<std::uint64_t, std::uint64_t>> SqlCare::RemoveParticipants(std::string_view study,
                                                                            const std::vector<std::string>& participants) {
  using Removed = std::pair<std::uint64_t, std::uint64_t>;
  const std::string study_text(study);
  return store_.Write([&](soci::session& sql) -> Result<Removed> {
    const auto remove = [&](const char* table, const std::string& participant) {
      return static_cast<std::uint64_t>(
          Change<soci::statement>(sql, fmt::format("DELETE FROM {} WHERE study = :study AND participant = :participant", table),
                                  soci::use(study_text, "study"), soci::use(participant, "participant")));
    };
    Removed removed;
    for (const std::string& participant : participants) {
      removed.first += remove("participant_link", participant);
      removed.second += remove("participant_request", participant);
    }
    return removed;
  });
}

Status SqlCare::Compact() { return store_.Compact(); }

Status SqlCare::PutRetention(const Retention& retention) {
  const long long updated_at = Now();
  auto archived = NullTime::Of(retention.archived_at), deleted = NullTime::Of(retention.deleted_at);
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM retention WHERE study = :study AND dataset = :dataset", soci::use(retention.study, "study"),
                            soci::use(retention.dataset, "dataset"));
    Change<soci::statement>(sql,
                            "INSERT INTO retention (study, dataset, rule, archived_at, deleted_at, updated_at) "
                            "VALUES (:study, :dataset, :rule, :archived, :deleted, :updated)",
                            soci::use(retention.study, "study"), soci::use(retention.dataset, "dataset"), soci::use(retention.rule, "rule"),
                            soci::use(archived.value, archived.indicator, "archived"),
                            soci::use(deleted.value, deleted.indicator, "deleted"), soci::use(updated_at, "updated"));
    return {};
  });
}

Result<std::optional<Retention>> SqlCare::FindRetention(std::string_view study, std::string_view dataset) {
  const std::string study_text(study), dataset_text(dataset);
  return store_.Read([&](soci::session& sql) {
    return SelectOne<RetentionRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM retention WHERE study = :study AND dataset = :dataset", kRetentionColumns),
        soci::use(study_text, "study"), soci::use(dataset_text, "dataset"));
  });
}

Status SqlCare::RemoveRetention(std::string_view study, std::string_view dataset) {
  const std::string study_text(study), dataset_text(dataset);
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "DELETE FROM retention WHERE study = :study AND dataset = :dataset", soci::use(study_text, "study"),
                            soci::use(dataset_text, "dataset"));
    return {};
  });
}

Result<std::vector<Retention>> SqlCare::Retentions(std::string_view study) {
  const std::string study_text(study);
  return store_.Read([&](soci::session& sql) {
    return SelectAll<RetentionRow, soci::statement>(
        sql, fmt::format("SELECT {} FROM retention WHERE :study = '' OR study = :same_study ORDER BY study, dataset", kRetentionColumns),
        soci::use(study_text, "study"), soci::use(study_text, "same_study"));
  });
}

Result<bool> SqlCare::TakeDuty(std::string_view name, std::string_view owner, Micros lease_until, Micros done_before) {
  const std::string name_text(name), owner_text(owner);
  const long long until = lease_until, before = done_before, now = Now();
  return store_.Write([&](soci::session& sql) -> Result<bool> {
    Change<soci::statement>(sql,
                            "INSERT INTO duty (name, lease_owner, lease_until, done_at) VALUES (:name, '', 0, 0) ON CONFLICT DO NOTHING",
                            soci::use(name_text, "name"));
    const long long taken =
        Change<soci::statement>(sql,
                                "UPDATE duty SET lease_owner = :owner, lease_until = :until WHERE name = :name AND done_at < :before AND "
                                "(lease_until < :now OR lease_owner = :same_owner)",
                                soci::use(owner_text, "owner"), soci::use(until, "until"), soci::use(name_text, "name"),
                                soci::use(before, "before"), soci::use(now, "now"), soci::use(owner_text, "same_owner"));
    return taken > 0;
  });
}

Status SqlCare::FinishDuty(std::string_view name, std::string_view owner) {
  const std::string name_text(name), owner_text(owner);
  const long long now = Now();
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql,
                            "UPDATE duty SET lease_owner = '', lease_until = 0, done_at = :now WHERE name = :name AND lease_owner = :owner",
                            soci::use(now, "now"), soci::use(name_text, "name"), soci::use(owner_text, "owner"));
    return {};
  });
}

}  // namespace sheaf::catalog
