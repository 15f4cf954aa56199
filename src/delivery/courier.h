#pragma once
//! Delivers what waits in the catalog: at least once, again and again over days, and says how it went.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "catalog/schedules.h"
#include "delivery/address.h"
#include "secrets/key_ring.h"

namespace sheaf::delivery {

struct CourierLimits {
  int at_once = 4;
  std::int64_t lease_s = 45;                     //!< above what one attempt may take; a dead courier's delivery is sent again after it
  std::int64_t first_wait_ms = 30'000;           //!< then three times as long each time,
  std::int64_t longest_wait_ms = 12 * 3600'000;  //!< up to this,
  std::int64_t give_up_ms = 4 * 86400'000ll;     //!< until so long after the first attempt
};

class Courier {
 public:
  struct Options {
    std::shared_ptr<catalog::Catalog> catalog;
    std::shared_ptr<blobs::Blobs> blobs;
    std::shared_ptr<secrets::KeyRing> keys;
    AddressRules rules;
    std::string root;     //!< of directories; empty: none
    std::string version;  //!< of the program, for User-Agent
    CourierLimits limits = {};
    //! A webhook's body: what is told of the run. Asked for at each attempt, so that addresses in it are fresh.
    std::function<Result<std::string>(const catalog::Delivery&)> body;
    //! Told of each attempt, once it is written down.
    std::function<void(const catalog::Delivery&, const catalog::DeliveryAttempt&)> attempted = nullptr;
  };
  explicit Courier(Options options);
  ~Courier();
  void Start();
  //! Waits for what is being sent: half a minute at most.
  void Stop();
  //! There may be something to deliver.
  void Wake();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

//! How long to wait after so many attempts, in milliseconds; `random` in [0, 1) spreads it by a fifth.
std::int64_t WaitAfter(const CourierLimits& limits, std::int64_t attempts, double random);

//! What a webhook's secret is sealed for.
std::string SecretPurpose(std::string_view schedule);

}  // namespace sheaf::delivery
