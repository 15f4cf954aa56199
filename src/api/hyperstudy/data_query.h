#pragma once
//! The query parameters that the routes of data share.

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/time.h"
#include "http/server.h"

namespace sheaf::api::hyperstudy {

enum class DataFormat { kJson, kCsv, kNdjson };

struct DataQuery {
  std::uint64_t offset = 0;
  std::uint64_t limit = 1000;
  std::string sort = "timestamp";
  bool descending = false;
  DataFormat format = DataFormat::kJson;
  std::optional<Micros> start_time, end_time;  //!< inclusive, both
  std::string category, deployment, room;      //!< empty: not asked for
  std::string experiment;                      //!< where a room's id is that of rooms in several experiments
  std::string component_type, state, completion_code;
  std::optional<bool> completed;
  std::optional<std::uint64_t> window_ms;  //!< aggregationWindow
};

//! kBadParameter with the parameter's name as place. Parameters nobody knows are ignored, as clients send more than a route takes.
Result<DataQuery> ReadDataQuery(const http::Request& request, std::string_view default_sort, std::uint64_t default_limit = 1000);

}  // namespace sheaf::api::hyperstudy
