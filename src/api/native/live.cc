#include "api/native/monitoring.h"

#include "api/native/call.h"
#include "live/hub.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

//! A listener as the body of a response: the two rooms have the same shape and do not know each other.
class LiveBody : public http::BodySource {
 public:
  explicit LiveBody(std::unique_ptr<live::Listener> listener) : listener_(std::move(listener)) {}
  void Read(Ready ready) override {
    listener_->Read([ready = std::move(ready)](Result<live::Text> text) {
      if (text) ready(std::string(**text));
      else ready(Fail(std::move(text).error()));
    });
  }
  void Cancel() override { listener_->Cancel(); }

 private:
  const std::unique_ptr<live::Listener> listener_;
};

//! For HEAD.
class NoEvents : public http::BodySource {
 public:
  void Read(Ready ready) override { ready(std::string()); }
  void Cancel() override {}
};

//! Who listens, asked again and again: the same credentials, with the same rights as when the stream began. What cannot be
//! found out just now counts as no change.
live::Pass PassOf(const Call& call, const access::StudyAccess& access) {
  const std::string& who = call.principal.key.empty() ? call.principal.session : call.principal.key;
  const auto header = [&](std::string_view name) { return std::string(call.request.Header(name)); };
  auto still = [gate = call.rooms->gate, authorization = header("authorization"), api_key = header("x-api-key"), cookie = header("cookie"),
                access] {
    const auto unclear = [](const Error& error) {
      return error.code != ErrorCode::kUnauthenticated && error.code != ErrorCode::kForbidden && error.code != ErrorCode::kNotFound;
    };
    const auto principal = gate->Authenticate({authorization, api_key, cookie, {}, "GET"});
    if (!principal) return unclear(principal.error());
    const auto now = gate->AllowStudy(*principal, access::Action::kReadRecords, access.study.id);
    if (!now) return unclear(now.error());
    return now->rights == access.rights && now->study.settings == access.study.settings;
  };
  return {who, std::move(still)};
}

Answer Listen(live::Hub& hub, Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.Access(access::Action::kReadRecords));
  SHEAF_TRY(call.OnlyParameters({}));
  std::optional<live::Position> after;
  if (const std::string_view last = call.request.Header("last-event-id"); !last.empty()) {
    after = live::ParsePosition(last);
    if (!after) return Fail(ErrorCode::kBadParameter, "\"Last-Event-ID\" is the id of an event of this stream.", "Last-Event-ID");
  }
  http::Response response;
  response.headers = {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  if (call.request.method == "HEAD") {
    response.source = std::make_unique<NoEvents>();
    return response;
  }
  SHEAF_ASSIGN(auto vault, call.Vault(access.study));
  exporting::Viewer viewer{access.rights, access.study.settings,
                           [rooms = call.rooms, study = access.study.id] { return rooms->keys->CodeKey(study); }};
  SHEAF_ASSIGN(auto listener, hub.Listen(std::move(vault), viewer, after, PassOf(call, access)));
  response.source = std::make_unique<LiveBody>(std::move(listener));
  return response;
}

}  // namespace

void AddLiveRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms, const Monitoring& monitoring) {
  AddRoute(router, rooms, "GET", "/api/v1/studies/{study}/live", [hub = monitoring.live](Call& call) { return Listen(*hub, call); });
}

}  // namespace sheaf::api::native
