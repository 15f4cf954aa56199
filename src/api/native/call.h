#pragma once
//! One request on its way through a handler, and what handlers share.

#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/json_body.h"
#include "api/native/api.h"
#include "api/native/audit_hook.h"
#include "privacy/seen.h"

namespace sheaf::api::native {

struct Call {
  std::shared_ptr<const Rooms> rooms;
  http::Request request;
  http::Responder responder;
  access::Principal principal;
  mutable AuditNote audit = {};     //!< what the handler adds to its entry in the audit
  mutable bool seen_study = false;  //!< the study of the address was found, and may be seen

  std::string_view Part(std::string_view name) const { return request.PathParameter(name); }

  //! The study named by the address, when the principal may do this in it, and what of it they may see. When the address
  //! names a dataset too, it must be among what they may see.
  Result<access::StudyAccess> Access(access::Action action) const;
  //! The study alone: for what shows nothing of participants.
  Result<model::Study> Study(access::Action action) const;
  //! The study, when the principal may read the records of the dataset that the address names: of all, or of its kind.
  Result<access::StudyAccess> ReadAccess() const;
  //! As Study, for what writes: kStudyReadOnly when the study is archived.
  Result<model::Study> WritableStudy(access::Action action) const;
  //! And of the dataset that the address names: kStudyReadOnly when retention has archived it.
  Result<model::Study> WritableDataset(access::Action action) const;
  Result<std::shared_ptr<vault::StudyVault>> Vault(const model::Study& study) const;
  //! For whom records are read.
  exporting::Viewer Viewer(const access::StudyAccess& access) const;
  //! For whom people and counts are read.
  Result<privacy::Reader> Reader(const access::StudyAccess& access) const;
  //! The dataset named by the address.
  Result<std::shared_ptr<const model::Dataset>> Dataset(vault::StudyVault& study) const;

  //! Refuses query parameters that are not in `names` (kUnknownParameter) and, unless they are in `repeatable`, that come
  //! more than once (kBadParameter).
  Status OnlyParameters(std::initializer_list<std::string_view> names, std::initializer_list<std::string_view> repeatable = {}) const;
  //! An integer parameter in [least, most]; kBadParameter.
  Result<std::uint64_t> CountParameter(std::string_view name, std::uint64_t otherwise, std::uint64_t least, std::uint64_t most) const;
  //! `Idempotency-Key`: empty when there is none; kBadParameter when it is no 1 to 255 printable characters.
  Result<std::string> IdempotencyKey() const;

  //! The whole body, which must be JSON by its Content-Type.
  Result<std::string> JsonText(std::size_t limit);
  Result<JsonBody> JsonObjectBody(std::size_t limit);

  //! The client's address.
  std::string Client() const;
  //! `path` as a client can call it.
  std::string Address(std::string_view path) const { return rooms->public_url + std::string(path); }

  //! kNotFound when the address names a dataset that is not among what may be seen.
  Status RequireSight(const model::ViewRights& rights) const;
};

inline constexpr std::size_t kMaxSettingsBody = 8u << 20;  //!< of definitions, participants, sessions, export requests
inline constexpr std::uint64_t kNoBody = 1u << 16;         //!< of requests whose body means nothing
inline constexpr std::uint64_t kAnyBody = 0;               //!< a route that reads as bytes come

//! Answers or fails; the failure is rendered as a problem. Answering nothing means that the handler keeps
//! `call.responder` and sends later.
using CallHandler = std::function<Result<std::optional<http::Response>>(Call& call)>;

//! Adds a route whose caller is authenticated.
void AddRoute(http::Router& router, const std::shared_ptr<const Rooms>& rooms, std::string_view method, std::string_view pattern,
              CallHandler handler, std::uint64_t max_body = kNoBody);

//! What a route of another system's protocol does otherwise.
struct RouteStyle {
  std::uint64_t max_body = kNoBody;
  http::ErrorRenderer render;  //!< of refusals
  AuditRule audit;
  //! Who is asking, where it is not as in the native API. A request with `Authorization` that is not let in counts as a guess.
  std::function<Result<access::Principal>(const Rooms& rooms, const http::Request& request)> who_asks = nullptr;
};
void AddRoute(http::Router& router, const std::shared_ptr<const Rooms>& rooms, std::string_view method, std::string_view pattern,
              CallHandler handler, RouteStyle style);

//! Adds a route for callers whom nobody knows yet; its principal is empty.
void AddOpenRoute(http::Router& router, const std::shared_ptr<const Rooms>& rooms, std::string_view method, std::string_view pattern,
                  CallHandler handler, std::uint64_t max_body = kNoBody);

http::Response JsonResponse(std::string json, int status = 200);
http::Response NoContent();

//! `limit`, `cursor` and, where it is allowed, `search` of a list.
struct ListQuery {
  std::uint64_t limit = 100;
  std::string after;  //!< the id the page starts behind
  std::string search;
};
enum class ListSearch { kNo, kYes };
Result<ListQuery> ReadListQuery(const Call& call, ListSearch search);
//! {"`noun`":[…],"cursor","has_more","total"}; `next` empty: the last page.
http::Response ListResponse(std::string_view noun, std::string_view items, std::string_view next, std::uint64_t total);

//! Held by whatever reads a study from the catalog and writes it back, or changes catalog and vault together: one at a
//! time, so that neither sees the other's half.
std::mutex& StudyChanges();

// One file per noun.
void AddAccountRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddKeyRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddSignInRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddGrantRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddStudyRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddParticipantRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddSessionRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddDatasetRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddRecordRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddPlotRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddOverviewRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddIngestRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddStreamRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddSensorRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddExportRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddScheduleRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddDonationProjectRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddFileRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddFileContentRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddLockRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddLinkRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddMeRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddRetentionRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddCareRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddAuditRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);
void AddServerRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms);

}  // namespace sheaf::api::native
