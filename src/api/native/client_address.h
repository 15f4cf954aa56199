#pragma once
//! Where a request comes from.

#include <string>

#include "http/server.h"

namespace sheaf::api::native {

//! The address of the connection; behind a proxy that is trusted, what the proxy says it got the request from: the last
//! address of `X-Forwarded-For`. What stands before it was written by the client.
std::string ClientAddress(const http::Request& request, bool trust_proxy);

}  // namespace sheaf::api::native
