#include "api/native/call.h"

#include <algorithm>
#include <charconv>
#include <exception>

#include "api/content_headers.h"
#include "api/json_text.h"
#include "api/native/client_address.h"
#include "api/problem.h"
#include "base/ids.h"
#include "base/log.h"

namespace sheaf::api::native {
namespace {

constexpr std::uint64_t kDefaultListLimit = 100;
constexpr std::uint64_t kMaxListLimit = 1000;
constexpr std::size_t kMaxSearchBytes = 255;

bool Contains(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

//! The caller learns what failed; what only the administrator can mend is in the log, under the same id.
void LogServerFault(const Error& error, const http::Request& request) {
  if (Describe(error.code).http_status < 500 || error.code == ErrorCode::kUnavailable) return;
  LogError("request failed",
           {{"request", request.id}, {"method", request.method}, {"error", Describe(error.code).slug}, {"detail", error.detail}});
}

access::Credentials CredentialsOf(const http::Request& request) {
  return {request.Header("authorization"), request.Header("x-api-key"), request.Header("cookie"), request.Header("x-csrf-token"),
          request.method};
}

Result<std::optional<http::Response>> HandleAudited(const CallHandler& handler, const AuditRule& rule, Call& call) {
  SHEAF_TRY(CheckReason(call.request));
  auto answer = handler(call);
  SHEAF_TRY(AuditCall(call, rule, answer ? nullptr : &answer.error()));
  return answer;
}

void Answer(const CallHandler& handler, const RouteStyle& style, Call& call) {
  auto answer = HandleAudited(handler, style.audit, call);
  if (!answer) {
    LogServerFault(answer.error(), call.request);
    return call.responder.Send(style.render(answer.error(), call.request.path, call.request.id));
  }
  if (*answer) call.responder.Send(std::move(**answer));
}

//! Who is asking, if they may ask now.
Result<access::Principal> LetIn(const Rooms& rooms, const http::Request& request, const RouteStyle& style) {
  const std::string client = ClientAddress(request, rooms.trust_proxy);
  SHEAF_TRY(rooms.limits->OfAddress(client));
  const access::Credentials credentials = CredentialsOf(request);
  auto principal = style.who_asks ? style.who_asks(rooms, request) : rooms.gate->Authenticate(credentials);
  if (!principal) {
    const bool guess = principal.error().code == ErrorCode::kUnauthenticated &&
                       (access::Gate::Tries(credentials) || (style.who_asks && !credentials.authorization.empty()));
    if (guess) SHEAF_TRY(rooms.limits->OfFailures(client));
    return principal;
  }
  if (!principal->key.empty()) SHEAF_TRY(rooms.limits->OfKey(principal->key));
  return principal;
}

RouteStyle NativeStyle(std::string_view method, std::string_view pattern, std::uint64_t max_body) {
  const auto render = [](const Error& error, std::string_view path, std::string_view id) { return ProblemResponse(error, path, id); };
  return {max_body, render, RuleFor(method, pattern), nullptr};
}

}  // namespace

void AddRoute(http::Router& router, const std::shared_ptr<const Rooms>& rooms, std::string_view method, std::string_view pattern,
              CallHandler handler, std::uint64_t max_body) {
  AddRoute(router, rooms, method, pattern, std::move(handler), NativeStyle(method, pattern, max_body));
}

void AddRoute(http::Router& router, const std::shared_ptr<const Rooms>& rooms, std::string_view method, std::string_view pattern,
              CallHandler handler, RouteStyle style) {
  const std::uint64_t max_body = style.max_body;
  auto handle = [rooms, handler = std::move(handler), style = std::move(style)](http::Request request, http::Responder responder) {
    auto principal = LetIn(*rooms, request, style);
    if (!principal) AuditStranger(*rooms, request, principal.error());
    if (!principal) return responder.Send(style.render(principal.error(), request.path, request.id));
    Call call{rooms, std::move(request), std::move(responder), std::move(*principal)};
    Answer(handler, style, call);
  };
  router.Add(method, pattern, std::move(handle), http::Router::Options{max_body});
}

void AddOpenRoute(http::Router& router, const std::shared_ptr<const Rooms>& rooms, std::string_view method, std::string_view pattern,
                  CallHandler handler, std::uint64_t max_body) {
  auto handle = [rooms, handler = std::move(handler), style = NativeStyle(method, pattern, max_body)](http::Request request,
                                                                                                      http::Responder responder) {
    const Status allowed = rooms->limits->OfAddress(ClientAddress(request, rooms->trust_proxy));
    if (!allowed) return responder.Send(ProblemResponse(allowed.error(), request.path, request.id));
    Call call{rooms, std::move(request), std::move(responder), access::Principal()};
    Answer(handler, style, call);
  };
  router.Add(method, pattern, std::move(handle), http::Router::Options{max_body});
}

std::string Call::Client() const { return ClientAddress(request, rooms->trust_proxy); }

Result<access::StudyAccess> Call::Access(access::Action action) const {
  SHEAF_ASSIGN(auto allowed, rooms->gate->AllowStudy(principal, action, Part("study")));
  SHEAF_TRY(RequireSight(allowed.rights));
  seen_study = true;
  return allowed;
}

Status Call::RequireSight(const model::ViewRights& rights) const {
  const std::string dataset(Part("dataset"));
  // As the vault says it of a dataset that is not there.
  if (!dataset.empty() && !model::MaySeeDataset(rights, dataset)) return Fail(ErrorCode::kNotFound, "there is no dataset with this id");
  return {};
}

Result<model::Study> Call::Study(access::Action action) const {
  SHEAF_ASSIGN(auto allowed, Access(action));
  return std::move(allowed.study);
}

Result<access::StudyAccess> Call::ReadAccess() const {
  auto allowed = Access(access::Action::kReadRecords);
  if (allowed || allowed.error().code != ErrorCode::kForbidden || !IsSlug(Part("study"))) return allowed;
  // The key may be for some kinds of datasets only. Whatever goes wrong from here on is the same refusal, so that it
  // tells nothing about a study of somebody else.
  const auto vault = rooms->vault->OpenStudy(Part("study"));
  const auto dataset = vault ? Dataset(**vault) : Result<std::shared_ptr<const model::Dataset>>(Fail(vault.error()));
  // Who takes part, and under which name, is more than the profiles of a study.
  if (!dataset || (*dataset)->id == vault::kParticipantsDataset) return allowed;
  auto by_kind = rooms->gate->AllowStudy(principal, access::Action::kReadRecords, Part("study"), (*dataset)->kind);
  return by_kind && RequireSight(by_kind->rights) ? by_kind : allowed;
}

Result<model::Study> Call::WritableStudy(access::Action action) const {
  SHEAF_ASSIGN(model::Study study, Study(action));
  if (study.status == model::StudyStatus::kArchived) return Fail(ErrorCode::kStudyReadOnly, "The study " + study.id + " is archived.");
  return study;
}

exporting::Viewer Call::Viewer(const access::StudyAccess& access) const {
  return {access.rights, access.study.settings, [this, study = access.study.id] { return rooms->keys->CodeKey(study); }};
}

Result<privacy::Reader> Call::Reader(const access::StudyAccess& access) const {
  privacy::Reader reader{access.rights, access.study.settings, {}};
  const bool codes = !access.rights.identifiers || access.rights.own_participant;
  if (codes) { SHEAF_ASSIGN(reader.key, rooms->keys->CodeKey(access.study.id)); }
  return reader;
}

Result<model::Study> Call::WritableDataset(access::Action action) const {
  SHEAF_ASSIGN(model::Study study, WritableStudy(action));
  if (rooms->retention && rooms->retention->IsArchived(study.id, Part("dataset"))) {
    return Fail(ErrorCode::kStudyReadOnly, "The dataset is archived by its rule of retention.");
  }
  return study;
}

Result<std::shared_ptr<vault::StudyVault>> Call::Vault(const model::Study& study) const { return rooms->vault->OpenStudy(study.id); }

Result<std::shared_ptr<const model::Dataset>> Call::Dataset(vault::StudyVault& study) const { return study.FindDataset(Part("dataset")); }

Status Call::OnlyParameters(std::initializer_list<std::string_view> names, std::initializer_list<std::string_view> repeatable) const {
  const auto& parameters = request.query_parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i].first;
    if (Contains(repeatable, name)) continue;
    if (!Contains(names, name)) return Fail(ErrorCode::kUnknownParameter, "There is no parameter \"" + name + "\" here.", name);
    const bool before = std::any_of(parameters.begin(), parameters.begin() + static_cast<std::ptrdiff_t>(i),
                                    [&](const auto& other) { return other.first == name; });
    if (before) return Fail(ErrorCode::kBadParameter, "The parameter \"" + name + "\" comes twice.", name);
  }
  return {};
}

Result<std::uint64_t> Call::CountParameter(std::string_view name, std::uint64_t otherwise, std::uint64_t least, std::uint64_t most) const {
  const auto text = request.QueryParameter(name);
  if (!text) return otherwise;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < least || number > most) {
    return Fail(ErrorCode::kBadParameter,
                "\"" + std::string(name) + "\" must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".",
                std::string(name));
  }
  return number;
}

Result<std::string> Call::IdempotencyKey() const {
  const bool sent =
      std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) { return header.first == "idempotency-key"; });
  const std::string_view key = request.Header("idempotency-key");
  if (sent && !IsRecordId(key)) {
    return Fail(ErrorCode::kBadParameter, "The Idempotency-Key must have 1 to 255 printable characters.", "Idempotency-Key");
  }
  return std::string(key);
}

Result<std::string> Call::JsonText(std::size_t limit) {
  SHEAF_TRY(RequireJson(request.Header("content-type")));
  const std::string_view encoding = request.Header("content-encoding");
  if (!encoding.empty() && encoding != "identity") {
    return Fail(ErrorCode::kUnsupportedMediaType, "Only records can be sent compressed.", "Content-Encoding");
  }
  return request.body->ReadAll(limit);
}

Result<JsonBody> Call::JsonObjectBody(std::size_t limit) {
  SHEAF_ASSIGN(const std::string text, JsonText(limit));
  return JsonBody::Parse(text, limit);
}

http::Response JsonResponse(std::string json, int status) {
  http::Response response;
  response.status = status;
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = std::move(json);
  return response;
}

http::Response NoContent() {
  http::Response response;
  response.status = 204;
  return response;
}

Result<ListQuery> ReadListQuery(const Call& call, ListSearch search) {
  if (search == ListSearch::kYes) SHEAF_TRY(call.OnlyParameters({"limit", "cursor", "search"}));
  else SHEAF_TRY(call.OnlyParameters({"limit", "cursor"}));
  ListQuery query;
  SHEAF_ASSIGN(query.limit, call.CountParameter("limit", kDefaultListLimit, 1, kMaxListLimit));
  query.after = call.request.QueryParameter("cursor").value_or("");
  if (!query.after.empty() && !IsRecordId(query.after))
    return Fail(ErrorCode::kBadCursor, "The cursor was not given by this list.", "cursor");
  query.search = call.request.QueryParameter("search").value_or("");
  if (query.search.size() > kMaxSearchBytes || (!query.search.empty() && !IsRecordId(query.search))) {
    return Fail(ErrorCode::kBadParameter, "\"search\" takes up to 255 bytes of UTF-8 without control characters.", "search");
  }
  return query;
}

http::Response ListResponse(std::string_view noun, std::string_view items, std::string_view next, std::uint64_t total) {
  JsonObject list;
  list.Raw(noun, items);
  if (next.empty()) list.Raw("cursor", "null");
  else list.Text("cursor", next);
  list.Flag("has_more", !next.empty()).Count("total", total);
  return JsonResponse(list.Finish());
}

}  // namespace sheaf::api::native
