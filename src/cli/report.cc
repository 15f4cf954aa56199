#include "cli/report.h"

#include <fmt/core.h>

#include <cstdio>

#include "cli/commands.h"

namespace sheaf::cli {

std::string_view Version() { return SHEAF_VERSION; }

int ReportFailure(const Error& error) {
  const ErrorEntry& entry = Describe(error.code);
  const std::string_view detail = error.detail.empty() ? entry.title : std::string_view(error.detail);
  const std::string place = error.place.empty() ? "" : " (" + error.place + ")";
  // The catalogue's advice speaks to callers of the API; here the number is enough to look it up by.
  const bool usage = error.code == ErrorCode::kUsage || error.code == ErrorCode::kBadParameter;
  const std::string code = usage ? "" : fmt::format(" [{} {}]", entry.number, entry.slug);
  fmt::print(stderr, "sheaf: {}{}{}\n", detail, place, code);
  return usage ? kExitUsage : kExitFailed;
}

int ReportUsage(std::string_view sentence) {
  fmt::print(stderr, "sheaf: {}\n", sentence);
  return kExitUsage;
}

}  // namespace sheaf::cli
