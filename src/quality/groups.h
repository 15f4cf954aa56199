#pragma once
//! Private to the room. What was found of each participant in each session: what every result is added up from.
//! Numbers alone: no id and no text of a record is in it.

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "model/record_batch.h"
#include "quality/checks.h"
#include "quality/event_spans.h"
#include "quality/mix.h"
#include "vault/vault.h"

namespace sheaf::quality {

inline constexpr std::size_t kGroupSamples = 3;
//! More pairs of participant and session than this are not checked: they would not fit memory.
inline constexpr std::size_t kMostGroups = 2'000'000;
//! Stretches without a gap that are remembered of a group.
inline constexpr std::size_t kMostStretches = 1000;

struct Finding {
  Check check = Check::kRequired;
  std::int16_t field = -1;
  std::uint16_t sampled = 0;
  std::uint32_t count = 0;
  std::array<vault::Seq, kGroupSamples> samples{};
};

//! Time without a gap.
struct Stretch {
  Micros begin = 0, end = 0;
  vault::Seq first = 0;  //!< the record it begins with
};

struct GroupDetail {
  std::vector<Finding> findings;
  std::vector<Stretch> stretches;
  std::vector<std::uint16_t> places;  //!< of components and states, ascending
  std::vector<EventSpan> events;
};

struct Group {
  std::int32_t participant = 0, session = 0;
  std::uint32_t epoch = 0;  //!< another one whenever it is checked anew
  bool dirty = false;       //!< to be checked anew
  std::uint64_t records = 0, timed = 0, cells = 0;
  Micros first = model::kNoTime, last = model::kNoTime;
  // Of the record before, in order of arrival.
  Micros previous = model::kNoTime, previous_received = model::kNoTime;
  double previous_shift = std::numeric_limits<double>::quiet_NaN();  //!< time - onset, in milliseconds
  std::unique_ptr<GroupDetail> detail;

  GroupDetail& Detail() {
    if (!detail) detail = std::make_unique<GroupDetail>();
    return *detail;
  }
  void Found(Check check, int field, vault::Seq seq);
  //! Takes a time into the stretches. The order in which times come does not matter.
  void AddTime(Micros time, vault::Seq seq, Micros max_gap);
  //! Forgets everything but whose it is; `again`: its new epoch.
  void Clear(std::uint32_t again);
};

//! All groups of a dataset. References are good until the next At.
class Groups {
 public:
  //! The place of the group, made when it is new.
  std::uint32_t At(std::int32_t participant, std::int32_t session);
  std::vector<Group>& All() { return groups_; }
  const std::vector<Group>& All() const { return groups_; }
  //! Keeps those that `keep` says.
  template <class Keep>
  void Retain(const Keep& keep);
  void Clear();
  void Add(Group group);
  //! One that no group has had.
  std::uint32_t NewEpoch() { return ++epoch_; }
  std::uint32_t Epoch() const { return epoch_; }
  void SetEpoch(std::uint32_t epoch) { epoch_ = epoch; }

 private:
  static std::uint64_t Key(std::int32_t participant, std::int32_t session) {
    return static_cast<std::uint64_t>(static_cast<std::uint32_t>(participant)) << 32 | static_cast<std::uint32_t>(session);
  }
  struct Hash {
    std::size_t operator()(std::uint64_t key) const { return Mix(key, 1); }
  };
  std::vector<Group> groups_;
  std::unordered_map<std::uint64_t, std::uint32_t, Hash> places_;
  std::uint64_t last_key_ = 0;
  std::uint32_t last_place_ = 0;
  std::uint32_t epoch_ = 0;
};

template <class Keep>
void Groups::Retain(const Keep& keep) {
  auto old = std::move(groups_);
  // Who comes back is not to meet the hashes of what was there before.
  ++epoch_;
  Clear();
  for (auto& group : old) {
    if (keep(group)) Add(std::move(group));
  }
}

}  // namespace sheaf::quality
