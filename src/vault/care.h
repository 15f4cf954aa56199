#pragma once
//! What a study knows of its participants' will: consent, withdrawal, erasure. Part of a StudyVault, see StudyVault::Care.
//! Every change is durable when the call returns. Errors beside those named: kNotFound for an unknown participant.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace sheaf::vault {

struct Consent {
  std::string purpose;  //!< 1 to 255 bytes
  bool given = false;   //!< false: refused, or taken back
  std::string version;  //!< of the text that was agreed to; may be empty
  std::string source;   //!< where it comes from, for example "paper"; may be empty
  Micros at = 0;        //!< when it was given or taken back
  Micros recorded_at = 0;
};

struct Withdrawal {
  Micros at = 0;
  std::string reason;  //!< may be empty
};

//! A session that others were in and whose id names somebody who is erased.
struct RenamedSession {
  std::string from, to;  //!< ids
};

//! What went, by dataset and kind; numbers alone.
struct Erased {
  std::vector<std::pair<std::string, std::uint64_t>> rows;  //!< by dataset id, dead versions included
  std::uint64_t sessions = 0;
  std::uint64_t renamed_sessions = 0;  //!< that others were in
  std::uint64_t definitions = 0;       //!< of datasets, whose words named the participant
  std::uint64_t consents = 0;
  bool participant = false;  //!< there was such a participant
};

class PeopleCare {
 public:
  virtual ~PeopleCare() = default;

  //! Adds to the history; the participant is created on the way. What counts for a purpose is the entry with the latest
  //! `at`, of equal ones the last recorded. kParticipantWithdrawn.
  virtual Result<Consent> RecordConsent(std::string_view participant, Consent consent) = 0;
  //! The history, oldest first.
  virtual Result<std::vector<Consent>> Consents(std::string_view participant) = 0;

  //! From now on the participant is in no answer of the study; each of their records leaves a tombstone. Asked again, it
  //! answers the first withdrawal.
  virtual Result<Withdrawal> Withdraw(std::string_view participant, std::string_view reason) = 0;
  //! The same of many at once, without a reason; ids that nobody has are passed over.
  virtual Status WithdrawAll(const std::vector<std::string>& participants) = 0;
  //! The records come back with new seqs, so that incremental readers get them again. kConflict: had not withdrawn.
  virtual Status TakeBack(std::string_view participant) = 0;
  virtual Result<std::optional<Withdrawal>> WithdrawalOf(std::string_view participant) = 0;
  virtual bool AnyWithdrawn() const = 0;
  virtual bool IsWithdrawn(std::string_view participant) const = 0;

  //! Those of `words` that are in something the study keeps of one of the participants: ids, texts, attributes, also of rows
  //! that were replaced or deleted and of who has withdrawn. All of them where that were too much to compare (many
  //! participants with many records). kNotFound when it knows none of the participants.
  virtual Result<std::vector<std::string>> WordsOf(const std::vector<std::string>& participants, const std::vector<std::string>& words) = 0;
  //! The sessions that an erasure of the participants would give another id; what it will be. Of the known ones.
  virtual Result<std::vector<RenamedSession>> SessionsNaming(const std::vector<std::string>& participants) = 0;
  //! Rewrites the study's file without the participant: rows and their dead versions, sessions that nobody else is in,
  //! consents, record ids in tombstones, mentions of the id in the data of others and in definitions. An unknown participant
  //! is no error: whatever an interrupted call left undone is finished. kStorageFull: there must be room for a second copy of the file.
  virtual Result<Erased> Erase(std::string_view participant) = 0;
  //! The same of many participants, and of all records of these datasets, in one rewriting. kNotFound: a dataset.
  virtual Result<Erased> EraseAll(const std::vector<std::string>& participants, const std::vector<std::string>& datasets) = 0;
  //! The same for all records of a dataset; its definition stays, each record leaves a tombstone without its id.
  virtual Result<Erased> EraseRecords(std::string_view dataset) = 0;
};

}  // namespace sheaf::vault
