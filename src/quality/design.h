#pragma once
//! What a dataset's records should be like: the member `quality` of a dataset's attributes, and what is assumed without it.
//! The names are described in docs/formats/quality.md.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "model/definition.h"
#include "quality/checks.h"

namespace sheaf::quality {

//! What completeness is reckoned by.
enum class Basis : std::uint8_t {
  kNone,          //!< nothing is expected: not applicable
  kRecords,       //!< a number of records
  kParticipants,  //!< records a participant
  kSessions,      //!< records a participant and session
  kInterval,      //!< duration ÷ interval
  kComponents,    //!< components × states
  kFields,        //!< fields × participants
};
std::string_view Name(Basis basis);

struct Design {
  Basis basis = Basis::kNone;
  std::optional<double> interval_ms;  //!< between samples, where it is given
  bool infer_interval = false;        //!< from the records, where they are regular
  std::optional<double> max_gap_ms;   //!< default: five intervals
  std::optional<std::uint64_t> expected_records, expected_participants, expected_per_participant, expected_per_session;
  std::optional<std::uint64_t> expected_components, expected_states;
  int component_field = -1, state_field = -1;  //!< field numbers
  std::vector<std::pair<int, int>> spans;      //!< fields of start and end
  int event_field = -1;                        //!< an event's type: text or options
  std::vector<int> event_of;                   //!< what tells apart what events of one type are of
  std::vector<int> counted_fields;             //!< of kFields
  double onset_tolerance_ms = 1000;
  double clock_jump_ms = 2000;
  double clock_ahead_ms = 300'000;
  bool time_expected = false;
  std::array<bool, kChecks> off{};

  bool On(Check check) const { return !off[static_cast<std::size_t>(check)]; }
};

//! kBadMember, kUnknownMember with a JSON pointer as place ("/attributes/quality/interval_ms").
Result<Design> DesignOf(const model::Dataset& dataset);

//! Changes whenever records already checked have to be checked again.
std::uint64_t Signature(const model::Dataset& dataset, const Design& design);

}  // namespace sheaf::quality
