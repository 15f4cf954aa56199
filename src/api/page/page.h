#pragma once
//! Serves the page of `web/`: its files, and its first document at every address the page itself knows. Nothing else: an
//! unknown address below /api, /docs or a dialect's prefix stays a refusal in that one's shape.

#include "http/server.h"

namespace sheaf::api::page {

//! Adds the routes. Throws std::logic_error when the pack in the program is none, or holds no page.
void AddRoutes(http::Router& router);

}  // namespace sheaf::api::page
