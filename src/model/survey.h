#pragma once
//! How a response to a survey, and a member's profile, carry their state: fields with these ids, marked `system`. A dataset
//! has those its platform knows of; all of them can be filtered, sorted by and exported like any other field.
//!
//! What concerns one answer (its time, place, history, iteration of a loop, comments) is in the record's metadata,
//! {field: {"response_time", "location", "history", "iteration", "comments", …}}. A partial response lacks fields; several
//! responses of a participant are several record ids; an edit is sent under the id of what it replaces.

#include <string_view>

#include "model/definition.h"

namespace sheaf::model {

inline constexpr std::string_view kStatusField = "status";        //!< enum or integer: the platform's own states
inline constexpr std::string_view kTestField = "test";            //!< boolean: a test response; see TestFieldNumber
inline constexpr std::string_view kCompletedField = "completed";  //!< boolean: the participant came to the end
// Times.
inline constexpr std::string_view kScheduledTimeField = "scheduled_time";
inline constexpr std::string_view kPromptTimeField = "prompt_time";
inline constexpr std::string_view kStartTimeField = "start_time";
inline constexpr std::string_view kEndTimeField = "end_time";
inline constexpr std::string_view kExpiryTimeField = "expiry_time";
//! Of a profile, which is one record a participant: whether they are a member now.
inline constexpr std::string_view kMemberStatusField = "member_status";

//! The number of the field that marks test responses, which pages and exports leave out unless asked for: a boolean system
//! field `test` of a survey. -1: there is none.
int TestFieldNumber(const Dataset& dataset);

}  // namespace sheaf::model
