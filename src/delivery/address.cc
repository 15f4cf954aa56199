#include "delivery/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace sheaf::delivery {
namespace {

struct Block {
  std::string_view network;
  int prefix;
};

// IANA's registries of special-purpose addresses.
constexpr std::array kNotPublic4 = std::to_array<Block>({{"0.0.0.0", 8},
                                                         {"10.0.0.0", 8},
                                                         {"100.64.0.0", 10},
                                                         {"127.0.0.0", 8},
                                                         {"169.254.0.0", 16},
                                                         {"172.16.0.0", 12},
                                                         {"192.0.0.0", 24},
                                                         {"192.0.2.0", 24},
                                                         {"192.88.99.0", 24},
                                                         {"192.168.0.0", 16},
                                                         {"198.18.0.0", 15},
                                                         {"198.51.100.0", 24},
                                                         {"203.0.113.0", 24},
                                                         {"224.0.0.0", 4},
                                                         {"240.0.0.0", 4}});
// Of IPv6 only 2000::/3 is the public internet, without these.
constexpr Block kPublic6{"2000::", 3};
constexpr std::array kNotPublic6 = std::to_array<Block>({{"2001::", 23}, {"2001:db8::", 32}, {"2002::", 16}, {"3fff::", 20}});
// What carries an IPv4 address in its last four bytes.
constexpr std::array kCarriers6 = std::to_array<Block>({{"::ffff:0:0", 96}, {"::", 96}, {"64:ff9b::", 96}});

using Bytes = std::vector<unsigned char>;

Bytes BytesOf(std::string_view text) {
  const std::string copy(text);
  Bytes bytes(4);
  if (inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(16);
  if (inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) return bytes;
  return {};
}

Bytes BytesOf(const sockaddr& address) {
  // Copied: the address may lie anywhere.
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof(in));
    Bytes bytes(4);
    std::memcpy(bytes.data(), &in.sin_addr, 4);
    return bytes;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof(in));
    Bytes bytes(16);
    std::memcpy(bytes.data(), &in.sin6_addr, 16);
    return bytes;
  }
  return {};
}

bool Within(const Bytes& bytes, const Bytes& network, int prefix) {
  if (bytes.empty() || bytes.size() != network.size()) return false;
  const auto whole = static_cast<std::size_t>(prefix) / 8;
  if (!std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(whole), network.begin())) return false;
  const int rest = prefix % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xFF << (8 - rest));
  return (bytes[whole] & mask) == (network[whole] & mask);
}

bool Within(const Bytes& bytes, const Block& block) { return Within(bytes, BytesOf(block.network), block.prefix); }

template <class Blocks>
bool WithinAny(const Bytes& bytes, const Blocks& blocks) {
  return std::any_of(blocks.begin(), blocks.end(), [&](const Block& block) { return Within(bytes, block); });
}

bool IsPublicBytes(const Bytes& bytes) {
  if (bytes.size() == 4) return !WithinAny(bytes, kNotPublic4);
  if (bytes.size() != 16) return false;
  if (WithinAny(bytes, kCarriers6)) return IsPublicBytes(Bytes(bytes.begin() + 12, bytes.end()));
  return Within(bytes, kPublic6) && !WithinAny(bytes, kNotPublic6);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  while (!lower.empty() && lower.back() == '.') lower.pop_back();
  return lower;
}

bool IsHostName(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

bool IsPublic(const sockaddr& address) { return IsPublicBytes(BytesOf(address)); }

Result<AddressRules> AddressRules::Make(bool allow_private, const std::vector<std::string>& allowed) {
  AddressRules rules;
  rules.allow_private_ = allow_private;
  for (const std::string& entry : allowed) {
    const std::size_t slash = entry.find('/');
    Network network{BytesOf(std::string_view(entry).substr(0, slash)), 0};
    const auto bad = Fail(ErrorCode::kUsage, entry + " is no network, address or name of a host.");
    if (network.bytes.empty()) {
      std::string host = Lower(entry);
      if (!IsHostName(host)) return bad;
      rules.hosts_.push_back(std::move(host));
      continue;
    }
    network.prefix = static_cast<int>(network.bytes.size() * 8);
    if (slash != std::string::npos) {
      const std::string_view digits = std::string_view(entry).substr(slash + 1);
      int prefix = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
      if (error != std::errc() || end != digits.data() + digits.size() || prefix < 0 || prefix > network.prefix) return bad;
      network.prefix = prefix;
    }
    rules.networks_.push_back(std::move(network));
  }
  return rules;
}

bool AddressRules::Trusts(std::string_view host) const {
  if (allow_private_) return true;
  const Bytes bytes = BytesOf(host);
  const auto within = [&](const Network& network) { return Within(bytes, network.bytes, network.prefix); };
  if (std::any_of(networks_.begin(), networks_.end(), within)) return true;
  return std::find(hosts_.begin(), hosts_.end(), Lower(host)) != hosts_.end();
}

bool AddressRules::Allows(const sockaddr& address, std::string_view host) const {
  if (IsPublic(address) || Trusts(host)) return true;
  const Bytes bytes = BytesOf(address);
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& network) { return Within(bytes, network.bytes, network.prefix); });
}

}  // namespace sheaf::delivery
