#pragma once
//! Holds studies' records to their rules: when they arrive, in the background, and whenever somebody asks. What was checked
//! once is not read again; what changes of it is.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "quality/explain.h"
#include "quality/report.h"
#include "vault/vault.h"

namespace sheaf::quality {

struct StudyReport {
  std::vector<DatasetReport> datasets;     //!< those asked for
  std::vector<std::int32_t> bad_sessions;  //!< numbers of sessions that end before they start
};

struct Request {
  std::vector<std::string> datasets;  //!< ids
  Whom whom;
  int patience_ms = 10'000;  //!< after which records that were not checked yet are left for later
};

//! Thread-safe.
class Checker {
 public:
  struct Options {
    std::shared_ptr<vault::Vault> vault;
    //! Where a study's files are kept: directory + "/" + study + "/quality". With the records, so that they go with them.
    std::string directory;
    bool background = true;                        //!< checks what arrives, too
    std::shared_ptr<Refusals> refusals = nullptr;  //!< may be null: then what was refused is not told
    FindFiles files = nullptr;                     //!< may be null: then missing files are not told
  };
  explicit Checker(Options options);
  ~Checker();

  //! kNotFound for a dataset, kAggregateTooLarge. The caller holds the study open.
  Result<StudyReport> Report(vault::StudyVault& study, const Request& request);
  //! One report a participant or session of one dataset, in order of number.
  Result<std::vector<GroupReport>> ReportEach(vault::StudyVault& study, const std::string& dataset, bool by_session, const Whom& whom);

  //! How complete everything is that one participant has in one session, of a dataset as it was last reported. kNotFound.
  Result<std::vector<PairReport>> ReportPairs(vault::StudyVault& study, const std::string& dataset);

  //! Something was written: to be called after each commit, from any thread; never blocks.
  void Changed(std::string_view study);
  //! Called, on the background's thread, when what arrived in a study has been checked.
  void OnChecked(std::function<void(const std::string& study)> checked);
  //! Removes everything that was made of the study's records, in memory and on disk; a check that runs is stopped first.
  Status Forget(std::string_view study);
  //! Writes what is worth keeping; no check runs in the background afterwards.
  void Stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheaf::quality
