// The list of an application's activities, by which clients find their ids.

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "api/alida/places.h"
#include "api/alida/route.h"

namespace sheaf::api::alida {
namespace {

constexpr std::uint64_t kDefaultLimit = 20, kMostLimit = 1000;

//! One activity: its members in order, as JSON and as plain text to compare.
struct Member {
  std::string name;
  std::string text;
  bool null = false;
};
using Activity = std::vector<Member>;

// Taken from the attributes as they are; null where the study's platform said nothing.
constexpr std::array<std::string_view, 8> kFromAttributes = {"createDate",  "createdBy",   "closedOn", "accessedOn",
                                                             "alternateId", "projectType", "sourceId", "panelId"};

Activity ActivityOf(const Application& application, const model::Dataset& dataset) {
  const std::string type = Attribute(dataset, "activityType"), status = Attribute(dataset, "status");
  Activity activity = {{"id", exporting::AlidaGuids(application.key, dataset).OfDataset()},
                       {"name", dataset.name},
                       {"activityType", type.empty() ? "Survey" : type},
                       {"status", status.empty() ? "open" : status}};
  for (const std::string_view name : kFromAttributes) {
    std::string text = Attribute(dataset, name);
    const bool null = text.empty();
    activity.push_back({std::string(name), std::move(text), null});
  }
  return activity;
}

const Member* Find(const Activity& activity, std::string_view name) {
  const auto found = std::find_if(activity.begin(), activity.end(), [&](const Member& member) { return member.name == name; });
  return found == activity.end() ? nullptr : &*found;
}

std::string ActivityJson(const Activity& activity, const std::vector<std::string_view>& names) {
  JsonObject object;
  for (const Member& member : activity) {
    if (!names.empty() && std::find(names.begin(), names.end(), member.name) == names.end()) continue;
    if (member.null) object.Raw(member.name, "null");
    else object.Text(member.name, member.text);
  }
  return object.Finish();
}

std::vector<std::string_view> SplitNames(std::string_view text) {
  std::vector<std::string_view> names;
  while (!text.empty()) {
    const std::size_t end = text.find(',');
    if (const std::string_view name = text.substr(0, end); !name.empty()) names.push_back(name);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return names;
}

Result<std::uint64_t> Number(const http::Request& request, std::string_view name, std::uint64_t otherwise, std::uint64_t least,
                             std::uint64_t most) {
  const auto text = request.QueryParameter(name);
  if (!text) return otherwise;
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (problem != std::errc{} || end != text->data() + text->size() || number < least || number > most) {
    return Fail(ErrorCode::kBadParameter,
                "\"" + std::string(name) + "\" is a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ".",
                std::string(name));
  }
  return number;
}

//! Members as parameters are conditions: status=open.
void Filter(const http::Request& request, std::vector<Activity>& activities) {
  for (const auto& [name, value] : request.query_parameters) {
    std::erase_if(activities, [&name = name, &value = value](const Activity& activity) {
      const Member* const member = Find(activity, name);
      return member != nullptr && member->text != value;
    });
  }
}

//! "name:a" or "name:d".
Status Sort(const http::Request& request, std::vector<Activity>& activities) {
  const auto sort = request.QueryParameter("sort");
  if (!sort || sort->empty()) return {};
  const std::size_t colon = sort->find(':');
  const std::string_view name = sort->substr(0, colon);
  const std::string_view way = colon == std::string_view::npos ? "a" : sort->substr(colon + 1);
  const Activity known = {{"id", ""}, {"name", ""}, {"activityType", ""}, {"status", ""}};
  const bool from_attributes = std::find(kFromAttributes.begin(), kFromAttributes.end(), name) != kFromAttributes.end();
  if ((Find(known, name) == nullptr && !from_attributes) || (way != "a" && way != "d")) {
    return Fail(ErrorCode::kBadParameter, "\"sort\" is a member's name with :a or :d.", "sort");
  }
  std::stable_sort(activities.begin(), activities.end(), [&](const Activity& left, const Activity& right) {
    const std::string &before = Find(left, name)->text, &after = Find(right, name)->text;
    return way == "a" ? before < after : after < before;
  });
  return {};
}

std::string LinksJson(const native::Call& call, std::uint64_t limit, std::uint64_t offset, std::uint64_t total) {
  std::string others;
  for (const auto& [name, value] : call.request.query_parameters) {
    if (name != "limit" && name != "offset") others += "&" + http::PercentEncode(name) + "=" + http::PercentEncode(value);
  }
  const std::string path =
      "/v1/applications/" + std::string(call.Part("study")) + "/activities?limit=" + std::to_string(limit) + "&offset=";
  const std::uint64_t last = total == 0 ? 0 : (total - 1) / limit * limit;
  JsonArray links;
  const auto add = [&](const char* rel, std::uint64_t at) {
    JsonObject link;
    link.Text("rel", rel).Text("href", Absolute(*call.rooms, path + std::to_string(at) + others));
    links.Raw(link.Finish());
  };
  add("first", 0);
  add("last", last);
  if (offset > 0) add("prev", offset > limit ? std::min(offset - limit, last) : 0);
  if (offset + limit < total) add("next", offset + limit);
  return links.Finish();
}

Answer ListActivities(native::Call& call, Service&) {
  SHEAF_ASSIGN(const Application application, FindApplication(call));
  SHEAF_ASSIGN(const std::uint64_t limit, Number(call.request, "limit", kDefaultLimit, 1, kMostLimit));
  SHEAF_ASSIGN(const std::uint64_t offset, Number(call.request, "offset", 0, 0, 1'000'000'000));
  std::vector<Activity> activities;
  for (const auto& dataset : application.Activities()) activities.push_back(ActivityOf(application, *dataset));
  // What participants cannot answer yet is not listed.
  std::erase_if(activities, [](const Activity& activity) { return Find(activity, "status")->text == "pending"; });
  Filter(call.request, activities);
  SHEAF_TRY(Sort(call.request, activities));
  const auto names = SplitNames(call.request.QueryParameter("fields").value_or(""));
  JsonArray items;
  std::uint64_t count = 0;
  for (std::uint64_t place = offset; place < activities.size() && count < limit; ++place, ++count) {
    items.Raw(ActivityJson(activities[place], names));
  }
  JsonObject meta, list;
  meta.Count("limit", limit).Count("offset", offset).Count("count", activities.size());
  list.Raw("items", items.Finish()).Raw("links", LinksJson(call, limit, offset, activities.size())).Raw("meta", meta.Finish());
  return Json(list.Finish());
}

Answer GetActivity(native::Call& call, Service&) {
  SHEAF_ASSIGN(const Application application, FindApplication(call));
  SHEAF_ASSIGN(const auto dataset, application.FindActivity(call.Part("activity")));
  const auto names = SplitNames(call.request.QueryParameter("fields").value_or(""));
  return Json(ActivityJson(ActivityOf(application, *dataset), names));
}

}  // namespace

void AddActivityRoutes(http::Router& router, const std::shared_ptr<Service>& service) {
  AddRoute(router, service, {"GET", "/v1/applications/{study}/activities", "", ListActivities});
  AddRoute(router, service, {"GET", "/v1/applications/{study}/activities/{activity}", "", GetActivity});
}

}  // namespace sheaf::api::alida
