#include "privacy/erasure.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

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
  SHEAF_TRY(options_.forget_exports(study, {std::string(participant)}, false, kWithdrawn));
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
  Whom whom{std::string(study), {std::string(participant)}, {}, {}, {}};
  SHEAF_ASSIGN(whom.written, options_.catalog->Care().BeginErasures(study, whom.participants, account));
  return Perform(whom);
}

Result<ErasureReport> Eraser::EraseAll(std::string_view study, const std::vector<std::string>& participants,
                                       const std::vector<std::string>& datasets, std::string_view account) {
  const std::lock_guard lock(mutex_);
  Whom whom{std::string(study), participants, datasets, {}, {}};
  SHEAF_ASSIGN(whom.written, options_.catalog->Care().BeginErasures(study, participants, account));
  return Perform(whom);
}

namespace {
//! What names them.
std::vector<std::string> NamesOf(const std::vector<std::string>& participants, const std::vector<vault::RenamedSession>& sessions) {
  std::vector<std::string> names = participants;
  for (const auto& session : sessions) names.push_back(session.from);
  return names;
}
}  // namespace

Result<ErasureReport> Eraser::Perform(Whom& whom) {
  ErasureReport report;
  auto& care_catalog = options_.catalog->Care();
  {
    std::shared_ptr<vault::StudyVault> held;
    SHEAF_ASSIGN(auto* const care, Care(whom.study, held));
    // First out of sight: whatever is read or made from here on is without them.
    SHEAF_TRY(care->WithdrawAll(whom.participants));
    // Known only until the vault has given them another id.
    SHEAF_ASSIGN(whom.sessions, care->SessionsNaming(whom.participants));
    SHEAF_ASSIGN(report.exports, options_.forget_exports(whom.study, NamesOf(whom.participants, whom.sessions), true, kErased));
    SHEAF_TRY(RemoveFiles(whom, report.files));
    SHEAF_TRY(RenameSessions(whom));
    SHEAF_ASSIGN(report.audit_entries, RedactAudit(*care, whom));
    SHEAF_ASSIGN(report.data, care->EraseAll(whom.participants, whom.datasets));
  }
  // Files that were made meanwhile had no record of theirs, but others' records, sessions and definitions still named them.
  SHEAF_ASSIGN(const std::uint64_t made_meanwhile, options_.forget_exports(whom.study, whom.participants, true, kErased));
  report.exports += made_meanwhile;
  SHEAF_ASSIGN(const auto removed, care_catalog.RemoveParticipants(whom.study, whom.participants));
  SHEAF_TRY(options_.catalog->Donations().ForgetParticipants(whom.study, whom.participants));
  report.links = removed.first;
  report.requests = removed.second;
  // What came while the rows went.
  SHEAF_TRY(RemoveFiles(whom, report.files));
  SHEAF_TRY(RenameSessions(whom));
  // What was asked about them meanwhile.
  if (options_.audit && !whom.participants.empty()) {
    SHEAF_ASSIGN(const std::uint64_t late, options_.audit->Redact(whom.study, NamesOf(whom.participants, whom.sessions)));
    report.audit_entries += late;
  }
  SHEAF_TRY(care_catalog.ForgetWhom(whom.written, ErasureReportJson(report)));
  SHEAF_TRY(CleanUp(whom.written));
  LogInfo("erased", {{"study", whom.study}, {"participants", std::to_string(whom.written.size())}});
  return report;
}

Status Eraser::RenameSessions(const Whom& whom) {
  if (!options_.files) return {};
  for (const auto& session : whom.sessions) SHEAF_TRY(options_.files->RenameSession(whom.study, session.from, session.to));
  return {};
}

Status Eraser::RemoveFiles(const Whom& whom, std::uint64_t& removed) {
  if (!options_.files) return {};
  for (const std::string& dataset : whom.datasets) {
    SHEAF_ASSIGN(const std::uint64_t gone, options_.files->RemoveOfDataset(whom.study, dataset));
    removed += gone;
  }
  for (const std::string& participant : whom.participants) {
    SHEAF_ASSIGN(const std::uint64_t gone, options_.files->RemoveOf(whom.study, participant));
    removed += gone;
  }
  return {};
}

Result<std::uint64_t> Eraser::RedactAudit(vault::PeopleCare& care, const Whom& whom) {
  if (!options_.audit || whom.participants.empty()) return std::uint64_t{0};
  SHEAF_ASSIGN(const auto words, options_.audit->Words(whom.study));
  auto theirs = care.WordsOf(whom.participants, words);
  // The rows went before the process was cut off, and with them what the audit was compared with before.
  if (!theirs && theirs.error().code == ErrorCode::kNotFound) theirs = std::vector<std::string>();
  if (!theirs) return Fail(theirs.error());
  const auto names = NamesOf(whom.participants, whom.sessions);
  theirs->insert(theirs->end(), names.begin(), names.end());
  return options_.audit->Redact(whom.study, *theirs);
}

Status Eraser::CleanUp(const std::vector<catalog::Erasure>& erasures) {
  SHEAF_TRY(options_.catalog->Care().Compact());
  return options_.catalog->Care().FinishErasures(erasures);
}

Status Eraser::Resume() {
  const std::lock_guard lock(mutex_);
  SHEAF_ASSIGN(const auto unfinished, options_.catalog->Care().UnfinishedErasures());
  std::map<std::string, Whom> begun;
  std::vector<catalog::Erasure> cleaning, gone;
  for (const auto& erasure : unfinished) {
    if (erasure.state != "started") {
      cleaning.push_back(erasure);
    } else if (!options_.catalog->FindStudy(erasure.study)) {
      gone.push_back(erasure);
    } else {
      Whom& whom = begun.try_emplace(erasure.study, Whom{erasure.study, {}, {}, {}, {}}).first->second;
      whom.participants.push_back(erasure.participant);
      whom.written.push_back(erasure);
    }
  }
  if (!gone.empty()) SHEAF_TRY(options_.catalog->Care().ForgetWhom(gone, "{}"));
  cleaning.insert(cleaning.end(), gone.begin(), gone.end());
  if (!cleaning.empty()) SHEAF_TRY(CleanUp(cleaning));
  for (auto& [study, whom] : begun) {
    LogInfo("an erasure that was cut off goes on", {{"study", study}, {"participants", std::to_string(whom.participants.size())}});
    SHEAF_TRY(Perform(whom));
  }
  return {};
}

}  // namespace sheaf::privacy
