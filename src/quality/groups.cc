#include "quality/groups.h"

#include <algorithm>

namespace sheaf::quality {

void Group::Found(Check check, int field, vault::Seq seq) {
  auto& findings = Detail().findings;
  for (auto& finding : findings) {
    if (finding.check != check || finding.field != field) continue;
    if (finding.count < std::numeric_limits<std::uint32_t>::max()) ++finding.count;
    if (finding.sampled < kGroupSamples) finding.samples[finding.sampled++] = seq;
    return;
  }
  findings.push_back({check, static_cast<std::int16_t>(field), 1, 1, {seq}});
}

void Group::AddTime(Micros time, vault::Seq seq, Micros max_gap) {
  auto& stretches = Detail().stretches;
  if (stretches.empty()) {
    stretches.push_back({time, time, seq});
    return;
  }
  Stretch& latest = stretches.back();
  if (time >= latest.begin) {
    if (time <= latest.end || time - latest.end <= max_gap) {
      latest.end = std::max(latest.end, time);
    } else if (stretches.size() < kMostStretches) {
      stretches.push_back({time, time, seq});
    } else {
      // Beyond what is remembered a gap is only counted.
      Found(Check::kGap, -1, seq);
      latest.end = time;
    }
    return;
  }
  const auto next = std::upper_bound(stretches.begin(), stretches.end(), time,
                                     [](Micros instant, const Stretch& stretch) { return instant < stretch.begin; });
  const auto before = next == stretches.begin() ? stretches.end() : next - 1;
  const bool joins_before = before != stretches.end() && (time <= before->end || time - before->end <= max_gap);
  const bool joins_next = next->begin - time <= max_gap;
  if (joins_before && joins_next) {
    before->end = std::max(before->end, next->end);
    stretches.erase(next);
  } else if (joins_before) {
    before->end = std::max(before->end, time);
  } else if (joins_next) {
    next->begin = time;
    next->first = seq;
  } else if (stretches.size() < kMostStretches) {
    stretches.insert(next, {time, time, seq});
  }
}

void Group::Clear(std::uint32_t again) {
  const std::int32_t whose = participant, where = session;
  *this = Group();
  participant = whose;
  session = where;
  epoch = again;
}

std::uint32_t Groups::At(std::int32_t participant, std::int32_t session) {
  const std::uint64_t key = Key(participant, session);
  if (key == last_key_ && !groups_.empty()) return last_place_;
  const auto [place, is_new] = places_.try_emplace(key, static_cast<std::uint32_t>(groups_.size()));
  if (is_new) {
    groups_.emplace_back();
    groups_.back().participant = participant;
    groups_.back().session = session;
    groups_.back().epoch = epoch_;
  }
  last_key_ = key;
  last_place_ = place->second;
  return last_place_;
}

void Groups::Clear() {
  groups_.clear();
  places_.clear();
  last_key_ = 0;
  last_place_ = 0;
}

void Groups::Add(Group group) {
  places_[Key(group.participant, group.session)] = static_cast<std::uint32_t>(groups_.size());
  groups_.push_back(std::move(group));
}

}  // namespace sheaf::quality
