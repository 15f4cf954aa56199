#include "api/hyperstudy/routes.h"

#include <utility>

#include "api/hyperstudy/api.h"
#include "api/json_text.h"

namespace sheaf::api::hyperstudy {
namespace {

constexpr std::string_view kRoot = "/api/v3";

//! A refusal for want of a scope says which were there and which was not.
Answer WithScopes(Answer answer, const native::Call& call) {
  constexpr std::string_view kRequired = "Insufficient scopes. Required: ";
  if (answer || answer.error().code != ErrorCode::kForbidden) return answer;
  Error error = std::move(answer).error();
  if (error.detail.rfind(kRequired, 0) != 0) return Fail(std::move(error));
  std::string provided;
  for (const std::string& scope : call.principal.scopes) provided += (provided.empty() ? "" : ",") + scope;
  error.place = "scopes:" + error.detail.substr(kRequired.size()) + "|" + provided;
  return Fail(std::move(error));
}

http::Response Health(const std::string& version) {
  JsonObject object;
  object.Text("status", "success").Text("version", "3.0.0").Text("server", "sheaf " + version).Raw("timestamp", InstantJson(Now()));
  http::Response response;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body = object.Finish();
  return response;
}

}  // namespace

void Routes::Add(std::string_view method, std::string_view path, std::string_view action, ServiceHandler handler,
                 std::uint64_t max_body) const {
  native::RouteStyle style;
  style.max_body = max_body;
  style.render = ErrorResponse;
  style.audit.action = action;
  using Kind = native::AuditRule::Kind;
  style.audit.kind = action.empty() ? Kind::kNone : method == "GET" ? Kind::kNoted : Kind::kDurable;
  const auto handle = [service = service, handler = std::move(handler)](native::Call& call) {
    return WithScopes(handler(call, *service), call);
  };
  native::AddRoute(router, service->rooms, method, std::string(kRoot) + std::string(path), handle, std::move(style));
}

void AddScopes(const Routes& routes, std::string_view type, std::string_view action, const ServiceHandler& handler) {
  const std::string base = "/data/" + std::string(type);
  routes.Add("GET", base + "/experiment/{study}", action, handler);
  routes.Add("GET", base + "/room/{session}", action, handler);
  routes.Add("GET", base + "/participant/{participant}", action, handler);
}

Envelope EnvelopeFor(const Target& target, std::string data_type, DataQuery query, Micros began) {
  Envelope envelope;
  envelope.data_type = std::move(data_type);
  envelope.scope = target.scope;
  envelope.scope_id = target.scope_id;
  envelope.query = std::move(query);
  envelope.began = began;
  return envelope;
}

void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms) {
  const auto service = std::make_shared<Service>();
  service->rooms = rooms;
  const Routes routes{router, service};
  router.Add("GET", std::string(kRoot) + "/health",
             [version = rooms->version](http::Request, http::Responder responder) { responder.Send(Health(version)); });
  AddDataRoutes(routes);
  AddPeopleRoutes(routes);
  AddExperimentRoutes(routes);
  AddRoomDataRoutes(routes);
  AddBatchRoutes(routes);
  AddRecordingRoutes(routes);
  AddDocumentRoute(routes);
}

}  // namespace sheaf::api::hyperstudy
