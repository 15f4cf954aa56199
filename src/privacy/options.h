#pragma once
//! What is asked of an export or a page for the sake of participants. docs/privacy.md says what each choice promises.

#include <optional>
#include <string>

#include "base/error.h"

namespace sheaf::privacy {

enum class IdentifierMode : std::uint8_t {
  kKeep,       //!< as kept
  kRemove,     //!< codes for ids, no direct identifiers, addresses in texts masked
  kAggregate,  //!< counts and moments, no records
};
enum class RiskAction : std::uint8_t {
  kFail,      //!< an export below require_k does not happen
  kSuppress,  //!< its records of small classes are left out
};

struct Options {
  IdentifierMode identifiers = IdentifierMode::kKeep;
  bool payloads = false;                 //!< remove: the json fields of donations and recordings, too
  bool shift_dates = false;              //!< each participant's times some days back, all of them the same number
  std::string generalise;                //!< canonical JSON of ParseGeneralisation; empty: none
  std::optional<int> location_decimals;  //!< 0 to 8: latitudes and longitudes are rounded so
  bool risk = false;                     //!< report k and l beside the export
  int require_k = 0;                     //!< 0: no gate
  RiskAction on_risk = RiskAction::kFail;
  std::string group_by;  //!< aggregate: names with commas

  friend bool operator==(const Options&, const Options&) = default;
};

//! Are records written otherwise than they are kept? An export for which this is false does no work for privacy.
inline bool ChangesRecords(const Options& options) {
  return options.identifiers == IdentifierMode::kRemove || options.shift_dates || !options.generalise.empty() ||
         options.location_decimals.has_value();
}

//! What was found and replaced in texts.
struct MaskCounts {
  std::uint64_t emails = 0;
  std::uint64_t ip_addresses = 0;
  std::uint64_t ids = 0;  //!< cells and JSON strings that were a participant's or session's id

  friend bool operator==(const MaskCounts&, const MaskCounts&) = default;
};

}  // namespace sheaf::privacy
