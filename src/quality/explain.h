#pragma once
//! What is found beside the records that are there: those that were refused, files that never came, and how much of what the design
//! expects is missing, each with what usually is behind it.

#include <functional>
#include <string>
#include <vector>

#include "quality/refusals.h"
#include "quality/report.h"

namespace sheaf::quality {

//! Whole files of a dataset's records, both ascending: their ids, and the records they say they are of.
struct FilesOf {
  std::vector<std::string> ids, records;
};
using FindFiles = std::function<Result<FilesOf>(std::string_view study, std::string_view dataset)>;

//! Adds them to `report.others`. Without `refusals` or `files`, and of what the design leaves out, there are none. Reads the records of recordings and donations.
Status Explain(vault::StudyVault& study, const Whom& whom, Refusals* refusals, const FindFiles& files, const Design& design,
               DatasetReport& report);

}  // namespace sheaf::quality
