#include "privacy/codes.h"

#include <sodium.h>

#include <cstdint>

namespace sheaf::privacy {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kCharacters = 16;

char Letter(CodeKind kind) {
  switch (kind) {
    case CodeKind::kParticipant: return 'P';
    case CodeKind::kSession: return 'S';
    case CodeKind::kRecord: return 'R';
  }
  return '?';
}

}  // namespace

std::string Code(const CodeKey& key, CodeKind kind, std::string_view id) {
  unsigned char hash[kHashBytes];
  crypto_generichash_state state;
  const auto letter = static_cast<unsigned char>(Letter(kind));
  crypto_generichash_init(&state, key.data(), key.size(), sizeof hash);
  crypto_generichash_update(&state, &letter, 1);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(id.data()), id.size());
  crypto_generichash_final(&state, hash, sizeof hash);
  std::string code{Letter(kind), '-'};
  std::uint32_t bits = 0;
  int have = 0;
  for (std::size_t next = 0; code.size() < kCharacters + 2;) {
    if (have < 5) {
      bits = (bits << 8) | hash[next++];
      have += 8;
    }
    have -= 5;
    code += kDigits[(bits >> have) & 31];
  }
  return code;
}

bool IsCode(CodeKind kind, std::string_view text) {
  return text.size() == kCharacters + 2 && text[0] == Letter(kind) && text[1] == '-' &&
         text.find_first_not_of(kDigits, 2) == std::string_view::npos;
}

}  // namespace sheaf::privacy
