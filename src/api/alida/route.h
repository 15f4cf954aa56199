#pragma once
//! Private to the folder. One request on its way to a handler: who asks, how often, and in what words they are refused.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "access/limits.h"
#include "api/alida/options.h"
#include "api/json_text.h"
#include "api/native/call.h"

namespace sheaf::api::alida {

using Answer = Result<std::optional<http::Response>>;

//! What the handlers share.
struct Service {
  explicit Service(std::shared_ptr<const native::Rooms> with);
  std::shared_ptr<const native::Rooms> rooms;
  const Options& options;                                //!< of the rooms
  std::unique_ptr<access::RateLimit> requests, batches;  //!< null: as many as come
  std::mutex submitting;                                 //!< held from counting an application's batches to adding one
};

using ServiceHandler = std::function<Answer(native::Call& call, Service& service)>;

enum class Caller {
  kBearer,  //!< with an access token
  kAnyone,  //!< the handler looks at credentials itself, if at all
};

struct Route {
  std::string method;
  std::string pattern;
  std::string action;  //!< in the audit; empty: nothing of participants is given out
  ServiceHandler handler;
  Caller caller = Caller::kBearer;
  std::uint64_t max_body = native::kNoBody;
  bool any_answer = false;  //!< its answer is not JSON alone: `Accept` is not looked at
};

//! With one slash at the end of the path and without.
void AddRoute(http::Router& router, const std::shared_ptr<Service>& service, Route route);

//! The word of access::Tokens for access tokens.
inline constexpr std::string_view kBearerPurpose = "bearer";

http::Response Json(std::string json, int status = 200);
//! `path` as an absolute address.
std::string Absolute(const native::Rooms& rooms, std::string_view path);

// One file a topic.
void AddTokenRoutes(http::Router& router, const std::shared_ptr<Service>& service);
void AddBatchRoutes(http::Router& router, const std::shared_ptr<Service>& service);
void AddFileRoutes(http::Router& router, const std::shared_ptr<Service>& service);
void AddActivityRoutes(http::Router& router, const std::shared_ptr<Service>& service);

}  // namespace sheaf::api::alida
