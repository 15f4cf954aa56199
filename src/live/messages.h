#pragma once
//! Private to the room. Messages of text/event-stream.

#include <string>
#include <string_view>
#include <vector>

#include "live/channel.h"

namespace sheaf::live {

//! `json`: one line. `position` null: without an id.
Text Message(std::string_view event, const Position* position, std::string_view json);
Text Comment(std::string_view words);
//! ["a","b"] of values that are JSON already.
std::string JsonList(const std::vector<std::string>& items);

//! The elements of the member `records` of a page of records, each as JSON.
std::vector<std::string> RecordsOfPage(std::string_view page, std::string_view dataset);

}  // namespace sheaf::live
