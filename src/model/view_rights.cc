#include "model/view_rights.h"

#include <algorithm>
#include <boost/json.hpp>

namespace sheaf::model {
namespace {

namespace json = boost::json;

bool Contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

//! An empty list is everything.
bool Within(const std::vector<std::string>& inner, const std::vector<std::string>& outer) {
  if (outer.empty()) return true;
  return !inner.empty() && std::all_of(inner.begin(), inner.end(), [&](const std::string& text) { return Contains(outer, text); });
}

json::array Sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return json::array(list.begin(), list.end());
}

bool ReadList(const json::value& value, std::vector<std::string>& list) {
  if (!value.is_array()) return false;
  for (const auto& element : value.get_array()) {
    if (!element.is_string()) return false;
    list.emplace_back(element.get_string());
  }
  return !list.empty();
}

bool ReadMember(std::string_view name, const json::value& value, ViewRights& rights) {
  if (name == "identifiers" && value.is_bool()) {
    rights.identifiers = value.get_bool();
    return true;
  }
  if (name == "datasets") return ReadList(value, rights.datasets);
  if (name == "sites") return ReadList(value, rights.sites);
  if (name != "own_participant" || !value.is_string()) return false;
  rights.own_participant = std::string(value.get_string());
  return true;
}

}  // namespace

bool MaySeeDataset(const ViewRights& rights, const std::string& dataset) {
  return rights.datasets.empty() || Contains(rights.datasets, dataset);
}

bool NoWider(const ViewRights& inner, const ViewRights& outer) {
  if (outer.own_participant && inner.own_participant != outer.own_participant) return false;
  return Within(inner.datasets, outer.datasets) && Within(inner.sites, outer.sites);
}

std::string ViewRightsJson(const ViewRights& rights) {
  json::object object;
  if (!rights.identifiers) object["identifiers"] = false;
  if (!rights.datasets.empty()) object["datasets"] = Sorted(rights.datasets);
  if (!rights.sites.empty()) object["sites"] = Sorted(rights.sites);
  if (rights.own_participant) object["own_participant"] = *rights.own_participant;
  return json::serialize(object);
}

Result<ViewRights> ParseViewRights(std::string_view text) {
  ViewRights rights;
  boost::system::error_code error;
  const json::value document = json::parse(text, error);
  bool sound = !error && document.is_object();
  if (sound) {
    for (const auto& [name, value] : document.get_object()) sound = sound && ReadMember(name, value, rights);
  }
  // What cannot be understood must not be read as "everything".
  if (!sound) return Fail(ErrorCode::kStorageDamaged, "The rights kept with an export cannot be read.");
  return rights;
}

}  // namespace sheaf::model
