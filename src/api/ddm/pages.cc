// Pages of a project's owner: its token, its logs, its end.

#include <charconv>

#include "access/donation_token.h"
#include "api/ddm/route.h"
#include "api/ddm/texts.h"
#include "api/multipart.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::size_t kMaxForm = 1u << 20;
constexpr int kSuggestedDays = 30;

std::string CsrfField(const http::Request& request) {
  return "<input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"" + Escaped(SessionCsrf(request)) + "\">";
}

//! A form that was sent, and who sent it.
struct Sent {
  std::vector<FormPart> form;
  PageVisit visit;
};
tl::expected<Sent, http::Response> Receive(const Service& service, native::Call& call) {
  const auto body = call.request.body->ReadAll(kMaxForm);
  auto form = body ? ParseForm(call.request.Header("content-type"), *body) : Result<std::vector<FormPart>>(Fail(body.error()));
  if (!form) return tl::unexpected(HtmlPage("Bad Request", "<p>The form cannot be read.</p>\n", 400));
  auto visit = EnterPage(service, call, FormValue(*form, "csrfmiddlewaretoken"));
  if (!visit) return tl::unexpected(std::move(visit.error()));
  return Sent{*std::move(form), *std::move(visit)};
}

http::Response TokenPage(const Service& service, const http::Request& request, const Project& project, std::string_view fault) {
  const auto token = service.rooms->catalog->Donations().FindToken(project.study.id);
  std::string body;
  if (token && *token) {
    const auto key = access::OpenDonationToken(*service.rooms->site_key, **token);
    const bool valid = !(*token)->expires_at || Now() <= *(*token)->expires_at;
    body += "<table><tr><th>Key</th><td><code>" + Escaped(key.value_or("")) + "</code></td></tr><tr><th>Created</th><td>" +
            UtcTime((*token)->created_at) + "</td></tr><tr><th>Expires</th><td>" +
            ((*token)->expires_at ? UtcTime(*(*token)->expires_at) : "never") + "</td></tr><tr><th>Status</th><td>" +
            (valid ? "valid" : "Invalid") + "</td></tr></table>\n<form method=\"post\">" + CsrfField(request) +
            "<button name=\"action\" value=\"delete\">Delete token</button></form>\n";
  }
  if (!fault.empty()) body += "<p role=\"alert\">" + Escaped(fault) + "</p>\n";
  body += "<form method=\"post\">" + CsrfField(request) +
          "<label>Days until it expires <input name=\"expiration_days\" type=\"number\" min=\"1\" max=\"90\" value=\"" +
          std::to_string(kSuggestedDays) + "\"></label><button name=\"action\" value=\"create\">Create token</button></form>\n";
  return HtmlPage("Access token of " + project.study.name, body);
}

http::Response GetToken(const Service& service, native::Call& call) {
  auto visit = EnterPage(service, call);
  if (!visit) return std::move(visit.error());
  return TokenPage(service, call.request, visit->project, {});
}

http::Response PostToken(const Service& service, native::Call& call) {
  auto sent = Receive(service, call);
  if (!sent) return std::move(sent.error());
  const Project& project = sent->visit.project;
  const std::string_view action = FormValue(sent->form, "action");
  Status done;
  if (action == "create") {
    const std::string_view text = FormValue(sent->form, "expiration_days");
    int days = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), days);
    if (error != std::errc{} || end != text.data() + text.size() || days < 1 || days > access::kMostDonationTokenDays) {
      return TokenPage(service, call.request, project, "Ensure that the number of days is between 1 and 90.");
    }
    const auto made = access::MakeDonationToken(service.rooms->catalog->Donations(), *service.rooms->site_key, project.study.id, days);
    if (!made) done = Fail(made.error());
  } else if (action == "delete") {
    done = access::RemoveDonationToken(service.rooms->catalog->Donations(), project.study.id);
  } else {
    return TokenPage(service, call.request, project, "Choose to create or to delete.");
  }
  if (!done) return ErrorAnswer(done.error());
  if (const Status audited = Audit(call, action == "create" ? "donations.token_create" : "donations.token_delete", nullptr); !audited) {
    return ErrorAnswer(audited.error());
  }
  return Redirect(call.request.path);
}

http::Response GetDelete(const Service& service, native::Call& call) {
  auto visit = EnterPage(service, call);
  if (!visit) return std::move(visit.error());
  return HtmlPage("Delete " + visit->project.study.name,
                  "<form method=\"post\">" + CsrfField(call.request) + "<button>Yes, delete it</button></form>\n");
}

http::Response PostDelete(const Service& service, native::Call& call) {
  auto sent = Receive(service, call);
  if (!sent) return std::move(sent.error());
  const std::string study = sent->visit.project.study.id;
  // What holds the study open keeps it from going.
  sent->visit.project.vault.reset();
  if (const Status deleted = native::DeleteStudy(*service.rooms, study); !deleted) return ErrorAnswer(deleted.error());
  if (const Status audited = Audit(call, "study.delete", nullptr); !audited) return ErrorAnswer(audited.error());
  return Redirect(service.options.prefix + "/projects/");
}

}  // namespace

void AddProjectPages(http::Router& router, const std::shared_ptr<const Service>& service) {
  AddPage(router, service, "GET", "/projects/{url_id}/token/", GetToken);
  AddPage(router, service, "POST", "/projects/{url_id}/token/", PostToken);
  AddPage(router, service, "GET", "/projects/{url_id}/delete/", GetDelete);
  AddPage(router, service, "POST", "/projects/{url_id}/delete/", PostDelete);
}

}  // namespace sheaf::api::ddm
