#include "access/audit_words.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <set>

namespace sheaf::access {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kEntriesAtOnce = 5000;
// Shorter ones are in everything that anybody says.
constexpr std::size_t kShortestWord = 3;
constexpr int kDeepest = 40;

//! Members whose texts name parts of the study or ways of writing, never anything of a participant.
bool IsOfTheStudy(std::string_view member) {
  constexpr std::array<std::string_view, 20> kNames = {"field",  "op",       "sort",     "columns", "format",      "files",   "layout",
                                                       "limit",  "timezone", "profile",  "header",  "identifiers", "dataset", "datasets",
                                                       "rights", "scopes",   "group_by", "sets",    "on_risk",     "on_error"};
  return std::find(kNames.begin(), kNames.end(), member) != kNames.end();
}

void Collect(const json::value& value, int depth, std::set<std::string>& words);

//! A filter is JSON inside a text.
void CollectText(std::string_view text, int depth, std::set<std::string>& words) {
  if (text.size() < kShortestWord) return;
  boost::system::error_code error;
  const bool nested = text.front() == '{' || text.front() == '[';
  const json::value inner = nested ? json::parse(text, error) : json::value();
  if (nested && !error) return Collect(inner, depth + 1, words);
  words.emplace(text);
  // Ids of several people are one parameter.
  for (std::size_t begin = 0; text.find(',') != std::string_view::npos && begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end - begin >= kShortestWord) words.emplace(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

void Collect(const json::value& value, int depth, std::set<std::string>& words) {
  if (depth > kDeepest) return;
  if (const auto* text = value.if_string()) return CollectText(*text, depth, words);
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array) Collect(element, depth + 1, words);
  }
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      if (!IsOfTheStudy(member.key())) Collect(member.value(), depth + 1, words);
    }
  }
}

}  // namespace

Result<std::vector<std::string>> WordsInAudit(catalog::AuditStore& store, std::string_view study) {
  catalog::AuditFilter filter;
  filter.study = study;
  std::set<std::string> words;
  std::int64_t after = 0;
  while (true) {
    SHEAF_ASSIGN(const auto entries, store.Entries(filter, catalog::AuditStore::Order::kOldestFirst, after, kEntriesAtOnce));
    for (const auto& entry : entries) {
      CollectText(entry.detail.text, 0, words);
      if (entry.detail.reason.size() >= kShortestWord) words.insert(entry.detail.reason);
      after = entry.seq;
    }
    if (entries.size() < kEntriesAtOnce) return std::vector<std::string>(words.begin(), words.end());
  }
}

}  // namespace sheaf::access
