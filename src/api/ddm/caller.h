#pragma once
//! Who asks: by a project's token, by the session of a browser, or nobody.

#include <optional>
#include <string>
#include <string_view>

#include "api/ddm/project.h"
#include "api/native/call.h"

namespace sheaf::api::ddm {

inline constexpr std::string_view kSessionCookieName = "sessionid";
inline constexpr std::string_view kCsrfCookieName = "csrftoken";

enum class Way { kNone, kToken, kSession };

struct Caller {
  Way way = Way::kNone;
  access::Principal principal;
  bool owner = false;      //!< of the project
  bool superuser = false;  //!< an administrator
};

//! By `Authorization: Token KEY`. Way::kNone: no such credentials. kUnauthenticated with the very sentence to be sent. `project` null: the token may be any project's, and
//! then belongs to none that is asked for.
Result<Caller> ByToken(const native::Rooms& rooms, const http::Request& request, const Project* project);
//! By the cookie. Way::kNone: nobody signed in. kCsrf, with the sentence, when something is to be changed without the token that proves it was the page. `form_token`: what a
//! form sent in the header's place.
Result<Caller> BySession(const native::Rooms& rooms, const http::Request& request, const Project* project,
                         std::string_view form_token = {});

//! The value of a cookie; empty when there is none.
std::string_view CookieValue(const http::Request& request, std::string_view name);
//! The session's proof; empty when nobody is signed in.
std::string SessionCsrf(const http::Request& request);

}  // namespace sheaf::api::ddm
