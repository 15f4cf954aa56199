#pragma once
//! Finding the file that an address names, for whoever may have it. Shared by the routes of files.

#include <string>

#include "api/native/call.h"
#include "privacy/files_seen.h"

namespace sheaf::api::native {

//! {"id","kind","name",…}
std::string FileJson(const files::File& file);
std::string FilePath(const files::File& file);

//! The file of the address as it is kept, and how its reader sees it.
struct SeenFile {
  files::File file;
  access::StudyAccess access;
  std::shared_ptr<vault::StudyVault> vault;
  files::File shown;
};
//! For who may read the records it belongs to. With `bytes`, identifiers too.
enum class Wanted { kWords, kBytes };
Result<SeenFile> FindFile(const Call& call, Wanted wanted);

//! What the audit is told: whose it is, and which. A chosen id may name somebody and goes where an erasure finds it.
void NoteFile(const Call& call, const files::File& file);

//! The bytes of a complete file, with the passphrase that the request brings.
Result<http::Response> FileContent(const Call& call, const files::File& file, bool attachment);

}  // namespace sheaf::api::native
