#pragma once
//! Coarser values: numbers in bands with codes for both ends, times cut off.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::privacy {

enum class CutTo { kYear, kMonth, kDay, kHour };

//! One of the two: a band with its ends (each may be missing), or a cut.
struct Coarsening {
  std::optional<double> band;    //!< numbers become the lower end of their band: 0, band, 2 * band, …
  std::optional<double> bottom;  //!< numbers below become this
  std::optional<double> top;     //!< this and numbers above become this
  std::optional<CutTo> cut;      //!< times become the start of their year, month, day or hour, in UTC

  friend bool operator==(const Coarsening&, const Coarsening&) = default;
};

//! By name of a field, `time`, `received_at`, `updated_at`, or `participant.ATTRIBUTE` (which matters to the risk check).
using Generalisation = std::map<std::string, Coarsening, std::less<>>;

//! {"age":{"band":10,"top":80,"bottom":18},"born":{"to":"year"}}. Errors: kBadMember, kUnknownMember, kBadJson; the place is a
//! JSON pointer below `pointer`.
Result<Generalisation> ParseGeneralisation(std::string_view json, std::string_view pointer);
//! The same text for the same rules; empty for none.
std::string GeneralisationJson(const Generalisation& generalisation);

double Coarse(double number, const Coarsening& rule);
std::int64_t Coarse(std::int64_t number, const Coarsening& rule);
Micros CutOff(Micros instant, CutTo to);
//! An attribute's text by the rule for whatever it can be read as.
std::string CoarseText(std::string_view text, const Coarsening& rule);

}  // namespace sheaf::privacy
