#pragma once
//! A file put into a directory below a root: whole or not at all.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "blobs/blobs.h"

namespace sheaf::delivery {

//! Writes `reader`'s bytes as `name` into `path` below `root`: under another name first, synced, renamed, the directory synced.
//! Missing directories are made; a symbolic link is never followed. A file of the same name is replaced. kIo, kStorageFull,
//! kConflict when something else has a directory's name, and what the reader fails with. `go_on` is asked before each piece and before
//! the renaming: its error ends the work.
Status PlaceFile(const std::string& root, std::string_view path, const std::string& name, blobs::BlobReader& reader,
                 const std::function<Status()>& go_on);
//! The same of a text.
Status PlaceText(const std::string& root, std::string_view path, const std::string& name, std::string_view text);

//! kUsage when it is no directory that can be written.
Status CheckRoot(const std::string& root);

}  // namespace sheaf::delivery
