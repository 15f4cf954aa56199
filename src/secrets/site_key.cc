#include "secrets/site_key.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace sheaf::secrets {
namespace {

static_assert(kKeyBytes == crypto_secretbox_KEYBYTES);
constexpr std::size_t kHexDigits = kKeyBytes * 2;
constexpr mode_t kOthers = S_IRGRP | S_IWGRP | S_IXGRP | S_IRWXO;

struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  const int number;
};

tl::unexpected<Error> FileFailure(std::string_view what, int error) {
  return Fail(ErrorCode::kIo, std::string(what) + ": " + std::system_category().message(error) + ".");
}

Status RequireSodium() {
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "There are no secure random numbers.");
  return {};
}

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Status SyncFolder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const Descriptor opened(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.number < 0 || ::fsync(opened.number) != 0) return FileFailure("The key file's folder cannot be synced", errno);
  return {};
}

}  // namespace

std::string DefaultKeyFile(const std::string& data_directory) {
  std::error_code ignored;
  std::string path = std::filesystem::weakly_canonical(data_directory, ignored).string();
  if (path.empty()) path = data_directory;
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path + ".key";
}

Result<std::shared_ptr<const SiteKey>> SiteKey::Generate() {
  SHEAF_TRY(RequireSodium());
  KeyBytes key;
  randombytes_buf(key.data(), key.size());
  std::shared_ptr<const SiteKey> made(new SiteKey(key));
  sodium_memzero(key.data(), key.size());
  return made;
}

Result<std::shared_ptr<const SiteKey>> SiteKey::Load(const std::string& path, Missing missing) {
  SHEAF_TRY(RequireSodium());
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0 && errno == ENOENT && missing == Missing::kCreate) {
    SHEAF_ASSIGN(auto made, Generate());
    const Status saved = made->Save(path);
    // Another process was first: its key counts.
    if (!saved && saved.error().code == ErrorCode::kConflict) return Load(path, Missing::kFail);
    if (!saved) return Fail(saved.error());
    return made;
  }
  if (file.number < 0 && errno == ENOENT) return Fail(ErrorCode::kNotFound, "There is no key file " + path + ".");
  if (file.number < 0) return FileFailure("The key file cannot be opened", errno);
  struct stat state {};
  if (::fstat(file.number, &state) != 0) return FileFailure("The key file cannot be looked at", errno);
  if ((state.st_mode & kOthers) != 0) {
    return Fail(ErrorCode::kForbidden, "The key file " + path + " must be its owner's alone: chmod 600 it.");
  }
  std::string text(kHexDigits + 1, '\0');
  const ssize_t got = ::read(file.number, text.data(), text.size());
  if (got < 0) return FileFailure("The key file cannot be read", errno);
  KeyBytes key;
  std::size_t size = 0;
  const bool whole = static_cast<std::size_t>(got) >= kHexDigits &&
                     sodium_hex2bin(key.data(), key.size(), text.data(), kHexDigits, nullptr, &size, nullptr) == 0 && size == kKeyBytes;
  sodium_memzero(text.data(), text.size());
  if (!whole) return Fail(ErrorCode::kStorageDamaged, "The key file " + path + " does not hold 64 hexadecimal digits.");
  std::shared_ptr<const SiteKey> loaded(new SiteKey(key));
  sodium_memzero(key.data(), key.size());
  return loaded;
}

SiteKey::~SiteKey() { sodium_memzero(key_.data(), key_.size()); }

KeyBytes SiteKey::PurposeKey(std::string_view purpose) const {
  KeyBytes key;
  crypto_generichash(key.data(), key.size(), Bytes(purpose), purpose.size(), key_.data(), key_.size());
  return key;
}

Result<std::string> SiteKey::Seal(std::string_view purpose, std::string_view plain) const {
  KeyBytes key = PurposeKey(purpose);
  std::string sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + plain.size(), '\0');
  randombytes_buf(sealed.data(), crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(Bytes(sealed) + crypto_secretbox_NONCEBYTES, Bytes(plain), plain.size(), Bytes(sealed), key.data());
  sodium_memzero(key.data(), key.size());
  return sealed;
}

Result<std::string> SiteKey::Open(std::string_view purpose, std::string_view sealed) const {
  constexpr std::size_t kAround = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  const tl::unexpected<Error> refused =
      Fail(ErrorCode::kStorageDamaged, "A secret cannot be opened: the key file is another one, or the secret was changed.");
  if (sealed.size() < kAround) return refused;
  KeyBytes key = PurposeKey(purpose);
  std::string plain(sealed.size() - kAround, '\0');
  const int opened = crypto_secretbox_open_easy(Bytes(plain), Bytes(sealed) + crypto_secretbox_NONCEBYTES,
                                                sealed.size() - crypto_secretbox_NONCEBYTES, Bytes(sealed), key.data());
  sodium_memzero(key.data(), key.size());
  if (opened != 0) return refused;
  return plain;
}

std::string SiteKey::Fingerprint() const {
  KeyBytes key = PurposeKey("fingerprint");
  char hex[17];
  sodium_bin2hex(hex, sizeof hex, key.data(), 8);
  sodium_memzero(key.data(), key.size());
  return hex;
}

Status SiteKey::Save(const std::string& path) const {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.number < 0 && errno == EEXIST) return Fail(ErrorCode::kConflict, "The file " + path + " exists.");
  if (file.number < 0) return FileFailure("The key file cannot be made", errno);
  char text[kHexDigits + 1];
  sodium_bin2hex(text, sizeof text, key_.data(), key_.size());
  text[kHexDigits] = '\n';
  const ssize_t written = ::write(file.number, text, sizeof text);
  const int error = errno;
  sodium_memzero(text, sizeof text);
  if (written != static_cast<ssize_t>(sizeof text)) {
    ::unlink(path.c_str());
    return FileFailure("The key file cannot be written", error);
  }
  if (::fsync(file.number) != 0) return FileFailure("The key file cannot be synced", errno);
  return SyncFolder(path);
}

}  // namespace sheaf::secrets
