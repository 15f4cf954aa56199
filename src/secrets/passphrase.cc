#include "secrets/passphrase.h"

#include <fmt/format.h>
#include <sodium.h>

#include <chrono>
#include <cstdint>
#include <semaphore>

namespace sheaf::secrets {
namespace {

// One computation takes its memory on purpose; many at once must not take the server's.
constexpr int kAtOnce = 2;
constexpr auto kPatience = std::chrono::seconds(10);
constexpr std::uint64_t kPasses = 3;
constexpr std::uint32_t kMemoryMiB = 64;
// What a changed file may ask for at most.
constexpr std::uint64_t kMostPasses = 64;
constexpr std::uint32_t kMostMemoryMiB = 1024;

// version, passes, memory in MiB (32 bits, little-endian), salt, nonce, sealed secret
constexpr unsigned char kVersion = 1;
constexpr std::size_t kSaltAt = 6;
constexpr std::size_t kNonceAt = kSaltAt + crypto_pwhash_SALTBYTES;
constexpr std::size_t kSealedAt = kNonceAt + crypto_secretbox_NONCEBYTES;

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::counting_semaphore<kAtOnce>& Slots() {
  static std::counting_semaphore<kAtOnce> slots(kAtOnce);
  return slots;
}

struct DerivedKey {
  unsigned char bytes[crypto_secretbox_KEYBYTES] = {};
  ~DerivedKey() { sodium_memzero(bytes, sizeof bytes); }
};

Status Derive(std::string_view passphrase, const unsigned char* salt, std::uint64_t passes, std::uint32_t mebibytes, DerivedKey& key) {
  const Error busy{ErrorCode::kUnavailable, "Too many passphrases are being tried.", {}, 5};
  if (!Slots().try_acquire_for(kPatience)) return Fail(busy);
  const int outcome = crypto_pwhash(key.bytes, sizeof key.bytes, passphrase.data(), passphrase.size(), salt, passes,
                                    std::size_t{mebibytes} << 20, crypto_pwhash_ALG_ARGON2ID13);
  Slots().release();
  if (outcome != 0) return Fail(Error{ErrorCode::kUnavailable, "There is not enough memory to try a passphrase.", {}, 5});
  return {};
}

}  // namespace

Result<std::string> SealByPassphrase(std::string_view passphrase, std::string_view secret) {
  if (passphrase.size() < kFewestPassphraseBytes || passphrase.size() > kMostPassphraseBytes) {
    return Fail(ErrorCode::kBadParameter, fmt::format("A passphrase has {} to {} bytes.", kFewestPassphraseBytes, kMostPassphraseBytes),
                "passphrase");
  }
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "The cryptographic library does not start.");
  std::string sealed(kSealedAt + crypto_secretbox_MACBYTES + secret.size(), '\0');
  unsigned char* const out = Bytes(sealed);
  out[0] = kVersion;
  out[1] = static_cast<unsigned char>(kPasses);
  for (int i = 0; i < 4; ++i) out[2 + i] = static_cast<unsigned char>(kMemoryMiB >> (8 * i));
  randombytes_buf(out + kSaltAt, kSealedAt - kSaltAt);
  DerivedKey key;
  SHEAF_TRY(Derive(passphrase, out + kSaltAt, kPasses, kMemoryMiB, key));
  crypto_secretbox_easy(out + kSealedAt, Bytes(secret), secret.size(), out + kNonceAt, key.bytes);
  return sealed;
}

Result<std::string> OpenByPassphrase(std::string_view passphrase, std::string_view sealed) {
  const auto damaged = Fail(ErrorCode::kStorageDamaged, "The wrapped key of a locked study cannot be read.");
  if (sealed.size() < kSealedAt + crypto_secretbox_MACBYTES || sodium_init() < 0) return damaged;
  const unsigned char* const in = Bytes(sealed);
  std::uint32_t mebibytes = 0;
  for (int i = 0; i < 4; ++i) mebibytes |= std::uint32_t{in[2 + i]} << (8 * i);
  if (in[0] != kVersion || in[1] == 0 || in[1] > kMostPasses || mebibytes == 0 || mebibytes > kMostMemoryMiB) return damaged;
  const auto refused = Fail(ErrorCode::kStudyLocked, "The study is locked, and this is not its passphrase.");
  if (passphrase.empty() || passphrase.size() > kMostPassphraseBytes) return refused;
  DerivedKey key;
  SHEAF_TRY(Derive(passphrase, in + kSaltAt, in[1], mebibytes, key));
  std::string secret(sealed.size() - kSealedAt - crypto_secretbox_MACBYTES, '\0');
  if (crypto_secretbox_open_easy(Bytes(secret), in + kSealedAt, sealed.size() - kSealedAt, in + kNonceAt, key.bytes) != 0) return refused;
  return secret;
}

}  // namespace sheaf::secrets
