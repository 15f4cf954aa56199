#include "privacy/files_seen.h"

#include <algorithm>

#include "privacy/coded_people.h"
#include "privacy/naming.h"
#include "vault/care.h"

namespace sheaf::privacy {

Result<FilesSeen> FilesSeen::Make(vault::StudyVault& study, Reader reader) {
  FilesSeen seen(study, std::move(reader));
  const model::ViewRights& rights = seen.reader_.rights;
  if (!rights.sites.empty()) {
    SHEAF_ASSIGN(seen.participants_, study.ParticipantNumbers(WhoIsSeen(rights, seen.reader_.settings).value_or(model::Predicate{})));
  }
  return seen;
}

bool FilesSeen::Sees(const files::File& file) const {
  const model::ViewRights& rights = reader_.rights;
  // What belongs to no dataset belongs to none of those that may be seen.
  if (!rights.datasets.empty() && (file.dataset.empty() || !model::MaySeeDataset(rights, file.dataset))) return false;
  if (rights.own_participant && file.participant != *rights.own_participant) return false;
  if (!file.participant.empty()) {
    const auto* const care = study_->Care();
    if (care != nullptr && care->IsWithdrawn(file.participant)) return false;
  }
  if (!participants_) return true;
  const auto number = study_->ParticipantNumber(file.participant);
  return number && std::binary_search(participants_->begin(), participants_->end(), *number);
}

files::File FilesSeen::Shown(files::File file) const {
  if (reader_.rights.identifiers) return file;
  if (!file.participant.empty()) file.participant = Code(reader_.key, CodeKind::kParticipant, file.participant);
  if (!file.session.empty()) file.session = Code(reader_.key, CodeKind::kSession, file.session);
  if (!file.record.empty()) file.record = Code(reader_.key, CodeKind::kRecord, file.record);
  file.name.clear();
  file.attributes = "{}";
  return file;
}

Status FilesSeen::RequireBytes() const {
  if (reader_.rights.identifiers) return {};
  return Fail(ErrorCode::kForbidden, "Faces and voices identify people: files are for those who may see identifiers.");
}

Result<files::FileFilter> FilterFor(vault::StudyVault& study, const Reader& reader, files::FileFilter asked) {
  if (reader.rights.identifiers) return asked;
  if (!asked.record.empty())
    return Fail(ErrorCode::kIdentifierRemoved, "Without the right to identifiers files are not chosen by records' ids.", "record");
  const Naming naming(study, reader.key, false);
  const auto people = study.People();
  const auto id_of = [&](CodeKind kind, std::string& name, const char* place) -> Status {
    if (name.empty()) return {};
    SHEAF_ASSIGN(const std::string code, naming.CodeOf(kind, name, place));
    const auto ids = IdsOfCodes(*people, reader.key, kind, {code});
    // No id has a line's end in it.
    name = ids.empty() ? "\n" : ids.begin()->second;
    return {};
  };
  SHEAF_TRY(id_of(CodeKind::kParticipant, asked.participant, "participant"));
  SHEAF_TRY(id_of(CodeKind::kSession, asked.session, "session"));
  return asked;
}

model::DatasetKind KindOfFile(vault::StudyVault& study, const files::File& file) {
  if (!file.dataset.empty()) {
    if (const auto dataset = study.FindDataset(file.dataset)) return (*dataset)->kind;
  }
  if (file.kind == "recording") return model::DatasetKind::kRecordings;
  if (file.kind == "donation") return model::DatasetKind::kDonation;
  if (file.kind == "answer") return model::DatasetKind::kSurvey;
  return model::DatasetKind::kCustom;
}

Status WelcomeParticipant(vault::StudyVault& study, const std::string& participant) {
  const auto* const care = study.Care();
  if (care != nullptr && care->IsWithdrawn(participant))
    return Fail(ErrorCode::kParticipantWithdrawn, "The participant has withdrawn.", "/participant");
  if (study.ParticipantNumber(participant)) return {};
  model::Participant fresh;
  fresh.id = participant;
  fresh.attributes = "{}";
  SHEAF_TRY(study.PutParticipant(std::move(fresh), nullptr));
  return {};
}

}  // namespace sheaf::privacy
