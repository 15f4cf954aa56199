// README.txt of a ZIP: what the files are, for someone who has never heard of the program that made them.

#include <fmt/format.h>

#include <algorithm>

#include "export/datapackage.h"
#include "export/job_state.h"
#include "export/output_text.h"

namespace sheaf::exporting {
namespace {

std::string CsvWords(const ExportOptions& options) {
  std::string text = "The CSV files are UTF-8";
  switch (options.profile) {
    case CsvProfile::kRfc4180: text += " without a byte order mark, with commas between cells; nothing is altered.\n"; break;
    case CsvProfile::kExcel:
      text +=
          " with a byte order mark, for Excel. A text that begins with = + - @ has an apostrophe before it,\n"
          "so that a spreadsheet does not run it as a formula.\n";
      break;
    case CsvProfile::kExcelEu:
      text +=
          " with a byte order mark, for Excel in countries that write a decimal comma: semicolons stand\n"
          "between cells. A text that begins with = + - @ has an apostrophe before it, so that a spreadsheet does\n"
          "not run it as a formula.\n";
      break;
  }
  const auto quoted = [](const std::string& missing) { return missing.empty() ? std::string("an empty cell") : "\"" + missing + "\""; };
  if (options.missing.absent == options.missing.skipped) {
    text += fmt::format("No answer is {}, whether the question was skipped or not asked. An answer of no characters is \"\".\n",
                        quoted(options.missing.absent));
  } else {
    text += fmt::format("A question that was not asked is {}; one that was asked and skipped is {}.\n", quoted(options.missing.absent),
                        quoted(options.missing.skipped));
  }
  if (options.sets != SetStyle::kJoined)
    text += "Questions with several answers have a column an option: 1 ticked, 0 answered but not ticked.\n";
  else text += "Several answers to one question stand in one cell, joined by semicolons.\n";
  return text;
}

std::string FormatWords(const ExportOptions& options) {
  const std::string zone = options.timezone.empty()
                               ? "Times are in UTC (they end in Z).\n"
                               : fmt::format("Times are local times of {}, with their offset from UTC.\n", options.timezone);
  switch (InnerFormat(options)) {
    case Format::kCsv: return CsvWords(options) + zone;
    case Format::kJson: return "Each JSON file has the dataset's definition first, then its records.\n" + zone;
    case Format::kNdjson: return "Each line of an NDJSON file is one record as JSON.\n" + zone;
    default: return "Parquet files open in pandas, R (arrow), Polars and DuckDB. Answers to choices are the options' ids.\n";
  }
}

std::string FolderWords(const Manifest& manifest) {
  if (manifest.layout == ZipLayout::kDataset) return "There is a folder per dataset.\n";
  std::string text =
      "There is a folder per session, in it one per participant, and in that a file per dataset. Records without a\n"
      "session are under no-session. A participant without records of a dataset has no file of it.\n";
  if (!manifest.participant_folders.empty() || !manifest.session_folders.empty()) {
    text += "Some ids cannot be names of folders; metadata.json lists them under \"folders\".\n";
  }
  return text;
}

}  // namespace

std::string ReadmeText(const Manifest& manifest, const ExportOptions& options) {
  const std::string study = manifest.study_name.empty() ? manifest.study : manifest.study_name;
  std::string text = study + "\n" + std::string(std::min<std::size_t>(study.size(), 72), '=') + "\n\n";
  text += fmt::format("Data of the study \"{}\", exported by Sheaf on {}.\n", manifest.study, FormatIsoUtc(manifest.created_at));
  if (!options.filter.empty() || !options.participants.empty() || !options.sessions.empty() || !options.since.empty() ||
      !options.until.empty()) {
    text += "It is a part of the data: metadata.json holds the filter under \"request\".\n";
  }
  text += "\nWhat is in it\n-------------\n" + FolderWords(manifest) + "\n";
  for (const auto& entry : manifest.datasets) {
    text += fmt::format("  {}: {} rows", entry.dataset->id, GroupedNumber(entry.rows));
    if (entry.dataset->name != entry.dataset->id) text += fmt::format(" ({})", entry.dataset->name);
    if (entry.first_time && entry.last_time)
      text += fmt::format(", from {} to {}", FormatIsoUtc(*entry.first_time), FormatIsoUtc(*entry.last_time));
    text += "\n";
  }
  text += "\nHow it is written\n-----------------\n" + FormatWords(options);
  text +=
      "\nThe other files\n---------------\n"
      "metadata.json     who exported what, when and with which filter; rows, bytes and SHA-256 of each file\n"
      "datapackage.json  types, labels and kinds of missing values for programs (Frictionless Data Package, version 2)\n";
  text += fmt::format("\nTo get only what came or changed after this export, ask for since={}\n", manifest.cursor);
  return text;
}

}  // namespace sheaf::exporting
