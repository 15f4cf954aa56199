#include "export/zip_now.h"

#include "base/time.h"
#include "export/job_file.h"

namespace sheaf::exporting {
namespace {

class TakeSink final : public Sink {
 public:
  TakeSink(const std::function<Status(std::string_view)>& take, const std::atomic<bool>& cancelled, JobState& state)
      : take_(take), cancelled_(cancelled), state_(state) {}
  Status Write(std::string_view bytes) override {
    if (cancelled_) {
      state_.progress.cancelled = true;
      return Fail(ErrorCode::kCancelled, "Nobody waits for it any more.");
    }
    return take_(bytes);
  }

 private:
  const std::function<Status(std::string_view)>& take_;
  const std::atomic<bool>& cancelled_;
  JobState& state_;
};

}  // namespace

Status WriteZipNow(const ZipRequest& request, const std::function<Status(std::string_view)>& take, const std::atomic<bool>& cancelled) {
  ExportOptions options = request.options;
  options.format = Format::kZip;
  SHEAF_TRY(CheckOptions(options));
  catalog::ExportJob job;
  job.study = request.study_id;
  job.account = request.account;
  job.request = OptionsJson(options);
  JobState state;
  const JobContext context{job, request.viewer, *request.study, *request.blobs, {}, request.temporary, state, request.files.get()};
  SHEAF_ASSIGN(const auto datasets, PlanDatasets(context, options));
  Manifest manifest;
  manifest.study = request.study_id;
  manifest.study_name = request.study_name;
  manifest.account = request.account;
  manifest.created_at = Now();
  manifest.request = job.request;
  manifest.cursor = datasets.empty() ? CursorText(request.study->LastSeq()) : datasets.front().plan.cursor;
  manifest.layout = options.layout;
  TakeSink sink(take, cancelled, state);
  return WriteZip(context, options, datasets, manifest, sink);
}

}  // namespace sheaf::exporting
