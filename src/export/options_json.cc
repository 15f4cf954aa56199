#include <algorithm>
#include <boost/json.hpp>

#include "base/ids.h"
#include "export/job_parts.h"
#include "export/options.h"
#include "export/options_words.h"
#include "export/output_text.h"
#include "model/strict_json.h"
#include "query/filter.h"

namespace sheaf::exporting {
namespace {

namespace json = boost::json;

constexpr model::JsonLimits kLimits{16u << 20, 64};
constexpr std::size_t kMaxNamed = 100000;

tl::unexpected<Error> Bad(const std::string& place, std::string detail) { return Fail(ErrorCode::kBadMember, std::move(detail), place); }

Status ReadText(const json::value& value, const std::string& place, std::string& text) {
  if (!value.is_string()) return Bad(place, "It must be a string.");
  text = value.get_string();
  return {};
}

template <class Words, class Value>
Status ReadWord(const json::value& value, const std::string& place, const Words& words, Value& read) {
  const auto found = value.is_string() ? Find(words, std::string_view(value.get_string())) : std::nullopt;
  if (!found) return Bad(place, "It must be one of " + Listed(words) + ".");
  read = *found;
  return {};
}

Status ReadFormat(const json::value& value, const std::string& place, Format& format) {
  if (!value.is_string()) return Bad(place, "It must be a string.");
  const auto found = FormatFrom(value.get_string());
  if (!found) return Fail(ErrorCode::kUnknownFormat, "The formats are csv, json, ndjson, parquet and zip.", place);
  format = *found;
  return {};
}

// Ids that `is_id` accepts.
Status ReadIds(const json::value& value, const std::string& place, bool (*is_id)(std::string_view), std::vector<std::string>& ids) {
  if (!value.is_array()) return Bad(place, "It must be an array of ids.");
  const json::array& array = value.get_array();
  if (array.size() > kMaxPeopleListed) return Bad(place, "It lists too many; leave it out and filter instead.");
  for (std::size_t element = 0; element < array.size(); ++element) {
    if (!array[element].is_string() || !is_id(array[element].get_string()))
      return Bad(model::PointerTo(place, element), "It is not an id.");
    ids.emplace_back(array[element].get_string());
  }
  return {};
}

// "a,b" or ["a","b"]
Status ReadNames(const json::value& value, const std::string& place, std::string& names) {
  if (value.is_string()) return ReadText(value, place, names);
  if (!value.is_array()) return Bad(place, "It must be an array of names, or a string with commas.");
  const json::array& array = value.get_array();
  for (std::size_t element = 0; element < array.size(); ++element) {
    const std::string here = model::PointerTo(place, element);
    std::string name;
    SHEAF_TRY(ReadText(array[element], here, name));
    if (name.empty() || name.find(',') != std::string::npos) return Bad(here, "It is not a name.");
    names += (element == 0 ? "" : ",") + name;
  }
  return {};
}

Status ReadMissing(const json::value& value, const std::string& place, MissingStyle& missing) {
  if (!value.is_object()) return Bad(place, "It must be an object with \"skipped\" and \"absent\".");
  for (const auto& [name, text] : value.get_object()) {
    const std::string here = model::PointerTo(place, name);
    if (name == "skipped") SHEAF_TRY(ReadText(text, here, missing.skipped));
    else if (name == "absent") SHEAF_TRY(ReadText(text, here, missing.absent));
    else return Fail(ErrorCode::kUnknownMember, "There is no such kind of missing.", here);
  }
  return {};
}

//! {"name":"text", …}
Status ReadTexts(const json::value& value, const std::string& place, std::map<std::string, std::string>& texts) {
  if (!value.is_object()) return Bad(place, "It must be an object of texts.");
  if (value.get_object().size() > kMaxNamed) return Bad(place, "It has too many members.");
  for (const auto& [name, text] : value.get_object()) SHEAF_TRY(ReadText(text, model::PointerTo(place, name), texts[std::string(name)]));
  return {};
}

Status ReadWords(const json::value& value, const std::string& place, std::map<std::string, std::map<std::string, std::string>>& words) {
  if (!value.is_object()) return Bad(place, "It must be an object of objects of texts.");
  if (value.get_object().size() > kMaxNamed) return Bad(place, "It has too many members.");
  for (const auto& [name, texts] : value.get_object()) {
    SHEAF_TRY(ReadTexts(texts, model::PointerTo(place, name), words[std::string(name)]));
  }
  return {};
}

json::object TextsJson(const std::map<std::string, std::string>& texts) {
  json::object object;
  for (const auto& [name, text] : texts) object[name] = text;
  return object;
}

//! The text a query parameter would have; the room for privacy reads both.
Status ReadPrivacy(std::string_view name, const json::value& value, const std::string& place, ExportOptions& options) {
  if (name == "group_by") return ReadNames(value, place, options.privacy.group_by);
  const bool is_tree = name == "generalise";
  const bool is_flag = name == "payloads" || name == "shift_dates" || name == "risk";
  const bool is_number = name == "location_decimals" || name == "require_k";
  if (is_tree && !value.is_object()) return Bad(place, "It must be an object of rules by name.");
  if (is_flag && !value.is_bool()) return Bad(place, "It must be true or false.");
  if (is_number && !value.is_int64()) return Bad(place, "It must be a whole number.");
  if (!is_tree && !is_flag && !is_number && !value.is_string()) return Bad(place, "It must be a string.");
  const std::string text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
  Status set = SetPrivacyParameter(name, text, options.privacy);
  if (set) return {};
  Error error = std::move(set).error();
  error.code = ErrorCode::kBadMember;
  error.place = place;
  return Fail(std::move(error));
}

constexpr std::int64_t kMostRunTimeS = 1'000'000'000;

// The words of the file that the request's own names have no place for.
Status ReadAlida(const json::value& value, const std::string& place, AlidaOptions& options) {
  if (!value.is_object()) return Bad(place, "It must be an object.");
  for (const auto& [name, member] : value.get_object()) {
    const std::string at = model::PointerTo(place, name);
    if (name == "export_options") {
      if (!member.is_object()) return Bad(at, "It must be an object.");
      options.echo = json::serialize(member);
    } else if (name == "single_choice" || name == "visibility") {
      const bool single = name == "single_choice";
      const char* const usual = single ? "enum" : "hidden";
      const char* const other = single ? "set" : "always";
      if (member != usual && member != other) return Bad(at, std::string("It must be ") + usual + " or " + other + ".");
      (single ? options.single_as_set : options.visibility) = member == other;
    } else {
      return Fail(ErrorCode::kUnknownMember, "There is no option of this name.", at);
    }
  }
  return {};
}

Status ReadPartSize(const json::value& value, const std::string& place, std::uint64_t& size) {
  std::optional<std::uint64_t> read;
  if (value.is_string()) read = ParseSize(value.get_string());
  if (value.is_int64() && value.get_int64() > 0) read = static_cast<std::uint64_t>(value.get_int64());
  if (!read || *read < kLeastPartSize || *read > kMostPartSize)
    return Bad(place, "It must be a size such as \"256MB\", from 100KB to 1000GB.");
  size = *read;
  return {};
}

Status ReadFileName(const json::value& value, const std::string& place, std::string& read) {
  SHEAF_TRY(ReadText(value, place, read));
  const bool is_name = IsRecordId(read) && read.find_first_of("/\\") == std::string::npos && read.front() != '.';
  return is_name ? Status() : Bad(place, "It must be the name of a file, without a folder.");
}

Status ReadMember(std::string_view name, const json::value& value, const std::string& place, ExportOptions& options) {
  if (name == "datasets") return ReadIds(value, place, IsSlug, options.datasets);
  if (name == "format") return ReadFormat(value, place, options.format);
  if (name == "columns") return ReadNames(value, place, options.columns);
  if (name == "filter") {
    if (!value.is_object()) return Bad(place, "It must be a tree of {\"all\"}, {\"any\"}, {\"not\"} and {\"field\",\"op\",\"value\"}.");
    options.filter = json::serialize(value);
    return {};
  }
  if (name == "sort") return ReadNames(value, place, options.sort);
  if (name == "participants") return ReadIds(value, place, IsRecordId, options.participants);
  if (name == "sessions") return ReadIds(value, place, IsRecordId, options.sessions);
  if (name == "since") return ReadText(value, place, options.since);
  if (name == "until") return ReadText(value, place, options.until);
  if (name == "tombstones") {
    if (!value.is_bool()) return Bad(place, "It must be true or false.");
    options.tombstones = value.get_bool();
    return {};
  }
  if (name == "profile") return ReadWord(value, place, kProfileWords, options.profile);
  if (name == "timezone") return ReadText(value, place, options.timezone);
  if (name == "header") return ReadWord(value, place, kHeaderWords, options.header);
  if (name == "values") return ReadWord(value, place, kValueWords, options.values);
  if (name == "times") return ReadWord(value, place, kTimeWords, options.times);
  if (name == "people") return ReadWord(value, place, kPeopleWords, options.people);
  if (name == "titles") return ReadTexts(value, place, options.titles);
  if (name == "words") return ReadWords(value, place, options.words);
  if (name == "zip_from" || name == "sort_up_to") {
    if (!value.is_int64() || value.get_int64() < 0) return Bad(place, "It must be a whole number.");
    (name == "zip_from" ? options.zip_from : options.sort_up_to) = static_cast<std::uint64_t>(value.get_int64());
    return {};
  }
  if (name == "entry_name") return ReadFileName(value, place, options.entry_name);
  if (name == "file_folder") {
    SHEAF_TRY(ReadText(value, place, options.file_folder));
    return IsSlug(options.file_folder) ? Status() : Bad(place, "It must be a name of letters, digits, - and _.");
  }
  if (name == "sets") return ReadWord(value, place, kSetWords, options.sets);
  if (name == "missing") return ReadMissing(value, place, options.missing);
  if (name == "files") return ReadFormat(value, place, options.inner);
  if (name == "test") return ReadWord(value, place, kTestWords, options.test);
  if (name == "part_size") return ReadPartSize(value, place, options.part_size);
  if (name == "media") {
    if (!value.is_bool()) return Bad(place, "It must be true or false.");
    options.media = value.get_bool();
    return {};
  }
  if (name == "consented_only") {
    if (!value.is_bool()) return Bad(place, "It must be true or false.");
    options.consented_only = value.get_bool();
    return {};
  }
  if (name == "consent_purpose") return ReadText(value, place, options.consent_purpose);
  if (name == "run_time_s") {
    if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > kMostRunTimeS) return Bad(place, "It is a number of seconds.");
    options.run_time_s = value.get_int64();
    return {};
  }
  if (name == "alida") return ReadAlida(value, place, options.alida);
  if (name == "layout") return ReadWord(value, place, kLayoutWords, options.layout);
  if (std::find(kPrivacyNames.begin(), kPrivacyNames.end(), name) != kPrivacyNames.end()) return ReadPrivacy(name, value, place, options);
  return Fail(ErrorCode::kUnknownMember, "There is no option of this name.", place);
}

void AddAlida(const AlidaOptions& options, json::object& object) {
  if (options == AlidaOptions{}) return;
  json::object members;
  if (!options.echo.empty()) members["export_options"] = json::parse(options.echo);
  if (options.single_as_set) members["single_choice"] = "set";
  if (options.visibility) members["visibility"] = "always";
  object["alida"] = std::move(members);
}

void AddPrivacy(const privacy::Options& options, json::object& object) {
  const privacy::Options defaults;
  if (options.identifiers != defaults.identifiers) object["identifiers"] = NameOf(kIdentifierWords, options.identifiers);
  if (options.payloads) object["payloads"] = true;
  if (options.shift_dates) object["shift_dates"] = true;
  if (!options.generalise.empty()) object["generalise"] = json::parse(options.generalise);
  if (options.location_decimals) object["location_decimals"] = *options.location_decimals;
  if (options.risk) object["risk"] = true;
  if (options.require_k > 0) object["require_k"] = options.require_k;
  if (options.on_risk != defaults.on_risk) object["on_risk"] = NameOf(kRiskWords, options.on_risk);
  if (!options.group_by.empty()) object["group_by"] = options.group_by;
}

json::array Sorted(std::vector<std::string> ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return json::array(ids.begin(), ids.end());
}

json::value FilterTree(const std::string& filter) {
  const auto canonical = query::CanonicalFilter(filter);
  json::value tree;
  // A filter that cannot be read stays text here; MakePlan will say what is wrong with it.
  if (!canonical || !model::ParseStrictJson(*canonical, kLimits, tree)) return json::value(filter);
  return tree;
}

}  // namespace

Result<ExportOptions> OptionsFromJson(std::string_view text) {
  json::value document;
  SHEAF_TRY(model::ParseStrictJson(text, kLimits, document));
  if (!document.is_object()) return Fail(ErrorCode::kBadMember, "The body must be an object.", "/");
  ExportOptions options;
  for (const auto& [name, value] : document.get_object()) { SHEAF_TRY(ReadMember(name, value, model::PointerTo("", name), options)); }
  if (Status checked = CheckEachOption(options); !checked) {
    Error error = std::move(checked).error();
    if (error.code == ErrorCode::kBadParameter) error.code = ErrorCode::kBadMember;
    error.place = model::PointerTo("", error.place);
    return Fail(std::move(error));
  }
  return options;
}

std::string OptionsJson(const ExportOptions& options) {
  const ExportOptions defaults;
  const Format inner = InnerFormat(options);
  json::object object;
  if (!options.datasets.empty()) object["datasets"] = json::array(options.datasets.begin(), options.datasets.end());
  object["format"] = Name(options.format);
  if (!options.columns.empty()) object["columns"] = options.columns;
  if (!options.filter.empty()) object["filter"] = FilterTree(options.filter);
  if (!options.sort.empty()) object["sort"] = options.sort;
  if (!options.participants.empty()) object["participants"] = Sorted(options.participants);
  if (!options.sessions.empty()) object["sessions"] = Sorted(options.sessions);
  if (!options.since.empty()) object["since"] = options.since;
  if (!options.until.empty()) object["until"] = options.until;
  if (options.tombstones) object["tombstones"] = true;
  if (options.profile != defaults.profile) object["profile"] = NameOf(kProfileWords, options.profile);
  if (!options.timezone.empty()) object["timezone"] = options.timezone;
  if (options.header != defaults.header) object["header"] = NameOf(kHeaderWords, options.header);
  ExportOptions unset = options;
  unset.values.reset();
  if (ValuesOf(options) != ValuesOf(unset)) object["values"] = NameOf(kValueWords, ValuesOf(options));
  if (options.sets != defaults.sets) object["sets"] = NameOf(kSetWords, options.sets);
  if (options.times != defaults.times) object["times"] = NameOf(kTimeWords, options.times);
  if (options.people != defaults.people) object["people"] = NameOf(kPeopleWords, options.people);
  if (!options.titles.empty()) object["titles"] = TextsJson(options.titles);
  if (!options.words.empty()) {
    json::object words;
    for (const auto& [name, texts] : options.words) words[name] = TextsJson(texts);
    object["words"] = std::move(words);
  }
  if (options.zip_from > 0) object["zip_from"] = options.zip_from;
  if (options.sort_up_to > 0) object["sort_up_to"] = options.sort_up_to;
  if (!options.entry_name.empty()) object["entry_name"] = options.entry_name;
  json::object missing;
  if (!options.missing.absent.empty()) missing["absent"] = options.missing.absent;
  if (!options.missing.skipped.empty()) missing["skipped"] = options.missing.skipped;
  if (!missing.empty()) object["missing"] = std::move(missing);
  if (options.format == Format::kZip && inner != defaults.inner) object["files"] = Name(inner);
  if (options.format == Format::kZip && options.layout != defaults.layout) object["layout"] = NameOf(kLayoutWords, options.layout);
  if (options.test != defaults.test) object["test"] = NameOf(kTestWords, options.test);
  AddAlida(options.alida, object);
  if (options.run_time_s > 0) object["run_time_s"] = options.run_time_s;
  if (options.part_size > 0) object["part_size"] = options.part_size;
  if (options.media) object["media"] = true;
  if (!options.file_folder.empty()) object["file_folder"] = options.file_folder;
  AddPrivacy(options.privacy, object);
  if (options.consented_only.value_or(false)) {
    object["consented_only"] = true;
    object["consent_purpose"] = options.consent_purpose;
  }
  return json::serialize(object);
}

}  // namespace sheaf::exporting
