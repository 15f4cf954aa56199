#pragma once
//! Avicenna's Data Export API: an activity is a dataset of kind survey, a data source one of kind sensor, a session a record.
//! docs/avicenna.md says what is served. Handlers translate; what they decide, another room has decided.

#include <memory>
#include <string_view>

#include "api/native/api.h"
#include "http/server.h"

namespace sheaf::api::avicenna {

void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms);

//! Does the path belong to this protocol?
bool Owns(std::string_view path);
//! {"detail"}, and for what was sent wrongly {"errors":{place:[…]}}.
http::Response ErrorResponse(const Error& error, std::string_view path, std::string_view request_id);

}  // namespace sheaf::api::avicenna
