#pragma once
//! How often somebody may ask.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::access {

struct LimitOptions {
  int per_key = 0;               //!< requests a second; 0: as many as come
  int per_address = 0;           //!< requests a second; 0: as many as come
  int failures_per_minute = 30;  //!< wrong keys and sessions from one address; 0: as many as come
};

//! One rule for many who ask, each by a name. Thread-safe, well below a microsecond. Memory is bounded: who has not
//! asked for a while is forgotten.
class RateLimit {
 public:
  RateLimit(double per_second, double burst);
  ~RateLimit();
  //! kTooManyRequests with `sentence`, and the seconds after which there is room again.
  Status Take(std::string_view who, const char* sentence);

 private:
  struct Buckets;
  std::unique_ptr<Buckets> buckets_;
};

//! Token buckets: a second's worth (of failures, a minute's) may come at once. Thread-safe.
class Limits {
 public:
  explicit Limits(const LimitOptions& options);
  ~Limits();

  //! Each: kTooManyRequests with the seconds after which there is room again.
  Status OfAddress(std::string_view address);
  Status OfKey(std::string_view key);
  //! For a request whose key or session is wrong.
  Status OfFailures(std::string_view address);

 private:
  std::unique_ptr<RateLimit> addresses_;
  std::unique_ptr<RateLimit> keys_;
  std::unique_ptr<RateLimit> failures_;
};

//! What counts as one address: an IPv4 address, or the /64 network of an IPv6 one, in which one machine has as many as
//! it wants.
std::string NetworkOf(std::string_view address);
bool IsAddress(std::string_view text);

}  // namespace sheaf::access
