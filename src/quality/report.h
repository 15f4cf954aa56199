#pragma once
//! What is said of a dataset: its groups added up, for those participants and sessions that were asked for and may be seen.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "quality/design.h"
#include "vault/vault.h"

namespace sheaf::quality {

//! Of whom. Numbers.
struct Whom {
  std::optional<std::vector<std::int32_t>> seen;  //!< the only participants that count, ascending; nullopt: all
  std::optional<std::int32_t> participant, session;
  bool with_records = false;  //!< only those who have records in a dataset are known of
};

struct Completeness {
  Basis basis = Basis::kNone;
  std::uint64_t received = 0, expected = 0;
};

//! How often a check found something, and a few of the records.
struct Tally {
  Check check = Check::kRequired;
  int field = -1;  //!< its number; -1: of the record as a whole
  std::uint64_t count = 0;
  std::vector<vault::Seq> samples;
};

//! Found beside the records themselves (explain.h).
struct Notice {
  Check check = Check::kIncomplete;
  std::string reason;  //!< an error's slug, or what is reckoned by; may be empty
  std::uint64_t count = 0;
  std::string says;
  std::vector<vault::Seq> samples;
};

struct DatasetReport {
  std::shared_ptr<const model::Dataset> dataset;
  std::uint64_t records = 0, participants = 0, sessions = 0;
  std::optional<Micros> first, last;         //!< of the records' times
  std::optional<Completeness> completeness;  //!< nullopt: not applicable
  std::vector<Tally> tallies;                //!< in order of check and field
  std::vector<Notice> others;
  std::optional<double> interval_ms;
  bool interval_inferred = false;
  vault::Seq upto = vault::kNoSeq;  //!< as of this change
  bool complete = true;             //!< false: later records have not been checked yet
};

//! One participant, or one session.
struct GroupReport {
  std::int32_t number = 0;  //!< 0: records without a session
  std::uint64_t records = 0;
  std::optional<Micros> first, last;
  std::optional<Completeness> completeness;
  std::array<std::uint64_t, kSeverities> counts{};
};

//! One participant in one session of whom something is expected.
struct PairReport {
  std::int32_t participant = 0, session = 0;  //!< numbers; session 0: records without one
  Completeness completeness;
};

inline constexpr std::size_t kTallySamples = 10;

std::array<std::uint64_t, kSeverities> CountBySeverity(const std::vector<Tally>& tallies);
//! Of both kinds of findings.
std::array<std::uint64_t, kSeverities> CountBySeverity(const DatasetReport& report);

}  // namespace sheaf::quality
