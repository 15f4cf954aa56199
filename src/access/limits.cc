#include "access/limits.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <mutex>
#include <unordered_map>

namespace sheaf::access {
namespace {

constexpr std::size_t kShards = 16;
constexpr std::size_t kMostPerShard = 8192;
constexpr double kMicros = 1e6;

}  // namespace

//! By a hash of who asks: two who share one share a bucket, which happens to nobody.
struct RateLimit::Buckets {
  Buckets(double rate, double size) : per_second(rate), burst(size) {}

  struct Bucket {
    double tokens;
    Micros filled;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, Bucket> buckets;
  };

  double Filled(const Bucket& bucket, Micros now) const {
    return std::min(burst, bucket.tokens + static_cast<double>(now - bucket.filled) / kMicros * per_second);
  }

  void MakeRoom(Shard& shard, Micros now) {
    if (shard.buckets.size() < kMostPerShard) return;
    // A full bucket says the same as none.
    std::erase_if(shard.buckets, [&](const auto& entry) { return Filled(entry.second, now) >= burst; });
    if (shard.buckets.size() >= kMostPerShard) shard.buckets.clear();
  }

  Status Take(std::string_view who, const char* sentence) {
    const std::uint64_t hash = std::hash<std::string_view>()(who);
    Shard& shard = shards[hash % kShards];
    const Micros now = MonotonicNow();
    const std::lock_guard lock(shard.mutex);
    MakeRoom(shard, now);
    Bucket& bucket = shard.buckets.try_emplace(hash, Bucket{burst, now}).first->second;
    bucket.tokens = Filled(bucket, now);
    bucket.filled = now;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return {};
    }
    const int wait = std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / per_second)));
    return Fail(Error{ErrorCode::kTooManyRequests, sentence, {}, wait});
  }

  const double per_second;
  const double burst;
  std::array<Shard, kShards> shards;
};

RateLimit::RateLimit(double per_second, double burst) : buckets_(std::make_unique<Buckets>(per_second, burst)) {}
RateLimit::~RateLimit() = default;
Status RateLimit::Take(std::string_view who, const char* sentence) { return buckets_->Take(who, sentence); }

Limits::Limits(const LimitOptions& options) {
  if (options.per_address > 0) addresses_ = std::make_unique<RateLimit>(options.per_address, options.per_address);
  if (options.per_key > 0) keys_ = std::make_unique<RateLimit>(options.per_key, options.per_key);
  if (options.failures_per_minute > 0) {
    failures_ = std::make_unique<RateLimit>(options.failures_per_minute / 60.0, options.failures_per_minute);
  }
}

Limits::~Limits() = default;

Status Limits::OfAddress(std::string_view address) {
  if (!addresses_) return {};
  return addresses_->Take(NetworkOf(address), "There are too many requests from this address.");
}

Status Limits::OfKey(std::string_view key) {
  if (!keys_) return {};
  return keys_->Take(key, "There are too many requests with this key.");
}

Status Limits::OfFailures(std::string_view address) {
  if (!failures_) return {};
  return failures_->Take(NetworkOf(address), "There are too many requests with wrong keys from this address.");
}

std::string NetworkOf(std::string_view address) {
  if (address.find(':') == std::string_view::npos) return std::string(address);
  in6_addr parsed{};
  const std::string text(address.substr(0, address.find('%')));
  if (::inet_pton(AF_INET6, text.c_str(), &parsed) != 1) return std::string(address);
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) return ::inet_ntop(AF_INET, &parsed.s6_addr[12], out.data(), out.size());
  std::fill(&parsed.s6_addr[8], &parsed.s6_addr[16], static_cast<std::uint8_t>(0));
  return std::string(::inet_ntop(AF_INET6, &parsed, out.data(), out.size())) + "/64";
}

bool IsAddress(std::string_view text) {
  const std::string copy(text);
  in6_addr six{};
  in_addr four{};
  return copy.size() < INET6_ADDRSTRLEN &&
         (::inet_pton(AF_INET, copy.c_str(), &four) == 1 || ::inet_pton(AF_INET6, copy.c_str(), &six) == 1);
}

}  // namespace sheaf::access
