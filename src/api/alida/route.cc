#include "api/alida/route.h"

#include "api/accept.h"
#include "api/alida/api.h"
#include "api/native/client_address.h"
#include "base/log.h"

namespace sheaf::api::alida {
namespace {

constexpr double kMinute = 60, kHour = 3600;

std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

//! The token of `Authorization: Bearer TOKEN`; empty when there is none.
std::string_view BearerOf(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer";
  const std::string_view text = Trim(authorization);
  const std::size_t blank = text.find_first_of(" \t");
  if (blank != kScheme.size()) return {};
  for (std::size_t place = 0; place < blank; ++place) {
    if ((text[place] | 0x20) != kScheme[place]) return {};
  }
  return Trim(text.substr(blank));
}

tl::unexpected<Error> NoBearer() { return Fail(ErrorCode::kUnauthenticated, "The access token is missing, not valid, or has expired."); }

Result<access::Principal> Holder(Service& service, const http::Request& request) {
  const native::Rooms& rooms = *service.rooms;
  const std::string_view text = BearerOf(request.Header("authorization"));
  if (text.empty() && service.options.api_key_only && request.Header("authorization").empty()) {
    return rooms.gate->Authenticate(std::string_view(), request.Header("x-api-key"));
  }
  const auto token = rooms.tokens->Read(kBearerPurpose, text);
  if (!token) return NoBearer();
  auto principal = rooms.gate->Holder(token->key, token->account);
  if (!principal && principal.error().code == ErrorCode::kUnauthenticated) return NoBearer();
  if (!principal) return principal;
  // A token that was asked for with an application's name is for that one alone.
  if (!token->subject.empty()) principal->studies = {token->subject};
  if (service.requests) SHEAF_TRY(service.requests->Take(text, "There are too many requests with this access token."));
  return principal;
}

Result<access::Principal> LetIn(Service& service, const Route& route, const http::Request& request) {
  const native::Rooms& rooms = *service.rooms;
  const std::string client = native::ClientAddress(request, rooms.trust_proxy);
  SHEAF_TRY(rooms.limits->OfAddress(client));
  if (route.caller == Caller::kAnyone) return access::Principal();
  auto principal = Holder(service, request);
  if (principal) {
    SHEAF_TRY(rooms.limits->OfKey(principal->key));
    return principal;
  }
  const bool tried = !request.Header("authorization").empty();
  if (principal.error().code == ErrorCode::kUnauthenticated && tried) SHEAF_TRY(rooms.limits->OfFailures(client));
  return principal;
}

native::AuditRule RuleOf(const Route& route) {
  using Kind = native::AuditRule::Kind;
  return {std::string(route.action), route.action.empty() ? Kind::kNone : Kind::kDurable};
}

Answer Handle(Service& service, const Route& route, native::Call& call) {
  SHEAF_TRY(native::CheckReason(call.request));
  if (!route.any_answer && !Accepts(call.request.Header("accept"), "application/json")) {
    return Fail(ErrorCode::kNotAcceptable, "The answer is application/json.", "Accept");
  }
  auto answer = route.handler(call, service);
  SHEAF_TRY(native::AuditCall(call, RuleOf(route), answer ? nullptr : &answer.error()));
  return answer;
}

void Serve(Service& service, const Route& route, http::Request request, http::Responder responder) {
  auto principal = LetIn(service, route, request);
  if (!principal) {
    native::AuditStranger(*service.rooms, request, principal.error());
    return responder.Send(ErrorResponse(principal.error(), request.path, request.id));
  }
  native::Call call{service.rooms, std::move(request), std::move(responder), std::move(*principal)};
  auto answer = Handle(service, route, call);
  if (!answer) return call.responder.Send(ErrorResponse(answer.error(), call.request.path, call.request.id));
  if (*answer) call.responder.Send(std::move(**answer));
}

}  // namespace

Service::Service(std::shared_ptr<const native::Rooms> with) : rooms(std::move(with)), options(rooms->alida) {
  if (options.requests_per_minute > 0) {
    requests = std::make_unique<access::RateLimit>(static_cast<double>(options.requests_per_minute) / kMinute,
                                                   static_cast<double>(options.request_burst));
  }
  if (options.batches_per_hour > 0) {
    const auto most = static_cast<double>(options.batches_per_hour);
    batches = std::make_unique<access::RateLimit>(most / kHour, most);
  }
}

void AddRoute(http::Router& router, const std::shared_ptr<Service>& service, Route route) {
  const http::Router::Options options{route.max_body};
  const auto kept = std::make_shared<const Route>(std::move(route));
  const http::Handler handler = [service, kept](http::Request request, http::Responder responder) {
    Serve(*service, *kept, std::move(request), std::move(responder));
  };
  router.Add(kept->method, kept->pattern, handler, options);
  router.Add(kept->method, kept->pattern + "/", handler, options);
}

http::Response Json(std::string json, int status) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  response.body = std::move(json);
  return response;
}

std::string Absolute(const native::Rooms& rooms, std::string_view path) {
  const std::string base = rooms.public_url.empty() && rooms.bound ? rooms.bound->Get() : rooms.public_url;
  return base + std::string(path);
}

void AddRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms) {
  const auto service = std::make_shared<Service>(rooms);
  AddTokenRoutes(router, service);
  AddBatchRoutes(router, service);
  AddFileRoutes(router, service);
  AddActivityRoutes(router, service);
}

}  // namespace sheaf::api::alida
