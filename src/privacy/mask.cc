#include "privacy/mask.h"

#include <algorithm>
#include <array>

namespace sheaf::privacy {
namespace {

constexpr std::size_t kLongestLocal = 128;   // an e-mail's part before the sign; the standard has 64
constexpr std::size_t kLongestDomain = 255;  // and behind it
constexpr int kGroups = 8;                   // of IPv6
constexpr std::size_t kLongestGroup = 4;
constexpr std::size_t kShortestHex = 4;  // "a::b" is more likely a name than an address
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
bool IsHex(char c) { return Is(c, kAddress) && Is(c, kWord); }

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

  //! `begin` when no domain begins there: labels with a dot between them, the last of two characters or more. Shorter labels
  //! behind it are the text's ("a@example.org.I am"), and so are numbers before these.
  std::size_t DomainEnd(std::size_t begin) const {
    std::size_t end = begin;
    const std::size_t most = std::min(text_.size(), begin + kLongestDomain);
    while (end < most && Is(text_[end], kDomain)) ++end;
    if (end == begin || !Is(text_[begin], kWord)) return begin;
    for (bool all = true;; all = false) {
      while (!Is(text_[end - 1], kWord)) --end;
      const std::size_t dot = text_.substr(begin, end - begin).rfind('.');
      if (dot == std::string_view::npos) return begin;
      const std::string_view label = text_.substr(begin + dot + 1, end - (begin + dot + 1));
      if (label.size() > 1 && (all || !std::all_of(label.begin(), label.end(), IsDigit))) return end;
      end = begin + dot;
    }
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
      MaskRun(at, stop);
      at = stop;
    }
    looked_ = end;
  }

  //! A run of digits, dots and colons may begin and end with what belongs to the text: "ip:2001:db8::1", "..10.0.0.1".
  void MaskRun(std::size_t begin, std::size_t end) {
    const bool colons = std::count(text_.begin() + begin, text_.begin() + end, ':') > 1;
    for (std::size_t at = begin; at < end;) {
      std::size_t stop = colons && StartsVersion6(at) ? Version6End(at, end) : at;
      if (stop == at && StartsVersion4(at)) stop = Version4End(at, end);
      if (stop == at) {
        ++at;
        continue;
      }
      Replace(at, stop, kIpMask);
      ++counts_.ip_addresses;
      at = stop;
    }
  }

  bool IsWordAt(std::size_t at) const { return at < text_.size() && Is(text_[at], kWord); }

  bool StartsVersion6(std::size_t at) const {
    if (at > 0 && Is(text_[at - 1], kWord)) return false;
    return IsHex(text_[at]) || text_.substr(at, 2) == "::";
  }

  //! The end of the longest address that begins there, `begin` when there is none.
  std::size_t Version6End(std::size_t begin, std::size_t end) const {
    std::size_t best = begin, at = begin;
    int groups = 0;
    bool gap = false;
    const auto pass_gap = [&] {
      gap = true;
      at += 2;
      if (!IsWordAt(at)) best = at;
    };
    if (text_[at] == ':') pass_gap();
    while (groups < (gap ? kGroups - 1 : kGroups)) {
      if (gap ? groups + 2 < kGroups : groups + 2 == kGroups) {
        const std::size_t stop = Version4End(at, end);
        if (stop != at) {
          best = stop;
          break;
        }
      }
      const std::size_t stop = GroupEnd(at, end);
      if (stop == at) break;
      at = stop;
      ++groups;
      if (gap || groups == kGroups) best = at;
      if (at >= end || text_[at] != ':') break;
      if (at + 1 >= end || text_[at + 1] != ':') {
        ++at;
      } else if (gap || groups == kGroups) {
        break;
      } else {
        pass_gap();
      }
    }
    if (best == begin) return begin;
    const std::string_view found = text_.substr(begin, best - begin);
    if (static_cast<std::size_t>(std::count_if(found.begin(), found.end(), IsHex)) < kShortestHex) return begin;
    // Behind a prefix, words of a to f are names.
    if (begin > 0 && text_[begin - 1] == ':' && std::none_of(found.begin(), found.end(), IsDigit)) return begin;
    return gap ? best : WithoutFurtherGroups(begin, best, end);
  }

  //! The end of the group of hexadecimal digits that begins there, `begin` when there is none or it is part of a word.
  std::size_t GroupEnd(std::size_t begin, std::size_t end) const {
    std::size_t at = begin;
    while (at < end && at - begin < kLongestGroup && IsHex(text_[at])) ++at;
    return IsWordAt(at) ? begin : at;
  }

  //! Eight groups among many are no address but a list or a fingerprint. A ninth, a prefix or a port, is masked with them.
  std::size_t WithoutFurtherGroups(std::size_t begin, std::size_t best, std::size_t end) const {
    int further = 0;
    for (std::size_t at = begin; further < 2 && at > 1 && text_[at - 1] == ':'; ++further) {
      std::size_t group = at - 1;
      while (group > 0 && at - 1 - group < kLongestGroup && IsHex(text_[group - 1])) --group;
      if (group == at - 1 || (group > 0 && Is(text_[group - 1], kWord))) break;
      at = group;
    }
    std::size_t stop = best;
    for (; further < 2 && stop < end && text_[stop] == ':'; ++further) {
      const std::size_t next = GroupEnd(stop + 1, end);
      if (next == stop + 1) break;
      stop = next;
    }
    return further < 2 ? stop : begin;
  }

  //! Not within a number, nor behind the dot of one.
  bool StartsVersion4(std::size_t at) const {
    if (!IsDigit(text_[at])) return false;
    if (at > 0 && IsDigit(text_[at - 1])) return false;
    return at < 2 || text_[at - 1] != '.' || !IsDigit(text_[at - 2]);
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
