#pragma once
//! Errors as RFC 9457 problem documents: the one place that renders them.

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "http/server.h"
#include "ingest/decode.h"

namespace sheaf::api {

//! {"type","title","status","detail","instance","code","slug","place"?,"request_id"} as application/problem+json, with
//! WWW-Authenticate on 401 and Retry-After on 429 and 503.
http::Response ProblemResponse(const Error& error, std::string_view path, std::string_view request_id);

//! The same with the records that were not taken: "rejected" and "rejected_total".
http::Response ProblemResponse(const Error& error, std::string_view path, std::string_view request_id,
                               const std::vector<ingest::Rejection>& rejected, std::uint64_t rejected_total);

//! [{"line","field"?,"code","slug","error"}]
std::string RejectionsJson(const std::vector<ingest::Rejection>& rejected);

//! The catalogue: {"errors":[{"code","slug","status","title","advice"}]}
std::string ErrorCatalogueJson();

}  // namespace sheaf::api
