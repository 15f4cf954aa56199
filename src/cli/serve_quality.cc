#include "cli/serve_quality.h"

#include <algorithm>

#include "files/files.h"

namespace sheaf::cli {
namespace {

constexpr std::uint64_t kFilesAtOnce = 1000;

Result<quality::FilesOf> WholeFiles(files::Files& files, std::string_view study, std::string_view dataset) {
  files::FileFilter filter;
  filter.dataset = dataset;
  filter.complete = true;
  quality::FilesOf found;
  std::string after;
  while (true) {
    SHEAF_ASSIGN(const auto page, files.List(study, filter, after, kFilesAtOnce));
    for (const files::File& file : page.items) {
      found.ids.push_back(file.id);
      if (!file.record.empty()) found.records.push_back(file.record);
    }
    if (page.next.empty()) break;
    after = page.next;
  }
  std::sort(found.ids.begin(), found.ids.end());
  std::sort(found.records.begin(), found.records.end());
  return found;
}

}  // namespace

void OpenQuality(const std::string& studies, api::native::Rooms& rooms, api::native::Monitoring& monitoring) {
  monitoring.refusals = std::make_shared<quality::Refusals>(studies);
  quality::Checker::Options options;
  options.vault = rooms.vault;
  options.directory = studies;
  options.refusals = monitoring.refusals;
  options.files = [files = rooms.files](std::string_view study, std::string_view dataset) { return WholeFiles(*files, study, dataset); };
  monitoring.quality = std::make_shared<quality::Checker>(std::move(options));
  // Nothing was committed, and yet there is something to tell.
  rooms.refused = [refusals = monitoring.refusals, checker = std::weak_ptr(monitoring.quality)](
                      std::string_view study, std::string_view dataset, const std::map<ErrorCode, std::uint64_t>& reasons) {
    refusals->Add(study, dataset, reasons);
    if (const auto quality = checker.lock()) quality->Changed(study);
  };
}

}  // namespace sheaf::cli
