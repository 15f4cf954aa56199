#include "api/ddm/route.h"

#include <algorithm>
#include <array>

#include "api/ddm/api.h"
#include "api/ddm/texts.h"
#include "api/json_text.h"
#include "api/native/client_address.h"
#include "base/log.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::array<std::string_view, 5> kMethods = {"GET", "POST", "PUT", "PATCH", "DELETE"};
constexpr std::string_view kNoCredentials = "Authentication credentials were not provided.";

void SetHeader(http::Response& response, std::string_view name, std::string_view value) {
  const auto found = std::find_if(response.headers.begin(), response.headers.end(), [name](const auto& one) { return one.first == name; });
  if (found != response.headers.end()) found->second = value;
  else response.headers.emplace_back(name, value);
}

void AddCommonHeaders(http::Response& response, std::string_view allow, bool cookie = true) {
  SetHeader(response, "Vary", cookie ? "Accept, Accept-Language, Cookie" : "Accept, Accept-Language");
  if (!allow.empty()) SetHeader(response, "Allow", allow);
  SetHeader(response, "Content-Language", "en");
  SetHeader(response, "X-Content-Type-Options", "nosniff");
  SetHeader(response, "Referrer-Policy", "same-origin");
  SetHeader(response, "Cross-Origin-Opener-Policy", "same-origin");
}

//! "/api/project/96kJT3b2/overview?a=b GET: ", as the log has it.
std::string AddressOf(const http::Request& request) {
  return request.path + (request.query.empty() ? "" : "?" + request.query) + " " + request.method + ": ";
}

std::string Allowed(const Endpoint& endpoint) {
  return endpoint.method == "GET" ? "GET, HEAD, OPTIONS" : std::string(endpoint.method) + ", OPTIONS";
}

enum class Form { kJson, kPage, kNone };

//! What the client wants to see: `format` counts first, then the first of `Accept` that can be had.
Form WantedForm(const http::Request& request) {
  const auto format = request.QueryParameter("format");
  if (format && *format == "json") return Form::kJson;
  if (format && *format == "api") return Form::kPage;
  std::string_view accept = request.Header("accept");
  if (accept.empty()) return Form::kJson;
  bool page = false;
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    std::string_view one = accept.substr(0, end);
    accept.remove_prefix(std::min(end + 1, accept.size()));
    one = one.substr(0, one.find(';'));
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (one == "text/html") page = true;
    if ((one == "application/json" || one == "*/*" || one == "application/*") && !page) return Form::kJson;
  }
  return page ? Form::kPage : Form::kNone;
}

//! The refusal of who may not in: which status it has depends on what is asked first.
http::Response Refused(const Endpoint& endpoint, const Error& error) {
  if (error.code == ErrorCode::kCsrf) return Detail(403, error.detail);
  if (error.code != ErrorCode::kUnauthenticated) return ErrorAnswer(error);
  http::Response response = Detail(endpoint.first == First::kToken ? 401 : 403, error.detail);
  if (endpoint.first == First::kToken) response.headers.emplace_back("WWW-Authenticate", "Token");
  return response;
}

Result<Caller> Identify(const Service& service, const Endpoint& endpoint, const http::Request& request, const Project* project) {
  Caller caller;
  const auto by_token = [&]() -> Status {
    if (endpoint.token && caller.way == Way::kNone) { SHEAF_ASSIGN(caller, ByToken(*service.rooms, request, project)); }
    return {};
  };
  const auto by_session = [&]() -> Status {
    if (endpoint.session && caller.way == Way::kNone) { SHEAF_ASSIGN(caller, BySession(*service.rooms, request, project)); }
    return {};
  };
  if (endpoint.first == First::kToken) SHEAF_TRY(by_token());
  SHEAF_TRY(by_session());
  if (endpoint.first == First::kSession) SHEAF_TRY(by_token());
  if (caller.way == Way::kNone) return Fail(ErrorCode::kUnauthenticated, std::string(kNoCredentials));
  return caller;
}

std::string SelfDescription(const Endpoint& endpoint) {
  JsonObject object;
  object.Text("name", endpoint.name).Text("description", "");
  object.Raw("renders", JsonArray().Text("application/json").Text("text/html").Finish());
  object.Raw("parses", JsonArray().Text("application/json").Text("application/x-www-form-urlencoded").Text("multipart/form-data").Finish());
  return object.Finish();
}

http::Response Serve(const Service& service, const Endpoint& endpoint, native::Call& call) {
  const native::Rooms& rooms = *service.rooms;
  if (const Status room = rooms.limits->OfAddress(call.Client()); !room) return ErrorAnswer(room.error());
  auto project = FindProject(rooms, call.Part("url_id"));
  if (!project && project.error().code != ErrorCode::kNotFound) return ErrorAnswer(project.error());
  if (!project && endpoint.project_first) return Detail(404, "Not found.");
  const auto caller = Identify(service, endpoint, call.request, project ? &*project : nullptr);
  if (project) { call.audit.study = project->study.id; }
  if (!caller) {
    const bool guess = caller.error().code == ErrorCode::kUnauthenticated && !call.request.Header("authorization").empty();
    if (guess) {
      if (const Status room = rooms.limits->OfFailures(call.Client()); !room) return ErrorAnswer(room.error());
    }
    std::ignore = Audit(call, endpoint.action, &caller.error());
    if (project) LogEvent(rooms, *project, AddressOf(call.request) + "Failed Attempt", "Authentication failed.");
    return Refused(endpoint, caller.error());
  }
  if (!project) return Detail(404, "Not found.");
  call.principal = caller->principal;
  const Visit visit{service, call, *project, *caller};
  const Status allowed = endpoint.allow ? endpoint.allow(visit) : Status{};
  if (!allowed) {
    std::ignore = Audit(call, endpoint.action, &allowed.error());
    return ErrorAnswer(allowed.error());
  }
  if (WantedForm(call.request) == Form::kNone) return Detail(406, "Could not satisfy the request Accept header.");
  if (call.request.method == "OPTIONS") return JsonAnswer(call.request, SelfDescription(endpoint), Allowed(endpoint));
  auto answer = endpoint.handle(visit);
  if (!answer) {
    if (Describe(answer.error().code).http_status >= 500) {
      LogError("request failed",
               {{"request", call.request.id}, {"error", Describe(answer.error().code).slug}, {"detail", answer.error().detail}});
    }
    return ErrorAnswer(answer.error());
  }
  if (answer->status < 400) {
    if (const Status audited = Audit(call, endpoint.action, nullptr); !audited) return ErrorAnswer(audited.error());
  }
  return *std::move(answer);
}

}  // namespace

void Visit::Log(std::string_view text, std::string message) const {
  LogEvent(*service.rooms, project, AddressOf(call.request) + std::string(text), std::move(message));
}

void AddEndpoint(http::Router& router, const std::shared_ptr<const Service>& service, Endpoint endpoint) {
  const std::string pattern = service->options.prefix + std::string(endpoint.path);
  const auto kept = std::make_shared<const Endpoint>(std::move(endpoint));
  const auto serve = [service, kept](http::Request request, http::Responder responder) {
    native::Call call{service->rooms, std::move(request), std::move(responder), {}};
    call.seen_study = false;
    http::Response response = Serve(*service, *kept, call);
    AddCommonHeaders(response, Allowed(*kept), kept->session);
    call.responder.Send(std::move(response));
  };
  router.Add(kept->method, pattern, serve);
  router.Add("OPTIONS", pattern, serve);
  for (const std::string_view method : kMethods) {
    if (method == kept->method) continue;
    router.Add(method, pattern, [service, kept](http::Request request, http::Responder responder) {
      http::Response response = Detail(405, "Method \"" + request.method + "\" not allowed.");
      AddCommonHeaders(response, Allowed(*kept), kept->session);
      responder.Send(std::move(response));
    });
  }
}

http::Response JsonAnswer(const http::Request& request, std::string json, std::string_view allow, int status) {
  http::Response response;
  response.status = status;
  EscapeSeparators(json);
  if (WantedForm(request) == Form::kPage) {
    response.headers = {{"Content-Type", "text/html; charset=utf-8"}};
    response.body = "<!DOCTYPE html><meta charset=\"utf-8\"><title>API</title><pre>" + Escaped(json) + "</pre>\n";
  } else {
    response.headers = {{"Content-Type", "application/json"}};
    response.body = std::move(json);
  }
  AddCommonHeaders(response, allow);
  return response;
}

http::Response Detail(int status, std::string_view text) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}};
  AddCommonHeaders(response, {});
  JsonObject object;
  object.Text("detail", text);
  response.body = object.Finish();
  return response;
}

std::string Message(std::string_view text) {
  JsonObject object;
  object.Text("message", text);
  return object.Finish();
}

http::Response ErrorAnswer(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return Detail(404, "Not found.");
  if (error.code == ErrorCode::kTooManyRequests) {
    const int seconds = std::max(error.retry_after_s, 1);
    http::Response response = Detail(429, "Request was throttled. Expected available in " + std::to_string(seconds) + " seconds.");
    response.headers.emplace_back("Retry-After", std::to_string(seconds));
    return response;
  }
  http::Response response = Detail(Describe(error.code).http_status, error.detail);
  if (error.retry_after_s > 0) response.headers.emplace_back("Retry-After", std::to_string(error.retry_after_s));
  return response;
}

Status Audit(const native::Call& call, std::string_view action, const Error* failure) {
  using Kind = native::AuditRule::Kind;
  return native::AuditCall(call, {std::string(action), Kind::kDurable}, failure);
}

void AddPage(http::Router& router, const std::shared_ptr<const Service>& service, std::string_view method, std::string_view path,
             PageHandler handler, std::uint64_t max_body) {
  const auto serve = [service, handler = std::move(handler)](http::Request request, http::Responder responder) {
    native::Call call{service->rooms, std::move(request), std::move(responder), {}};
    if (const Status room = service->rooms->limits->OfAddress(call.Client()); !room) return call.responder.Send(ErrorAnswer(room.error()));
    http::Response response = handler(*service, call);
    call.responder.Send(std::move(response));
  };
  router.Add(method, service->options.prefix + std::string(path), serve, http::Router::Options{max_body});
}

http::Response HtmlPage(std::string_view title, const std::string& body, int status) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"X-Frame-Options", "DENY"},
                      {"Referrer-Policy", "same-origin"}};
  response.body = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + Escaped(title) +
                  "</title></head><body><h1>" + Escaped(title) + "</h1>\n" + body + "</body></html>\n";
  return response;
}

http::Response Redirect(std::string address) {
  http::Response response;
  response.status = 302;
  response.headers = {{"Location", std::move(address)}};
  return response;
}

http::Response NotThere() { return HtmlPage("Not Found", "<p>The requested resource was not found on this server.</p>\n", 404); }

tl::expected<Caller, http::Response> EnterSite(const Service& service, const native::Call& call, std::string_view form_token) {
  auto caller = BySession(*service.rooms, call.request, nullptr, form_token);
  if (!caller) return tl::unexpected(HtmlPage("Forbidden", "<p>" + Escaped(caller.error().detail) + "</p>\n", 403));
  if (caller->way == Way::kNone) return tl::unexpected(Redirect(service.options.prefix + "/login/"));
  if (!service.emails) return *std::move(caller);
  const auto account = service.rooms->catalog->FindAccount(caller->principal.account);
  if (!account) return tl::unexpected(ErrorAnswer(account.error()));
  const bool fits = std::regex_search(account->email, *service.emails, std::regex_constants::match_continuous);
  if (!fits) return tl::unexpected(Redirect(service.options.prefix + "/auth/no-permission/"));
  return *std::move(caller);
}

tl::expected<PageVisit, http::Response> EnterPage(const Service& service, native::Call& call, std::string_view form_token) {
  auto caller = EnterSite(service, call, form_token);
  if (!caller) return tl::unexpected(std::move(caller.error()));
  auto project = FindProject(*service.rooms, call.Part("url_id"));
  if (!project) return tl::unexpected(NotThere());
  Caller related = *caller;
  related.owner = project->study.owner == related.principal.account;
  call.principal = related.principal;
  call.audit.study = project->study.id;
  if (!related.owner && !related.superuser) {
    LogEvent(*service.rooms, *project, AddressOf(call.request) + "Failed Attempt", "Permission Denied.");
    // Somebody else's project is none.
    return tl::unexpected(NotThere());
  }
  return PageVisit{*std::move(project), std::move(related)};
}

void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms) {
  const auto service = std::make_shared<Service>();
  service->rooms = rooms;
  service->options = rooms->ddm;
  service->zone = exporting::FindTimeZone(rooms->ddm.timezone);
  if (!rooms->ddm.email_pattern.empty()) service->emails.emplace(rooms->ddm.email_pattern);
  AddReadEndpoints(router, service);
  AddResponsesEndpoint(router, service);
  AddDetailsEndpoint(router, service);
  AddDeleteEndpoints(router, service);
  AddSignInPages(router, service);
  AddProjectPages(router, service);
  AddLogPages(router, service);
  AddDownloadPage(router, service);
  AddFlowPages(router, service);
  if (service->options.prefix.empty()) return;
  // Whatever else lies below the mount point is not there, in this protocol's words.
  for (const std::string_view method : kMethods) {
    router.Add(method, service->options.prefix + "/{rest*}", [](http::Request request, http::Responder responder) {
      const bool api = request.path.find("/api/") != std::string::npos;
      responder.Send(api ? Detail(404, "Not found.") : NotThere());
    });
  }
}

}  // namespace sheaf::api::ddm
