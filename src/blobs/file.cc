#include "blobs/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "base/log.h"

namespace sheaf::blobs {
namespace {
// The most one write() takes on Linux is a little under 2 GiB; smaller steps keep a cancelled export quick to stop.
constexpr std::size_t kMostAtOnce = std::size_t{64} << 20;
}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    Close();
    number_ = other.Release();
  }
  return *this;
}

int Descriptor::Release() { return std::exchange(number_, -1); }

void Descriptor::Close() {
  if (number_ >= 0) ::close(Release());
}

Error FromErrno(int system_error, const char* sentence) {
  LogError("blobs failed", {{"what", sentence}, {"errno", std::to_string(system_error)}});
  const bool full = system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
  return Error{full ? ErrorCode::kStorageFull : ErrorCode::kIo, sentence, {}, 0};
}

Status WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), std::min(bytes.size(), kMostAtOnce));
    if (written < 0) {
      if (errno == EINTR) continue;
      return Fail(FromErrno(errno, "A file could not be written."));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Status Sync(int descriptor) {
  if (::fsync(descriptor) != 0) return Fail(FromErrno(errno, "A file could not be made durable."));
  return {};
}

Result<Descriptor> OpenDirectoryAt(int parent, const std::string& name, bool create) {
  if (create) {
    if (::mkdirat(parent, name.c_str(), S_IRWXU) == 0) {
      SHEAF_TRY(Sync(parent));
    } else if (errno != EEXIST) {
      return Fail(FromErrno(errno, "A folder could not be created."));
    }
  }
  Descriptor directory(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (directory.valid()) return directory;
  if (errno == ENOENT) return Fail(ErrorCode::kNotFound, "There is no such file.");
  if (errno == ENOTDIR || errno == ELOOP) return Fail(ErrorCode::kConflict, "A part of the name is taken by a file.");
  return Fail(FromErrno(errno, "A folder could not be opened."));
}

// OpenSSL's, because it uses the processor's SHA instructions: 1,130 MB/s where libsodium's made 216 MB/s on the same
// machine, which would be slower than the encoders it listens to.
struct Sha256::Context {
  EVP_MD_CTX* evp = EVP_MD_CTX_new();
  Context() {
    if (evp == nullptr || EVP_DigestInit_ex(evp, EVP_sha256(), nullptr) != 1) {
      EVP_MD_CTX_free(evp);
      throw std::bad_alloc();
    }
  }
  ~Context() { EVP_MD_CTX_free(evp); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;

void Sha256::Update(std::string_view bytes) { EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()); }

std::string Sha256::Finish() {
  std::array<unsigned char, 32> digest{};
  EVP_DigestFinal_ex(context_->evp, digest.data(), nullptr);
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

}  // namespace sheaf::blobs
