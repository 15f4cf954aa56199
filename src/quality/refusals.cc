#include "quality/refusals.h"

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/log.h"

namespace sheaf::quality {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;
}  // namespace

void Refusals::Add(std::string_view study, std::string_view dataset, const std::map<ErrorCode, std::uint64_t>& refused) {
  if (refused.empty()) return;
  const std::lock_guard lock(mutex_);
  const std::string id(study);
  Study& known = Known(id);
  for (const auto& [code, count] : refused) known[std::string(dataset)][std::string(Describe(code).slug)] += count;
  Save(id, known);
}

Refusals::Counts Refusals::Of(std::string_view study, std::string_view dataset) {
  const std::lock_guard lock(mutex_);
  const Study& known = Known(std::string(study));
  const auto found = known.find(std::string(dataset));
  return found == known.end() ? Counts() : found->second;
}

void Refusals::Forget(std::string_view study) {
  const std::lock_guard lock(mutex_);
  studies_.erase(std::string(study));
  std::error_code ignored;
  fs::remove(FileOf(std::string(study)), ignored);
}

Refusals::Study& Refusals::Known(const std::string& study) {
  const auto [entry, fresh] = studies_.try_emplace(study);
  if (!fresh) return entry->second;
  std::ifstream file(FileOf(study));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  boost::system::error_code broken;
  const json::value value = text.empty() ? json::value(json::object()) : json::parse(text, broken);
  if (broken || !value.is_object()) {
    LogWarning("the count of refused records is not readable", {{"study", study}});
    return entry->second;
  }
  for (const auto& [dataset, counts] : value.get_object()) {
    if (!counts.is_object()) continue;
    for (const auto& [reason, count] : counts.get_object()) {
      const auto number = count.to_number<std::uint64_t>(broken);
      if (!broken) entry->second[dataset][reason] = number;
    }
  }
  return entry->second;
}

void Refusals::Save(const std::string& study, const Study& counts) const {
  const std::string file = FileOf(study);
  std::error_code failed;
  // A study that is being dropped gets no new file.
  if (!fs::is_directory(fs::path(file).parent_path(), failed)) return;
  json::object root;
  for (const auto& [dataset, reasons] : counts) {
    json::object object;
    for (const auto& [reason, count] : reasons) object[reason] = count;
    root[dataset] = std::move(object);
  }
  {
    std::ofstream out(file + ".new", std::ios::trunc);
    out << json::serialize(root);
    if (!out.flush()) failed = std::make_error_code(std::errc::io_error);
  }
  if (!failed) fs::rename(file + ".new", file, failed);
  if (failed) LogWarning("the count of refused records was not kept", {{"study", study}});
}

}  // namespace sheaf::quality
