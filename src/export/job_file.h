#pragma once
//! The file of a background export: written, counted, hashed and published, or not there at all.

#include <memory>
#include <string>
#include <vector>

#include "blobs/blobs.h"
#include "catalog/catalog.h"
#include "export/foreign_layout.h"
#include "export/job_state.h"
#include "export/manifest.h"
#include "export/observed_cursor.h"
#include "export/plan.h"
#include "files/files.h"
#include "quality/checker.h"

namespace sheaf::exporting {

//! Temporary files of jobs begin so.
inline constexpr std::string_view kJobFilePrefix = "export-";

//! What privacy did to the export, as JSON: mode, what was masked, risk. Empty when it is kept as it is.
std::string ExportPrivacyJson(const ExportOptions& options, const std::vector<const Plan*>& plans);

//! The datasets an export is of, in order: without a choice all that may be seen. Errors: kBadParameter (several without zip; one twice; none).
Result<std::vector<std::string>> ResolveDatasets(vault::StudyVault& study, const ExportOptions& options, const model::ViewRights& rights);

//! Everything one run works with.
struct JobContext {
  const catalog::ExportJob& job;
  const Viewer& viewer;  //!< who asked, as their rights were then
  vault::StudyVault& study;
  blobs::Blobs& blobs;
  const blobs::SealTo seal_to;  //!< the study's key
  const std::string& temporary;
  JobState& state;
  files::Files* files = nullptr;           //!< of records; null: there are none
  const ForeignLayout* foreign = nullptr;  //!< of ZipLayout::kHyperStudy
  quality::Checker* quality = nullptr;     //!< null: files do not say how good the data is
};

//! A dataset's part, counted before it is written.
struct PlannedDataset {
  Plan plan;
  std::uint64_t rows = 0;
};

//! All datasets of the export at one instant of the study.
Result<std::vector<PlannedDataset>> PlanDatasets(const JobContext& context, const ExportOptions& options);

struct JobFile {
  std::string blob;
  std::string name;
  std::uint64_t size = 0;
  std::string sha256;
  std::string manifest;
  std::string cursor;
  std::string privacy;  //!< as Manifest::privacy
};

//! `study_name`: for people. On failure nothing is left in blobs or the temporary directory.
Result<JobFile> WriteJobFile(const JobContext& context, const std::string& study_name);

// The parts below are shared by single files and archives.

//! Writes Parquet to a new temporary file and finds its range of times. The caller removes the file.
struct ParquetFile {
  std::string path;
  TimeRange range;
};
Result<ParquetFile> WriteParquetFile(const JobContext& context, const Plan& plan);
//! kInternal when what was written is not what was counted: a file that lacks rows is never published.
Status CheckRows(const model::Dataset& about, std::uint64_t counted, std::uint64_t written);

//! Writes the ZIP into `take`, and fills the manifest's datasets and files.
Status WriteZip(const JobContext& context, const ExportOptions& options, const std::vector<PlannedDataset>& datasets, Manifest& manifest,
                Sink& sink);

}  // namespace sheaf::exporting
