#include "api/problem.h"

#include <algorithm>

#include "api/json_text.h"

namespace sheaf::api {
namespace {

// When an error that asks for patience does not say how long.
constexpr int kDefaultRetryAfterS = 1;

JsonObject Document(const Error& error, std::string_view path, std::string_view request_id) {
  const ErrorEntry& entry = Describe(error.code);
  JsonObject document;
  document.Text("type", "/docs/errors#" + std::string(entry.slug));
  document.Text("title", entry.title);
  document.Integer("status", entry.http_status);
  document.Text("detail", error.detail.empty() ? entry.title : std::string_view(error.detail));
  if (!path.empty()) document.Text("instance", path);
  document.Integer("code", entry.number);
  document.Text("slug", entry.slug);
  if (!error.place.empty()) document.Text("place", error.place);
  document.Text("request_id", request_id);
  return document;
}

http::Response Rendered(const Error& error, std::string body) {
  http::Response response;
  response.status = Describe(error.code).http_status;
  response.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"sheaf\"");
  if (error.retry_after_s > 0 || response.status == 429 || response.status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(std::max(error.retry_after_s, kDefaultRetryAfterS)));
  }
  response.body = std::move(body);
  return response;
}

}  // namespace

http::Response ProblemResponse(const Error& error, std::string_view path, std::string_view request_id) {
  return Rendered(error, Document(error, path, request_id).Finish());
}

http::Response ProblemResponse(const Error& error, std::string_view path, std::string_view request_id,
                               const std::vector<ingest::Rejection>& rejected, std::uint64_t rejected_total) {
  JsonObject document = Document(error, path, request_id);
  document.Raw("rejected", RejectionsJson(rejected));
  document.Count("rejected_total", rejected_total);
  return Rendered(error, document.Finish());
}

std::string RejectionsJson(const std::vector<ingest::Rejection>& rejected) {
  JsonArray array;
  for (const ingest::Rejection& rejection : rejected) {
    const ErrorEntry& entry = Describe(rejection.code);
    JsonObject object;
    object.Count("line", rejection.line);
    if (!rejection.field.empty()) object.Text("field", rejection.field);
    object.Integer("code", entry.number).Text("slug", entry.slug).Text("error", rejection.error);
    array.Raw(object.Finish());
  }
  return array.Finish();
}

std::string ErrorCatalogueJson() {
  JsonArray array;
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    JsonObject object;
    object.Integer("code", entry.number).Text("slug", entry.slug).Integer("status", entry.http_status);
    object.Text("title", entry.title).Text("advice", entry.advice);
    array.Raw(object.Finish());
  }
  JsonObject catalogue;
  catalogue.Raw("errors", array.Finish());
  return catalogue.Finish();
}

}  // namespace sheaf::api
