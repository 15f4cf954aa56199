#pragma once
//! Private to the room. Reading a blob's plain bytes from an open file.

#include <memory>
#include <optional>

#include "blobs/blobs.h"
#include "blobs/file.h"
#include "blobs/sealed_format.h"

namespace sheaf::blobs {

//! The header of an encrypted file; nullopt for a plain one.
Result<std::optional<SealedHeader>> ReadHeader(int file);
//! Whichever it is. The last segment of an encrypted file is opened at once, which proves the length of the whole.
Result<std::shared_ptr<BlobReader>> MakeReader(Descriptor file, std::uint64_t file_size, const OpenBox& open_box);

}  // namespace sheaf::blobs
