#include "api/hyperstudy/data_query.h"

#include <charconv>

#include "base/ids.h"

namespace sheaf::api::hyperstudy {
namespace {

// What fits every counter behind it. There is no limit to a page: a client that asks for so many rows takes them in one answer.
constexpr std::uint64_t kMostRows = 1'000'000'000'000'000;
constexpr std::uint64_t kMostWindowMs = 366ull * 24 * 3600 * 1000;
constexpr std::size_t kMaxTextBytes = 1000;

Result<std::uint64_t> ReadCount(const http::Request& request, std::string_view name, std::uint64_t otherwise, std::uint64_t least,
                                std::uint64_t most) {
  const auto text = request.QueryParameter(name);
  if (!text) return otherwise;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc{} || end != text->data() + text->size() || number < least || number > most) {
    return Fail(ErrorCode::kBadParameter, "Invalid " + std::string(name) + ": expected a whole number from " + std::to_string(least) + ".",
                std::string(name));
  }
  return number;
}

Result<std::string> ReadText(const http::Request& request, std::string_view name) {
  std::string text(request.QueryParameter(name).value_or(""));
  if (text.size() > kMaxTextBytes || !IsUtf8(text))
    return Fail(ErrorCode::kBadParameter, "Invalid " + std::string(name) + ".", std::string(name));
  return text;
}

Result<std::optional<Micros>> ReadTime(const http::Request& request, std::string_view name) {
  const auto text = request.QueryParameter(name);
  if (!text || text->empty()) return std::optional<Micros>();
  const auto time = ParseIsoTime(*text);
  if (!time) return Fail(ErrorCode::kBadParameter, "Invalid " + std::string(name) + ": expected an ISO 8601 time.", std::string(name));
  return std::optional<Micros>(time->instant);
}

Result<std::optional<bool>> ReadFlag(const http::Request& request, std::string_view name) {
  const auto text = request.QueryParameter(name);
  if (!text) return std::optional<bool>();
  if (*text == "true" || *text == "1") return std::optional<bool>(true);
  if (*text == "false" || *text == "0") return std::optional<bool>(false);
  return Fail(ErrorCode::kBadParameter, "Invalid " + std::string(name) + ": expected true or false.", std::string(name));
}

Status ReadShape(const http::Request& request, DataQuery& query) {
  const std::string_view order = request.QueryParameter("order").value_or("asc");
  if (order != "asc" && order != "desc") return Fail(ErrorCode::kBadParameter, "Invalid order: expected asc or desc.", "order");
  query.descending = order == "desc";
  const std::string_view format = request.QueryParameter("format").value_or("json");
  if (format == "csv") query.format = DataFormat::kCsv;
  else if (format == "ndjson") query.format = DataFormat::kNdjson;
  else if (format != "json") return Fail(ErrorCode::kBadParameter, "Invalid format: expected json, csv or ndjson.", "format");
  return {};
}

}  // namespace

Result<DataQuery> ReadDataQuery(const http::Request& request, std::string_view default_sort, std::uint64_t default_limit) {
  DataQuery query;
  SHEAF_ASSIGN(query.offset, ReadCount(request, "offset", 0, 0, kMostRows));
  SHEAF_ASSIGN(query.limit, ReadCount(request, "limit", default_limit, 1, kMostRows));
  SHEAF_TRY(ReadShape(request, query));
  SHEAF_ASSIGN(query.sort, ReadText(request, "sort"));
  if (query.sort.empty()) query.sort = default_sort;
  SHEAF_ASSIGN(query.start_time, ReadTime(request, "startTime"));
  SHEAF_ASSIGN(query.end_time, ReadTime(request, "endTime"));
  SHEAF_ASSIGN(query.category, ReadText(request, "category"));
  SHEAF_ASSIGN(query.deployment, ReadText(request, "deploymentId"));
  SHEAF_ASSIGN(query.room, ReadText(request, "roomId"));
  SHEAF_ASSIGN(query.experiment, ReadText(request, "experimentId"));
  SHEAF_ASSIGN(query.component_type, ReadText(request, "componentType"));
  SHEAF_ASSIGN(query.state, ReadText(request, "stateId"));
  SHEAF_ASSIGN(query.completion_code, ReadText(request, "completionCode"));
  SHEAF_ASSIGN(query.completed, ReadFlag(request, "completed"));
  if (request.QueryParameter("aggregationWindow")) {
    SHEAF_ASSIGN(query.window_ms, ReadCount(request, "aggregationWindow", 0, 1, kMostWindowMs));
  }
  return query;
}

}  // namespace sheaf::api::hyperstudy
