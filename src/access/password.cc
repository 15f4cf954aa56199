// Passwords: Argon2id, libsodium's string form.

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <semaphore>

#include "access/access.h"

namespace sheaf::access {
namespace {

constexpr std::size_t kFewestCharacters = 8;
constexpr std::size_t kMostBytes = 65536;
// One computation takes 64 MiB on purpose; many at once must not take the server's memory.
constexpr int kAtOnce = 2;

// How many callers may stand and wait, and how long: each holds one of the server's threads meanwhile.
constexpr int kWaitingAtOnce = 4;
constexpr std::chrono::seconds kPatience{2};
constexpr int kRetryAfterS = 2;

std::counting_semaphore<kAtOnce>& Slots() {
  static std::counting_semaphore<kAtOnce> slots(kAtOnce);
  return slots;
}

std::counting_semaphore<kWaitingAtOnce>& WaitingPlaces() {
  static std::counting_semaphore<kWaitingAtOnce> places(kWaitingAtOnce);
  return places;
}

class Turn {
 public:
  Turn() { Slots().acquire(); }
  ~Turn() { Slots().release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
};

// A turn that is not waited for too long, nor by too many.
class SoonTurn {
 public:
  SoonTurn() : taken_(Slots().try_acquire() || WaitShortly()) {}
  ~SoonTurn() {
    if (taken_) Slots().release();
  }
  SoonTurn(const SoonTurn&) = delete;
  SoonTurn& operator=(const SoonTurn&) = delete;
  bool Taken() const { return taken_; }

 private:
  static bool WaitShortly() {
    if (!WaitingPlaces().try_acquire()) return false;
    const bool taken = Slots().try_acquire_for(kPatience);
    WaitingPlaces().release();
    return taken;
  }
  const bool taken_;
};

bool Matches(std::string_view hash, std::string_view password) {
  // libsodium reads the whole array, which must end in NULs.
  std::array<char, crypto_pwhash_STRBYTES> text{};
  std::copy(hash.begin(), hash.end(), text.begin());
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

bool CanBeVerified(std::string_view hash, std::string_view password) {
  return hash.size() < crypto_pwhash_STRBYTES && password.size() <= kMostBytes && sodium_init() >= 0;
}

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
  if (!CanBeVerified(hash, password)) return false;
  const Turn turn;
  return Matches(hash, password);
}

Result<bool> TryVerifyPassword(std::string_view hash, std::string_view password) {
  if (!CanBeVerified(hash, password)) return false;
  const SoonTurn turn;
  if (!turn.Taken()) return Fail(Error{ErrorCode::kTooManyRequests, "Too many are signing in at once.", {}, kRetryAfterS});
  return Matches(hash, password);
}

}  // namespace sheaf::access
