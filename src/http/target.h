#pragma once
//! Private to the room. The request target: path and query, checked and decoded.

#include <string_view>

#include "http/server.h"

namespace sheaf::http {

//! Fills path, query and query_parameters of `request` from the target as it came over the wire (origin form, or
//! absolute form as proxies send it). kBadRequest for broken escapes, control characters (also escaped ones in the
//! path, and NUL in the query) and anything that is no path.
Status ReadTarget(std::string_view target, Request& request);

}  // namespace sheaf::http
