#pragma once
//! The Alida Batch Data Extract protocol. An application is a study, an activity its dataset of kind `survey`, member profiles
//! its dataset of kind `profile`, a batch an export job. docs/alida.md says what a client sees.

#include <memory>
#include <string_view>

#include "api/native/api.h"
#include "http/server.h"

namespace sheaf::api::alida {

//! Adds every route. Handlers hold the rooms until the router goes.
void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms);

//! Does the path belong to this protocol?
bool Owns(std::string_view path);

//! {"status","message","developerMessage","errorId"}: the shape of every refusal. The log has the errorId, too.
http::Response ErrorResponse(const Error& error, std::string_view path, std::string_view request_id);

}  // namespace sheaf::api::alida
