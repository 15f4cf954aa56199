// One participant's donations as a ZIP, for the owner.

#include <algorithm>

#include "api/content_headers.h"
#include "api/ddm/pieces.h"
#include "api/ddm/route.h"
#include "api/ddm/texts.h"
#include "api/json_text.h"
#include "api/multipart.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::size_t kMaxForm = 1u << 20;

Result<std::vector<Part>> DonationsOf(const Service& service, const Project& project, const Person& person) {
  struct One {
    const model::Blueprint* blueprint;
    DonationRecord donation;
  };
  std::vector<One> all;
  for (const std::int64_t blueprint : DonatedBlueprints(*project.vault)) {
    SHEAF_ASSIGN(auto donations, Donations(*project.vault, blueprint, std::vector<std::string>{person.id}));
    for (DonationRecord& donation : donations) all.push_back({project.settings.FindBlueprint(blueprint), std::move(donation)});
  }
  std::sort(all.begin(), all.end(), [](const One& a, const One& b) { return a.donation.seq < b.donation.seq; });
  std::vector<Part> parts = {{"[", {}}};
  for (const One& one : all) {
    std::string head = parts.size() == 1 ? "{" : ",{";
    // The project may have given the blueprint up.
    const bool known = one.blueprint != nullptr;
    head += "\"blueprint_id\":" + (known ? std::to_string(one.blueprint->id) : "null") + ",\"blueprint_name\":";
    if (known) AppendJsonString(head, one.blueprint->name);
    else head += "null";
    parts.push_back({head + ",\"donation\":", {}});
    AppendDonation(parts, person.id, one.donation, *service.zone);
    parts.push_back({"}", {}});
  }
  parts.push_back({"]", {}});
  return parts;
}

http::Response GetForm(const Service& service, native::Call& call) {
  auto visit = EnterPage(service, call);
  if (!visit) return std::move(visit.error());
  if (!FindPerson(*visit->project.vault, call.Part("external_id"))) return NotThere();
  std::string body =
      "<form method=\"post\"><input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"" + Escaped(SessionCsrf(call.request)) + "\">";
  if (visit->project.SuperSecret()) body += "<label>Secret <input name=\"secret\" type=\"password\"></label>";
  return HtmlPage("Download the donations of " + std::string(call.Part("external_id")), body + "<button>Download</button></form>\n");
}

//! Without the secret of a project that has one there is nothing to be had, also where nothing was donated.
Status CheckSecret(const Service& service, const Project& project, std::string_view secret) {
  if (!project.SuperSecret()) return {};
  SHEAF_TRY(service.rooms->keys->OpenContent(project.study.id, secret));
  return {};
}

Status MakeZip(const Service& service, const Project& project, const Person& person, std::string_view secret, const std::string& name,
               http::Response& response) {
  SHEAF_TRY(CheckSecret(service, project, secret));
  SHEAF_ASSIGN(auto parts, DonationsOf(service, project, person));
  return FillBody(response, Zipped(name + ".json", PartsOf(service.rooms, project.study.id, std::move(parts), std::string(secret))));
}

http::Response PostForm(const Service& service, native::Call& call) {
  const auto body = call.request.body->ReadAll(kMaxForm);
  const auto form = body ? ParseForm(call.request.Header("content-type"), *body) : Result<std::vector<FormPart>>(Fail(body.error()));
  if (!form) return HtmlPage("Bad Request", "<p>The form cannot be read.</p>\n", 400);
  auto visit = EnterPage(service, call, FormValue(*form, "csrfmiddlewaretoken"));
  if (!visit) return std::move(visit.error());
  const Project& project = visit->project;
  const auto person = FindPerson(*project.vault, call.Part("external_id"));
  if (!person) return NotThere();
  const Visit log{service, call, project, visit->caller};
  call.audit.participant = person->id;
  const std::string_view secret = FormValue(*form, "secret");
  const std::string name = "ddm_" + project.UrlId() + "_donations_" + person->id;
  http::Response response;
  const Status made = MakeZip(service, project, *person, secret, name, response);
  if (!made && made.error().code == ErrorCode::kStudyLocked) {
    log.Log("Donation download failed.", "Download attempt with incorrect secret was registered.");
    std::ignore = Audit(call, "donations.download", &made.error());
    if (const Status room = service.rooms->limits->OfFailures(call.Client()); !room) return ErrorAnswer(room.error());
    response.status = 422;
    response.headers = {{"Content-Type", "text/html; charset=utf-8"}};
    response.body = "Incorrect secret";
    return response;
  }
  if (!made) return ErrorAnswer(made.error());
  if (const Status audited = Audit(call, "donations.download", nullptr); !audited) return ErrorAnswer(audited.error());
  log.Log("Donation download registered.", "Donation for participant " + person->id + " downloaded.");
  // As the original writes it, where that can be read.
  const bool plain = std::all_of(person->id.begin(), person->id.end(), [](unsigned char c) { return c < 0x80 && std::isalnum(c) != 0; });
  response.headers = {{"Content-Type", "application/zip"},
                      {"Content-Disposition", plain ? "attachment; filename=" + name + ".zip" : AttachmentHeader(name + ".zip")},
                      {"Cache-Control", "no-store"}};
  return response;
}

}  // namespace

void AddDownloadPage(http::Router& router, const std::shared_ptr<const Service>& service) {
  AddPage(router, service, "GET", "/projects/{url_id}/data-donation/download/{external_id}", GetForm);
  AddPage(router, service, "POST", "/projects/{url_id}/data-donation/download/{external_id}", PostForm);
}

}  // namespace sheaf::api::ddm
