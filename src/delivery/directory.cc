#include "delivery/directory.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "blobs/file.h"

namespace sheaf::delivery {
namespace {

constexpr std::uint64_t kPiece = 1u << 20;

using Fill = std::function<Status(int descriptor)>;

Result<blobs::Descriptor> OpenBelow(const std::string& root, std::string_view path) {
  blobs::Descriptor directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return Fail(blobs::FromErrno(errno, "The server's directory for deliveries cannot be opened."));
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    SHEAF_ASSIGN(directory, blobs::OpenDirectoryAt(directory.number(), std::string(path.substr(0, end)), true));
    path.remove_prefix(end == path.size() ? end : end + 1);
  }
  return directory;
}

Status Place(const std::string& root, std::string_view path, const std::string& name, const Fill& fill) {
  SHEAF_ASSIGN(const blobs::Descriptor directory, OpenBelow(root, path));
  // Of an attempt that was killed the next one takes the place.
  const std::string part = "." + name + ".part";
  if (::unlinkat(directory.number(), part.c_str(), 0) != 0 && errno != ENOENT) {
    return Fail(blobs::FromErrno(errno, "An older part of the file cannot be removed from the directory."));
  }
  const blobs::Descriptor file(::openat(directory.number(), part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640));
  if (!file.valid()) return Fail(blobs::FromErrno(errno, "The file cannot be made in the directory."));
  Status status = fill(file.number());
  if (status) status = blobs::Sync(file.number());
  if (status && ::renameat(directory.number(), part.c_str(), directory.number(), name.c_str()) != 0) {
    status = Fail(blobs::FromErrno(errno, "The file cannot be put into the directory."));
  }
  if (status) return blobs::Sync(directory.number());
  ::unlinkat(directory.number(), part.c_str(), 0);
  return status;
}

}  // namespace

Status PlaceFile(const std::string& root, std::string_view path, const std::string& name, blobs::BlobReader& reader,
                 const std::function<Status()>& go_on) {
  return Place(root, path, name, [&](int descriptor) -> Status {
    for (std::uint64_t offset = 0; offset < reader.Size();) {
      SHEAF_TRY(go_on());
      SHEAF_ASSIGN(const std::string bytes, reader.ReadAt(offset, kPiece));
      if (bytes.empty()) return Fail(ErrorCode::kStorageDamaged, "The export's file is shorter than it was.");
      SHEAF_TRY(blobs::WriteAll(descriptor, bytes));
      offset += bytes.size();
    }
    return go_on();
  });
}

Status PlaceText(const std::string& root, std::string_view path, const std::string& name, std::string_view text) {
  return Place(root, path, name, [&](int descriptor) { return blobs::WriteAll(descriptor, text); });
}

Status CheckRoot(const std::string& root) {
  struct stat about {};
  if (::stat(root.c_str(), &about) != 0 || !S_ISDIR(about.st_mode)) return Fail(ErrorCode::kUsage, root + " is no directory.");
  if (::access(root.c_str(), W_OK | X_OK) != 0) return Fail(ErrorCode::kUsage, root + " cannot be written.");
  return {};
}

}  // namespace sheaf::delivery
