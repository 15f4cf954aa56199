#include "cli/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sheaf::cli {
namespace {

namespace fs = std::filesystem;

std::string Because(int error) { return std::string(std::strerror(error)) + "."; }

//! Creates the directory where it is missing: what participants said is nobody else's business, so 0700.
Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return {};
  const int error = errno;
  std::error_code ignored;
  if (error == EEXIST && fs::is_directory(path, ignored)) return {};
  return Fail(ErrorCode::kUsage, "The directory " + path + " cannot be made: " + Because(error == EEXIST ? ENOTDIR : error));
}

std::string HolderOf(int lock) {
  char text[32] = {};
  const ssize_t size = ::pread(lock, text, sizeof(text) - 1, 0);
  std::string holder(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!holder.empty() && (holder.back() < '0' || holder.back() > '9')) holder.pop_back();
  return holder;
}

}  // namespace

Result<DataDirectory> DataDirectory::Open(const std::string& path, Missing missing) {
  std::error_code error;
  if (path.empty()) return Fail(ErrorCode::kUsage, "The data directory has no name.");
  if (missing == Missing::kRefuse && !fs::is_directory(path, error)) {
    return Fail(ErrorCode::kUsage, "There is no data directory " + path + ".");
  }
  const fs::path parent = fs::absolute(path, error).lexically_normal().parent_path();
  fs::create_directories(parent, error);
  SHEAF_TRY(MakeDirectory(path));
  fs::path absolute = fs::canonical(path, error);
  if (error) return Fail(ErrorCode::kUsage, "The directory " + path + " cannot be opened: " + error.message() + ".");
  DataDirectory directory(absolute.string());
  if (missing == Missing::kCreate) {
    SHEAF_TRY(MakeDirectory(directory.StudiesPath()));
    SHEAF_TRY(MakeDirectory(directory.BlobsPath()));
    SHEAF_TRY(MakeDirectory(directory.TemporaryPath()));
  }
  return directory;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept : path_(std::move(other.path_)), lock_(other.lock_) { other.lock_ = -1; }

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

Status DataDirectory::Lock() {
  if (lock_ >= 0) return {};
  const int lock = ::open((path_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return Fail(ErrorCode::kIo, "The lock in " + path_ + " cannot be opened: " + Because(errno));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = HolderOf(lock);
    ::close(lock);
    return Fail(ErrorCode::kUnavailable,
                "The data directory " + path_ + " is in use" + (holder.empty() ? "" : " by process " + holder) + ".");
  }
  lock_ = lock;
  const std::string own = std::to_string(::getpid()) + "\n";
  // The number only helps whoever meets the lock; that it cannot be written (a full disk) is no reason to stop.
  if (::ftruncate(lock_, 0) == 0) static_cast<void>(::pwrite(lock_, own.data(), own.size(), 0) < 0);
  return {};
}

Status DataDirectory::EmptyTemporary() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(TemporaryPath(), error)) {
    fs::remove_all(entry.path(), error);
    if (error) break;
  }
  if (error) return Fail(ErrorCode::kIo, "The directory " + TemporaryPath() + " cannot be emptied: " + error.message() + ".");
  return {};
}

}  // namespace sheaf::cli
