#include "cli/import_sources.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

namespace sheaf::cli {
namespace {

namespace fs = std::filesystem;

// What grows more than this is no data. Small ones may.
constexpr std::uint64_t kMostGrowth = 500;
constexpr std::uint64_t kSmallZip = 10u << 20;

Error TooLarge(const std::string& where) {
  return Error{ErrorCode::kPayloadTooLarge, fmt::format("{} has more than {} bytes", where, kMostSourceBytes), {}, 0};
}

Status VisitFile(const fs::path& path, const std::string& name, const SourceVisit& visit) {
  std::error_code failed;
  if (fs::file_size(path, failed) > kMostSourceBytes || failed) return Fail(TooLarge(path.string()));
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.good() && !file.eof()) return Fail(ErrorCode::kIo, fmt::format("{} cannot be read", path.string()));
  return visit(name, path.string(), std::move(text));
}

Status VisitZip(const std::string& path, const SourceWanted& wanted, const SourceVisit& visit) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  // By its directory, which stands at the end: of a ZIP that was cut off, the files that are left would look like all of them.
  archive_read_support_format_zip_seekable(reader.get());
  const auto broken = [&] { return Fail(ErrorCode::kIo, fmt::format("{} is damaged: {}", path, archive_error_string(reader.get()))); };
  if (archive_read_open_filename(reader.get(), path.c_str(), 1u << 18) != ARCHIVE_OK)
    return Fail(ErrorCode::kIo, fmt::format("{} is no ZIP file: {}", path, archive_error_string(reader.get())));
  std::error_code failed;
  const std::uint64_t packed = fs::file_size(path, failed);
  std::uint64_t unpacked = 0;
  archive_entry* entry = nullptr;
  while (true) {
    const int next = archive_read_next_header(reader.get(), &entry);
    if (next == ARCHIVE_EOF) return {};
    if (next != ARCHIVE_OK && next != ARCHIVE_WARN) return broken();
    const char* const raw = archive_entry_pathname_utf8(entry);
    const std::string name = raw == nullptr ? "" : raw;
    // Nothing is written anywhere, so that a name can lead nowhere.
    if (name.empty() || name.back() == '/' || !wanted(name)) continue;
    std::string text;
    std::vector<char> buffer(1u << 18);
    while (true) {
      const la_ssize_t read = archive_read_data(reader.get(), buffer.data(), buffer.size());
      if (read < 0) return broken();
      if (read == 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(read));
      // What it says of its size may be a lie.
      if (text.size() > kMostSourceBytes) return Fail(TooLarge(path + ":" + name));
      unpacked += static_cast<std::uint64_t>(read);
      if (unpacked > kSmallZip && unpacked / kMostGrowth > packed)
        return Fail(ErrorCode::kPayloadTooLarge, fmt::format("{} unpacks to far too much", path));
    }
    SHEAF_TRY(visit(name, path + ":" + name, std::move(text)));
  }
}

bool IsZip(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".zip";
}

Status Visit(const fs::path& path, const std::string& name, const SourceWanted& wanted, const SourceVisit& visit) {
  if (IsZip(path)) return VisitZip(path.string(), wanted, visit);
  return wanted(name) ? VisitFile(path, name, visit) : Status();
}

}  // namespace

Status EachSource(const std::vector<std::string>& paths, const SourceWanted& wanted, const SourceVisit& visit) {
  for (const std::string& path : paths) {
    std::error_code failed;
    const auto status = fs::status(path, failed);
    if (fs::is_regular_file(status)) {
      SHEAF_TRY(Visit(path, fs::path(path).filename().string(), wanted, visit));
    } else if (fs::is_directory(status)) {
      std::vector<fs::path> files;
      for (const auto& entry : fs::recursive_directory_iterator(path, failed)) {
        if (entry.is_regular_file(failed)) files.push_back(entry.path());
      }
      std::sort(files.begin(), files.end());
      for (const fs::path& file : files) SHEAF_TRY(Visit(file, fs::relative(file, path, failed).generic_string(), wanted, visit));
    } else {
      return Fail(ErrorCode::kUsage, fmt::format("there is no file {}", path));
    }
  }
  return {};
}

}  // namespace sheaf::cli
