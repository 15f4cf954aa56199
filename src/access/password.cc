// Passwords: Argon2id, libsodium's string form.

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <semaphore>

#include "access/access.h"

namespace sheaf::access {
namespace {

constexpr std::size_t kFewestCharacters = 8;
constexpr std::size_t kMostBytes = 65536;
// One computation takes 64 MiB on purpose; many at once must not take the server's memory.
constexpr int kAtOnce = 2;

class Turn {
 public:
  Turn() { Slots().acquire(); }
  ~Turn() { Slots().release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  static std::counting_semaphore<kAtOnce>& Slots() {
    static std::counting_semaphore<kAtOnce> slots(kAtOnce);
    return slots;
  }
};

std::size_t CountCharacters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  if (CountCharacters(password) < kFewestCharacters) {
    return Fail(ErrorCode::kBadParameter, fmt::format("A password has at least {} characters.", kFewestCharacters), "password");
  }
  if (password.size() > kMostBytes) {
    return Fail(ErrorCode::kBadParameter, fmt::format("A password has at most {} bytes.", kMostBytes), "password");
  }
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "The cryptographic library does not start.");
  std::array<char, crypto_pwhash_STRBYTES> hash{};
  const Turn turn;
  if (crypto_pwhash_str_alg(hash.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                            crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0) {
    return Fail(ErrorCode::kUnavailable, "There is not enough memory to hash a password.");
  }
  return std::string(hash.data());
}

bool VerifyPassword(std::string_view hash, std::string_view password) {
  if (hash.size() >= crypto_pwhash_STRBYTES || password.size() > kMostBytes || sodium_init() < 0) return false;
  // libsodium reads the whole array, which must end in NULs.
  std::array<char, crypto_pwhash_STRBYTES> text{};
  std::copy(hash.begin(), hash.end(), text.begin());
  const Turn turn;
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

}  // namespace sheaf::access
