// Addresses that lend a file for a while: what they lend, sealed by the site key. Whoever has one learns nothing from it, and nobody can
// make one without the key. The comparison is the cipher's own, in constant time.

#include <sodium.h>

#include <boost/json.hpp>

#include "base/time.h"
#include "files/files.h"

namespace sheaf::files {
namespace {

constexpr std::string_view kPurpose = "file link";
constexpr int kWriting = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
constexpr std::size_t kLongestWord = 2048;

tl::unexpected<Error> NotLent() { return Fail(ErrorCode::kNotFound, "The address has run out, or was never given."); }

}  // namespace

Result<std::string> Files::Mint(const Lent& lent, Micros expires_at) const {
  const boost::json::array words{lent.study, lent.file, lent.account, lent.attachment, expires_at};
  SHEAF_ASSIGN(const std::string sealed, options_.keys->Site().Seal(kPurpose, boost::json::serialize(words)));
  std::string word(sodium_base64_ENCODED_LEN(sealed.size(), kWriting), '\0');
  sodium_bin2base64(word.data(), word.size(), reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size(), kWriting);
  word.pop_back();
  return word;
}

Result<Lent> Files::Redeem(std::string_view word) const {
  if (word.empty() || word.size() > kLongestWord) return NotLent();
  std::string sealed(word.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  const int read = sodium_base642bin(reinterpret_cast<unsigned char*>(sealed.data()), sealed.size(), word.data(), word.size(), nullptr,
                                     &size, &end, kWriting);
  if (read != 0 || end != word.data() + word.size()) return NotLent();
  sealed.resize(size);
  const auto opened = options_.keys->Site().Open(kPurpose, sealed);
  if (!opened) return NotLent();
  boost::system::error_code problem;
  const auto words = boost::json::parse(*opened, problem);
  if (problem || !words.is_array() || words.get_array().size() != 5) return NotLent();
  const auto& list = words.get_array();
  if (list[4].to_number<Micros>() <= Now()) return NotLent();
  return Lent{std::string(list[0].as_string()), std::string(list[1].as_string()), std::string(list[2].as_string()), list[3].as_bool()};
}

}  // namespace sheaf::files
