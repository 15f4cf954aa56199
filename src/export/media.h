#pragma once
//! The files of records (recordings, donation payloads, media answers) inside a ZIP, and what became of each of them.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "export/archive.h"
#include "export/job_file.h"

namespace sheaf::exporting {

//! Which of the study's files belong to the export, as the viewer is shown them; what each is called in the ZIP.
struct MediaFile {
  files::File file;   //!< as it is kept
  files::File shown;  //!< as it leaves
  std::string path;
};
Result<std::vector<MediaFile>> ChooseMedia(const JobContext& context, const ExportOptions& options,
                                           const std::vector<PlannedDataset>& datasets);

//! Adds them to the ZIP and to the manifest. A file that is missing, damaged, locked or not complete is no failure of the export: the
//! manifest says so.
Status AddMedia(const JobContext& context, const std::vector<MediaFile>& media, Manifest& manifest, ZipWriter& zip);

//! ".webm" of "Anna.webm": letters and digits, or nothing.
std::string Extension(const std::string& name);

//! May the viewer have files at all? kForbidden without the right to identifiers.
Status RequireMedia(const ExportOptions& options, const model::ViewRights& rights);

}  // namespace sheaf::exporting
