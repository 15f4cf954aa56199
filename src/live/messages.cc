#include "live/messages.h"

#include <boost/json.hpp>

#include "model/strict_json.h"

namespace sheaf::live {

Text Message(std::string_view event, const Position* position, std::string_view json) {
  std::string text;
  text.reserve(json.size() + 64);
  if (position != nullptr) text += "id: " + PositionText(*position) + "\n";
  // How long a client waits before it comes again.
  if (event == "snapshot") text += "retry: 2000\n";
  text += "event: ";
  text += event;
  text += "\ndata: ";
  text += json;
  text += "\n\n";
  return std::make_shared<const std::string>(std::move(text));
}

Text Comment(std::string_view words) { return std::make_shared<const std::string>(": " + std::string(words) + "\n\n"); }

std::string JsonList(const std::vector<std::string>& items) {
  std::string list = "[";
  for (const auto& item : items) {
    if (list.size() > 1) list += ',';
    list += item;
  }
  return list + "]";
}

std::vector<std::string> RecordsOfPage(std::string_view page, std::string_view dataset) {
  std::vector<std::string> records;
  boost::json::value parsed;
  if (!model::ParseDataJson(page, parsed) || !parsed.is_object()) return records;
  const auto* const list = parsed.get_object().if_contains("records");
  if (list == nullptr || !list->is_array()) return records;
  for (const auto& record : list->get_array()) {
    boost::json::object told{{"dataset", dataset}};
    for (const auto& member : record.as_object()) told[member.key()] = member.value();
    records.push_back(model::CompactJson(told));
  }
  return records;
}

}  // namespace sheaf::live
