#pragma once
//! Private to the folder. One request on its way to a handler, and how answers look.

#include <functional>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <string_view>

#include "api/ddm/caller.h"
#include "api/ddm/options.h"
#include "api/ddm/project.h"
#include "api/native/call.h"

namespace sheaf::api::ddm {

//! What the handlers share.
struct Service {
  std::shared_ptr<const native::Rooms> rooms;
  Options options;
  std::shared_ptr<const exporting::TimeZone> zone;
  std::optional<std::regex> emails;  //!< Options::email_pattern
};

//! A request of the API, whose project was found and whose caller may do what it asks.
struct Visit {
  const Service& service;
  native::Call& call;
  const Project& project;
  const Caller& caller;

  const native::Rooms& Rooms() const { return *service.rooms; }
  const http::Request& Request() const { return call.request; }
  //! Into the project's log, with the address and the method before the text.
  void Log(std::string_view text, std::string message) const;
};

enum class First { kToken, kSession };  //!< which way in is asked first: it decides between 401 and 403

struct Endpoint {
  std::string_view method;  //!< GET or DELETE
  std::string_view path;    //!< behind the mount point
  std::string_view name;    //!< of its self-description
  std::string_view action;  //!< in the audit
  First first = First::kToken;
  bool token = true, session = true;                    //!< the ways in
  bool project_first = true;                            //!< an unknown project is said before who asks
  std::function<Status(const Visit&)> allow = nullptr;  //!< kForbidden
  std::function<Result<http::Response>(const Visit&)> handle = nullptr;
};
//! Adds the endpoint with its OPTIONS, and a refusal of every other method.
void AddEndpoint(http::Router& router, const std::shared_ptr<const Service>& service, Endpoint endpoint);

//! `json` as it is sent: a page for a browser that asks for one.
http::Response JsonAnswer(const http::Request& request, std::string json, std::string_view allow, int status = 200);
//! {"detail":…}
http::Response Detail(int status, std::string_view text);
//! {"message":…}
std::string Message(std::string_view text);
//! Errors of rooms, as this protocol shows them.
http::Response ErrorAnswer(const Error& error);

//! An entry in the audit of what was done here. Fails when an answer that gives data out could not be recorded.
Status Audit(const native::Call& call, std::string_view action, const Error* failure);

// Pages.
using PageHandler = std::function<http::Response(const Service& service, native::Call& call)>;
void AddPage(http::Router& router, const std::shared_ptr<const Service>& service, std::string_view method, std::string_view path,
             PageHandler handler, std::uint64_t max_body = 1u << 20);
http::Response HtmlPage(std::string_view title, const std::string& body, int status = 200);
http::Response Redirect(std::string address);
http::Response NotThere();
//! Who signed in with an address that this site lets see pages; or the answer that the others get instead.
tl::expected<Caller, http::Response> EnterSite(const Service& service, const native::Call& call, std::string_view form_token = {});
//! Of a page of a project: its owner or an administrator, who signed in.
struct PageVisit {
  Project project;
  Caller caller;
};
//! Or the answer that they get instead.
tl::expected<PageVisit, http::Response> EnterPage(const Service& service, native::Call& call, std::string_view form_token = {});

// One file a topic.
void AddReadEndpoints(http::Router& router, const std::shared_ptr<const Service>& service);
void AddResponsesEndpoint(http::Router& router, const std::shared_ptr<const Service>& service);
void AddDetailsEndpoint(http::Router& router, const std::shared_ptr<const Service>& service);
void AddDeleteEndpoints(http::Router& router, const std::shared_ptr<const Service>& service);
void AddSignInPages(http::Router& router, const std::shared_ptr<const Service>& service);
void AddProjectPages(http::Router& router, const std::shared_ptr<const Service>& service);
void AddLogPages(http::Router& router, const std::shared_ptr<const Service>& service);
void AddDownloadPage(http::Router& router, const std::shared_ptr<const Service>& service);
void AddFlowPages(http::Router& router, const std::shared_ptr<const Service>& service);

}  // namespace sheaf::api::ddm
