#pragma once
//! What an export holds, written down: metadata.json inside a ZIP, and the manifest of every job. The format is
//! described in docs/formats/manifest.md.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "export/folder_names.h"
#include "export/options.h"
#include "files/files.h"
#include "model/definition.h"

namespace sheaf::exporting {

//! One file: the export itself, or one inside the ZIP.
struct FileEntry {
  std::string path;
  std::string dataset;                              //!< id; empty for README.txt and its like
  std::string extract;                              //!< which of the dataset's records, that are in another file, too; empty: its own
  std::optional<std::string> participant, session;  //!< ids; only where the file is one person's. No session: null
  Format format = Format::kCsv;
  std::optional<std::uint64_t> rows;  //!< nullopt: it has none
  std::uint64_t bytes = 0;
  std::optional<Micros> first_time, last_time;
  std::string sha256;
  std::string completeness;  //!< JSON of quality::CompletenessJson, of a person's file; empty: it does not say
  std::uint64_t part = 0;    //!< its number; 0: the export is not cut
  std::uint64_t offset = 0;  //!< of a part, in the export's file
};

struct DatasetEntry {
  std::shared_ptr<const model::Dataset> dataset;
  std::uint64_t rows = 0;
  std::optional<Micros> first_time, last_time;
};

//! One file of records, as it leaves.
struct MediaEntry {
  files::File file;
  std::string path;   //!< empty: it is not in the ZIP
  std::string fault;  //!< missing, damaged, incomplete, locked; empty: it is there
};

struct Manifest {
  std::string export_id;
  std::string study;
  std::string study_name;
  std::string account;  //!< who asked
  Micros created_at = 0;
  std::string request;                                           //!< canonical JSON
  std::string cursor;                                            //!< for `since` of the next export
  std::string privacy;                                           //!< JSON of ExportPrivacyJson; empty: kept as it is
  std::string quality;                                           //!< JSON of quality::SummaryJson; empty: not checked
  std::map<std::string, std::string, std::less<>> completeness;  //!< the same as in files, of whole datasets by their ids
  ZipLayout layout = ZipLayout::kDataset;
  std::string rooms;                  //!< JSON of ForeignLayout::People; empty: another layout
  std::string about;                  //!< the same: an object of further members; empty: none
  std::vector<std::string> warnings;  //!< sentences; told in another system's layout
  std::vector<DatasetEntry> datasets;
  std::vector<FileEntry> files;
  std::optional<std::vector<MediaEntry>> media;  //!< nullopt: not asked for
  std::vector<FolderNames::Renamed> participant_folders, session_folders;
};

//! The export's own file, which only the manifest beside it can describe.
struct ExportFile {
  std::string name;
  Format format = Format::kCsv;
  std::uint64_t bytes = 0;
  std::string sha256;
};

//! Indented JSON. `file`: null inside a ZIP.
std::string ManifestJson(const Manifest& manifest, const ExportFile* file);

//! The member `quality` of a manifest that ManifestJson wrote, without reading the rest of it, which may be long. Empty: it has none.
std::string_view QualityOfManifest(std::string_view manifest);

std::string_view MediaType(Format format);
//! "2026-01-31T08:15:00.250Z" as "20260131T081500Z".
std::string CompactTime(Micros instant);

}  // namespace sheaf::exporting
