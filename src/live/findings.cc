#include "live/study_feed.h"

#include "base/log.h"
#include "privacy/seen.h"

namespace sheaf::live {
namespace {

//! Of what is found beside the records, those that were refused alone: files that are missing may still be on their way, and what the
//! design expects is not there before the end.
void AddRefused(const quality::DatasetReport& dataset, std::map<std::string, Standing>& standing) {
  std::uint64_t refused = 0;
  for (const auto& notice : dataset.others) {
    if (notice.check == quality::Check::kRefused) refused += notice.count;
  }
  if (refused == 0) return;
  const auto& entry = quality::Describe(quality::Check::kRefused);
  Standing one{dataset.dataset->id, std::string(entry.name), std::string(quality::Name(entry.severity)), {}, refused};
  standing.emplace(one.dataset + " " + one.check, std::move(one));
}

}  // namespace

bool NoteFindings(quality::Checker& checker, vault::StudyVault& study, View& view) {
  quality::Request request;
  request.patience_ms = 0;
  for (const auto& dataset : study.Datasets()) {
    if (model::MaySeeDataset(view.viewer.rights, dataset->id)) request.datasets.push_back(dataset->id);
  }
  if (const auto who = privacy::WhoIsSeen(view.viewer.rights, view.viewer.settings)) {
    auto seen = study.ParticipantNumbers(*who);
    if (!seen) return false;
    request.whom.seen = *std::move(seen);
  }
  const auto report = checker.Report(study, request);
  if (!report) return false;
  std::map<std::string, Standing> now;
  for (const auto& dataset : report->datasets) {
    for (const auto& tally : dataset.tallies) {
      const auto& entry = quality::Describe(tally.check);
      Standing one{dataset.dataset->id, std::string(entry.name), std::string(quality::Name(entry.severity)), {}, tally.count};
      if (tally.field >= 0) one.field = dataset.dataset->fields[static_cast<std::size_t>(tally.field)].id;
      std::string key = one.dataset + " " + one.check + " " + one.field;
      now.emplace(std::move(key), std::move(one));
    }
    AddRefused(dataset, now);
  }
  const std::lock_guard lock(view.mutex);
  // What was there before anybody watched stands in the snapshot.
  for (const auto& [key, one] : now) {
    const auto before = view.standing.find(key);
    const std::uint64_t count = before == view.standing.end() ? 0 : before->second.count;
    if (!view.standing_known || one.count <= count) continue;
    // More of what still waits to be told is told with it.
    const std::uint64_t added = one.count - count;
    const auto [alert, is_new] = view.alerts.try_emplace(key, one);
    alert->second.count = is_new ? added : alert->second.count + added;
  }
  view.standing = std::move(now);
  view.standing_known = true;
  view.channel->Outdate();
  return !view.alerts.empty();
}

}  // namespace sheaf::live
