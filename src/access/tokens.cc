#include "access/tokens.h"

#include <sodium.h>

#include <charconv>

namespace sheaf::access {
namespace {

constexpr std::size_t kMostTokenBytes = 1024;
constexpr int kBase64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

std::string SealPurpose(std::string_view purpose) { return "token " + std::string(purpose); }

tl::unexpected<Error> NoToken() { return Fail(ErrorCode::kUnauthenticated, "The token is not valid, or no longer."); }

//! Cuts the line at the front off.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  return line;
}

}  // namespace

Result<std::string> Tokens::Issue(std::string_view purpose, const Token& token) const {
  const std::string plain = std::to_string(token.expires_at) + "\n" + token.key + "\n" + token.account + "\n" + token.subject;
  SHEAF_ASSIGN(const std::string sealed, site_key_->Seal(SealPurpose(purpose), plain));
  std::string text(sodium_base64_encoded_len(sealed.size(), kBase64), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size(), kBase64);
  text.pop_back();
  return text;
}

Result<Token> Tokens::Read(std::string_view purpose, std::string_view text) const {
  if (text.empty() || text.size() > kMostTokenBytes) return NoToken();
  std::string sealed(text.size(), '\0');
  std::size_t size = 0;
  const int decoded = sodium_base642bin(reinterpret_cast<unsigned char*>(sealed.data()), sealed.size(), text.data(), text.size(), nullptr,
                                        &size, nullptr, kBase64);
  if (decoded != 0) return NoToken();
  sealed.resize(size);
  const auto plain = site_key_->Open(SealPurpose(purpose), sealed);
  if (!plain) return NoToken();
  std::string_view rest = *plain;
  const std::string_view expires = TakeLine(rest);
  Token token;
  std::from_chars(expires.data(), expires.data() + expires.size(), token.expires_at);
  token.key = TakeLine(rest);
  token.account = TakeLine(rest);
  token.subject = TakeLine(rest);
  if (token.expires_at <= Now()) return NoToken();
  return token;
}

}  // namespace sheaf::access
