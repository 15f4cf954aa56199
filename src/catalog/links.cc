// Personal links of participants, and what they asked for by them.

#include <fmt/format.h>
#include <soci/soci.h>

#include "base/ids.h"
#include "catalog/nullable_time.h"
#include "catalog/rows.h"
#include "catalog/sql_care.h"
#include "catalog/store.h"

namespace sheaf::catalog {
namespace {

using NullTime = NullableTime<soci::indicator>;

struct LinkRow {
  using Value = ParticipantLink;
  ParticipantLink link;
  long long created_at = 0;
  NullTime expires_at, revoked_at, last_used_at;

  void Into(soci::statement& statement) {
    for (std::string* text : {&link.id, &link.study, &link.participant, &link.created_by}) statement.exchange(soci::into(*text));
    statement.exchange(soci::into(created_at));
    for (NullTime* time : {&expires_at, &revoked_at, &last_used_at}) statement.exchange(soci::into(time->value, time->indicator));
  }
  Result<ParticipantLink> Take() {
    link.created_at = created_at;
    link.expires_at = expires_at.Get();
    link.revoked_at = revoked_at.Get();
    link.last_used_at = last_used_at.Get();
    return link;
  }
};
const std::string kLinkColumns = "id, study, participant, created_by, created_at, expires_at, revoked_at, last_used_at";

struct RequestRow {
  using Value = ParticipantRequest;
  ParticipantRequest request;
  long long created_at = 0;
  NullTime decided_at;

  void Into(soci::statement& statement) {
    for (std::string* text :
         {&request.id, &request.study, &request.participant, &request.kind, &request.message, &request.state, &request.note}) {
      statement.exchange(soci::into(*text));
    }
    statement.exchange(soci::into(created_at));
    statement.exchange(soci::into(decided_at.value, decided_at.indicator));
    statement.exchange(soci::into(request.decided_by));
  }
  Result<ParticipantRequest> Take() {
    request.created_at = created_at;
    request.decided_at = decided_at.Get();
    return request;
  }
};
const std::string kRequestColumns = "id, study, participant, kind, message, state, note, created_at, decided_at, decided_by";

tl::unexpected<Error> NoLink() { return Fail(ErrorCode::kNotFound, "There is no such link."); }
tl::unexpected<Error> NoRequest() { return Fail(ErrorCode::kNotFound, "There is no such request."); }

}  // namespace

Result<ParticipantLink> SqlCare::AddLink(const ParticipantLink& link, std::string_view digest) {
  ParticipantLink kept = link;
  kept.id = NewId("lnk_");
  kept.created_at = Now();
  const long long created_at = kept.created_at;
  auto expires = NullTime::Of(kept.expires_at);
  const std::string digest_text(digest);
  return store_.Write([&](soci::session& sql) -> Result<ParticipantLink> {
    Change<soci::statement>(sql,
                            "INSERT INTO participant_link (id, study, participant, digest, created_by, created_at, expires_at) "
                            "VALUES (:id, :study, :participant, :digest, :by, :created, :expires)",
                            soci::use(kept.id, "id"), soci::use(kept.study, "study"), soci::use(kept.participant, "participant"),
                            soci::use(digest_text, "digest"), soci::use(kept.created_by, "by"), soci::use(created_at, "created"),
                            soci::use(expires.value, expires.indicator, "expires"));
    return kept;
  });
}

Result<ParticipantLink> SqlCare::FindLinkByDigest(std::string_view digest) {
  const std::string digest_text(digest);
  return store_.Read([&](soci::session& sql) -> Result<ParticipantLink> {
    SHEAF_ASSIGN(auto found, (SelectOne<LinkRow, soci::statement>(
                                 sql, fmt::format("SELECT {} FROM participant_link WHERE digest = :digest", kLinkColumns),
                                 soci::use(digest_text, "digest"))));
    if (!found) return NoLink();
    return *std::move(found);
  });
}

Result<std::vector<ParticipantLink>> SqlCare::Links(std::string_view study, std::string_view participant) {
  const std::string study_text(study), participant_text(participant);
  return store_.Read([&](soci::session& sql) {
    return SelectAll<LinkRow, soci::statement>(
        sql,
        fmt::format("SELECT {} FROM participant_link WHERE study = :study AND participant = :participant ORDER BY created_at DESC, id",
                    kLinkColumns),
        soci::use(study_text, "study"), soci::use(participant_text, "participant"));
  });
}

Status SqlCare::RevokeLink(std::string_view study, std::string_view participant, std::string_view id) {
  const std::string study_text(study), participant_text(participant), id_text(id);
  const long long now = Now();
  return store_.Write([&](soci::session& sql) -> Status {
    const long long touched = Change<soci::statement>(sql,
                                                      "UPDATE participant_link SET revoked_at = coalesce(revoked_at, :now) WHERE id = :id "
                                                      "AND study = :study AND participant = :participant",
                                                      soci::use(now, "now"), soci::use(id_text, "id"), soci::use(study_text, "study"),
                                                      soci::use(participant_text, "participant"));
    if (touched == 0) return NoLink();
    return {};
  });
}

Status SqlCare::NoteLinkUse(std::string_view id, Micros at) {
  const std::string id_text(id);
  const long long instant = at;
  return store_.Write([&](soci::session& sql) -> Status {
    Change<soci::statement>(sql, "UPDATE participant_link SET last_used_at = :at WHERE id = :id", soci::use(instant, "at"),
                            soci::use(id_text, "id"));
    return {};
  });
}

Result<ParticipantRequest> SqlCare::AddRequest(const ParticipantRequest& request) {
  ParticipantRequest kept = request;
  kept.id = NewId("prq_");
  kept.state = "open";
  kept.created_at = Now();
  const long long created_at = kept.created_at;
  return store_.Write([&](soci::session& sql) -> Result<ParticipantRequest> {
    Change<soci::statement>(sql,
                            "INSERT INTO participant_request (id, study, participant, kind, message, state, note, created_at, decided_by) "
                            "VALUES (:id, :study, :participant, :kind, :message, :state, '', :created, '')",
                            soci::use(kept.id, "id"), soci::use(kept.study, "study"), soci::use(kept.participant, "participant"),
                            soci::use(kept.kind, "kind"), soci::use(kept.message, "message"), soci::use(kept.state, "state"),
                            soci::use(created_at, "created"));
    return kept;
  });
}

Result<ParticipantRequest> SqlCare::FindRequest(std::string_view study, std::string_view id) {
  const std::string study_text(study), id_text(id);
  return store_.Read([&](soci::session& sql) -> Result<ParticipantRequest> {
    SHEAF_ASSIGN(auto found, (SelectOne<RequestRow, soci::statement>(
                                 sql, fmt::format("SELECT {} FROM participant_request WHERE id = :id AND study = :study", kRequestColumns),
                                 soci::use(id_text, "id"), soci::use(study_text, "study"))));
    if (!found) return NoRequest();
    return *std::move(found);
  });
}

Result<std::vector<ParticipantRequest>> SqlCare::Requests(std::string_view study, std::string_view participant) {
  const std::string study_text(study), participant_text(participant);
  return store_.Read([&](soci::session& sql) {
    return SelectAll<RequestRow, soci::statement>(
        sql,
        fmt::format("SELECT {} FROM participant_request WHERE study = :study AND (:participant = '' OR participant = :same_participant) "
                    "ORDER BY created_at DESC, id",
                    kRequestColumns),
        soci::use(study_text, "study"), soci::use(participant_text, "participant"), soci::use(participant_text, "same_participant"));
  });
}

Status SqlCare::DecideRequest(std::string_view study, std::string_view id, std::string_view state, std::string_view note,
                              std::string_view account) {
  const std::string study_text(study), id_text(id), state_text(state), note_text(note), account_text(account);
  const long long now = Now();
  return store_.Write([&](soci::session& sql) -> Status {
    const long long touched =
        Change<soci::statement>(sql,
                                "UPDATE participant_request SET state = :state, note = :note, decided_at = :now, decided_by = :account "
                                "WHERE id = :id AND study = :study AND state = 'open'",
                                soci::use(state_text, "state"), soci::use(note_text, "note"), soci::use(now, "now"),
                                soci::use(account_text, "account"), soci::use(id_text, "id"), soci::use(study_text, "study"));
    if (touched == 0) return Fail(ErrorCode::kRequestDecided, "The request is not open any more.");
    return {};
  });
}

}  // namespace sheaf::catalog
