#pragma once
//! A CSV with the files that its rows name: a ZIP of the CSV and a folder (ExportOptions::file_folder), whose paths the cells say.

#include <map>
#include <string>
#include <vector>

#include "export/job_file.h"
#include "export/media.h"

namespace sheaf::exporting {

//! What the rows of a plan name in fields whose content is "file".
struct AnswerFiles {
  std::vector<MediaFile> found;     //!< those of the rows' participants, or nobody's, that the viewer may see
  std::vector<MediaEntry> missing;  //!< all others: their ids and nothing else
};

//! Reads the plan's rows. Nothing without a folder. kForbidden: the viewer may not see identifiers. kExportFailed: too many.
Result<AnswerFiles> FindAnswerFiles(const JobContext& context, const Plan& plan);

//! The ZIP; the CSV in it is called options.entry_name, else `name`. Fills the manifest. A file that cannot be had is no failure:
//! the manifest says so, and its cells keep its id.
Status WriteWithAnswers(const JobContext& context, const PlannedDataset& planned, const AnswerFiles& answers, const std::string& name,
                        Manifest& manifest, Sink& sink);

}  // namespace sheaf::exporting
