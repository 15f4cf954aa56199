#pragma once
//! Private to the room. What begins and ends among events, told by two records: "component.start" and "component.end" of one
//! component, "trial_started" and "trial_finished".

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/record_batch.h"
#include "vault/vault.h"

namespace sheaf::quality {

//! So many are remembered of a group; further ones are not looked at.
inline constexpr std::size_t kMostEventSpans = 1000;

//! When the first beginning and the first end of something were, in whichever order they came.
struct EventSpan {
  std::uint64_t what = 0;  //!< a hash
  Micros begun = model::kNoTime, ended = model::kNoTime;
  vault::Seq end = 0;  //!< the record of that end
  bool Reversed() const { return begun != model::kNoTime && ended != model::kNoTime && ended < begun; }
};

//! What an event's type says of that.
struct Moment {
  enum class Kind : std::uint8_t { kNeither, kBegins, kEnds };
  Kind kind = Kind::kNeither;
  std::uint64_t what = 0;  //!< a hash of the type without its last word
};
//! By the last word of the type: start, end and the like, after a sign or a blank; the case of letters does not matter.
Moment MomentOf(std::string_view type);

//! `spans`: ascending by `what`.
void NoteMoment(std::vector<EventSpan>& spans, const Moment& moment, Micros time, vault::Seq seq);

}  // namespace sheaf::quality
