#pragma once
//! The native API under /api/v1, after openapi/sheaf.yaml, and the pages that need no key. Handlers translate: they
//! authenticate, authorize, read strictly, call a room, and render. What they decide, another room has decided.

#include <memory>
#include <mutex>
#include <string>

#include "access/access.h"
#include "access/audit_log.h"
#include "access/door.h"
#include "access/limits.h"
#include "access/tokens.h"
#include "api/alida/options.h"
#include "api/avicenna/options.h"
#include "api/ddm/options.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "export/jobs.h"
#include "export/pipeline.h"
#include "files/files.h"
#include "http/server.h"
#include "ingest/ingest.h"
#include "model/sensor_sources.h"
#include "privacy/erasure.h"
#include "privacy/retention.h"
#include "secrets/key_ring.h"
#include "vault/vault.h"

namespace sheaf::schedule {
class Schedules;
class Scheduler;
}  // namespace sheaf::schedule
namespace sheaf::delivery {
class Courier;
}  // namespace sheaf::delivery

namespace sheaf::api::native {

//! "http://" and the address that is listened on: known once it is, empty before. Thread-safe.
class BoundAddress {
 public:
  void Set(std::string address) {
    const std::lock_guard lock(mutex_);
    address_ = std::move(address);
  }
  std::string Get() const {
    const std::lock_guard lock(mutex_);
    return address_;
  }

 private:
  mutable std::mutex mutex_;
  std::string address_;
};

//! The rooms the handlers call. Shared by every request; all of them are thread-safe.
struct Rooms {
  std::shared_ptr<catalog::Catalog> catalog;
  std::shared_ptr<vault::Vault> vault;
  std::shared_ptr<blobs::Blobs> blobs;
  std::shared_ptr<files::Files> files;
  std::shared_ptr<access::Gate> gate;
  std::shared_ptr<access::Door> door;
  std::shared_ptr<access::Limits> limits;
  std::shared_ptr<const secrets::SiteKey> site_key;
  std::shared_ptr<const access::Tokens> tokens;
  std::shared_ptr<secrets::KeyRing> keys;
  std::shared_ptr<access::AuditLog> audit;
  std::shared_ptr<exporting::JobRunner> jobs;
  std::shared_ptr<exporting::StreamPool> streams;
  std::shared_ptr<privacy::Eraser> eraser;
  std::shared_ptr<privacy::Retention> retention;
  std::shared_ptr<const model::SensorSources> sensors;
  std::shared_ptr<schedule::Schedules> schedules;
  std::shared_ptr<schedule::Scheduler> scheduler;
  std::shared_ptr<delivery::Courier> courier;
  ingest::Refused refused;              //!< told of records that are refused; may be empty
  std::string temporary;                //!< DIR/tmp
  std::string public_url;               //!< before the paths in `Location`, without a slash at its end; empty: paths alone
  std::shared_ptr<BoundAddress> bound;  //!< null: never known
  std::string version;
  alida::Options alida;
  avicenna::Options avicenna;
  ddm::Options ddm;          //!< of the donation protocol
  bool trust_proxy = false;  //!< `X-Forwarded-For` is a proxy's of our own
};

//! A study with its records and its exports' files. Waits a few seconds for who has it open, then kUnavailable.
Status DeleteStudy(const Rooms& rooms, const std::string& study);

//! Adds every route. Handlers hold the rooms until the router goes.
void AddRoutes(http::Router& router, std::shared_ptr<const Rooms> rooms);

}  // namespace sheaf::api::native
