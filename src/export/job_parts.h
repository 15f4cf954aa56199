#pragma once
//! An export that is cut into parts, each a file that is complete in itself. They lie uncompressed in one ZIP, so that a part is
//! a range of the file.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "export/archive.h"
#include "export/job_file.h"

namespace sheaf::exporting {

inline constexpr std::uint64_t kLeastPartSize = 100'000;
inline constexpr std::uint64_t kMostPartSize = 1'000'000'000'000;
inline constexpr std::size_t kMostParts = 10'000;

//! "256MB", "1GiB", "500000": bytes. nullopt for anything else.
std::optional<std::uint64_t> ParseSize(std::string_view text);

//! Writes csv, json or ndjson as a ZIP of parts of at most ExportOptions::part_size bytes (more where a single record has more), and
//! metadata.json; fills the manifest's datasets and files.
Status WriteParts(const JobContext& context, const ExportOptions& options, const PlannedDataset& planned, Manifest& manifest, Sink& sink);

//! A part, as the manifest of the job tells it.
struct Part {
  std::string name;
  std::uint64_t offset = 0;  //!< in the export's file
  std::uint64_t bytes = 0;
  std::string sha256;
};
//! The part of this number, from 1 on; nullopt when there is none.
std::optional<Part> FindPart(std::string_view manifest, std::uint64_t number);

//! Where the record that begins at `begin` ends, in text as the format's encoder makes it.
std::size_t EndOfRecord(Format format, std::string_view text, std::size_t begin);

}  // namespace sheaf::exporting
