#include "blobs/reader.h"

#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace sheaf::blobs {
namespace {

constexpr std::size_t kPlainPiece = std::size_t{256} << 10;

//! Exactly `size` bytes.
Status ReadExactly(int file, std::uint64_t place, char* bytes, std::size_t size) {
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(file, bytes + have, size - have, static_cast<off_t>(place + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(FromErrno(errno, "A file could not be read."));
    if (got == 0) return Fail(ErrorCode::kStorageDamaged, "A file is shorter than it was.");
    have += static_cast<std::size_t>(got);
  }
  return {};
}

class PlainReader final : public BlobReader {
 public:
  PlainReader(Descriptor file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  std::uint64_t Size() const override { return size_; }

  Result<std::string> ReadAt(std::uint64_t offset, std::uint64_t most) override {
    if (offset >= size_) return std::string();
    std::string bytes(static_cast<std::size_t>(std::min({most, size_ - offset, std::uint64_t{kPlainPiece}})), '\0');
    SHEAF_TRY(ReadExactly(file_.number(), offset, bytes.data(), bytes.size()));
    return bytes;
  }

 private:
  const Descriptor file_;
  const std::uint64_t size_;
};

class SealedReader final : public BlobReader {
 public:
  SealedReader(Descriptor file, const KeyBytes& file_key, SealedHeader header, const SealedLayout& layout)
      : file_(std::move(file)), cipher_(file_key, std::move(header)), layout_(layout) {}
  std::uint64_t Size() const override { return layout_.plain_size; }

  Result<std::string> ReadAt(std::uint64_t offset, std::uint64_t most) override {
    if (offset >= layout_.plain_size) return std::string();
    SHEAF_ASSIGN(std::string plain, Segment(offset / layout_.segment_size));
    plain.erase(0, static_cast<std::size_t>(offset % layout_.segment_size));
    if (plain.size() > most) plain.resize(static_cast<std::size_t>(most));
    return plain;
  }

  Status ProveLength() {
    SHEAF_TRY(Segment(layout_.segments - 1));
    return {};
  }

 private:
  Result<std::string> Segment(std::uint64_t number) {
    const std::uint64_t size = layout_.PlainSizeOf(number) + kSegmentOverhead;
    thread_local std::string sealed;
    sealed.resize(static_cast<std::size_t>(size));
    SHEAF_TRY(ReadExactly(file_.number(), layout_.PlaceOf(number), sealed.data(), sealed.size()));
    const bool last = number + 1 == layout_.segments;
    return cipher_.Open(number, sealed, last ? std::optional<std::uint64_t>(layout_.plain_size) : std::nullopt);
  }

  const Descriptor file_;
  const SegmentCipher cipher_;
  const SealedLayout layout_;
};

}  // namespace

Result<std::optional<SealedHeader>> ReadHeader(int file) {
  std::string bytes(kHeaderBytes, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::pread(file, bytes.data() + have, bytes.size() - have, static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(FromErrno(errno, "A file could not be read."));
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return ParseHeader(bytes);
}

Result<std::shared_ptr<BlobReader>> MakeReader(Descriptor file, std::uint64_t file_size, const OpenBox& open_box) {
  SHEAF_ASSIGN(auto header, ReadHeader(file.number()));
  ::posix_fadvise(file.number(), 0, 0, POSIX_FADV_SEQUENTIAL);
  if (!header) return std::shared_ptr<BlobReader>(std::make_shared<PlainReader>(std::move(file), file_size));
  SHEAF_ASSIGN(const SealedLayout layout, LayoutOf(*header, file_size));
  if (!open_box) return Fail(ErrorCode::kInternal, "The file is encrypted, and nothing was given to open it.");
  SHEAF_ASSIGN(KeyBytes file_key, open_box(header->KeyId(), header->Box()));
  auto reader = std::make_shared<SealedReader>(std::move(file), file_key, *std::move(header), layout);
  sodium_memzero(file_key.data(), file_key.size());
  SHEAF_TRY(reader->ProveLength());
  return std::shared_ptr<BlobReader>(std::move(reader));
}

}  // namespace sheaf::blobs
