#pragma once
//! Bytes that are no rows: finished export files now, recordings and donation payloads later. A directory; names are
//! chosen by the caller from [A-Za-z0-9_-]{1,64} segments joined by `/`.

#include <cstdint>
#include <memory>
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

class Blobs {
 public:
  virtual ~Blobs() = default;
  virtual Result<std::unique_ptr<BlobWriter>> Create(std::string_view name) = 0;  //!< kConflict when it exists, kBadId
  //! Takes a finished file of the same file system (hashing it): for what an engine has written itself.
  virtual Result<BlobWriter::Published> Adopt(std::string_view name, const std::string& path) = 0;
  //! A path to read from, with its size. kNotFound.
  struct Located {
    std::string path;
    std::uint64_t size = 0;
  };
  virtual Result<Located> Locate(std::string_view name) = 0;
  virtual Status Remove(std::string_view name) = 0;  //!< no error when it is not there
  virtual Result<std::vector<std::string>> List(std::string_view prefix) = 0;
  //! Removes what writers that died left behind; called at start, before any writer.
  virtual Status Sweep() = 0;
};

Result<std::unique_ptr<Blobs>> OpenDirectoryBlobs(const std::string& directory);

}  // namespace sheaf::blobs
