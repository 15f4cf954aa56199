#include "files/running_digest.h"

#include <sodium.h>

#include <array>
#include <cstring>

#include "secrets/hex.h"

namespace sheaf::files {
namespace {
std::string Purpose(const std::string& name) { return "file digest " + name; }
}  // namespace

struct RunningDigest::State {
  crypto_hash_sha256_state sha;
};

RunningDigest::RunningDigest() : state_(std::make_unique<State>()) { crypto_hash_sha256_init(&state_->sha); }
RunningDigest::RunningDigest(const RunningDigest& other) : state_(std::make_unique<State>(*other.state_)) {}
RunningDigest::~RunningDigest() {
  if (state_) sodium_memzero(state_.get(), sizeof(State));
}

Result<RunningDigest> RunningDigest::Restore(const secrets::SiteKey& key, const std::string& name, std::string_view sealed) {
  RunningDigest digest;
  if (sealed.empty()) return digest;
  SHEAF_ASSIGN(const std::string bytes, secrets::FromHex(sealed));
  SHEAF_ASSIGN(const std::string state, key.Open(Purpose(name), bytes));
  if (state.size() != sizeof(State)) return Fail(ErrorCode::kStorageDamaged, "What is kept of an upload has another size.");
  std::memcpy(digest.state_.get(), state.data(), state.size());
  return digest;
}

void RunningDigest::Update(std::string_view bytes) {
  crypto_hash_sha256_update(&state_->sha, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
}

Result<std::string> RunningDigest::Seal(const secrets::SiteKey& key, const std::string& name) const {
  SHEAF_ASSIGN(const std::string sealed, key.Seal(Purpose(name), {reinterpret_cast<const char*>(state_.get()), sizeof(State)}));
  return secrets::ToHex(sealed);
}

std::string RunningDigest::Hex() const {
  crypto_hash_sha256_state sha = state_->sha;
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256_final(&sha, digest.data());
  sodium_memzero(&sha, sizeof sha);
  return secrets::ToHex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace sheaf::files
