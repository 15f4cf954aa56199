#include "api/hyperstudy/envelope.h"

#include <algorithm>

#include "api/hyperstudy/api.h"
#include "api/json_text.h"

namespace sheaf::api::hyperstudy {
namespace {

// What is served, and the API of participants' browsers, which is not: clients of both read this protocol's refusals.
constexpr std::string_view kPaths[] = {"/api/v3", "/api/v4"};
constexpr std::string_view kVersion = "3.0.0";
// The prefix of an error's place in which a route says which scopes were missing (call.cc).
constexpr std::string_view kScopes = "scopes:";

bool IsOfParameter(const Error& error) { return error.code == ErrorCode::kBadParameter || error.code == ErrorCode::kUnknownParameter; }

std::string_view CodeOf(const Error& error) {
  switch (Describe(error.code).http_status) {
    case 400:
    case 415: return IsOfParameter(error) && !error.place.empty() ? "INVALID_PARAMETER" : "VALIDATION_ERROR";
    case 401: return "UNAUTHORIZED";
    case 403: return "FORBIDDEN";
    case 404: return "NOT_FOUND";
    case 405: return "METHOD_NOT_ALLOWED";
    case 408: return "TIMEOUT";
    case 409: return "CONFLICT";
    case 413:
    case 414:
    case 431: return "PAYLOAD_TOO_LARGE";
    case 422: return "VALIDATION_ERROR";
    case 429: return "RATE_LIMIT_EXCEEDED";
    case 501: return "NOT_IMPLEMENTED";
    case 503: return "SERVICE_UNAVAILABLE";
    default: return "INTERNAL_SERVER_ERROR";
  }
}

std::string ListJson(std::string_view joined) {
  JsonArray array;
  while (!joined.empty()) {
    const std::size_t comma = std::min(joined.find(','), joined.size());
    if (comma > 0) array.Text(joined.substr(0, comma));
    joined.remove_prefix(std::min(joined.size(), comma + 1));
  }
  return array.Finish();
}

std::string DetailsJson(const Error& error, std::string_view request_id) {
  JsonObject details;
  const std::string_view place = error.place;
  if (place.substr(0, kScopes.size()) == kScopes) {
    const std::string_view scopes = place.substr(kScopes.size());
    const std::size_t bar = std::min(scopes.find('|'), scopes.size());
    details.Raw("required", ListJson(scopes.substr(0, bar)));
    details.Raw("provided", ListJson(scopes.substr(std::min(scopes.size(), bar + 1))));
  } else if (!place.empty()) {
    details.Text(place.front() == '/' ? "field" : IsOfParameter(error) ? "parameter" : "place", place);
  }
  details.Text("requestId", request_id);
  return details.Finish();
}

}  // namespace

bool Owns(std::string_view path) {
  return std::any_of(std::begin(kPaths), std::end(kPaths), [path](std::string_view own) {
    return path.substr(0, own.size()) == own && (path.size() == own.size() || path[own.size()] == '/');
  });
}

http::Response ErrorResponse(const Error& error, std::string_view, std::string_view request_id) {
  JsonObject object;
  object.Text("code", CodeOf(error));
  const ErrorEntry& entry = Describe(error.code);
  const bool known = error.code != ErrorCode::kUnauthenticated;
  object.Text("message", !known                 ? std::string_view("Invalid or expired API key")
                         : error.detail.empty() ? entry.title
                                                : std::string_view(error.detail));
  object.Raw("details", DetailsJson(error, request_id));
  JsonObject document;
  document.Text("status", "error").Raw("error", object.Finish());
  http::Response response;
  response.status = entry.http_status;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  if (error.retry_after_s > 0 || response.status == 429 || response.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(std::max(error.retry_after_s, 1)));
  }
  response.body = document.Finish();
  return response;
}

Micros FloorMillis(Micros instant) {
  const Micros rest = instant % 1000;
  return instant - (rest < 0 ? rest + 1000 : rest);
}

std::string InstantJson(const std::optional<Micros>& instant) {
  return instant ? '"' + FormatIsoUtc(FloorMillis(*instant)) + '"' : std::string("null");
}

std::string MetadataJson(const Envelope& envelope, std::uint64_t returned) {
  const DataQuery& query = envelope.query;
  JsonObject asked;
  asked.Raw("startTime", InstantJson(query.start_time)).Raw("endTime", InstantJson(query.end_time));
  if (query.category.empty()) asked.Raw("category", "null");
  else asked.Text("category", query.category);
  asked.Count("limit", query.limit).Count("offset", query.offset);
  asked.Text("sort", query.sort).Text("order", query.descending ? "desc" : "asc");

  const bool has_more = returned > 0 && query.offset + returned < envelope.total;
  JsonObject pagination;
  pagination.Count("total", std::max(envelope.total, returned > 0 ? query.offset + returned : 0)).Count("returned", returned);
  pagination.Count("limit", query.limit).Count("offset", query.offset).Flag("hasMore", has_more);
  if (has_more) pagination.Count("nextOffset", query.offset + returned);

  JsonObject processing;
  processing.Integer("processingTimeMs", (MonotonicNow() - envelope.began) / 1000).Flag("enriched", true).Text("version", kVersion);
  processing.Raw("experimentStartedAt", InstantJson(envelope.experiment_started_at));

  JsonObject metadata;
  metadata.Text("dataType", envelope.data_type);
  if (!envelope.rating_type.empty()) metadata.Text("ratingType", envelope.rating_type);
  metadata.Text("scope", envelope.scope).Text("scopeId", envelope.scope_id);
  metadata.Raw("timestamp", InstantJson(Now()));
  metadata.Raw("query", asked.Finish()).Raw("pagination", pagination.Finish()).Raw("processing", processing.Finish());
  if (!envelope.warnings.empty()) {
    JsonArray warnings;
    for (const std::string& warning : envelope.warnings) warnings.Text(warning);
    metadata.Raw("_warnings", warnings.Finish());
  }
  std::string text = metadata.Finish();
  text.insert(text.size() - 1, envelope.more);
  return text;
}

http::Response Enveloped(std::string_view data, std::string_view metadata, int status) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body.reserve(data.size() + metadata.size() + 64);
  response.body.append(R"({"status":"success","data":)").append(data).append(R"(,"metadata":)").append(metadata).append("}\n");
  return response;
}

http::Response ListResponse(const Envelope& envelope, const std::vector<std::string>& rows) {
  std::string data = "[";
  for (const std::string& row : rows) {
    if (data.size() > 1) data += ",\n";
    data += row;
  }
  return Enveloped(data + "]", MetadataJson(envelope, rows.size()));
}

}  // namespace sheaf::api::hyperstudy
