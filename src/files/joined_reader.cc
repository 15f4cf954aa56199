#include "files/joined_reader.h"

#include <algorithm>

namespace sheaf::files {

JoinedReader::JoinedReader(std::vector<catalog::FilePart> parts, OpenPart open) : parts_(std::move(parts)), open_(std::move(open)) {
  starts_.reserve(parts_.size());
  for (const catalog::FilePart& part : parts_) {
    starts_.push_back(size_);
    size_ += part.size;
  }
}

Result<std::shared_ptr<blobs::BlobReader>> JoinedReader::Part(std::size_t number) {
  const std::lock_guard lock(mutex_);
  if (part_ && number_ == number) return part_;
  SHEAF_ASSIGN(part_, open_(parts_[number]));
  number_ = number;
  if (part_->Size() != parts_[number].size) {
    return Fail(ErrorCode::kStorageDamaged, "A part of the file does not have the size it was written with.");
  }
  return part_;
}

Result<std::string> JoinedReader::ReadAt(std::uint64_t offset, std::uint64_t most) {
  if (offset >= size_ || most == 0) return std::string();
  const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const auto number = static_cast<std::size_t>(after - starts_.begin()) - 1;
  SHEAF_ASSIGN(const auto part, Part(number));
  return part->ReadAt(offset - starts_[number], most);
}

}  // namespace sheaf::files
