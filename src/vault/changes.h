#pragma once
//! What changes in studies, for whoever keeps something that is derived from their records, or watches them.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "vault/vault.h"

namespace sheaf::vault {

struct SessionTimes {
  std::int32_t number = 0;
  std::optional<Micros> start, end;
};

//! Part of a StudyVault, see StudyVault::Changes. Thread-safe.
class StudyChanges {
 public:
  virtual ~StudyChanges() = default;
  //! When sessions begin and end; those with neither are missing.
  virtual Result<std::vector<SessionTimes>> TimesOfSessions() = 0;
  //! Participants and sessions (0: none) of versions up to `after` that were replaced or deleted after it, up to `upto`. What was
  //! cleared away for good since is not among them.
  virtual Result<std::vector<std::pair<std::int32_t, std::int32_t>>> Died(std::string_view dataset, Seq after, Seq upto) = 0;
};

//! For Vault::OnChange. Each is called with a study's id; any may be empty.
struct ChangeHooks {
  std::function<void(std::string_view study)> changed;  //!< after each commit, by the writer: must not block
  //! After an erasure wrote a study's file anew: whoever keeps something of its records removes it before the erasure is over.
  std::function<Status(std::string_view study)> rewritten;
  std::function<void(std::string_view study)> dropping;  //!< before a study is removed: whoever holds it lets go
  std::function<void(std::string_view study)> dropped;   //!< after it was removed, or was not
};

}  // namespace sheaf::vault
