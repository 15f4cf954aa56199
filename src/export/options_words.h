#pragma once
//! The words of the options' values, for both parsers and the writer.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "export/options.h"

namespace sheaf::exporting {

//! Ids of participants or sessions one request may list.
inline constexpr std::size_t kMaxPeopleListed = 100000;

template <class Value>
using Word = std::pair<std::string_view, Value>;

inline constexpr std::array<Word<Format>, 6> kFormatWords = {{{"csv", Format::kCsv},
                                                              {"json", Format::kJson},
                                                              {"ndjson", Format::kNdjson},
                                                              {"parquet", Format::kParquet},
                                                              {"zip", Format::kZip},
                                                              {"alida", Format::kAlida}}};
inline constexpr std::array<Word<CsvProfile>, 3> kProfileWords = {
    {{"rfc4180", CsvProfile::kRfc4180}, {"excel", CsvProfile::kExcel}, {"excel-eu", CsvProfile::kExcelEu}}};
inline constexpr std::array<Word<HeaderStyle>, 2> kHeaderWords = {{{"names", HeaderStyle::kNames}, {"labels", HeaderStyle::kLabels}}};
inline constexpr std::array<Word<ValueStyle>, 3> kValueWords = {
    {{"ids", ValueStyle::kIds}, {"codes", ValueStyle::kCodes}, {"labels", ValueStyle::kLabels}}};
inline constexpr std::array<Word<SetStyle>, 4> kSetWords = {
    {{"joined", SetStyle::kJoined}, {"split", SetStyle::kSplit}, {"both", SetStyle::kBoth}, {"json", SetStyle::kJson}}};
inline constexpr std::array<Word<TimeStyle>, 2> kTimeWords = {{{"iso", TimeStyle::kIso}, {"spaced", TimeStyle::kSpaced}}};
inline constexpr std::array<Word<PeopleStyle>, 2> kPeopleWords = {{{"ids", PeopleStyle::kIds}, {"numbers", PeopleStyle::kNumbers}}};
inline constexpr std::array<Word<ZipLayout>, 3> kLayoutWords = {
    {{"dataset", ZipLayout::kDataset}, {"participant", ZipLayout::kParticipant}, {"hyperstudy", ZipLayout::kHyperStudy}}};
inline constexpr std::array<Word<TestResponses>, 3> kTestWords = {
    {{"exclude", TestResponses::kExclude}, {"include", TestResponses::kInclude}, {"only", TestResponses::kOnly}}};
inline constexpr std::array<Word<privacy::IdentifierMode>, 3> kIdentifierWords = {{{"keep", privacy::IdentifierMode::kKeep},
                                                                                   {"remove", privacy::IdentifierMode::kRemove},
                                                                                   {"aggregate", privacy::IdentifierMode::kAggregate}}};
inline constexpr std::array<Word<privacy::RiskAction>, 2> kRiskWords = {
    {{"fail", privacy::RiskAction::kFail}, {"suppress", privacy::RiskAction::kSuppress}}};
inline constexpr std::array<Word<bool>, 2> kBooleanWords = {{{"true", true}, {"false", false}}};

template <class Words>
auto Find(const Words& words, std::string_view name) -> std::optional<decltype(words[0].second)> {
  for (const auto& [word, value] : words) {
    if (word == name) return value;
  }
  return std::nullopt;
}

template <class Words, class Value>
std::string_view NameOf(const Words& words, Value wanted) {
  for (const auto& [word, value] : words) {
    if (value == wanted) return word;
  }
  return {};
}

//! "names, labels"
template <class Words>
std::string Listed(const Words& words) {
  std::string list;
  for (const auto& [word, value] : words) {
    if (!list.empty()) list += ", ";
    list += word;
  }
  return list;
}

//! What can be checked before the format is final: texts, times, the zone.
Status CheckEachOption(const ExportOptions& options);

// options_privacy.cc
//! Sets the option of this name from a query parameter's text; kUnknownParameter when it is none of privacy's.
Status SetPrivacyParameter(std::string_view name, std::string_view text, privacy::Options& options);
//! Whether they go with one another and with the rest. kBadParameter.
Status CheckPrivacy(const ExportOptions& options);
inline constexpr std::array<std::string_view, 9> kPrivacyNames = {
    "identifiers", "payloads", "shift_dates", "generalise", "location_decimals", "risk", "require_k", "on_risk", "group_by"};

}  // namespace sheaf::exporting
