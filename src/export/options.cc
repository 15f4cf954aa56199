#include "export/options.h"

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "export/options_words.h"
#include "export/output_text.h"
#include "export/time_zone.h"

namespace sheaf::exporting {
namespace {

// A query parameter that gives one value; "" is refused where the option has no empty value.
using Setter = Status (*)(ExportOptions& options, std::string_view text);

tl::unexpected<Error> Bad(std::string_view name, std::string detail) {
  return Fail(ErrorCode::kBadParameter, std::move(detail), std::string(name));
}

template <class Words, class Value>
Status SetWord(std::string_view name, const Words& words, std::string_view text, Value& value) {
  const auto found = Find(words, text);
  if (!found) return Bad(name, "It must be one of " + Listed(words) + ".");
  value = *found;
  return {};
}

Status SetFormat(std::string_view name, std::string_view text, Format& format) {
  const auto found = FormatFrom(text);
  if (!found) return Fail(ErrorCode::kUnknownFormat, "The formats are csv, json, ndjson, parquet, zip and alida.", std::string(name));
  format = *found;
  return {};
}

// "skipped=-99,absent="
Status SetMissing(std::string_view text, MissingStyle& missing) {
  bool seen_skipped = false, seen_absent = false;
  while (true) {
    const std::string_view part = text.substr(0, text.find(','));
    const std::size_t sign = part.find('=');
    if (sign == std::string_view::npos) return Bad("missing", "Write it as skipped=TEXT,absent=TEXT.");
    const std::string_view word = part.substr(0, sign), value = part.substr(sign + 1);
    const bool is_skipped = word == "skipped";
    if (!is_skipped && word != "absent") return Bad("missing", "Write it as skipped=TEXT,absent=TEXT.");
    bool& seen = is_skipped ? seen_skipped : seen_absent;
    if (seen) return Bad("missing", "It names one kind of missing twice.");
    seen = true;
    (is_skipped ? missing.skipped : missing.absent) = value;
    if (part.size() == text.size()) return {};
    text.remove_prefix(part.size() + 1);
  }
}

Status SetPerson(std::string_view name, std::string_view text, std::vector<std::string>& ids) {
  if (!IsRecordId(text)) return Bad(name, "It is not an id: 1 to 255 bytes without control characters.");
  if (ids.size() >= kMaxPeopleListed) return Bad(name, "It is given too often; leave it out and filter instead.");
  ids.emplace_back(text);
  return {};
}

Status SetText(std::string_view name, std::string_view text, std::string& value) {
  if (!IsUtf8(text)) return Bad(name, "It is not valid UTF-8.");
  value = text;
  return {};
}

struct Parameter {
  std::string_view name;
  bool repeats;
  Setter set;
};

constexpr std::array<Parameter, 23> kParameters = {{
    {"format", false, [](ExportOptions& options, std::string_view text) { return SetFormat("format", text, options.format); }},
    {"columns", false, [](ExportOptions& options, std::string_view text) { return SetText("columns", text, options.columns); }},
    {"filter", false, [](ExportOptions& options, std::string_view text) { return SetText("filter", text, options.filter); }},
    {"sort", false, [](ExportOptions& options, std::string_view text) { return SetText("sort", text, options.sort); }},
    {"participant", true,
     [](ExportOptions& options, std::string_view text) { return SetPerson("participant", text, options.participants); }},
    {"session", true, [](ExportOptions& options, std::string_view text) { return SetPerson("session", text, options.sessions); }},
    {"since", false, [](ExportOptions& options, std::string_view text) { return SetText("since", text, options.since); }},
    {"until", false, [](ExportOptions& options, std::string_view text) { return SetText("until", text, options.until); }},
    {"tombstones", false,
     [](ExportOptions& options, std::string_view text) { return SetWord("tombstones", kBooleanWords, text, options.tombstones); }},
    {"profile", false,
     [](ExportOptions& options, std::string_view text) { return SetWord("profile", kProfileWords, text, options.profile); }},
    {"timezone", false, [](ExportOptions& options, std::string_view text) { return SetText("timezone", text, options.timezone); }},
    {"header", false, [](ExportOptions& options, std::string_view text) { return SetWord("header", kHeaderWords, text, options.header); }},
    {"values", false, [](ExportOptions& options, std::string_view text) { return SetWord("values", kValueWords, text, options.values); }},
    {"sets", false, [](ExportOptions& options, std::string_view text) { return SetWord("sets", kSetWords, text, options.sets); }},
    {"times", false, [](ExportOptions& options, std::string_view text) { return SetWord("times", kTimeWords, text, options.times); }},
    {"people", false, [](ExportOptions& options, std::string_view text) { return SetWord("people", kPeopleWords, text, options.people); }},
    {"missing", false, [](ExportOptions& options, std::string_view text) { return SetMissing(text, options.missing); }},
    {"files", false, [](ExportOptions& options, std::string_view text) { return SetFormat("files", text, options.inner); }},
    {"test", false, [](ExportOptions& options, std::string_view text) { return SetWord("test", kTestWords, text, options.test); }},
    {"consented_only", false,
     [](ExportOptions& options, std::string_view text) {
       return SetWord("consented_only", kBooleanWords, text, options.consented_only.emplace());
     }},
    {"consent_purpose", false,
     [](ExportOptions& options, std::string_view text) { return SetText("consent_purpose", text, options.consent_purpose); }},
    {"media", false, [](ExportOptions& options, std::string_view text) { return SetWord("media", kBooleanWords, text, options.media); }},
    {"layout", false, [](ExportOptions& options, std::string_view text) { return SetWord("layout", kLayoutWords, text, options.layout); }},
}};

// A text of the file that neither needs quotes nor hides a cell's end, in any profile.
bool IsMissingText(std::string_view text) {
  return text.size() <= 64 && IsUtf8(text) && std::none_of(text.begin(), text.end(), [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == ',' || c == ';' || c == '"';
         });
}

Status CheckForAlida(const ExportOptions& options) {
  if (!options.timezone.empty()) return Bad("timezone", "An Alida file is in UTC.");
  if (options.values.value_or(ValueStyle::kIds) != ValueStyle::kIds) return Bad("values", "An Alida file holds the options' GUIDs.");
  return {};
}

Status CheckParts(const ExportOptions& options) {
  if (options.part_size == 0) return {};
  const bool text = options.format == Format::kCsv || options.format == Format::kJson || options.format == Format::kNdjson;
  if (!text) return Bad("part_size", "Only CSV, JSON and NDJSON are cut into parts.");
  if (options.tombstones) return Bad("part_size", "What was deleted is told by a file that is not cut.");
  return {};
}

Status CheckFileFolder(const ExportOptions& options) {
  if (options.file_folder.empty()) return {};
  if (options.format != Format::kCsv) return Bad("file_folder", "It is for a single csv file; a ZIP has media.");
  if (options.part_size > 0 || options.zip_from > 0)
    return Bad("file_folder", "The file is packed otherwise: leave part_size and zip_from out.");
  if (options.privacy.identifiers != privacy::IdentifierMode::kKeep)
    return Bad("file_folder", "Faces and voices identify people: without identifiers files stay.");
  return {};
}

Status CheckForFormat(const ExportOptions& options) {
  SHEAF_TRY(CheckParts(options));
  SHEAF_TRY(CheckFileFolder(options));
  const Format format = InnerFormat(options);
  const auto only_csv = [](std::string_view name) { return Bad(name, "Only CSV can be written so."); };
  if (options.media && options.format != Format::kZip) return Bad("media", "Only a ZIP holds files.");
  if (options.media && !options.filter.empty())
    return Bad("media", "A filter chooses records, not files. Choose by participants, sessions or datasets.");
  if (options.tombstones && format != Format::kJson && format != Format::kNdjson) {
    return Bad("tombstones", "Only JSON and NDJSON can tell what was deleted.");
  }
  const bool splits = options.format != Format::kParquet && options.format != Format::kZip && options.format != Format::kAlida;
  if (options.zip_from > 0 && !splits) return Bad("zip_from", "It is for a single csv, json or ndjson file.");
  if (format == Format::kCsv) return {};
  if (options.profile != CsvProfile::kRfc4180) return only_csv("profile");
  if (options.header != HeaderStyle::kNames) return only_csv("header");
  if (options.sets != SetStyle::kJoined) return only_csv("sets");
  if (!options.missing.absent.empty() || !options.missing.skipped.empty()) return only_csv("missing");
  if (options.times != TimeStyle::kIso) return only_csv("times");
  if (!options.titles.empty()) return only_csv("titles");
  if (!options.words.empty()) return only_csv("words");
  if (format == Format::kAlida) return CheckForAlida(options);
  if (format != Format::kParquet) return {};
  if (options.people != PeopleStyle::kIds) return Bad("people", "Parquet holds the participants' ids.");
  if (!options.timezone.empty()) return Bad("timezone", "Parquet keeps instants, not local times.");
  if (options.values.value_or(ValueStyle::kIds) != ValueStyle::kIds) return Bad("values", "Parquet holds the options' ids.");
  return {};
}

}  // namespace

std::string_view Name(Format format) { return NameOf(kFormatWords, format); }
std::optional<Format> FormatFrom(std::string_view name) { return Find(kFormatWords, name); }

Status CheckEachOption(const ExportOptions& options) {
  if (options.format == Format::kZip && options.layout == ZipLayout::kHyperStudy && options.inner == Format::kParquet)
    return Fail(ErrorCode::kUnknownFormat, "This layout holds csv, json or ndjson files.", "files");
  if (options.inner == Format::kZip || options.inner == Format::kAlida)
    return Fail(ErrorCode::kUnknownFormat, "A ZIP holds csv, json, ndjson or parquet files.", "files");
  if (!IsMissingText(options.missing.absent) || !IsMissingText(options.missing.skipped)) {
    return Bad("missing", "The texts may have 64 bytes, without comma, semicolon, quote or control characters.");
  }
  if (!options.timezone.empty() && FindTimeZone(options.timezone) == nullptr) {
    return Bad("timezone", "It is not the name of a time zone such as Europe/Berlin.");
  }
  for (const auto& [name, text] : {std::pair<std::string_view, const std::string&>("since", options.since), {"until", options.until}}) {
    if (text.empty() || ParseCursor(text) || ParseIsoTime(text)) continue;
    if (text.front() == 'c') return Fail(ErrorCode::kBadCursor, "The cursor is damaged.", std::string(name));
    return Bad(name, "It is neither a cursor nor a time such as 2026-01-31T08:15:00Z.");
  }
  return {};
}

void ApplyConsent(ExportOptions& options, const model::StudySettings& settings) {
  options.consented_only = options.consented_only.value_or(settings.records_consent);
  if (!*options.consented_only) options.consent_purpose.clear();
  else if (options.consent_purpose.empty()) options.consent_purpose = settings.consent_purpose;
}

Status CheckOptions(const ExportOptions& options) {
  SHEAF_TRY(CheckEachOption(options));
  SHEAF_TRY(CheckPrivacy(options));
  return CheckForFormat(options);
}

Result<ExportOptions> OptionsFromQuery(const Parameters& parameters, const std::vector<std::string_view>& ignored) {
  ExportOptions options;
  std::array<bool, kParameters.size()> seen{};
  std::array<bool, kPrivacyNames.size()> privacy_seen{};
  for (const auto& [name, text] : parameters) {
    if (std::find(ignored.begin(), ignored.end(), name) != ignored.end()) continue;
    const auto found =
        std::find_if(kParameters.begin(), kParameters.end(), [&name = name](const Parameter& known) { return known.name == name; });
    if (const auto own = std::find(kPrivacyNames.begin(), kPrivacyNames.end(), name); own != kPrivacyNames.end()) {
      bool& given = privacy_seen[static_cast<std::size_t>(own - kPrivacyNames.begin())];
      if (given) return Bad(name, "It is given twice.");
      given = true;
      SHEAF_TRY(SetPrivacyParameter(name, text, options.privacy));
      continue;
    }
    if (found == kParameters.end()) return Fail(ErrorCode::kUnknownParameter, "There is no parameter of this name.", name);
    bool& given = seen[static_cast<std::size_t>(found - kParameters.begin())];
    if (given && !found->repeats) return Bad(name, "It is given twice.");
    given = true;
    SHEAF_TRY(found->set(options, text));
  }
  // What a format demands waits until the format is known: a page chooses it later.
  SHEAF_TRY(CheckEachOption(options));
  return options;
}

}  // namespace sheaf::exporting
