#pragma once
//! HyperStudy's data API, version 3, under /api/v3: an experiment is a study, a room a session, a data type a dataset.
//! docs/hyperstudy.md says what is served. Handlers translate; what they decide, another room has decided.

#include <memory>
#include <string_view>

#include "api/native/api.h"
#include "http/server.h"

namespace sheaf::api::hyperstudy {

void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms);

//! Does the path belong to this protocol?
bool Owns(std::string_view path);
//! {"status":"error","error":{"code","message","details"}}
http::Response ErrorResponse(const Error& error, std::string_view path, std::string_view request_id);

}  // namespace sheaf::api::hyperstudy
