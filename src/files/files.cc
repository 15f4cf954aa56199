#include "files/files.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "base/ids.h"
#include "base/log.h"
#include "blobs/sealed_format.h"
#include "files/joined_reader.h"

namespace sheaf::files {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"recording", "donation", "answer", "other"};
constexpr std::size_t kMostNameBytes = 255;
constexpr std::size_t kMostAttributes = 64u << 10;
constexpr std::uint64_t kPage = 500;
constexpr std::int64_t kMostMilliseconds = std::int64_t{1} << 53;

Status BadMember(const char* sentence, const char* place) { return Fail(ErrorCode::kBadMember, sentence, place); }

bool IsHexDigest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// type "/" subtype of RFC 9110's tokens.
bool IsMediaType(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (text.size() > 127 || slash == 0 || slash == std::string_view::npos || slash + 1 == text.size()) return false;
  return std::all_of(text.begin(), text.end(), [&](const char& c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+").find(c) != std::string_view::npos || &c == &text[slash];
  });
}

// A name is a label: it leads nowhere. What could be taken for a way is refused all the same, so that no later reader has to know.
bool IsFileName(std::string_view name) {
  return IsRecordId(name) && name.size() <= kMostNameBytes && name.find_first_of("/\\") == std::string_view::npos;
}

Status CheckPlaces(const File& file) {
  if (!IsSlug(file.id)) return Fail(ErrorCode::kBadId, "A file's id has 1 to 64 of A-Z a-z 0-9 _ -.", "/id");
  for (const auto& [text, place] : {std::pair{&file.participant, "/participant"}, {&file.session, "/session"}, {&file.record, "/record"}}) {
    if (!text->empty() && !IsRecordId(*text)) return Fail(ErrorCode::kBadId, "This cannot be an id.", place);
  }
  for (const auto& [text, place] : {std::pair{&file.dataset, "/dataset"}, {&file.field, "/field"}}) {
    if (!text->empty() && !IsSlug(*text)) return Fail(ErrorCode::kBadId, "This cannot be an id.", place);
  }
  if (file.dataset.empty() && !file.record.empty()) return BadMember("A record is named with its dataset.", "/record");
  return {};
}

Status CheckFile(const File& file) {
  SHEAF_TRY(CheckPlaces(file));
  if (!IsFileKind(file.kind)) return BadMember("\"kind\" is recording, donation, answer or other.", "/kind");
  if (!IsFileName(file.name)) return BadMember("A name has 1 to 255 bytes of UTF-8 without slashes and control characters.", "/name");
  if (!IsMediaType(file.media_type)) return BadMember("A media type is written like video/webm.", "/media_type");
  if (!file.sha256.empty() && !IsHexDigest(file.sha256)) return BadMember("\"sha256\" has 64 hexadecimal digits in lower case.", "/sha256");
  for (const auto& [number, place] : {std::pair{&file.duration_ms, "/duration_ms"}, {&file.width, "/width"}, {&file.height, "/height"}}) {
    if (*number && (**number < 0 || **number > kMostMilliseconds)) return BadMember("The number cannot be negative.", place);
  }
  if (file.started_at && file.ended_at && *file.started_at > *file.ended_at) return BadMember("It ends before it starts.", "/ended_at");
  if (file.attributes.size() > kMostAttributes) return BadMember("Attributes have at most 64 KiB.", "/attributes");
  boost::system::error_code problem;
  const auto attributes = boost::json::parse(file.attributes, problem);
  if (problem || !attributes.is_object()) return BadMember("\"attributes\" is an object.", "/attributes");
  return {};
}

//! Was the one begun with the words of the other?
bool SameWords(const File& there, const File& given) {
  const auto words = [](const File& file) {
    return std::tie(file.kind, file.name, file.media_type, file.participant, file.session, file.dataset, file.record, file.field,
                    file.started_at, file.ended_at, file.attributes);
  };
  const auto declared = [&](const auto& kept, const auto& wanted) { return !wanted || kept == wanted; };
  return words(there) == words(given) && (given.sha256.empty() || there.sha256 == given.sha256) && declared(there.size, given.size) &&
         declared(there.duration_ms, given.duration_ms) && declared(there.width, given.width) && declared(there.height, given.height);
}

}  // namespace

bool IsFileKind(std::string_view kind) { return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end(); }

Result<File> Files::Begin(File file, bool* created) {
  if (file.id.empty()) file.id = NewId("fil_");
  if (file.name.empty()) file.name = file.id;
  if (file.media_type.empty()) file.media_type = "application/octet-stream";
  // Browsers' recorders add their codecs: "video/webm;codecs=vp8".
  file.media_type = file.media_type.substr(0, file.media_type.find(';'));
  while (!file.media_type.empty() && file.media_type.back() == ' ') file.media_type.pop_back();
  SHEAF_TRY(CheckFile(file));
  if (file.size && *file.size > options_.largest) {
    return Fail(ErrorCode::kPayloadTooLarge, "A file has at most " + std::to_string(options_.largest) + " bytes.", "/size");
  }
  file.received = 0;
  file.complete = false;
  file.completed_at.reset();
  file.digest.clear();
  file.created_at = 0;
  auto added = options_.catalog->Files().AddFile(file);
  if (created != nullptr) *created = added.has_value();
  if (added || added.error().code != ErrorCode::kConflict) return added;
  SHEAF_ASSIGN(File there, Find(file.study, file.id));
  if (!SameWords(there, file)) return added;
  return there;
}

Result<FileList> Files::List(std::string_view study, const FileFilter& filter, std::string_view after, std::uint64_t limit,
                             const Visible& visible) {
  catalog::FileTable& table = options_.catalog->Files();
  FileList list;
  if (!visible) {
    SHEAF_ASSIGN(list.items, table.Files(study, filter, after, limit + 1));
    SHEAF_ASSIGN(list.total, table.CountFiles(study, filter));
    if (list.items.size() > limit) {
      list.items.resize(limit);
      list.next = list.items.back().id;
    }
    return list;
  }
  // The whole list is walked for the total.
  bool behind = after.empty();
  std::string last;
  while (true) {
    SHEAF_ASSIGN(auto files, table.Files(study, filter, last, kPage));
    for (File& file : files) {
      last = file.id;
      const bool is_after = last == after;
      if (visible(file)) {
        ++list.total;
        if (behind && list.items.size() == limit) list.next = list.items.back().id;
        else if (behind && list.next.empty()) list.items.push_back(std::move(file));
      }
      behind = behind || is_after;
    }
    if (files.size() < kPage) break;
  }
  if (!behind) return Fail(ErrorCode::kBadCursor, "The file the list went on from is gone.", "cursor");
  return list;
}

Result<std::shared_ptr<blobs::BlobReader>> Files::Open(const File& file, std::string_view passphrase) {
  if (!file.complete) return Fail(ErrorCode::kFileIncomplete, std::to_string(file.received) + " bytes of the file have arrived so far.");
  SHEAF_ASSIGN(auto parts, options_.catalog->Files().Parts(file.study, file.id));
  const bool changed = parts.empty() && file.size.value_or(0) > 0;
  if (changed) return Fail(ErrorCode::kNotFound, "There is no such file.");
  // Asked for once: a locked study's key costs a tenth of a second.
  SHEAF_ASSIGN(const secrets::ContentKey key, options_.keys->OpenContent(file.study, passphrase));
  auto content_key = std::make_shared<const secrets::ContentKey>(key);
  const auto open_box = [content_key](std::string_view key_id, std::string_view box) -> Result<secrets::KeyBytes> {
    if (blobs::KeyId(content_key->Open()) != key_id) return Fail(ErrorCode::kStorageDamaged, "The file is encrypted to another key.");
    return content_key->OpenBox(box);
  };
  auto open_part = [blobs = options_.blobs, open_box](const catalog::FilePart& part) { return blobs->Open(part.blob, open_box); };
  auto reader = std::make_shared<JoinedReader>(std::move(parts), std::move(open_part));
  if (reader->Size() != file.size.value_or(0))
    return Fail(ErrorCode::kStorageDamaged, "The file does not have the size it was written with.");
  if (reader->Size() > 0) {
    // What is missing is said before a byte is sent.
    auto first = reader->ReadAt(0, 1);
    if (!first && first.error().code == ErrorCode::kNotFound) return Fail(ErrorCode::kNotFound, "The file's bytes are missing.");
    if (!first) return Fail(first.error());
  }
  return std::shared_ptr<blobs::BlobReader>(std::move(reader));
}

void Files::RemoveBlobs(const std::vector<catalog::FilePart>& parts) const {
  for (const catalog::FilePart& part : parts) {
    // What stays is swept at the next start.
    if (const Status removed = options_.blobs->Remove(part.blob); !removed)
      LogWarning("a file's bytes stay behind", {{"detail", removed.error().detail}});
  }
}

Status Files::Remove(std::string_view study, std::string_view id) {
  SHEAF_ASSIGN(const auto parts, options_.catalog->Files().RemoveFile(study, id));
  for (const catalog::FilePart& part : parts) SHEAF_TRY(options_.blobs->Remove(part.blob));
  return {};
}

Result<std::uint64_t> Files::RemoveAll(std::string_view study, const FileFilter& filter) {
  std::uint64_t removed = 0;
  while (true) {
    SHEAF_ASSIGN(const auto files, options_.catalog->Files().Files(study, filter, "", kPage));
    if (files.empty()) return removed;
    for (const File& file : files) {
      const Status gone = Remove(study, file.id);
      if (!gone && gone.error().code != ErrorCode::kNotFound) return Fail(gone.error());
      if (gone) ++removed;
    }
  }
}

Result<std::uint64_t> Files::RemoveOf(std::string_view study, std::string_view participant) {
  if (participant.empty()) return std::uint64_t{0};
  FileFilter filter;
  filter.participant = participant;
  return RemoveAll(study, filter);
}

Result<std::uint64_t> Files::RemoveOfDataset(std::string_view study, std::string_view dataset) {
  if (dataset.empty()) return std::uint64_t{0};
  FileFilter filter;
  filter.dataset = dataset;
  return RemoveAll(study, filter);
}

Result<std::uint64_t> Files::RemoveOfStudy(std::string_view study) {
  SHEAF_ASSIGN(const std::uint64_t removed, RemoveAll(study, {}));
  // And whatever else lies there: nothing of a study outlives it.
  SHEAF_ASSIGN(const auto names, options_.blobs->List(std::string(kBlobFolder) + std::string(study) + "/"));
  for (const std::string& name : names) SHEAF_TRY(options_.blobs->Remove(name));
  return removed;
}

Status Files::Sweep(Micros stale_since) {
  SHEAF_ASSIGN(const auto stale, options_.catalog->Files().StaleFiles(stale_since));
  for (const File& file : stale) {
    const Status gone = Remove(file.study, file.id);
    if (!gone && gone.error().code != ErrorCode::kNotFound) return gone;
    LogInfo("an upload that was given up was removed", {{"study", file.study}});
  }
  SHEAF_ASSIGN(const auto known, options_.catalog->Files().FileBlobs());
  SHEAF_ASSIGN(const auto names, options_.blobs->List(kBlobFolder));
  for (const std::string& name : names) {
    if (!std::binary_search(known.begin(), known.end(), name)) SHEAF_TRY(options_.blobs->Remove(name));
  }
  return {};
}

}  // namespace sheaf::files
