#include "export/time_zone.h"

#include <absl/time/time.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace sheaf::exporting {
namespace {

class AbslTimeZone final : public TimeZone {
 public:
  explicit AbslTimeZone(absl::TimeZone zone) : zone_(zone) {}
  int OffsetSeconds(Micros instant) const override { return zone_.At(absl::FromUnixMicros(instant)).offset; }

 private:
  absl::TimeZone zone_;
};

// The library would also open paths, read $TZ for "localtime", and remember every name it was ever asked for; so only
// names of tzdata's own files reach it.
bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-' || c == '/';
  });
  // Zones begin with a capital; "right/…" counts leap seconds, "posix/…" repeats the others.
  if (!plain || name.front() < 'A' || name.front() > 'Z' || name.back() == '/' || name.find("//") != std::string_view::npos) return false;
  std::ifstream file(std::filesystem::path("/usr/share/zoneinfo") / name, std::ios::binary);
  char magic[4] = {};
  return file.read(magic, sizeof(magic)) && std::string_view(magic, sizeof(magic)) == "TZif";
}

}  // namespace

std::shared_ptr<const TimeZone> FindTimeZone(std::string_view name) {
  if (!IsZoneName(name)) return nullptr;
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(std::string(name), &zone)) return nullptr;
  return std::make_shared<AbslTimeZone>(zone);
}

}  // namespace sheaf::exporting
