#include "api/page/pack.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

// Defined by cmake/Embed.cmake.
extern "C" {
extern const char sheaf_asset_page_begin[];
extern const char sheaf_asset_page_end[];
}

namespace sheaf::api::page {
namespace {

constexpr std::size_t kWords = 9;

Result<std::array<std::string_view, kWords>> Split(std::string_view line) {
  std::array<std::string_view, kWords> words;
  for (std::size_t i = 0; i < kWords; ++i) {
    const std::size_t tab = line.find('\t');
    const bool last = i + 1 == kWords;
    if (last != (tab == std::string_view::npos)) return Fail(ErrorCode::kStorageDamaged, "The page's pack has a broken line.");
    words[i] = line.substr(0, tab);
    if (!last) line.remove_prefix(tab + 1);
  }
  return words;
}

Result<std::uint64_t> Number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    return Fail(ErrorCode::kStorageDamaged, "The page's pack has a broken number.");
  }
  return number;
}

Result<std::string_view> Bytes(std::string_view all, std::string_view offset_text, std::string_view length_text) {
  SHEAF_ASSIGN(const std::uint64_t offset, Number(offset_text));
  SHEAF_ASSIGN(const std::uint64_t length, Number(length_text));
  if (offset > all.size() || length > all.size() - offset) return Fail(ErrorCode::kStorageDamaged, "The page's pack is too short.");
  return all.substr(offset, length);
}

}  // namespace

Result<std::vector<File>> ReadPack(std::string_view pack) {
  const std::size_t head = pack.find("\n\n");
  if (head == std::string_view::npos) return Fail(ErrorCode::kStorageDamaged, "The page's pack has no end of its list.");
  std::string_view list = pack.substr(0, head + 1);
  const std::string_view bytes = pack.substr(head + 2);
  std::vector<File> files;
  while (!list.empty()) {
    const std::size_t end = list.find('\n');
    SHEAF_ASSIGN(const auto words, Split(list.substr(0, end)));
    list.remove_prefix(end + 1);
    File file;
    file.path = words[0];
    file.type = words[1];
    file.etag = words[2];
    SHEAF_ASSIGN(file.plain, Bytes(bytes, words[3], words[4]));
    SHEAF_ASSIGN(file.brotli, Bytes(bytes, words[5], words[6]));
    SHEAF_ASSIGN(file.gzip, Bytes(bytes, words[7], words[8]));
    files.push_back(std::move(file));
  }
  std::sort(files.begin(), files.end(), [](const File& left, const File& right) { return left.path < right.path; });
  return files;
}

std::string_view BuiltInPack() { return {sheaf_asset_page_begin, sheaf_asset_page_end}; }

}  // namespace sheaf::api::page
