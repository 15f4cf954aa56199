#include "privacy/erasure.h"

#include <algorithm>
#include <boost/json.hpp>

#include "base/log.h"
#include "catalog/donation_table.h"

namespace sheaf::privacy {
namespace {
constexpr const char* kWithdrawn = "A participant withdrew after this file was made; start the export again.";
constexpr const char* kErased = "A participant was erased after this file was made; start the export again.";
}  // namespace

std::string ErasureReportJson(const ErasureReport& report) {
  boost::json::object rows;
  for (const auto& [dataset, count] : report.data.rows) rows[dataset] = count;
  return boost::json::serialize(boost::json::object{{"rows", std::move(rows)},
                                                    {"sessions", report.data.sessions},
                                                    {"sessions_renamed", report.data.renamed_sessions},
                                                    {"definitions", report.data.definitions},
                                                    {"consents", report.data.consents},
                                                    {"files", report.files},
                                                    {"exports", report.exports},
                                                    {"links", report.links},
                                                    {"requests", report.requests},
                                                    {"audit_entries", report.audit_entries}});
}

Result<vault::PeopleCare*> Eraser::Care(std::string_view study, std::shared_ptr<vault::StudyVault>& held) {
  SHEAF_ASSIGN(held, options_.vault->OpenStudy(study));
  auto* const care = held->Care();
  if (care == nullptr) return Fail(ErrorCode::kInternal, "This store of records knows nothing of consent.");
  return care;
}

Result<vault::Withdrawal> Eraser::Withdraw(std::string_view study, std::string_view participant, std::string_view reason) {
  std::shared_ptr<vault::StudyVault> held;
  SHEAF_ASSIGN(auto* const care, Care(study, held));
  SHEAF_ASSIGN(const vault::Withdrawal withdrawal, care->Withdraw(participant, reason));
  SHEAF_TRY(options_.forget_exports(study, participant, false, kWithdrawn));
  return withdrawal;
}

Status Eraser::TakeBack(std::string_view study, std::string_view participant) {
  std::shared_ptr<vault::StudyVault> held;
  SHEAF_ASSIGN(auto* const care, Care(study, held));
  return care->TakeBack(participant);
}

Result<ErasureReport> Eraser::Erase(std::string_view study, std::string_view participant, std::string_view account) {
  const std::lock_guard lock(mutex_);
  {
    std::shared_ptr<vault::StudyVault> held;
    SHEAF_TRY(Care(study, held));
    if (!held->ParticipantNumber(participant)) {
      // Known by nothing but an erasure that failed on the way: that one goes on.
      SHEAF_ASSIGN(const auto unfinished, options_.catalog->Care().UnfinishedErasures());
      const bool begun = std::any_of(unfinished.begin(), unfinished.end(), [&](const catalog::Erasure& erasure) {
        return erasure.study == study && erasure.participant == participant;
      });
      if (!begun) return Fail(ErrorCode::kNotFound, "There is no participant with this id.");
    }
  }
  SHEAF_ASSIGN(const catalog::Erasure erasure, options_.catalog->Care().BeginErasure(study, participant, account));
  return Perform(erasure);
}

Status Eraser::RenameSessions(const catalog::Erasure& erasure, const std::vector<vault::RenamedSession>& sessions) {
  for (const auto& session : sessions) {
    if (options_.files) SHEAF_TRY(options_.files->RenameSession(erasure.study, session.from, session.to));
  }
  return {};
}

Result<ErasureReport> Eraser::Perform(const catalog::Erasure& erasure) {
  ErasureReport report;
  std::vector<vault::RenamedSession> sessions;
  auto& care_catalog = options_.catalog->Care();
  {
    std::shared_ptr<vault::StudyVault> held;
    SHEAF_ASSIGN(auto* const care, Care(erasure.study, held));
    // First out of sight: whatever is read or made from here on is without them.
    if (const auto hidden = care->Withdraw(erasure.participant, ""); !hidden && hidden.error().code != ErrorCode::kNotFound)
      return Fail(hidden.error());
    SHEAF_ASSIGN(report.exports, options_.forget_exports(erasure.study, erasure.participant, true, kErased));
    if (options_.files) { SHEAF_ASSIGN(report.files, options_.files->RemoveOf(erasure.study, erasure.participant)); }
    // Known only until the vault has given them another id.
    SHEAF_ASSIGN(sessions, care->SessionsNaming(erasure.participant));
    for (const auto& session : sessions) {
      SHEAF_ASSIGN(const std::uint64_t more, options_.forget_exports(erasure.study, session.from, true, kErased));
      report.exports += more;
    }
    SHEAF_TRY(RenameSessions(erasure, sessions));
    SHEAF_ASSIGN(report.audit_entries, RedactAudit(*care, erasure, sessions));
    SHEAF_ASSIGN(report.data, care->Erase(erasure.participant));
  }
  // Files that were made meanwhile had no record of theirs, but others' records, sessions and definitions still named them.
  SHEAF_ASSIGN(const std::uint64_t made_meanwhile, options_.forget_exports(erasure.study, erasure.participant, true, kErased));
  report.exports += made_meanwhile;
  SHEAF_ASSIGN(const auto removed, care_catalog.RemoveParticipant(erasure.study, erasure.participant));
  SHEAF_TRY(options_.catalog->Donations().ForgetParticipant(erasure.study, erasure.participant));
  report.links = removed.first;
  report.requests = removed.second;
  // What came while the rows went.
  if (options_.files) {
    SHEAF_ASSIGN(const std::uint64_t late, options_.files->RemoveOf(erasure.study, erasure.participant));
    report.files += late;
    SHEAF_TRY(RenameSessions(erasure, sessions));
  }
  // What was asked about them meanwhile.
  if (options_.audit) {
    std::vector<std::string> words{erasure.participant};
    for (const auto& session : sessions) words.push_back(session.from);
    SHEAF_ASSIGN(const std::uint64_t late, options_.audit->Redact(erasure.study, words));
    report.audit_entries += late;
  }
  SHEAF_TRY(care_catalog.ForgetWhom(erasure.id, ErasureReportJson(report)));
  SHEAF_TRY(CleanUp(erasure.id));
  LogInfo("participant erased", {{"study", erasure.study}, {"erasure", erasure.id}});
  return report;
}

Result<std::uint64_t> Eraser::RedactAudit(vault::PeopleCare& care, const catalog::Erasure& erasure,
                                          const std::vector<vault::RenamedSession>& sessions) {
  if (!options_.audit) return std::uint64_t{0};
  SHEAF_ASSIGN(const auto words, options_.audit->Words(erasure.study));
  auto theirs = care.WordsOf(erasure.participant, words);
  // The rows went before the process was cut off, and with them what the audit was compared with before.
  if (!theirs && theirs.error().code == ErrorCode::kNotFound) theirs = std::vector<std::string>();
  if (!theirs) return Fail(theirs.error());
  theirs->push_back(erasure.participant);
  for (const auto& session : sessions) theirs->push_back(session.from);
  return options_.audit->Redact(erasure.study, *theirs);
}

Status Eraser::CleanUp(const std::string& id) {
  SHEAF_TRY(options_.catalog->Care().Compact());
  return options_.catalog->Care().FinishErasure(id);
}

Status Eraser::Resume() {
  const std::lock_guard lock(mutex_);
  SHEAF_ASSIGN(const auto unfinished, options_.catalog->Care().UnfinishedErasures());
  for (const auto& erasure : unfinished) {
    LogInfo("an erasure that was cut off goes on", {{"study", erasure.study}, {"erasure", erasure.id}});
    const bool gone = erasure.state == "started" && !options_.catalog->FindStudy(erasure.study);
    if (gone) SHEAF_TRY(options_.catalog->Care().ForgetWhom(erasure.id, "{}"));
    if (gone || erasure.state != "started") SHEAF_TRY(CleanUp(erasure.id));
    else SHEAF_TRY(Perform(erasure));
  }
  return {};
}

}  // namespace sheaf::privacy
