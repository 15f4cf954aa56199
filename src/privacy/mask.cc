#include "privacy/mask.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace sheaf::privacy {
namespace {

constexpr std::size_t kLongestLocal = 128;   // an e-mail's part before the sign; the standard has 64
constexpr std::size_t kLongestDomain = 255;  // and behind it
constexpr std::size_t kLongestAddress = 45;  // of IPv6 with IPv4 in it
constexpr std::size_t kShortestHex = 4;      // "a::b" is more likely a name than an address
constexpr std::string_view kEscapedSign = "%40";

enum : unsigned char { kLocal = 1, kDomain = 2, kAddress = 4, kHint = 8, kWord = 16 };

constexpr std::array<unsigned char, 256> MakeClasses() {
  std::array<unsigned char, 256> classes{};
  for (int c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool hex = digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    const auto place = static_cast<std::size_t>(c);
    if (digit || letter || c >= 0x80) classes[place] |= kLocal | kDomain | kWord;
    if (hex) classes[place] |= kAddress;
  }
  for (const char c : std::string_view("._%+-'!#$&*/=?^`{|}~")) classes[static_cast<unsigned char>(c)] |= kLocal;
  for (const char c : std::string_view(".-")) classes[static_cast<unsigned char>(c)] |= kDomain;
  for (const char c : std::string_view(".:")) classes[static_cast<unsigned char>(c)] |= kAddress;
  for (const char c : std::string_view("@%.:")) classes[static_cast<unsigned char>(c)] |= kHint;
  return classes;
}
constexpr auto kClasses = MakeClasses();

bool Is(char c, unsigned char which) { return (kClasses[static_cast<unsigned char>(c)] & which) != 0; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Masker {
 public:
  Masker(std::string_view text, std::string& out, MaskCounts& counts) : text_(text), out_(out), counts_(counts) {}

  bool Run() {
    for (std::size_t at = 0; at < text_.size(); ++at) {
      const std::size_t sign = SignAt(at);
      if (sign == 0) continue;
      const std::size_t begin = LocalBegin(at), end = DomainEnd(at + sign);
      if (begin == at || end == at + sign) continue;
      MaskAddresses(begin);
      Replace(begin, end, kEmailMask);
      ++counts_.emails;
      at = end - 1;
    }
    MaskAddresses(text_.size());
    if (!changed_) return false;
    out_.append(text_.substr(done_));
    return true;
  }

 private:
  std::size_t SignAt(std::size_t at) const {
    if (text_[at] == '@') return 1;
    return text_[at] == '%' && text_.substr(at, kEscapedSign.size()) == kEscapedSign ? kEscapedSign.size() : 0;
  }

  std::size_t LocalBegin(std::size_t sign) const {
    std::size_t begin = sign;
    const std::size_t least = std::max(looked_, sign > kLongestLocal ? sign - kLongestLocal : 0);
    while (begin > least && Is(text_[begin - 1], kLocal)) --begin;
    // A byte of a character that began further left.
    while (begin < sign && (static_cast<unsigned char>(text_[begin]) & 0xC0) == 0x80) ++begin;
    return begin;
  }

  //! `begin` when no domain begins there: labels with a dot between them, the last of two characters or more.
  std::size_t DomainEnd(std::size_t begin) const {
    std::size_t end = begin;
    const std::size_t most = std::min(text_.size(), begin + kLongestDomain);
    while (end < most && Is(text_[end], kDomain)) ++end;
    while (end > begin && !Is(text_[end - 1], kWord)) --end;
    if (end > begin && !Is(text_[begin], kWord)) return begin;
    const std::size_t dot = text_.substr(begin, end - begin).rfind('.');
    return dot == std::string_view::npos || end - (begin + dot) < 3 ? begin : end;
  }

  //! IP addresses from where the last search ended up to `end`.
  void MaskAddresses(std::size_t end) {
    for (std::size_t at = looked_; at < end;) {
      if (!Is(text_[at], kAddress)) {
        ++at;
        continue;
      }
      std::size_t stop = at;
      while (stop < end && Is(text_[stop], kAddress)) ++stop;
      if (!MaskVersion6(at, stop)) MaskVersion4(at, stop);
      at = stop;
    }
    looked_ = end;
  }

  bool MaskVersion6(std::size_t begin, std::size_t end) {
    const bool inside_word = (begin > 0 && Is(text_[begin - 1], kWord)) || (end < text_.size() && Is(text_[end], kWord));
    if (inside_word || end - begin > kLongestAddress + 2) return false;
    while (end > begin && text_[end - 1] == '.') --end;
    std::string_view run = text_.substr(begin, end - begin);
    if (run.ends_with(':') && !run.ends_with("::")) run.remove_suffix(1);
    if (std::count(run.begin(), run.end(), ':') < 2) return false;
    if (static_cast<std::size_t>(std::count_if(run.begin(), run.end(), [](char c) { return c != ':' && c != '.'; })) < kShortestHex)
      return false;
    in6_addr address;
    if (inet_pton(AF_INET6, std::string(run).c_str(), &address) != 1) return false;
    Replace(begin, begin + run.size(), kIpMask);
    ++counts_.ip_addresses;
    return true;
  }

  void MaskVersion4(std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) {
      const bool starts = IsDigit(text_[at]) && (at == 0 || (!IsDigit(text_[at - 1]) && text_[at - 1] != '.'));
      if (!starts) continue;
      const std::size_t stop = Version4End(at, end);
      if (stop == at) continue;
      Replace(at, stop, kIpMask);
      ++counts_.ip_addresses;
      at = stop - 1;
    }
  }

  //! `begin` when no four numbers up to 255 begin there, or a fifth follows.
  std::size_t Version4End(std::size_t begin, std::size_t end) const {
    std::size_t at = begin;
    for (int part = 0; part < 4; ++part) {
      if (part > 0 && (at >= end || text_[at++] != '.')) return begin;
      int number = 0, digits = 0;
      while (at < end && IsDigit(text_[at]) && digits < 4) {
        number = number * 10 + (text_[at++] - '0');
        ++digits;
      }
      if (digits == 0 || digits > 3 || number > 255) return begin;
    }
    const bool goes_on = at + 1 < text_.size() && text_[at] == '.' && IsDigit(text_[at + 1]);
    return goes_on || (at < text_.size() && IsDigit(text_[at])) ? begin : at;
  }

  void Replace(std::size_t begin, std::size_t end, std::string_view mask) {
    if (!changed_) out_.clear();
    changed_ = true;
    out_.append(text_.substr(done_, begin - done_)).append(mask);
    done_ = looked_ = end;
  }

  const std::string_view text_;
  std::string& out_;
  MaskCounts& counts_;
  std::size_t done_ = 0;    // written up to here
  std::size_t looked_ = 0;  // searched for IP addresses up to here
  bool changed_ = false;
};

}  // namespace

bool MaskText(std::string_view text, std::string& out, MaskCounts& counts) {
  if (std::none_of(text.begin(), text.end(), [](char c) { return Is(c, kHint); })) return false;
  return Masker(text, out, counts).Run();
}

}  // namespace sheaf::privacy
