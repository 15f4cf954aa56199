#pragma once
//! A record of the protocol as Sheaf takes it. Nothing of it is lost: what the dataset has no field for goes into `extra`.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "api/hyperstudy/record_types.h"
#include "base/time.h"

namespace boost::json {
class object;
}

namespace sheaf::api::hyperstudy {

//! Who and when, of a record that was translated.
struct RecordHead {
  std::string participant, session, event_type;
  std::optional<Micros> time;
};

//! When a room started; nullopt when nobody knows.
using StartOfRoom = std::function<std::optional<Micros>(const std::string& room)>;

//! One line of NDJSON. `dataset` is as the study has it. An onset that is missing is reckoned from the room's start.
//! kBadMember for what can be no record: an id that is none.
Result<std::string> TranslateRecord(const boost::json::object& record, const RecordType& type, const model::Dataset& dataset,
                                    const StartOfRoom& start_of_room, RecordHead* head = nullptr);

}  // namespace sheaf::api::hyperstudy
