#pragma once
//! Files as a reader may see them. Faces and voices identify: without the right to identifiers nobody gets a file's bytes.

#include <memory>
#include <optional>
#include <vector>

#include "files/files.h"
#include "privacy/seen.h"

namespace sheaf::privacy {

//! Of one study and one reader, at one moment. Refers to the study.
class FilesSeen {
 public:
  //! Asks the study for those who are seen, where that is not everybody.
  static Result<FilesSeen> Make(vault::StudyVault& study, Reader reader);

  //! Is there such a file, for this reader? Not when its participant has withdrawn.
  bool Sees(const files::File& file) const;
  //! Without identifiers: codes for participant, session and record, and neither name nor attributes.
  files::File Shown(files::File file) const;
  //! kForbidden: the reader may not see identifiers.
  Status RequireBytes() const;

 private:
  FilesSeen(vault::StudyVault& study, Reader reader) : study_(&study), reader_(std::move(reader)) {}

  vault::StudyVault* study_;
  Reader reader_;
  std::optional<std::vector<std::int32_t>> participants_;  // by number, ascending; nullopt: everybody
};

//! The filter as the catalog needs it: who may not see identifiers names people by code, see Naming, and no records.
Result<files::FileFilter> FilterFor(vault::StudyVault& study, const Reader& reader, files::FileFilter asked);

//! Whose records a file belongs to: the kind of its dataset, where it names one, else what its own kind says.
model::DatasetKind KindOfFile(vault::StudyVault& study, const files::File& file);

//! May something new be kept of the participant? They become known by it. kParticipantWithdrawn.
Status WelcomeParticipant(vault::StudyVault& study, const std::string& participant);

}  // namespace sheaf::privacy
