#pragma once
//! How the routes of this protocol are added, and the files that have them.

#include <memory>
#include <string>
#include <string_view>

#include "api/hyperstudy/envelope.h"
#include "api/hyperstudy/target.h"
#include "api/native/call.h"

namespace sheaf::api::hyperstudy {

using Answer = Result<std::optional<http::Response>>;
using ServiceHandler = std::function<Answer(native::Call& call, Service& service)>;

struct Routes {
  http::Router& router;
  std::shared_ptr<Service> service;

  //! `path` below /api/v3; `action`: in the audit, "records.read"; empty: nothing of participants is read.
  void Add(std::string_view method, std::string_view path, std::string_view action, ServiceHandler handler,
           std::uint64_t max_body = native::kNoBody) const;
};

//! The three addresses of a data type, `GET /data/TYPE/{experiment,room,participant}/ID`.
void AddScopes(const Routes& routes, std::string_view type, std::string_view action, const ServiceHandler& handler);

// One file each.
void AddDataRoutes(const Routes& routes);
void AddPeopleRoutes(const Routes& routes);
void AddExperimentRoutes(const Routes& routes);
void AddRoomDataRoutes(const Routes& routes);
void AddBatchRoutes(const Routes& routes);
void AddRecordingRoutes(const Routes& routes);
void AddDocumentRoute(const Routes& routes);

//! An envelope for a list, filled as far as the request says it.
Envelope EnvelopeFor(const Target& target, std::string data_type, DataQuery query, Micros began);

}  // namespace sheaf::api::hyperstudy
