#include "access/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>

#include <array>
#include <cstdlib>

namespace sheaf::access {
namespace {

constexpr std::string_view kDigits32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kCodeDigits = 6;
constexpr std::string_view kIssuer = "Sheaf";

std::string Escape(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (plain) {
      escaped += c;
    } else {
      escaped += '%';
      escaped += kHex[byte >> 4];
      escaped += kHex[byte & 15];
    }
  }
  return escaped;
}

}  // namespace

std::string Base32(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    held += 8;
    while (held >= 5) {
      held -= 5;
      text += kDigits32[(bits >> held) & 31];
    }
  }
  if (held > 0) text += kDigits32[(bits << (5 - held)) & 31];
  return text;
}

std::string NewTotpSecret() {
  if (sodium_init() < 0) std::abort();
  std::string secret(kTotpSecretBytes, '\0');
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

std::string TotpCode(std::string_view secret, std::int64_t step) {
  std::array<unsigned char, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i) counter[i] = static_cast<unsigned char>(step >> (8 * (7 - i)));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const unsigned char* made =
      HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(), counter.size(), digest.data(), &size);
  if (made == nullptr || size < 20) return {};
  const std::size_t offset = digest[size - 1] & 15;
  std::uint32_t number = static_cast<std::uint32_t>(digest[offset] & 127) << 24 | static_cast<std::uint32_t>(digest[offset + 1]) << 16 |
                         static_cast<std::uint32_t>(digest[offset + 2]) << 8 | digest[offset + 3];
  std::string code(kCodeDigits, '0');
  for (std::size_t i = kCodeDigits; i-- > 0; number /= 10) code[i] = static_cast<char>('0' + number % 10);
  return code;
}

std::optional<std::int64_t> TotpStepOf(std::string_view secret, std::string_view code, Micros now) {
  if (code.size() != kCodeDigits) return std::nullopt;
  std::optional<std::int64_t> found;
  for (const std::int64_t step : {now / kTotpStep - 1, now / kTotpStep, now / kTotpStep + 1}) {
    const std::string expected = TotpCode(secret, step);
    if (expected.size() == code.size() && sodium_memcmp(expected.data(), code.data(), code.size()) == 0) found = step;
  }
  return found;
}

std::string TotpUri(std::string_view secret, std::string_view email) {
  return "otpauth://totp/" + std::string(kIssuer) + ":" + Escape(email) + "?secret=" + Base32(secret) + "&issuer=" + std::string(kIssuer) +
         "&algorithm=SHA1&digits=6&period=30";
}

}  // namespace sheaf::access
