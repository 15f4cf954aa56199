#pragma once
//! People, sessions and counts as a reader may see them: those they may see, under their ids or under codes.

#include <optional>
#include <string_view>

#include "model/study_settings.h"
#include "model/view_rights.h"
#include "privacy/codes.h"
#include "vault/vault.h"

namespace sheaf::privacy {

struct Reader {
  model::ViewRights rights;
  model::StudySettings settings;
  CodeKey key{};  //!< looked at only where the rights show less than everything
};

//! The condition that records of participants whom the reader sees fulfil; nullopt: all.
std::optional<model::Predicate> WhoIsSeen(const model::ViewRights& rights, const model::StudySettings& settings);

// As the vault's methods of these names. A reader without identifiers gives and gets codes for ids, in order of code;
// participants' codes and direct attributes, and sessions' names and attributes, are empty, and ids and addresses in what
// is left are hidden. kNotFound for whom the
// reader does not see: with rights to some datasets also whoever has no record in these, which asks for reading them. Attendance holds those who are seen; with own_participant everybody, the others by code.
Result<vault::Page<model::Participant>> ListParticipants(vault::StudyVault& study, const Reader& reader, const vault::ListOptions& options);
Result<model::Participant> FindParticipant(vault::StudyVault& study, const Reader& reader, std::string_view id);
Result<vault::Page<model::Session>> ListSessions(vault::StudyVault& study, const Reader& reader, const vault::ListOptions& options);
Result<model::Session> FindSession(vault::StudyVault& study, const Reader& reader, std::string_view id);
Result<vault::Summary> Summarize(vault::StudyVault& study, const Reader& reader, const std::string& dataset);
//! Of the records that fulfil `part`, too. Reads them.
Result<vault::Summary> SummarizePart(vault::StudyVault& study, const Reader& reader, const std::string& dataset, model::Predicate part);

}  // namespace sheaf::privacy
