#include "export/folder_names.h"

#include <algorithm>
#include <array>

namespace sheaf::exporting {
namespace {
constexpr std::size_t kLongestName = 100;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool IsForbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F || std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos;
}

unsigned char At(std::string_view text, std::size_t place) { return place < text.size() ? static_cast<unsigned char>(text[place]) : 0; }

//! The bytes of an invisible character or one that turns the direction of writing, 0 for any other.
std::size_t Invisible(std::string_view text, std::size_t place) {
  const unsigned char first = At(text, place), second = At(text, place + 1), third = At(text, place + 2);
  if (first == 0xC2 && second < 0xA0) return 2;  // C1 controls
  if (first == 0xE2 && second == 0x80 && ((third >= 0x8B && third <= 0x8F) || (third >= 0xA8 && third <= 0xAE))) return 3;
  if (first == 0xE2 && second == 0x81 && third >= 0xA0 && third <= 0xAF) return 3;
  if (first == 0xEF && second == 0xBB && third == 0xBF) return 3;
  return 0;
}

bool IsReserved(std::string_view name) {
  static constexpr std::array<std::string_view, 4> kDevices = {"con", "prn", "aux", "nul"};
  const std::string stem = Lower(name.substr(0, name.find('.')));
  if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) && stem[3] >= '0' && stem[3] <= '9';
}
}  // namespace

std::string SafeName(std::string_view id) {
  std::string name;
  for (std::size_t place = 0; place < id.size();) {
    if (const std::size_t hidden = Invisible(id, place); hidden > 0) {
      name += '_';
      place += hidden;
      continue;
    }
    // Two dots in a row are no way up inside a name, but some unpackers refuse them anywhere.
    const bool second_dot = id[place] == '.' && !name.empty() && name.back() == '.';
    name += second_dot || IsForbidden(id[place]) ? '_' : id[place];
    ++place;
  }
  if (name.size() > kLongestName) {
    std::size_t end = kLongestName;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
    name.resize(end);
  }
  if (name.empty()) return "_";
  if (name.front() == '.' || name.front() == ' ' || name.front() == '-' || name.front() == '~') name.front() = '_';
  if (name.back() == '.' || name.back() == ' ') name.back() = '_';
  if (IsReserved(name)) name.insert(0, 1, '_');
  return name;
}

FolderNames::FolderNames(const std::vector<std::string_view>& taken) {
  for (const auto name : taken) taken_.insert(Lower(name));
}

const std::string& FolderNames::Of(std::string_view id) {
  const auto known = names_.find(std::string(id));
  if (known != names_.end()) return known->second;
  const std::string safe = SafeName(id);
  std::string name = safe;
  for (int number = 2; !taken_.insert(Lower(name)).second; ++number) name = safe + "-" + std::to_string(number);
  if (name != id) changed_.push_back({std::string(id), name});
  return names_.emplace(std::string(id), std::move(name)).first->second;
}

}  // namespace sheaf::exporting
