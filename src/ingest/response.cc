#include "ingest/response.h"

#include <boost/json.hpp>

namespace sheaf::ingest {

namespace json = boost::json;

std::string ResponseText(const IngestResult& result) {
  json::array rejected;
  for (const Rejection& rejection : result.rejected) {
    rejected.push_back(json::object{{"line", rejection.line},
                                    {"field", rejection.field},
                                    {"code", static_cast<std::uint64_t>(rejection.code)},
                                    {"error", rejection.error}});
  }
  return json::serialize(
      json::object{{"accepted", result.accepted}, {"rejected_total", result.rejected_total}, {"rejected", std::move(rejected)}});
}

std::optional<IngestResult> ParseResponse(std::string_view text) {
  try {
    const json::value parsed = json::parse(json::string_view(text.data(), text.size()));
    IngestResult result;
    result.accepted = parsed.at("accepted").to_number<std::uint64_t>();
    result.rejected_total = parsed.at("rejected_total").to_number<std::uint64_t>();
    for (const json::value& item : parsed.at("rejected").as_array()) {
      Rejection rejection;
      rejection.line = item.at("line").to_number<std::uint64_t>();
      rejection.field = json::value_to<std::string>(item.at("field"));
      rejection.code = static_cast<ErrorCode>(item.at("code").to_number<std::uint16_t>());
      rejection.error = json::value_to<std::string>(item.at("error"));
      result.rejected.push_back(std::move(rejection));
    }
    return result;
  } catch (const std::exception&) { return std::nullopt; }
}

}  // namespace sheaf::ingest
