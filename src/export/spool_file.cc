#include "export/spool_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/ids.h"

namespace sheaf::exporting {
namespace {
constexpr std::uint64_t kForgetStep = 4u << 20;

int OpenUnnamed(const std::string& directory) {
  const int descriptor = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
  // Not every file system knows O_TMPFILE.
  std::string path = directory + "/spool-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}
}  // namespace

Error FileError(int number, std::string_view doing) {
  if (number == ENOSPC || number == EDQUOT) {
    return Error{ErrorCode::kStorageFull, std::string(doing) + " needs more disk space than there is.", {}, 0};
  }
  return Error{ErrorCode::kIo, std::string(doing) + " failed: " + std::system_category().message(number) + ".", {}, 0};
}

SpoolFile::~SpoolFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}
SpoolFile::SpoolFile(SpoolFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), forgotten_(other.forgotten_) {}
SpoolFile& SpoolFile::operator=(SpoolFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(forgotten_, other.forgotten_);
  return *this;
}

Result<SpoolFile> SpoolFile::Create(const std::string& directory) {
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  const int descriptor = OpenUnnamed(directory);
  if (descriptor < 0) return Fail(FileError(errno, "A file for the export"));
  return SpoolFile(descriptor);
}

Result<SpoolFile> SpoolFile::Open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return Fail(FileError(errno, "Opening the export's file"));
  return SpoolFile(descriptor);
}

Result<SpoolFile> SpoolFile::TakeOver(const std::string& path) {
  SHEAF_ASSIGN(auto file, Open(path));
  ::unlink(path.c_str());
  return file;
}

Status SpoolFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return Fail(FileError(errno, "Writing the export"));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> SpoolFile::ReadAt(std::uint64_t offset, std::size_t size) const {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (got < 0) {
      if (errno == EINTR) continue;
      return Fail(FileError(errno, "Reading the export"));
    }
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

Result<std::uint64_t> SpoolFile::Size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) return Fail(FileError(errno, "Reading the export"));
  return static_cast<std::uint64_t>(status.st_size);
}

void SpoolFile::Forget(std::uint64_t offset) {
  if (offset < forgotten_ + kForgetStep) return;
  ::fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(forgotten_),
              static_cast<off_t>(offset - forgotten_));
  forgotten_ = offset;
}

std::string TemporaryPath(const std::string& directory, std::string_view prefix, std::string_view suffix) {
  std::error_code ignored;
  std::filesystem::create_directories(directory, ignored);
  return directory + "/" + NewId(prefix) + std::string(suffix);
}

void RemoveLeftovers(const std::string& directory, std::string_view prefix) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (entry->path().filename().string().starts_with(prefix)) std::filesystem::remove(entry->path(), ignored);
  }
}

}  // namespace sheaf::exporting
