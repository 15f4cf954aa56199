#pragma once
//! Background exports: durable rows in the catalog, run by leased workers, published whole or not at all.

#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "export/options.h"
#include "export/viewer.h"
#include "files/files.h"
#include "secrets/key_ring.h"
#include "vault/vault.h"

namespace sheaf::quality {
class Checker;
}  // namespace sheaf::quality

namespace sheaf::exporting {

class ForeignLayout;

struct JobLimits {
  int running = 2;                  //!< at once in this process
  int unfinished_per_account = 16;  //!< pending and executing; above it kTooManyExports with retry_after_s
  int unfinished_per_study = 64;
  std::int64_t file_lifetime_s = 7 * 24 * 3600;
  std::int64_t lease_s = 30;  //!< a dead owner's job is taken over after this
};

//! Who asks in another API's words. Its jobs are never another's: each has a number of its own, though files are shared.
struct DialectWords {
  std::string dialect;  //!< empty: the native API
  std::string request;  //!< as it was given
};

//! Why a job failed that ran for longer than its run_time_s.
inline constexpr std::string_view kTimedOut = "The export ran for longer than it may.";

class JobRunner {
 public:
  struct Options {
    std::shared_ptr<catalog::Catalog> catalog;
    std::shared_ptr<vault::Vault> vault;
    std::shared_ptr<blobs::Blobs> blobs;
    std::string temporary;  //!< DIR/tmp
    JobLimits limits = {};
    //! Files are encrypted to their study's key, and codes made with it; without a ring files are plain and there are no codes.
    std::shared_ptr<secrets::KeyRing> keys = nullptr;
    //! The files of records, for ZIPs that are to hold them; without it there are none.
    std::shared_ptr<files::Files> files = nullptr;
    //! For ZipLayout::kHyperStudy.
    std::shared_ptr<const ForeignLayout> foreign = nullptr;
    //! How good the data is that files are made of; without it they do not say.
    std::shared_ptr<quality::Checker> quality = nullptr;
    //! Told of each job that succeeded or failed here, once its row says so.
    std::function<void(const catalog::ExportJob&)> ended = nullptr;
  };
  explicit JobRunner(Options options);
  ~JobRunner();
  //! Starts the workers and the sweeper of expired files; jobs left by a crash run again.
  Status Start();
  //! Lets running jobs finish for up to `grace_s`, then gives their leases back so that they run again at the next start.
  void Stop(int grace_s);

  //! Validates against the definitions, then: the job of the same Idempotency-Key (kIdempotencyMismatch if it asked for something
  //! else), or one of equal fingerprint whose file is shared, or a new one. `created` tells which. The job is made and
  //! run with `rights`, whatever becomes of them. `schedule`: whose run it is.
  Result<catalog::ExportJob> Submit(std::string_view account, std::string_view study, const ExportOptions& options,
                                    std::string_view idempotency_key, bool* created, const model::ViewRights& rights = {},
                                    const DialectWords& words = {}, std::string_view schedule = {});
  //! What Submit would refuse now.
  Status Check(std::string_view study, const ExportOptions& options, const model::ViewRights& rights);
  Result<catalog::ExportJob> Find(std::string_view id);
  //! No file may go on holding these participants: running jobs of the study begin anew, files that may contain them
  //! expire at once, saying `reason`. With `scrub` also the rows of all jobs that may name them lose what was asked for
  //! of people, and waiting ones that do are cancelled. Answers how many files went. Can be repeated.
  Result<std::uint64_t> Forget(std::string_view study, const std::vector<std::string>& participants, bool scrub, std::string_view reason);
  //! The same for all files of a study, or of one dataset when it is not empty.
  Result<std::uint64_t> ExpireFiles(std::string_view study, std::string_view dataset, std::string_view reason);
  //! Cancels, or removes a finished job and (when no other shares it) its file.
  Status CancelOrRemove(std::string_view id);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

//! May somebody with these rights know of the job and have its file? Not when it shows more than they may see.
bool MaySeeJob(const catalog::ExportJob& job, const model::ViewRights& rights);

//! The job as the API shows it: {"id","study","state","progress":{"rows","rows_total","bytes","fraction"},"activity",…}.
std::string JobJson(const catalog::ExportJob& job);

}  // namespace sheaf::exporting
