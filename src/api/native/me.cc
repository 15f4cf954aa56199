// What a participant sees by a personal link: their own data, and what they asked for.

#include <vector>

#include "access/limits.h"
#include "access/links.h"
#include "api/content_headers.h"
#include "api/json_text.h"
#include "api/native/call.h"
#include "api/native/client_address.h"
#include "api/native/request_json.h"
#include "api/problem.h"
#include "api/threaded_body.h"
#include "base/log.h"
#include "export/page.h"
#include "export/plan.h"
#include "export/zip_now.h"
#include "vault/care.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

constexpr std::size_t kMaxMessageBytes = 4000;
constexpr std::size_t kMostOpenRequests = 20;
constexpr int kAskAgainS = 3600;

//! A request of somebody who came by a link.
struct Visit {
  const Call& call;
  access::Visitor visitor;
  std::shared_ptr<vault::StudyVault> vault;

  const std::string& Participant() const { return visitor.link.participant; }
  //! Other people's ids in the records are coded.
  exporting::Viewer Viewer() const {
    access::StudyAccess access{visitor.study, {}};
    access.rights.own_participant = Participant();
    return call.Viewer(access);
  }
  //! Of nobody else, whatever is asked for.
  exporting::ExportOptions Own(exporting::ExportOptions options) const {
    options.participants = {Participant()};
    options.consented_only = false;
    return options;
  }
};
using VisitHandler = Answer (*)(Call& call, const Visit& visit);

Answer GetMe(Call& call, const Visit& visit) {
  SHEAF_TRY(call.OnlyParameters({}));
  JsonArray datasets;
  for (const auto& dataset : visit.vault->Datasets()) {
    SHEAF_ASSIGN(const auto plan, exporting::MakePlan(*visit.vault, visit.Own({}), dataset->id, 0, visit.Viewer()));
    SHEAF_ASSIGN(const std::uint64_t records, visit.vault->Count(plan.select));
    JsonObject item;
    item.Text("id", dataset->id).Text("name", dataset->name).Text("kind", model::Name(dataset->kind)).Count("records", records);
    datasets.Raw(item.Finish());
  }
  JsonObject study;
  study.Text("id", visit.visitor.study.id).Text("name", visit.visitor.study.name);
  const auto* const care = visit.vault->Care();
  JsonObject object;
  object.Raw("study", study.Finish()).Text("participant", visit.Participant());
  object.Flag("withdrawn", care != nullptr && care->IsWithdrawn(visit.Participant()));
  object.OptionalTime("expires_at", visit.visitor.link.expires_at).Raw("datasets", datasets.Finish());
  return JsonResponse(object.Finish());
}

Answer ListOwnRecords(Call& call, const Visit& visit) {
  SHEAF_TRY(call.OnlyParameters({"limit", "cursor", "sort"}));
  exporting::PageOptions page;
  SHEAF_ASSIGN(page.limit, call.CountParameter("limit", 100, 1, exporting::kMaxPage));
  page.cursor = call.request.QueryParameter("cursor").value_or("");
  SHEAF_ASSIGN(page.options, exporting::OptionsFromQuery(call.request.query_parameters, {"limit", "cursor"}));
  page.options = visit.Own(std::move(page.options));
  page.options.format = exporting::Format::kNdjson;
  page.viewer = visit.Viewer();
  SHEAF_ASSIGN(std::string json, exporting::RenderPage(*visit.vault, call.Part("dataset"), page));
  return JsonResponse(std::move(json));
}

//! One JSON object of several exports, one after the other: {"study":…,"datasets":{"diary":{…},…}}
class ExportOfAll : public http::BodySource {
 public:
  void Begin(std::string text) { head_ = std::move(text); }
  void Add(const std::string& name, std::unique_ptr<exporting::Stream> stream) {
    std::string key;
    AppendJsonString(key, name);
    parts_.push_back({(parts_.empty() ? "" : ",") + key + ":", std::move(stream)});
  }

  void Read(Ready ready) override {
    if (at_ == parts_.size()) {
      if (!std::exchange(closed_, true)) return ready(std::exchange(head_, {}) + "}}\n");
      return ready(std::string());
    }
    Part& part = parts_[at_];
    head_ += std::exchange(part.before, {});
    part.stream->Read([this, ready = std::move(ready)](Result<std::string> piece) {
      if (!piece) return ready(std::move(piece));
      // An empty piece would end the answer: of a part's end there is always something to say.
      if (piece->empty()) {
        ++at_;
        *piece = " ";
      }
      ready(std::exchange(head_, {}) + *piece);
    });
  }
  void Cancel() override {
    for (auto& part : parts_) part.stream->Cancel();
  }

 private:
  struct Part {
    std::string before;
    std::unique_ptr<exporting::Stream> stream;
  };
  std::vector<Part> parts_;
  std::size_t at_ = 0;
  std::string head_;
  bool closed_ = false;
};

//! Tables, the manifest that says what they are, and the participant's own files.
Answer ZipOfOwn(const Call& call, const Visit& visit) {
  exporting::ZipRequest request;
  request.study = visit.vault;
  request.study_id = visit.visitor.study.id;
  request.study_name = visit.visitor.study.name;
  request.account = visit.Participant();
  request.options = visit.Own({});
  request.options.format = exporting::Format::kZip;
  request.options.media = true;
  // The handler's call is gone when the body is written.
  access::StudyAccess access{visit.visitor.study, {}};
  access.rights.own_participant = visit.Participant();
  request.viewer = {access.rights, access.study.settings,
                    [rooms = call.rooms, study = request.study_id] { return rooms->keys->CodeKey(study); }};
  request.blobs = call.rooms->blobs;
  request.files = call.rooms->files;
  request.temporary = call.rooms->temporary;
  http::Response response;
  response.headers = {{"Content-Type", "application/zip"},
                      {"Content-Disposition", AttachmentHeader(request.study_id + "_my_data.zip")},
                      {"Cache-Control", "no-store"}};
  response.source =
      ThreadedBody([request = std::move(request)](const std::function<Status(std::string_view)>& take, const std::atomic<bool>& cancelled) {
        return exporting::WriteZipNow(request, take, cancelled);
      });
  return response;
}

Answer ExportOwn(Call& call, const Visit& visit) {
  SHEAF_TRY(call.OnlyParameters({"format"}));
  const std::string_view format = call.request.QueryParameter("format").value_or("json");
  if (format == "zip") return ZipOfOwn(call, visit);
  if (format != "json") return Fail(ErrorCode::kBadParameter, "\"format\" is json or zip.", "format");
  exporting::ExportOptions options;
  options.format = exporting::Format::kJson;
  JsonObject study;
  study.Text("id", visit.visitor.study.id).Text("name", visit.visitor.study.name);
  std::string begin = "{\"study\":" + study.Finish() + ",\"participant\":";
  AppendJsonString(begin, visit.Participant());
  begin += ",\"exported_at\":\"" + FormatIsoUtc(Now()) + "\",\"datasets\":{";
  auto body = std::make_unique<ExportOfAll>();
  body->Begin(std::move(begin));
  for (const auto& dataset : visit.vault->Datasets()) {
    SHEAF_ASSIGN(auto plan, exporting::MakePlan(*visit.vault, visit.Own(options), dataset->id, 0, visit.Viewer()));
    SHEAF_ASSIGN(auto stream, call.rooms->streams->Open(visit.vault, std::move(plan), exporting::Compression::kNone));
    body->Add(dataset->id, std::move(stream));
  }
  http::Response response;
  response.headers = {{"Content-Type", "application/json"},
                      {"Content-Disposition", AttachmentHeader(visit.visitor.study.id + "_my_data.json")},
                      {"Cache-Control", "no-store"}};
  response.source = std::move(body);
  return response;
}

bool IsKind(const std::string& kind) { return kind == "erasure" || kind == "withdrawal" || kind == "correction" || kind == "copy"; }

Answer PostRequest(Call& call, const Visit& visit) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(JsonBody body, call.JsonObjectBody(kMaxSettingsBody));
  SHEAF_ASSIGN(const auto kind, body.Text("kind", kMaxMessageBytes));
  SHEAF_ASSIGN(auto message, body.Text("message", kMaxMessageBytes));
  SHEAF_TRY(body.Finish());
  if (!kind || !IsKind(*kind))
    return Fail(ErrorCode::kBadMember, "\"kind\" is erasure, withdrawal, correction or copy.", body.Place("kind"));
  auto& care = call.rooms->catalog->Care();
  SHEAF_ASSIGN(const auto before, care.Requests(visit.visitor.study.id, visit.Participant()));
  std::size_t open = 0;
  for (const auto& request : before) open += request.state == "open" ? 1 : 0;
  if (open >= kMostOpenRequests)
    return Fail(Error{ErrorCode::kTooManyRequests, "The study has yet to decide on what was asked for before.", {}, kAskAgainS});
  catalog::ParticipantRequest request;
  request.study = visit.visitor.study.id;
  request.participant = visit.Participant();
  request.kind = *kind;
  request.message = std::move(message).value_or("");
  SHEAF_ASSIGN(const auto kept, care.AddRequest(request));
  return JsonResponse(RequestJson(kept, false), 201);
}

Answer ListOwnRequests(Call& call, const Visit& visit) {
  SHEAF_TRY(call.OnlyParameters({}));
  SHEAF_ASSIGN(const auto requests, call.rooms->catalog->Care().Requests(visit.visitor.study.id, visit.Participant()));
  JsonArray items;
  for (const auto& request : requests) items.Raw(RequestJson(request, false));
  return ListResponse("requests", items.Finish(), "", requests.size());
}

Answer Received(Call& call, VisitHandler handler) {
  const std::string client = ClientAddress(call.request, call.rooms->trust_proxy);
  SHEAF_TRY(call.rooms->limits->OfAddress(client));
  const std::string_view authorization = call.request.Header("authorization");
  auto visitor = access::AuthenticateLink(*call.rooms->catalog, authorization);
  const bool guess = !visitor && visitor.error().code == ErrorCode::kUnauthenticated && !authorization.empty();
  if (guess) SHEAF_TRY(call.rooms->limits->OfFailures(client));
  if (!visitor) return Fail(std::move(visitor).error());
  call.audit.link = visitor->link.id;
  call.audit.study = visitor->study.id;
  call.audit.participant = visitor->link.participant;
  SHEAF_ASSIGN(auto vault, call.rooms->vault->OpenStudy(visitor->study.id));
  return handler(call, Visit{call, *std::move(visitor), std::move(vault)});
}

void AddVisit(http::Router& router, const std::shared_ptr<const Rooms>& rooms, std::string_view method, std::string_view pattern,
              VisitHandler handler) {
  auto handle = [rooms, handler, rule = RuleFor(method, pattern)](http::Request request, http::Responder responder) {
    Call call{rooms, std::move(request), std::move(responder), {}};
    auto answer = Received(call, handler);
    if (const Status audited = AuditCall(call, rule, answer ? nullptr : &answer.error()); !audited) answer = Fail(audited.error());
    if (answer && *answer) return call.responder.Send(std::move(**answer));
    if (!answer) return call.responder.Send(ProblemResponse(answer.error(), call.request.path, call.request.id));
  };
  router.Add(method, pattern, std::move(handle), http::Router::Options{kNoBody});
}

}  // namespace

void AddMeRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddVisit(router, rooms, "GET", "/api/v1/me", GetMe);
  AddVisit(router, rooms, "GET", "/api/v1/me/datasets/{dataset}/records", ListOwnRecords);
  AddVisit(router, rooms, "GET", "/api/v1/me/export", ExportOwn);
  AddVisit(router, rooms, "GET", "/api/v1/me/requests", ListOwnRequests);
  AddVisit(router, rooms, "POST", "/api/v1/me/requests", PostRequest);
}

}  // namespace sheaf::api::native
