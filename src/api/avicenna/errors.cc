#include <algorithm>
#include <string>

#include "api/avicenna/api.h"
#include "api/json_text.h"

namespace sheaf::api::avicenna {
namespace {

// What is the client's to mend comes as 400, whatever finer status our own API has for it.
int StatusOf(ErrorCode code) {
  const int status = Describe(code).http_status;
  switch (status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 406:
    case 408:
    case 410:
    case 412:
    case 413:
    case 414:
    case 416:
    case 429:
    case 431: return status;
    default: return status >= 500 ? status : 400;
  }
}

std::string DetailOf(const Error& error, int status) {
  if (status == 401) return "Invalid API key.";
  // What only the administrator can mend is in the log, under the id of the request.
  if (status >= 500) return std::string(Describe(error.code).title) + ".";
  std::string detail = error.detail.empty() ? std::string(Describe(error.code).title) : error.detail;
  if (detail.back() != '.') detail += '.';
  return detail;
}

}  // namespace

bool Owns(std::string_view path) {
  for (const std::string_view prefix : {"/api/study/export/create", "/api/v1/filter/export", "/media/exports"}) {
    if (path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/')) return true;
  }
  return false;
}

http::Response ErrorResponse(const Error& error, std::string_view, std::string_view) {
  http::Response response;
  response.status = StatusOf(error.code);
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "ApiKey");
  if (response.status == 429 || response.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(std::max(error.retry_after_s, 1)));
  }
  JsonObject object;
  object.Text("detail", DetailOf(error, response.status));
  if (response.status == 400 && !error.place.empty()) {
    JsonArray sentences;
    sentences.Text(DetailOf(error, response.status));
    JsonObject errors;
    errors.Raw(error.place, sentences.Finish());
    object.Raw("errors", errors.Finish());
  }
  response.body = object.Finish();
  return response;
}

}  // namespace sheaf::api::avicenna
