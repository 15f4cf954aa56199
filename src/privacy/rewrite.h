#pragma once
//! Records on their way out, written otherwise than they are kept: codes for record ids, masked texts, shifted and cut
//! times, bands, rounded coordinates. Between the vault's cursor and the encoder, so that every format is treated alike.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "privacy/codes.h"
#include "privacy/generalise.h"
#include "privacy/options.h"
#include "vault/vault.h"

namespace sheaf::privacy {

//! What a rewriter goes by. Participants' and sessions' columns stay numbers: CodedPeople stands behind them.
struct RewriteRules {
  std::shared_ptr<const model::Dataset> dataset;
  CodeKey key{};
  bool remove = false;       //!< mode remove
  std::string own;           //!< not empty: whoever reads is this participant: other people's ids and addresses go, theirs stay
  bool shift_dates = false;  //!< see DaysBack
  std::optional<int> location_decimals;
  Generalisation generalisation;
};

//! How far a participant's times go back: 1 to 365 days.
int DaysBack(const CodeKey& key, std::string_view participant);

//! Immutable but for its counts, which may be read from any thread while cursors run.
class Rewriter {
 public:
  explicit Rewriter(RewriteRules rules) : rules_(std::move(rules)) {}
  const RewriteRules& Rules() const { return rules_; }

  //! A cursor over the rewritten rows of `cursor`, whose batches hold `columns`; with shift_dates kParticipant is among
  //! them. `study` outlives the cursor. Batches share every column that needs no change.
  std::unique_ptr<vault::Cursor> Wrap(std::unique_ptr<vault::Cursor> cursor, const std::vector<model::Column>& columns,
                                      vault::StudyVault& study) const;

  MaskCounts Counts() const { return {emails_.load(), ip_addresses_.load(), ids_.load()}; }

 private:
  friend class RewrittenCursor;
  void Add(const MaskCounts& counts) const;

  const RewriteRules rules_;
  mutable std::atomic<std::uint64_t> emails_{0}, ip_addresses_{0}, ids_{0};
};

//! A JSON object without these members; unchanged when it has none of them.
std::string WithoutMembers(std::string_view object, const std::vector<std::string>& names);

}  // namespace sheaf::privacy
