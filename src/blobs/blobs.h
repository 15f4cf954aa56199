#pragma once
//! Bytes that are no rows: finished export files now, recordings and donation payloads later. A directory; names are
//! chosen by the caller from [A-Za-z0-9_-]{1,64} segments joined by `/`. They are encrypted to the public key that a writer
//! is given (sealed_format.h); sizes and digests are those of the plain bytes everywhere.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace sheaf::blobs {

//! A blob being written: hashed on the way, invisible until Publish. One thread.
class BlobWriter {
 public:
  virtual ~BlobWriter() = default;                   //!< without Publish: the bytes are gone
  virtual Status Write(std::string_view bytes) = 0;  //!< kStorageFull, kIo
  struct Published {
    std::uint64_t size = 0;
    std::string sha256;  //!< hex
  };
  //! Syncs, renames into place, syncs the directory. After success the blob survives power loss.
  virtual Result<Published> Publish() = 0;
};

//! The plain bytes of a blob, from any place. Thread-safe; goes on reading a blob that is removed meanwhile.
class BlobReader {
 public:
  virtual ~BlobReader() = default;
  virtual std::uint64_t Size() const = 0;
  //! 1 to `most` bytes from `offset` on, as many as come cheaply (at most a segment); none at the end. kStorageDamaged: the file
  //! was changed.
  virtual Result<std::string> ReadAt(std::uint64_t offset, std::uint64_t most) = 0;
};

//! Whom a blob is encrypted to: a public key of X25519. Nobody: it stays plain.
using SealTo = std::optional<std::array<unsigned char, 32>>;
//! Opens a file's own key with the secret key whose id (sealed_format.h, KeyId) is given. Called for encrypted files only.
using OpenBox = std::function<Result<std::array<unsigned char, 32>>(std::string_view key_id, std::string_view box)>;

class Blobs {
 public:
  virtual ~Blobs() = default;
  virtual Result<std::unique_ptr<BlobWriter>> Create(std::string_view name, const SealTo& seal) = 0;  //!< kConflict when it exists, kBadId
  Result<std::unique_ptr<BlobWriter>> Create(std::string_view name) { return Create(name, SealTo()); }
  //! Takes a finished file of the same file system (hashing it): for what an engine has written itself. To be encrypted, it
  //! loses its name at once, so that the plain bytes go with the process.
  virtual Result<BlobWriter::Published> Adopt(std::string_view name, const std::string& path, const SealTo& seal) = 0;
  Result<BlobWriter::Published> Adopt(std::string_view name, const std::string& path) { return Adopt(name, path, SealTo()); }
  //! The file, with the size of its plain bytes as the file's own size tells it: only reading proves it. kNotFound.
  struct Located {
    std::string path;
    std::uint64_t size = 0;
    bool sealed = false;
  };
  virtual Result<Located> Locate(std::string_view name) = 0;
  //! kNotFound, kStorageDamaged, and what `open_box` fails with.
  virtual Result<std::shared_ptr<BlobReader>> Open(std::string_view name, const OpenBox& open_box) = 0;
  virtual Status Remove(std::string_view name) = 0;  //!< no error when it is not there
  virtual Result<std::vector<std::string>> List(std::string_view prefix) = 0;
  //! Removes what writers that died left behind; called at start, before any writer.
  virtual Status Sweep() = 0;
};

Result<std::unique_ptr<Blobs>> OpenDirectoryBlobs(const std::string& directory);

}  // namespace sheaf::blobs
