#pragma once
//! What is said of a study while it runs: how good its data is, and what arrives. Routes of the native API.

#include <memory>

#include "api/native/api.h"
#include "live/hub.h"
#include "quality/checker.h"

namespace sheaf::api::native {

//! The rooms behind it; all are thread-safe.
struct Monitoring {
  std::shared_ptr<quality::Refusals> refusals;
  std::shared_ptr<quality::Checker> quality;
  std::shared_ptr<live::Hub> live;
};

void AddQualityRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms, const Monitoring& monitoring);
void AddLiveRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms, const Monitoring& monitoring);

}  // namespace sheaf::api::native
