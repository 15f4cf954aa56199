#pragma once
//! The rules a study's records are held to, and how bad it is to break one.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sheaf::quality {

//! Kept in files: never renumbered.
enum class Check : std::uint8_t {
  kRequired,
  kType,
  kRange,
  kTimeMissing,
  kTimeOrder,
  kClockJump,
  kClockAhead,
  kOnset,
  kEndBeforeStart,
  kDuplicate,
  kGap,
  kOutsideSession,
  kSessionTimes,
  kEventOrder,
  // Found beside the records that are there (explain.h).
  kRefused,
  kRecordingMissing,
  kPayloadMissing,
  kIncomplete,
};
inline constexpr std::size_t kChecks = 18;
//! Those before it are looked for record by record, and what they found is kept.
inline constexpr std::size_t kRecordChecks = static_cast<std::size_t>(Check::kRefused);

enum class Severity : std::uint8_t { kInfo, kWarning, kError };
inline constexpr std::size_t kSeverities = 3;

struct CheckEntry {
  Check check;
  std::string_view name;  //!< "time_order"
  Severity severity;
  std::string_view says;  //!< what is wrong with a record that is counted
};

//! The one list of checks: what reports say, and what a design may leave out. In order of their numbers.
const std::array<CheckEntry, kChecks>& CheckCatalogue();
const CheckEntry& Describe(Check check);
std::optional<Check> CheckFrom(std::string_view name);
std::string_view Name(Severity severity);

}  // namespace sheaf::quality
