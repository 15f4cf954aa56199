#include "api/alida/batch_request.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <unordered_map>

#include "api/json_text.h"
#include "base/guid.h"
#include "model/strict_json.h"

namespace sheaf::api::alida {
namespace {

namespace json = boost::json;

constexpr std::size_t kYearSize = 4, kDateSize = 10, kSecondsSize = 19;

bool HasShape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (std::size_t place = 0; place < text.size(); ++place) {
    const bool digit = text[place] >= '0' && text[place] <= '9';
    const bool letter = shape[place] == 'T' && (text[place] == 'T' || text[place] == 't');
    if (shape[place] == '9' ? !digit : !letter && text[place] != shape[place]) return false;
  }
  return true;
}

bool IsZone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return true;
  return HasShape(text, "+99:99") || HasShape(text, "-99:99");
}

Result<std::optional<Micros>> ReadTime(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains(json::string_view(name.data(), name.size()));
  if (value == nullptr || value->is_null()) return std::optional<Micros>();
  const std::string place = "/" + std::string(name);
  if (!value->is_string()) return Fail(ErrorCode::kBadMember, "\"" + std::string(name) + "\" is a date-time.", place);
  const auto time = ReadAlidaTime({value->get_string().data(), value->get_string().size()});
  if (!time) return Fail(ErrorCode::kBadTime, "\"" + std::string(name) + "\" is no date-time such as 2016-02-01T21:30:00Z.", place);
  return time;
}

Result<std::vector<std::string>> ReadFieldIds(const json::object& body, std::int64_t most) {
  std::vector<std::string> ids;
  const json::value* value = body.if_contains("fieldIds");
  if (value == nullptr || value->is_null()) return ids;
  if (!value->is_array()) return Fail(ErrorCode::kBadMember, "\"fieldIds\" is an array of GUIDs.", "/fieldIds");
  const json::array& list = value->get_array();
  if (list.size() > static_cast<std::size_t>(most)) {
    return Fail(ErrorCode::kBadMember, "\"fieldIds\" has more than " + std::to_string(most) + " entries.", "/fieldIds");
  }
  for (std::size_t place = 0; place < list.size(); ++place) {
    const std::string at = "/fieldIds/" + std::to_string(place);
    if (!list[place].is_string()) return Fail(ErrorCode::kBadMember, "\"fieldIds\" is an array of GUIDs.", at);
    std::string id(list[place].get_string().data(), list[place].get_string().size());
    if (!ReadGuid(id)) return Fail(ErrorCode::kBadMember, "\"fieldIds\" has an entry that is no GUID.", at);
    ids.push_back(std::move(id));
  }
  return ids;
}

}  // namespace

std::optional<Micros> ReadAlidaTime(std::string_view text) {
  if (HasShape(text, "9999")) {
    const auto year = ParseIsoTime(std::string(text) + "-01-01");
    return year ? std::optional<Micros>(year->instant) : std::nullopt;
  }
  const bool date = HasShape(text, "9999-99-99");
  bool known = date;
  if (!date && text.size() >= kSecondsSize && HasShape(text.substr(0, kSecondsSize), "9999-99-99T99:99:99")) {
    std::string_view rest = text.substr(kSecondsSize);
    const bool point = rest.starts_with('.');
    if (point) rest.remove_prefix(1);
    const std::size_t digits = point ? std::min(rest.find_first_not_of("0123456789"), rest.size()) : 0;
    known = point == (digits > 0) && IsZone(rest.substr(digits));
  }
  const auto time = known ? ParseIsoTime(text) : std::nullopt;
  return time ? std::optional<Micros>(time->instant) : std::nullopt;
}

Result<BatchRequest> ReadBatchRequest(std::string_view text, std::int64_t most_field_ids) {
  BatchRequest request;
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return request;
  json::value document;
  SHEAF_TRY(model::ParseStrictJson(text, {}, document));
  if (!document.is_object()) return Fail(ErrorCode::kBadMember, "The body is a JSON object.", "/");
  const json::object& body = document.get_object();
  SHEAF_ASSIGN(request.field_ids, ReadFieldIds(body, most_field_ids));
  SHEAF_ASSIGN(request.since, ReadTime(body, "sinceDatetime"));
  SHEAF_ASSIGN(request.until, ReadTime(body, "untilDatetime"));
  if (request.since && request.until && *request.since >= *request.until) {
    return Fail(ErrorCode::kBadMember, "\"sinceDatetime\" lies before \"untilDatetime\".", "/sinceDatetime");
  }
  return request;
}

std::string BatchRequest::Echo() const {
  JsonObject echo;
  if (!field_ids.empty()) {
    JsonArray ids;
    for (const std::string& id : field_ids) ids.Text(id);
    echo.Raw("fieldIds", ids.Finish());
  }
  if (since) echo.Text("sinceDatetime", exporting::AlidaTime(*since));
  if (until) echo.Text("untilDatetime", exporting::AlidaTime(*until));
  return echo.Finish();
}

Result<std::vector<std::string>> ResolveFields(const Application& application, const model::Dataset& dataset,
                                               const std::vector<std::string>& field_ids) {
  std::unordered_map<std::string, std::vector<std::size_t>> known;
  if (!field_ids.empty()) {
    const exporting::AlidaGuids guids(application.key, dataset);
    std::unordered_map<std::string_view, std::string> groups;
    for (std::size_t number = 0; number < dataset.fields.size(); ++number) {
      if (!application.Leaves(dataset, number)) continue;
      const model::Field& field = dataset.fields[number];
      known[guids.OfField(field)].push_back(number);
      if (field.group.empty()) continue;
      std::string& group = groups[field.group];
      if (group.empty()) group = guids.OfGroup(field.group);
      known[group].push_back(number);
    }
  }
  std::vector<bool> chosen(dataset.fields.size());
  for (std::size_t place = 0; place < field_ids.size(); ++place) {
    const auto found = known.find(*ReadGuid(field_ids[place]));
    if (found == known.end()) {
      return Fail(ErrorCode::kBadMember, "The activity has no exportable field " + field_ids[place] + ".",
                  "/fieldIds/" + std::to_string(place));
    }
    for (const std::size_t number : found->second) chosen[number] = true;
  }
  std::vector<std::string> ids;
  for (std::size_t number = 0; number < chosen.size(); ++number) {
    if (chosen[number]) ids.push_back(dataset.fields[number].id);
  }
  return ids;
}

}  // namespace sheaf::api::alida
