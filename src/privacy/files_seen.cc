#include "privacy/files_seen.h"

#include <algorithm>

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
