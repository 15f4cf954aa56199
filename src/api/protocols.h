#pragma once
//! All the protocols the server speaks: their routes, and the shape of what they refuse.

#include <memory>
#include <string_view>

#include "api/native/api.h"
#include "http/server.h"

namespace sheaf::api {

//! Adds the routes of every protocol. Handlers hold the rooms until the router goes.
void AddAllRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms);

//! An error that no route has answered (no such route, another method, a request that cannot be read), in the shape of the
//! protocol that the path belongs to.
http::Response RenderError(const Error& error, std::string_view path, std::string_view request_id);

}  // namespace sheaf::api
