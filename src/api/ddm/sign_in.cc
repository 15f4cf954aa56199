// Signing in by a form, as browsers do; and the list of one's projects.

#include "access/door.h"
#include "access/sessions.h"
#include "api/ddm/route.h"
#include "api/ddm/texts.h"
#include "api/json_text.h"
#include "api/multipart.h"
#include "base/ids.h"

namespace sheaf::api::ddm {
namespace {

constexpr std::size_t kMaxForm = 1u << 20;
constexpr std::int64_t kYear = 365 * 86400;

std::string Cookie(const native::Rooms& rooms, std::string_view name, std::string_view value, std::int64_t seconds, bool hidden) {
  std::string cookie = std::string(name) + "=" + std::string(value) + "; Path=/; SameSite=Lax; Max-Age=" + std::to_string(seconds);
  if (hidden) cookie += "; HttpOnly";
  if (rooms.public_url.rfind("https://", 0) == 0) cookie += "; Secure";
  return cookie;
}

http::Response LoginForm(const Service& service, const http::Request& request, std::string_view fault) {
  std::string token(CookieValue(request, kCsrfCookieName));
  const bool fresh = token.size() < 32;
  if (fresh) token = RandomToken(64);
  std::string body;
  if (!fault.empty()) body += "<p role=\"alert\">" + Escaped(fault) + "</p>\n";
  body += "<form method=\"post\"><input type=\"hidden\" name=\"csrfmiddlewaretoken\" value=\"" + Escaped(token) +
          "\">\n<label>Username <input name=\"username\" autocomplete=\"username\"></label>\n"
          "<label>Password <input name=\"password\" type=\"password\" autocomplete=\"current-password\"></label>\n"
          "<label>Code of the second factor, if there is one <input name=\"code\" autocomplete=\"one-time-code\"></label>\n"
          "<button>Log in</button></form>\n";
  http::Response response = HtmlPage("Log in", body);
  if (fresh) response.headers.emplace_back("Set-Cookie", Cookie(*service.rooms, kCsrfCookieName, token, kYear, false));
  return response;
}

http::Response GetLogin(const Service& service, native::Call& call) { return LoginForm(service, call.request, {}); }

http::Response PostLogin(const Service& service, native::Call& call) {
  const auto body = call.request.body->ReadAll(kMaxForm);
  const auto form = body ? ParseForm(call.request.Header("content-type"), *body) : Result<std::vector<FormPart>>(Fail(body.error()));
  if (!form) return HtmlPage("Bad Request", "<p>The form cannot be read.</p>\n", 400);
  const std::string_view token = CookieValue(call.request, kCsrfCookieName);
  const std::string_view header = call.request.Header("x-csrftoken");
  const std::string_view given = header.empty() ? FormValue(*form, "csrfmiddlewaretoken") : header;
  if (!access::SameToken(token, given)) return HtmlPage("Forbidden", "<p>CSRF verification failed. Request aborted.</p>\n", 403);
  const access::SignInRequest request{std::string(FormValue(*form, "username")), std::string(FormValue(*form, "password")),
                                      std::string(FormValue(*form, "code")), call.Client()};
  const auto signed_in = service.rooms->door->SignIn(request);
  JsonObject options;
  call.audit.options = options.Text("email", request.email).Finish();
  if (!signed_in) {
    std::ignore = Audit(call, "session.sign_in", &signed_in.error());
    return LoginForm(service, call.request, "Please enter a correct username and password.");
  }
  call.audit.actor = signed_in->account.id;
  if (const Status audited = Audit(call, "session.sign_in", nullptr); !audited) return ErrorAnswer(audited.error());
  http::Response response = Redirect(service.options.prefix + "/projects/");
  const std::int64_t seconds = access::kSessionLongest / 1'000'000;
  response.headers.emplace_back("Set-Cookie", Cookie(*service.rooms, kSessionCookieName, signed_in->secret, seconds, true));
  response.headers.emplace_back("Set-Cookie", Cookie(*service.rooms, kCsrfCookieName, signed_in->csrf_token, seconds, false));
  return response;
}

http::Response PostLogout(const Service& service, native::Call& call) {
  const auto body = call.request.body->ReadAll(kMaxForm);
  const auto form = body ? ParseForm(call.request.Header("content-type"), *body) : Result<std::vector<FormPart>>(std::vector<FormPart>());
  const auto caller = BySession(*service.rooms, call.request, nullptr, form ? FormValue(*form, "csrfmiddlewaretoken") : "");
  if (!caller) return HtmlPage("Forbidden", "<p>" + Escaped(caller.error().detail) + "</p>\n", 403);
  if (caller->way == Way::kSession) std::ignore = service.rooms->door->SignOut(caller->principal);
  http::Response response = Redirect(service.options.prefix + "/login/");
  response.headers.emplace_back("Set-Cookie", Cookie(*service.rooms, kSessionCookieName, "", 0, true));
  return response;
}

http::Response GetProjects(const Service& service, native::Call& call) {
  auto caller = EnterSite(service, call);
  if (!caller) return std::move(caller.error());
  std::string list = "<ul>\n", after;
  while (true) {
    const auto studies = service.rooms->catalog->Studies(caller->principal.admin ? "" : caller->principal.account, "", after, 500);
    if (!studies || studies->empty()) break;
    for (const model::Study& study : *studies) {
      const auto row = service.rooms->catalog->Donations().FindProject(study.id);
      if (!row || (!caller->principal.admin && study.owner != caller->principal.account)) continue;
      const std::string place = service.options.prefix + "/projects/" + row->url_id;
      list += "<li>" + Escaped(study.name) + " (" + row->url_id + "): <a href=\"" + place + "/token/\">token</a> <a href=\"" + place +
              "/logs/\">logs</a></li>\n";
    }
    after = studies->back().id;
  }
  return HtmlPage("Projects", list + "</ul>\n");
}

http::Response GetNoPermission(const Service& service, native::Call& call) {
  std::ignore = call;
  return HtmlPage("No Permission", "<p>Your account may not see these pages.</p>\n<p><a href=\"" + service.options.prefix +
                                       "/login/\">Log in with another one</a></p>\n");
}

}  // namespace

void AddSignInPages(http::Router& router, const std::shared_ptr<const Service>& service) {
  AddPage(router, service, "GET", "/login/", GetLogin);
  AddPage(router, service, "POST", "/login/", PostLogin);
  AddPage(router, service, "POST", "/logout/", PostLogout);
  AddPage(router, service, "GET", "/projects/", GetProjects);
  AddPage(router, service, "GET", "/auth/no-permission/", GetNoPermission);
}

}  // namespace sheaf::api::ddm
