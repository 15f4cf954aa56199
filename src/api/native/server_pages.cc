#include "api/assets.h"
#include "api/json_text.h"
#include "api/native/call.h"
#include "api/problem.h"

namespace sheaf::api::native {
namespace {

http::Response Page(std::string_view body, std::string_view content_type) {
  http::Response response;
  response.headers = {{"Content-Type", std::string(content_type)}, {"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  response.body = body;
  return response;
}

//! The page is one file; nothing else may be loaded into it.
http::Response DocsPage() {
  http::Response response = Page(DocsHtml(), "text/html; charset=utf-8");
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  return response;
}

void AddPage(http::Router& router, std::string_view path, std::function<http::Response()> page) {
  auto handle = [page = std::move(page)](const http::Request&, const http::Responder& responder) { responder.Send(page()); };
  router.Add("GET", path, std::move(handle), http::Router::Options{kNoBody});
}

}  // namespace

void AddServerRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  AddPage(router, "/api/v1/openapi.yaml", [] { return Page(OpenApiYaml(), "application/yaml"); });
  AddPage(router, "/api/v1/errors", [] { return JsonResponse(ErrorCatalogueJson()); });
  AddPage(router, "/docs", DocsPage);
  // Where a problem's `type` points: the same page, at the error's anchor.
  AddPage(router, "/docs/errors", DocsPage);
  AddPage(router, "/healthz", [version = rooms->version] {
    JsonObject object;
    object.Text("status", "ok").Text("version", version);
    return JsonResponse(object.Finish());
  });
}

void AddRoutes(http::Router& router, std::shared_ptr<const Rooms> rooms) {
  AddStudyRoutes(router, rooms);
  AddGrantRoutes(router, rooms);
  AddSignInRoutes(router, rooms);
  AddAccountRoutes(router, rooms);
  AddKeyRoutes(router, rooms);
  AddParticipantRoutes(router, rooms);
  AddSessionRoutes(router, rooms);
  AddDatasetRoutes(router, rooms);
  AddSensorRoutes(router, rooms);
  AddRecordRoutes(router, rooms);
  AddPlotRoutes(router, rooms);
  AddOverviewRoutes(router, rooms);
  AddIngestRoutes(router, rooms);
  AddStreamRoutes(router, rooms);
  AddExportRoutes(router, rooms);
  AddScheduleRoutes(router, rooms);
  AddLockRoutes(router, rooms);
  AddDonationProjectRoutes(router, rooms);
  AddFileRoutes(router, rooms);
  AddFileContentRoutes(router, rooms);
  AddCareRoutes(router, rooms);
  AddRetentionRoutes(router, rooms);
  AddLinkRoutes(router, rooms);
  AddMeRoutes(router, rooms);
  AddAuditRoutes(router, rooms);
  AddServerRoutes(router, rooms);
}

}  // namespace sheaf::api::native
