#pragma once
//! DDM's download and export protocol, and what its donation pages send. A donation project is a study, a blueprint its dataset of kind
//! `donation`, the questionnaire its dataset of kind `survey`. docs/ddm.md says what a client sees.

#include <memory>

#include "api/native/api.h"
#include "http/server.h"

namespace sheaf::api::ddm {

//! Adds every route. Handlers hold the rooms until the router goes.
void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms);

}  // namespace sheaf::api::ddm
