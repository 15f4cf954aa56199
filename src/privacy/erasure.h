#pragma once
//! Withdrawal and erasure of a participant across the stores: the one place that knows all of them.
//!
//! An erasure is written down before it begins, every step can be repeated, and what was cut off is finished at the next
//! start. Afterwards no file of the data directory holds a byte of the participant: the study's file is written anew, the
//! record index is dropped, export files go, and the catalog is compacted.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/care.h"
#include "catalog/catalog.h"
#include "files/files.h"
#include "vault/care.h"
#include "vault/vault.h"

namespace sheaf::privacy {

//! Takes what names somebody out of the audit log. Implemented by the room that keeps it.
class AuditRedaction {
 public:
  virtual ~AuditRedaction() = default;
  //! Texts that details of the study compare with or name.
  virtual Result<std::vector<std::string>> Words(std::string_view study) = 0;
  //! Every detail of the study that contains one of `words`; how many entries. Can be repeated.
  virtual Result<std::uint64_t> Redact(std::string_view study, const std::vector<std::string>& words) = 0;
};

struct ErasureReport {
  vault::Erased data;
  std::uint64_t files = 0;    //!< recordings, donations, answers
  std::uint64_t exports = 0;  //!< files of exports that went
  std::uint64_t links = 0;
  std::uint64_t requests = 0;
  std::uint64_t audit_entries = 0;  //!< redacted
};
//! {"rows":{"events":12},"sessions":1,"sessions_renamed":0,"definitions":0,"consents":2,"files":3,"exports":1,"links":0,"requests":0,"audit_entries":0}
std::string ErasureReportJson(const ErasureReport& report);

class Eraser {
 public:
  struct Options {
    std::shared_ptr<catalog::Catalog> catalog;
    std::shared_ptr<vault::Vault> vault;
    //! exporting::JobRunner::Forget, which this room does not know.
    std::function<Result<std::uint64_t>(std::string_view study, const std::vector<std::string>& participants, bool scrub,
                                        std::string_view reason)>
        forget_exports;
    std::shared_ptr<files::Files> files;    //!< may be null
    std::shared_ptr<AuditRedaction> audit;  //!< may be null
  };
  explicit Eraser(Options options) : options_(std::move(options)) {}

  //! Takes effect at once; files that may hold the participant expire. Can be repeated. kNotFound.
  Result<vault::Withdrawal> Withdraw(std::string_view study, std::string_view participant, std::string_view reason);
  //! kConflict: had not withdrawn.
  Status TakeBack(std::string_view study, std::string_view participant);
  //! Blocks until everything is gone: seconds for each few million rows of the study. One at a time.
  Result<ErasureReport> Erase(std::string_view study, std::string_view participant, std::string_view account);
  //! The same of many at once, and of all records and files of these datasets: the study is written anew once. Who is not
  //! there is passed over.
  Result<ErasureReport> EraseAll(std::string_view study, const std::vector<std::string>& participants,
                                 const std::vector<std::string>& datasets, std::string_view account);
  //! Finishes what an earlier process began. At the start, before requests are served.
  Status Resume();

 private:
  struct Whom {
    std::string study;
    std::vector<std::string> participants, datasets;
    std::vector<catalog::Erasure> written;        //!< down in the catalog
    std::vector<vault::RenamedSession> sessions;  //!< that others were in and whose ids name them
  };
  Result<ErasureReport> Perform(Whom& whom);
  Status RemoveFiles(const Whom& whom, std::uint64_t& removed);
  Status CleanUp(const std::vector<catalog::Erasure>& erasures);
  //! Takes out of the audit what names the participants or quotes their data, while that is still there to compare with.
  Result<std::uint64_t> RedactAudit(vault::PeopleCare& care, const Whom& whom);
  //! What is kept outside the vault of sessions that get another id.
  Status RenameSessions(const Whom& whom);
  Result<vault::PeopleCare*> Care(std::string_view study, std::shared_ptr<vault::StudyVault>& held);

  const Options options_;
  std::mutex mutex_;
};

}  // namespace sheaf::privacy
