#include "ingest/unzip.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <memory>

#include "base/ids.h"

namespace sheaf::ingest {
namespace {

constexpr std::size_t kPiece = 256u << 10;
constexpr std::uint64_t kSmall = 10u << 20;

struct Close {
  void operator()(archive* one) const { archive_read_free(one); }
};

tl::unexpected<Error> Damaged(const char* sentence) { return Fail(ErrorCode::kBadCompression, sentence); }

//! Relative, without `..`, without anything that some system takes for a way.
bool LeadsOut(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != std::string_view::npos || name.find(':') != std::string_view::npos)
    return true;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return true;
    begin = end + 1;
  }
  return !IsUtf8(name) || name.find('\0') != std::string_view::npos;
}

Result<std::string> ReadMember(archive* zip, const UnzipLimits& limits, std::uint64_t packed, std::uint64_t& total) {
  std::string bytes, piece(kPiece, '\0');
  while (true) {
    const la_ssize_t got = archive_read_data(zip, piece.data(), piece.size());
    if (got < 0) return Damaged("The ZIP is damaged, cut off or encrypted.");
    if (got == 0) return bytes;
    bytes.append(piece.data(), static_cast<std::size_t>(got));
    total += static_cast<std::uint64_t>(got);
    if (bytes.size() > limits.member_bytes || total > limits.total_bytes)
      return Fail(ErrorCode::kPayloadTooLarge, "The ZIP holds more than it may.");
    if (total > kSmall && total / limits.ratio > packed) return Fail(ErrorCode::kPayloadTooLarge, "The ZIP unpacks to far too much.");
  }
}

}  // namespace

Status Unzip(std::string_view bytes, const UnzipLimits& limits, const TakeMember& take) {
  const std::unique_ptr<archive, Close> zip(archive_read_new());
  if (!zip) return Fail(ErrorCode::kInternal, "The library of archives does not start.");
  archive_read_support_format_zip_seekable(zip.get());
  if (archive_read_open_memory(zip.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) return Damaged("This is no ZIP.");
  std::uint64_t members = 0, total = 0;
  while (true) {
    archive_entry* entry = nullptr;
    const int next = archive_read_next_header(zip.get(), &entry);
    if (next == ARCHIVE_EOF) break;
    if (next != ARCHIVE_OK && next != ARCHIVE_WARN) return Damaged("This is no ZIP, or one that is damaged or cut off.");
    if (++members > limits.members) return Fail(ErrorCode::kPayloadTooLarge, "The ZIP has too many files.");
    const char* const raw = archive_entry_pathname_utf8(entry);
    const std::string name = raw != nullptr ? raw : archive_entry_pathname(entry) != nullptr ? archive_entry_pathname(entry) : "";
    if (LeadsOut(name)) return Fail(ErrorCode::kBadMember, "The ZIP has a name that leads out of it.");
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) continue;
    if (type != AE_IFREG) return Fail(ErrorCode::kBadMember, "The ZIP has something that is no file.");
    if (archive_entry_is_encrypted(entry) != 0) return Damaged("The ZIP is encrypted.");
    SHEAF_ASSIGN(std::string member, ReadMember(zip.get(), limits, bytes.size(), total));
    SHEAF_TRY(take(name, std::move(member)));
  }
  if (members == 0) return Damaged("The ZIP is empty, or none.");
  return {};
}

}  // namespace sheaf::ingest
