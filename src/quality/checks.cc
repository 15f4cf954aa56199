#include "quality/checks.h"

namespace sheaf::quality {

const std::array<CheckEntry, kChecks>& CheckCatalogue() {
  static constexpr std::array<CheckEntry, kChecks> kCatalogue = {{
      {Check::kRequired, "required", Severity::kError, "A required field has neither a value nor a skip."},
      {Check::kType, "type", Severity::kError, "A number is not finite, or a date is no date of this or the last century."},
      {Check::kRange, "range", Severity::kError, "A value lies outside its field's range."},
      {Check::kTimeMissing, "time_missing", Severity::kWarning, "The record has no time, where records of this kind have one."},
      {Check::kTimeOrder, "time_order", Severity::kWarning, "The time is before that of the record sent just before it."},
      {Check::kClockJump, "clock_jump", Severity::kWarning, "The device's clock was set between this record and the one before."},
      {Check::kClockAhead, "clock_ahead", Severity::kWarning, "The time is later than the record's arrival."},
      {Check::kOnset, "onset", Severity::kWarning, "Onset, time and the session's start do not agree."},
      {Check::kEndBeforeStart, "end_before_start", Severity::kError, "It ends before it starts."},
      {Check::kDuplicate, "duplicate", Severity::kWarning,
       "The same participant's record of the same time with the same values was there before."},
      {Check::kGap, "gap", Severity::kWarning, "Samples are missing before this record."},
      {Check::kOutsideSession, "outside_session", Severity::kInfo, "The time is after the session's end."},
      {Check::kSessionTimes, "session_times", Severity::kError, "The session ends before it starts."},
      {Check::kEventOrder, "event_order", Severity::kWarning, "What it ends began later."},
      {Check::kRefused, "refused", Severity::kWarning, "Records were refused when they were sent, and are not among these."},
      {Check::kRecordingMissing, "recording_missing", Severity::kWarning,
       "There is no whole file of this recording: it was not sent to its end, or never; who denies the camera has none."},
      {Check::kPayloadMissing, "payload_missing", Severity::kWarning, "The file that the donation names is not there, or not whole."},
      {Check::kIncomplete, "incomplete", Severity::kInfo, "Less came than the design expects."},
  }};
  return kCatalogue;
}

const CheckEntry& Describe(Check check) { return CheckCatalogue()[static_cast<std::size_t>(check)]; }

std::optional<Check> CheckFrom(std::string_view name) {
  for (const auto& entry : CheckCatalogue()) {
    if (entry.name == name) return entry.check;
  }
  return std::nullopt;
}

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kInfo: return "info";
    case Severity::kWarning: return "warning";
    case Severity::kError: return "error";
  }
  return "info";
}

}  // namespace sheaf::quality
