#include "privacy/guids.h"

#include <sodium.h>

#include <array>
#include <cstdint>

#include "base/guid.h"

namespace sheaf::privacy {
namespace {

void Add(crypto_generichash_state& state, std::string_view part) {
  // With its length, so that the parts cannot run into one another.
  const std::uint64_t size = part.size();
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(part.data()), part.size());
}

}  // namespace

std::string Guid(const CodeKey& key, GuidKind kind, std::initializer_list<std::string_view> within, std::string_view id) {
  if (auto own = ReadGuid(id)) return *std::move(own);
  crypto_generichash_state state;
  std::array<unsigned char, 16> hash{};
  crypto_generichash_init(&state, key.data(), key.size(), hash.size());
  const char word[] = {'g', 'u', 'i', 'd', static_cast<char>(kind)};
  Add(state, {word, sizeof word});
  for (const std::string_view part : within) Add(state, part);
  Add(state, id);
  crypto_generichash_final(&state, hash.data(), hash.size());
  return GuidOfHash(hash);
}

}  // namespace sheaf::privacy
