#include "export/media.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "export/tickets.h"
#include "privacy/consent.h"
#include "privacy/files_seen.h"

namespace sheaf::exporting {
namespace {

constexpr std::string_view kFolder = "files/";
constexpr std::string_view kNobody = "no-participant";
constexpr std::uint64_t kMostMedia = 100'000;
constexpr std::uint64_t kReadBytes = 1u << 20;

bool Among(const std::vector<std::string>& wanted, const std::string& id, const std::string& shown) {
  return wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end() ||
         (!shown.empty() && std::find(wanted.begin(), wanted.end(), shown) != wanted.end());
}

//! Of records of the export's datasets; what names no dataset goes with an export of all.
bool OfDatasets(const files::File& file, const ExportOptions& options, const std::vector<PlannedDataset>& datasets) {
  if (file.dataset.empty()) return options.datasets.empty();
  return std::any_of(datasets.begin(), datasets.end(), [&](const PlannedDataset& one) { return one.plan.dataset->id == file.dataset; });
}

//! Names in folders, each once (upper and lower case being the same).
class Paths {
 public:
  std::string Of(const std::string& participant, const std::string& name) {
    const std::string folder(participant.empty() ? kNobody : std::string_view(folders_.Of(participant)));
    const std::string safe = SafeName(name);
    const std::string extension = Extension(safe);
    const std::string stem = safe.substr(0, safe.size() - extension.size());
    for (int number = 1;; ++number) {
      const std::string path = std::string(kFolder) + folder + "/" + (number == 1 ? safe : stem + "-" + std::to_string(number) + extension);
      std::string lower = path;
      std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      if (taken_.insert(lower).second) return path;
    }
  }

 private:
  FolderNames folders_{{kNobody}};
  std::unordered_set<std::string> taken_;
};

//! Reads it to its end, so that nothing is begun in the ZIP that cannot be finished. Empty: it is whole.
Result<std::string> Fault(const JobContext& context, const files::File& file, std::shared_ptr<blobs::BlobReader>& bytes) {
  auto opened = context.files->Open(file, "");
  if (!opened) {
    const ErrorCode code = opened.error().code;
    if (code == ErrorCode::kFileIncomplete) return std::string("incomplete");
    if (code == ErrorCode::kStudyLocked) return std::string("locked");
    return std::string(code == ErrorCode::kNotFound ? "missing" : "damaged");
  }
  for (std::uint64_t offset = 0;;) {
    if (context.state.Cancelled()) return Fail(CancelledError());
    const auto piece = (*opened)->ReadAt(offset, kReadBytes);
    if (!piece) return std::string(piece.error().code == ErrorCode::kNotFound ? "missing" : "damaged");
    if (piece->empty()) break;
    offset += piece->size();
  }
  bytes = *std::move(opened);
  return std::string();
}

Result<ZipWriter::Written> Copy(const JobContext& context, blobs::BlobReader& bytes, ZipWriter& zip) {
  for (std::uint64_t offset = 0;;) {
    if (context.state.Cancelled()) return Fail(CancelledError());
    SHEAF_ASSIGN(const std::string piece, bytes.ReadAt(offset, kReadBytes));
    if (piece.empty()) return zip.End();
    SHEAF_TRY(zip.Write(piece));
    offset += piece.size();
  }
}

//! Who consents to a purpose, each asked about once.
class Consenting {
 public:
  Consenting(vault::StudyVault& study, std::string purpose) : study_(study), purpose_(std::move(purpose)) {}
  Result<bool> Does(const std::string& participant) {
    if (purpose_.empty()) return true;
    if (participant.empty()) return false;
    const auto known = known_.find(participant);
    if (known != known_.end()) return known->second;
    SHEAF_ASSIGN(const bool consents, privacy::ConsentsTo(study_, participant, purpose_));
    known_[participant] = consents;
    return consents;
  }

 private:
  vault::StudyVault& study_;
  const std::string purpose_;
  std::unordered_map<std::string, bool> known_;
};

}  // namespace

std::string Extension(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || name.size() - dot > 9) return {};
  const bool plain =
      std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dot) + 1, name.end(), [](unsigned char c) { return std::isalnum(c) != 0; });
  return plain ? name.substr(dot) : std::string();
}

Status RequireMedia(const ExportOptions& options, const model::ViewRights& rights) {
  const bool leaves = options.media || !options.file_folder.empty();
  if (!leaves || rights.identifiers) return {};
  return Fail(ErrorCode::kForbidden, "Faces and voices identify people: files are for those who may see identifiers.",
              options.media ? "media" : "file_folder");
}

Result<std::vector<MediaFile>> ChooseMedia(const JobContext& context, const ExportOptions& options,
                                           const std::vector<PlannedDataset>& datasets) {
  std::vector<MediaFile> media;
  if (!options.media || context.files == nullptr) return media;
  SHEAF_TRY(RequireMedia(options, context.viewer.rights));
  privacy::Reader reader{context.viewer.rights, context.viewer.settings, {}};
  const bool codes = options.privacy.identifiers == privacy::IdentifierMode::kRemove;
  if (codes || context.viewer.rights.own_participant) { SHEAF_ASSIGN(reader.key, CodeKeyOf(context.viewer)); }
  SHEAF_ASSIGN(const auto seen, privacy::FilesSeen::Make(context.study, reader));
  reader.rights.identifiers = !codes;
  SHEAF_ASSIGN(const auto shown, privacy::FilesSeen::Make(context.study, reader));
  Consenting consenting(context.study, options.consented_only.value_or(false) ? options.consent_purpose : std::string());
  Paths paths;
  SHEAF_ASSIGN(const auto list, context.files->List(context.job.study, {}, "", kMostMedia + 1, [&](const files::File& file) {
    const files::File leaves = shown.Shown(file);
    return seen.Sees(file) && OfDatasets(file, options, datasets) && Among(options.participants, file.participant, leaves.participant) &&
           Among(options.sessions, file.session, leaves.session);
  }));
  if (list.total > kMostMedia)
    return Fail(ErrorCode::kExportFailed, "The ZIP would hold too many files. Ask for fewer participants at once.");
  for (const files::File& file : list.items) {
    SHEAF_ASSIGN(const bool consents, consenting.Does(file.participant));
    if (!consents) continue;
    files::File leaves = shown.Shown(file);
    // A name may say whose it is.
    if (codes) leaves.id = privacy::Code(reader.key, privacy::CodeKind::kRecord, "file " + file.id);
    const std::string name = codes ? leaves.id + Extension(file.name) : file.name;
    media.push_back({file, leaves, paths.Of(leaves.participant, name)});
  }
  return media;
}

Status AddMedia(const JobContext& context, const std::vector<MediaFile>& media, Manifest& manifest, ZipWriter& zip) {
  manifest.media.emplace();
  if (!media.empty()) context.state.Say("adding " + GroupedNumber(media.size()) + " files");
  for (const MediaFile& one : media) {
    MediaEntry entry;
    entry.file = one.shown;
    std::shared_ptr<blobs::BlobReader> bytes;
    SHEAF_ASSIGN(entry.fault, Fault(context, one.file, bytes));
    if (entry.fault.empty()) {
      entry.path = one.path;
      const bool packed = one.file.media_type.rfind("text/", 0) != 0 && one.file.media_type != "application/json";
      SHEAF_TRY(zip.Begin({one.path, bytes->Size(), !packed, manifest.created_at}));
      SHEAF_ASSIGN(auto written, Copy(context, *bytes, zip));
      FileEntry listed;
      listed.path = one.path;
      listed.bytes = written.bytes;
      listed.sha256 = std::move(written.sha256);
      manifest.files.push_back(std::move(listed));
    }
    manifest.media->push_back(std::move(entry));
  }
  return {};
}

}  // namespace sheaf::exporting
