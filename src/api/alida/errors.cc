#include "api/alida/errors.h"

#include <algorithm>

#include "api/alida/api.h"
#include "base/guid.h"
#include "base/log.h"

namespace sheaf::api::alida {
namespace {

constexpr int kDefaultRetryAfterS = 1;

//! The protocol knows fewer refusals than the catalogue.
int StatusOf(const Error& error) {
  const int status = Describe(error.code).http_status;
  switch (status) {
    case 409:
    case 422: return 400;
    case 410: return 404;
    case 507: return 503;
    default: return status;
  }
}

std::string MessageOf(const Error& error, int status) {
  // What failed inside is in the log, for those who can mend it.
  const std::string_view title = Describe(error.code).title;
  if (status >= 500 && status != 503) return "An unexpected error occurred.";
  return error.detail.empty() ? std::string(title) + "." : error.detail;
}

}  // namespace

bool Owns(std::string_view path) {
  return path.starts_with("/v1/") || path.starts_with("/v2/") || path == "/oauth2" || path.starts_with("/oauth2/");
}

Refusal RefusalOf(const Error& error, std::string_view request_id) {
  Refusal refusal;
  refusal.status = StatusOf(error);
  refusal.message = MessageOf(error, refusal.status);
  refusal.developer_message = Describe(error.code).slug;
  if (!error.place.empty()) refusal.developer_message += " at " + error.place;
  refusal.error_id = GuidOfId(request_id, "req_", 0).value_or(NewGuid());
  if (error.retry_after_s > 0 || refusal.status == 429 || refusal.status == 503)
    refusal.retry_after_s = std::max(error.retry_after_s, kDefaultRetryAfterS);
  LogInfo("refused", {{"request", request_id},
                      {"error_id", refusal.error_id},
                      {"status", std::to_string(refusal.status)},
                      {"error", Describe(error.code).slug},
                      {"detail", refusal.status >= 500 ? std::string_view(error.detail) : std::string_view()}});
  return refusal;
}

void AddRefusal(JsonObject& object, const Refusal& refusal) {
  object.Integer("status", refusal.status).Text("message", refusal.message);
  if (refusal.developer_message.empty()) object.Raw("developerMessage", "null");
  else object.Text("developerMessage", refusal.developer_message);
  object.Text("errorId", refusal.error_id);
}

http::Response RefusalResponse(const Refusal& refusal, std::string json) {
  http::Response response;
  response.status = refusal.status;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  if (refusal.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"sheaf\"");
  if (refusal.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(refusal.retry_after_s));
  response.body = std::move(json);
  return response;
}

http::Response ErrorResponse(const Error& error, std::string_view, std::string_view request_id) {
  const Refusal refusal = RefusalOf(error, request_id);
  JsonObject object;
  AddRefusal(object, refusal);
  return RefusalResponse(refusal, object.Finish());
}

}  // namespace sheaf::api::alida
