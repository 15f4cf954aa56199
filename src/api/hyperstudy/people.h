#pragma once
//! Who was in which room, of an experiment, as the caller sees them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/hyperstudy/routes.h"
#include "api/hyperstudy/table.h"
#include "api/hyperstudy/target.h"
#include "model/study.h"

namespace sheaf::api::hyperstudy {

//! At most `most` rooms, those of the target. The attendance of rooms that were given none is who has records there.
Result<std::vector<model::Session>> RoomsWithPeople(const native::Call& call, const Target& target, std::size_t most);

//! Rooms as a list, sorted as asked for.
Result<Table> RoomTable(const native::Call& call, const Target& target, const DataQuery& query);

//! One participant in one room; both may be null. Under the columns of the list of participants.
std::vector<std::string> ParticipantRow(const model::Participant& participant, const model::Session* session,
                                        const model::Attendance* attendance, const model::Study& study);
const std::vector<std::string>& ParticipantColumns();

//! The deployment a room is of: its attribute, else the one that every experiment has.
std::string DeploymentOf(const model::Session& session, const model::Study& study);
std::string DeploymentNameOf(const model::Session& session, const model::Study& study);
//! A member of a person's or session's attributes; nullopt where it is missing, null or no text.
std::optional<std::string> TextAttribute(const std::string& attributes, std::string_view name);

}  // namespace sheaf::api::hyperstudy
