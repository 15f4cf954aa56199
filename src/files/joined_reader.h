#pragma once
//! Private to the room. The parts of a file as one.

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "blobs/blobs.h"
#include "catalog/file_table.h"

namespace sheaf::files {

//! Opens parts as they are read, one at a time. Thread-safe.
class JoinedReader final : public blobs::BlobReader {
 public:
  using OpenPart = std::function<Result<std::shared_ptr<blobs::BlobReader>>(const catalog::FilePart&)>;
  JoinedReader(std::vector<catalog::FilePart> parts, OpenPart open);
  std::uint64_t Size() const override { return size_; }
  Result<std::string> ReadAt(std::uint64_t offset, std::uint64_t most) override;

 private:
  Result<std::shared_ptr<blobs::BlobReader>> Part(std::size_t number);

  const std::vector<catalog::FilePart> parts_;
  const OpenPart open_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t size_ = 0;
  std::mutex mutex_;
  std::size_t number_ = 0;
  std::shared_ptr<blobs::BlobReader> part_;  // of that number
};

}  // namespace sheaf::files
