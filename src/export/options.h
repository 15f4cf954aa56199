#pragma once
//! What an export was asked to be. One struct for the stream, the job, the page and the command line; one parser for
//! query strings and one for JSON bodies, with the same names.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "export/alida_options.h"
#include "model/study_settings.h"
#include "privacy/options.h"

namespace sheaf::exporting {

enum class Format : std::uint8_t { kCsv, kJson, kNdjson, kParquet, kZip, kAlida };
enum class CsvProfile : std::uint8_t {
  kRfc4180,  //!< UTF-8, no BOM, CRLF line ends, nothing altered
  kExcel,    //!< BOM; a text cell or header starting with = + - @ tab CR gets a leading apostrophe, numbers never
  kExcelEu,  //!< and `;` between cells, decimal comma
};
enum class HeaderStyle : std::uint8_t { kNames, kLabels };       //!< kNames: field ids
enum class ValueStyle : std::uint8_t { kIds, kCodes, kLabels };  //!< of enum and set options
enum class SetStyle : std::uint8_t {
  kJoined,  //!< one column, values joined by `;`
  kSplit,   //!< one column an option of the definition, FIELD/OPTION: 1 ticked, 0 answered but not ticked, missing text when not
  kBoth,
  kJson,  //!< one column, a JSON array of the values; codes that are whole numbers as numbers
};
enum class TimeStyle : std::uint8_t {
  kIso,     //!< 2026-01-31T08:15:00.250Z
  kSpaced,  //!< 2026-01-31 08:15:00.250000+00:00
};
enum class PeopleStyle : std::uint8_t {
  kIds,
  kNumbers,  //!< ids that are whole numbers as they are, others as kPeopleNumberBase and the number the study counts them by
};
inline constexpr std::int64_t kPeopleNumberBase = 1'000'000'000;
//! How a CSV cell without an answer is written: by default both are empty.
struct MissingStyle {
  std::string absent;
  std::string skipped;
};
enum class ZipLayout : std::uint8_t {
  kDataset,      //!< a folder per dataset
  kParticipant,  //!< per session and participant
  kHyperStudy,   //!< the same as HyperStudy's downloads have it (foreign_layout.h)
};
inline bool IsByPerson(ZipLayout layout) { return layout != ZipLayout::kDataset; }

//! Of survey responses that are marked as tests (model/survey.h).
enum class TestResponses : std::uint8_t { kExclude, kInclude, kOnly };

std::string_view Name(Format format);
std::optional<Format> FormatFrom(std::string_view name);

struct ExportOptions {
  Format format = Format::kCsv;
  std::vector<std::string> datasets;      //!< jobs: empty means all. Streams: exactly one
  std::string columns;                    //!< as query::ParseColumns; empty: the default columns
  std::string filter;                     //!< JSON; empty: none
  std::string sort;                       //!< as query::ParseSort; empty: order of arrival (seq)
  std::vector<std::string> participants;  //!< ids; empty: all
  std::vector<std::string> sessions;
  std::string since, until;  //!< a cursor (exclusive, inclusive) or a time (since <= time < until)
  bool tombstones = false;   //!< json and ndjson: what was deleted after `since`, too
  CsvProfile profile = CsvProfile::kRfc4180;
  std::string timezone;  //!< IANA name, or empty: UTC
  HeaderStyle header = HeaderStyle::kNames;
  std::optional<ValueStyle> values;  //!< default: codes in CSV, ids in JSON, NDJSON and Parquet
  SetStyle sets = SetStyle::kJoined;
  TimeStyle times = TimeStyle::kIso;
  PeopleStyle people = PeopleStyle::kIds;     //!< of participants
  std::map<std::string, std::string> titles;  //!< what the header says, by column (and FIELD/OPTION); before `header`
  //! What texts are written as, by column: of enum fields, of `study`, and of what people have beside their ids.
  std::map<std::string, std::map<std::string, std::string>> words;
  MissingStyle missing;         //!< "skipped=-99,absent=" : text after the equal sign, no comma or quote in it
  Format inner = Format::kCsv;  //!< of the files inside a ZIP (`files=`): csv, json, ndjson, parquet
  ZipLayout layout = ZipLayout::kDataset;
  std::uint64_t zip_from = 0;    //!< jobs of one csv, json or ndjson file: in a ZIP when it has this many bytes or more; 0: never
  std::uint64_t sort_up_to = 0;  //!< jobs: `sort` counts for this many rows at most; more come in order of arrival. 0: always
  std::string entry_name;        //!< what the file is called in that ZIP; empty: as the job's file
  TestResponses test = TestResponses::kExclude;
  AlidaOptions alida;
  std::int64_t run_time_s = 0;  //!< of a job: it fails when it has run for so long. 0: no limit
  std::uint64_t part_size = 0;  //!< jobs of csv, json, ndjson: cut into parts of at most so many bytes, in a ZIP; 0: not cut
  bool media = false;           //!< ZIP: the files of records (recordings, donation payloads, answers), too
  //! Jobs of one csv: fields whose content is "file" say FOLDER/NAME, and where rows name any files these are in that folder of a
  //! ZIP beside the CSV, which is called `entry_name` there. Empty: fields say the files' ids.
  std::string file_folder;
  privacy::Options privacy;
  std::optional<bool> consented_only;  //!< only of participants who consent now; unset: as the study's settings say
  std::string consent_purpose;         //!< to what; empty: the purpose of the study's settings
};

//! Settles what the study's settings decide: done once, by whoever takes the options from a caller.
void ApplyConsent(ExportOptions& options, const model::StudySettings& settings);

using Parameters = std::vector<std::pair<std::string, std::string>>;
//! From a query string's parameters; `ignored` are names another room reads. Errors: kBadParameter, kUnknownParameter,
//! kUnknownFormat, with the parameter's name as place.
Result<ExportOptions> OptionsFromQuery(const Parameters& parameters, const std::vector<std::string_view>& ignored = {});
//! From a job's JSON body; the same names as members, `filter` as a tree, lists as arrays (`columns`, `sort` also as
//! arrays of strings), `missing` as {"skipped","absent"}, and `datasets`.
Result<ExportOptions> OptionsFromJson(std::string_view json);
//! Whether the options go together: what only CSV has is refused for another format, and so on. MakePlan asks it; a
//! page does so after choosing JSON. Errors: kBadParameter with the option's name as place.
Status CheckOptions(const ExportOptions& options);

//! Canonical JSON: equal requests give equal text. OptionsFromJson reads it back.
std::string OptionsJson(const ExportOptions& options);

//! Cursors of incremental reading: opaque text of a seq, checked against slips.
std::string CursorText(std::int64_t seq);
std::optional<std::int64_t> ParseCursor(std::string_view text);

}  // namespace sheaf::exporting
