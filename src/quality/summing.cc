#include "quality/summing.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace sheaf::quality {
namespace {

bool Counts(const Whom& whom, const Group& group) {
  if (group.records == 0) return false;
  if (whom.participant && group.participant != *whom.participant) return false;
  if (whom.session && group.session != *whom.session) return false;
  return !whom.seen || std::binary_search(whom.seen->begin(), whom.seen->end(), group.participant);
}

void Widen(std::optional<Micros>& first, std::optional<Micros>& last, const Group& group) {
  if (group.first == model::kNoTime) return;
  first = first ? std::min(*first, group.first) : group.first;
  last = last ? std::max(*last, group.last) : group.last;
}

//! Adds up what was received and what was expected of some groups.
class Reckoning {
 public:
  Reckoning(const DatasetState& state, const Surroundings& surroundings) : state_(state), surroundings_(surroundings) {}

  void Add(const Group& group) {
    switch (state_.Design().basis) {
      case Basis::kNone: return;
      case Basis::kRecords: received_ += group.records; return;
      case Basis::kParticipants:
      case Basis::kFields: {
        auto& [records, cells] = people_[group.participant];
        records += group.records;
        cells += group.cells;
        return;
      }
      case Basis::kSessions:
        ++groups_;
        received_ += std::min<std::uint64_t>(group.records, state_.Design().expected_per_session.value_or(1));
        return;
      case Basis::kComponents:
        ++groups_;
        received_ += std::min<std::uint64_t>(group.detail ? group.detail->places.size() : 0, PairsExpected());
        return;
      case Basis::kInterval: AddSampled(group); return;
    }
  }

  //! `participants`: of whom something is expected; 0: of those that were added.
  std::optional<Completeness> Finish(std::size_t participants) const {
    const Design& design = state_.Design();
    Completeness result{design.basis, received_, expected_};
    switch (design.basis) {
      case Basis::kNone: return std::nullopt;
      case Basis::kRecords: result.expected = design.expected_records.value_or(0); break;
      case Basis::kParticipants: {
        const std::uint64_t each = design.expected_per_participant.value_or(1);
        for (const auto& [number, counts] : people_) result.received += std::min(counts.first, each);
        result.expected = each * std::max<std::uint64_t>(participants, people_.size());
        break;
      }
      case Basis::kFields: {
        const std::uint64_t each = design.expected_per_participant.value_or(1);
        const std::uint64_t fields = design.counted_fields.size();
        for (const auto& [number, counts] : people_) {
          result.received += counts.second;
          result.expected += std::max(counts.first, each) * fields;
        }
        if (participants > people_.size()) result.expected += (participants - people_.size()) * each * fields;
        break;
      }
      case Basis::kSessions: result.expected = groups_ * design.expected_per_session.value_or(1); break;
      case Basis::kComponents: result.expected = groups_ * PairsExpected(); break;
      case Basis::kInterval: break;
    }
    if (result.expected == 0) return std::nullopt;
    return result;
  }

 private:
  std::uint64_t PairsExpected() const {
    const Design& design = state_.Design();
    if (!design.expected_components) return state_.AllPairs().size();
    return *design.expected_components * design.expected_states.value_or(1);
  }

  //! The session's duration where it is known, else from the first to the last record.
  void AddSampled(const Group& group) {
    const auto interval = state_.Interval();
    if (!interval || group.timed == 0) return;
    Micros begin = group.first, end = group.last;
    const auto window = surroundings_.sessions.find(group.session);
    if (window != surroundings_.sessions.end() && window->second.start != model::kNoTime && window->second.end != model::kNoTime) {
      const Micros session_end = std::min(window->second.end, surroundings_.now);
      // A session over which records reach beyond was not as long as it says.
      if (session_end > window->second.start) {
        begin = window->second.start;
        end = session_end;
      }
    }
    const double samples = std::floor(static_cast<double>(end - begin) / 1000 / *interval * (1 + 1e-9));
    const auto expected = static_cast<std::uint64_t>(std::clamp(samples, 0.0, 1e15)) + 1;
    expected_ += expected;
    received_ += std::min(group.timed, expected);
  }

  const DatasetState& state_;
  const Surroundings& surroundings_;
  std::uint64_t received_ = 0, expected_ = 0, groups_ = 0;
  std::unordered_map<std::int32_t, std::pair<std::uint64_t, std::uint64_t>> people_;
};

class Tallies {
 public:
  void Add(const Group& group) {
    if (!group.detail) return;
    for (const auto& finding : group.detail->findings) {
      Tally& tally = At(finding.check, finding.field);
      tally.count += finding.count;
      for (std::size_t i = 0; i < finding.sampled; ++i) Sample(tally, finding.samples[i]);
    }
    const auto& stretches = group.detail->stretches;
    for (std::size_t i = 1; i < stretches.size(); ++i) {
      Tally& gaps = At(Check::kGap, -1);
      ++gaps.count;
      Sample(gaps, stretches[i].first);
    }
    for (const EventSpan& span : group.detail->events) {
      if (!span.Reversed()) continue;
      Tally& reversed = At(Check::kEventOrder, -1);
      ++reversed.count;
      Sample(reversed, span.end);
    }
  }
  std::vector<Tally> Take() {
    std::vector<Tally> all;
    for (auto& [key, tally] : tallies_) {
      std::sort(tally.samples.begin(), tally.samples.end());
      all.push_back(std::move(tally));
    }
    return all;
  }

 private:
  Tally& At(Check check, int field) {
    Tally& tally = tallies_[{check, field}];
    tally.check = check;
    tally.field = field;
    return tally;
  }
  static void Sample(Tally& tally, vault::Seq seq) {
    if (tally.samples.size() < kTallySamples) tally.samples.push_back(seq);
  }
  std::map<std::pair<Check, int>, Tally> tallies_;
};

}  // namespace

std::array<std::uint64_t, kSeverities> CountBySeverity(const std::vector<Tally>& tallies) {
  std::array<std::uint64_t, kSeverities> counts{};
  for (const auto& tally : tallies) counts[static_cast<std::size_t>(Describe(tally.check).severity)] += tally.count;
  return counts;
}

std::array<std::uint64_t, kSeverities> CountBySeverity(const DatasetReport& report) {
  auto counts = CountBySeverity(report.tallies);
  for (const auto& finding : report.others) counts[static_cast<std::size_t>(Describe(finding.check).severity)] += finding.count;
  return counts;
}

DatasetReport Sum(const DatasetState& state, const std::shared_ptr<const model::Dataset>& dataset, const Whom& whom,
                  const Surroundings& surroundings) {
  DatasetReport report;
  report.dataset = dataset;
  std::unordered_set<std::int32_t> participants, sessions;
  Reckoning reckoning(state, surroundings);
  Tallies tallies;
  for (const auto& group : state.AllGroups().All()) {
    if (!Counts(whom, group)) continue;
    report.records += group.records;
    participants.insert(group.participant);
    if (group.session != 0) sessions.insert(group.session);
    Widen(report.first, report.last, group);
    reckoning.Add(group);
    tallies.Add(group);
  }
  report.participants = participants.size();
  report.sessions = sessions.size();
  report.tallies = tallies.Take();
  std::size_t expected = state.Design().expected_participants.value_or(surroundings.participants);
  if (whom.participant || whom.session) expected = whom.participant ? 1 : 0;
  report.completeness = reckoning.Finish(expected);
  report.interval_ms = state.Interval();
  report.interval_inferred = state.IntervalInferred();
  report.upto = state.Upto();
  report.complete = state.UpToDate();
  return report;
}

std::vector<PairReport> SumPairs(const DatasetState& state, const Surroundings& surroundings) {
  std::vector<PairReport> reports;
  const Design& design = state.Design();
  if (design.basis == Basis::kNone || design.basis == Basis::kRecords) return reports;
  std::unordered_map<std::int32_t, std::size_t> sessions_of;
  for (const auto& group : state.AllGroups().All()) {
    if (group.records > 0) ++sessions_of[group.participant];
  }
  for (const auto& group : state.AllGroups().All()) {
    if (group.records == 0) continue;
    const bool one_of_several = sessions_of[group.participant] > 1;
    if (one_of_several && design.basis == Basis::kParticipants) continue;
    Reckoning reckoning(state, surroundings);
    reckoning.Add(group);
    auto completeness = reckoning.Finish(0);
    if (one_of_several && design.basis == Basis::kFields) {
      completeness = Completeness{Basis::kFields, group.cells, group.records * design.counted_fields.size()};
    }
    if (completeness && completeness->expected > 0) reports.push_back({group.participant, group.session, *completeness});
  }
  return reports;
}

std::vector<GroupReport> SumEach(const DatasetState& state, bool by_session, const Whom& whom, const Surroundings& surroundings) {
  std::map<std::int32_t, std::vector<const Group*>> members;
  for (const auto& group : state.AllGroups().All()) {
    if (Counts(whom, group)) members[by_session ? group.session : group.participant].push_back(&group);
  }
  std::vector<GroupReport> reports;
  for (const auto& [number, groups] : members) {
    GroupReport report;
    report.number = number;
    Reckoning reckoning(state, surroundings);
    Tallies tallies;
    for (const Group* group : groups) {
      report.records += group->records;
      Widen(report.first, report.last, *group);
      reckoning.Add(*group);
      tallies.Add(*group);
    }
    report.counts = CountBySeverity(tallies.Take());
    // A number for the whole dataset says nothing of one of them.
    if (state.Design().basis != Basis::kRecords) report.completeness = reckoning.Finish(by_session ? 0 : 1);
    reports.push_back(report);
  }
  return reports;
}

}  // namespace sheaf::quality
