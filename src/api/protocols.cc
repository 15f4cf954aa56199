#include "api/protocols.h"

#include "api/alida/api.h"
#include "api/avicenna/api.h"
#include "api/ddm/api.h"
#include "api/hyperstudy/api.h"
#include "api/page/page.h"
#include "api/problem.h"

namespace sheaf::api {

void AddAllRoutes(http::Router& router, const std::shared_ptr<const native::Rooms>& rooms) {
  native::AddRoutes(router, rooms);
  avicenna::AddRoutes(router, rooms);
  hyperstudy::AddRoutes(router, rooms);
  alida::AddRoutes(router, rooms);
  ddm::AddRoutes(router, rooms);
  page::AddRoutes(router);
}

http::Response RenderError(const Error& error, std::string_view path, std::string_view request_id) {
  if (avicenna::Owns(path)) return avicenna::ErrorResponse(error, path, request_id);
  if (hyperstudy::Owns(path)) return hyperstudy::ErrorResponse(error, path, request_id);
  if (alida::Owns(path)) return alida::ErrorResponse(error, path, request_id);
  return ProblemResponse(error, path, request_id);
}

}  // namespace sheaf::api
