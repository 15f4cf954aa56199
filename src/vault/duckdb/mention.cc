#include "vault/duckdb/mention.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "base/log.h"
#include "model/definition_json.h"
#include "model/strict_json.h"
#include "vault/duckdb/schema.h"

namespace sheaf::vault {
namespace {

constexpr std::string_view kErasedText = "[erased]";
// Shorter ids, and mere numbers, are also answers of others ("7"): replacing them would falsify records.
constexpr std::size_t kShortestMention = 6;
// Of a session's parts: "7" in "visit-7" is nobody.
constexpr std::size_t kShortestWord = 2;
// Expressions of JSON are nested as deep as sessions are renamed.
constexpr std::size_t kMostNested = 300;

bool IsNumber(std::string_view id) {
  return std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
}
bool IsDistinctive(std::string_view id) { return id.size() >= kShortestMention && !IsNumber(id); }

//! Letters and digits, and whatever is beyond ASCII.
bool IsWordByte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

bool HoldsWord(std::string_view text, std::string_view word) {
  for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !IsWordByte(text[at - 1])) && (end == text.size() || !IsWordByte(text[end]))) return true;
  }
  return false;
}

std::string Literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) literal += c == '\'' ? std::string("''") : std::string(1, c);
  return literal + "'";
}
std::string JsonString(std::string_view text) {
  std::string quoted;
  model::AppendJsonString(quoted, text);
  return quoted;
}

bool ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  bool found = false;
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
    found = true;
  }
  return found;
}

//! Takes an id out of the words of a definition.
class Blank {
 public:
  explicit Blank(const std::string& id) : id_(id), escaped_(JsonString(id)) { escaped_ = escaped_.substr(1, escaped_.size() - 2); }

  bool changed = false;

  void Text(std::string& text) { changed = ReplaceAll(text, id_, kErasedText) || changed; }
  //! As JSON spells it; otherwise only where it cannot be taken for something of the JSON's.
  void Json(std::string& text) {
    changed = ReplaceAll(text, escaped_, kErasedText) || changed;
    if (escaped_ == id_) return;
    if (id_.find_first_of("\"\\") == std::string::npos) changed = ReplaceAll(text, id_, kErasedText) || changed;
  }
  //! An option's id or code: another than all of the field.
  void Word(std::string& word, std::set<std::string>& taken) {
    if (word.find(id_) == std::string::npos) return;
    std::string blank(kErasedText);
    for (int more = 2; taken.count(blank) != 0; ++more) blank = fmt::format("{}-{}", kErasedText, more);
    taken.insert(blank);
    word = std::move(blank);
    changed = true;
  }

  void Options(model::Field& field) {
    std::set<std::string> taken;
    for (const auto& option : field.options) {
      taken.insert(option.id);
      taken.insert(option.code);
    }
    for (auto& option : field.options) {
      const bool same = option.code == option.id;
      Word(option.id, taken);
      if (same) option.code = option.id;
      else Word(option.code, taken);
      Text(option.label);
    }
  }

 private:
  const std::string id_;
  std::string escaped_;
};

Result<People::Numbers> Numbers(Connection& connection, const std::string& sql) {
  SHEAF_ASSIGN(auto rows, connection.Query(sql));
  People::Numbers numbers;
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) break;
    for (std::size_t row = 0; row < chunk.Size(); ++row) numbers.push_back(chunk.Int32(0, row));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::string NewId(const People& people, std::int32_t number) {
  std::string id = fmt::format("session-{}", number);
  for (int more = 2;; ++more) {
    const auto holder = people.SessionNumber(id);
    if (!holder || *holder == number) return id;
    id = fmt::format("session-{}-{}", number, more);
  }
}

}  // namespace

Result<TheirSessions> SessionsOf(Connection& connection, const std::string& alias,
                                 const std::vector<std::shared_ptr<const model::Dataset>>& datasets, std::int32_t participant) {
  const auto everywhere = [&](const std::string& attendance, const std::string& records) {
    std::string sql = fmt::format("SELECT session FROM {}.main.attendance WHERE {}", alias, attendance);
    for (const auto& dataset : datasets) {
      sql += fmt::format(" UNION SELECT _session FROM {} WHERE _session IS NOT NULL AND {}", TableName(alias, dataset->number), records);
    }
    return sql;
  };
  TheirSessions sessions;
  SHEAF_ASSIGN(sessions.all, Numbers(connection, everywhere(fmt::format("participant = {}", participant),
                                                            fmt::format("_participant = {}", participant))));
  if (sessions.all.empty()) return sessions;
  const std::string list = fmt::format("({})", fmt::join(sessions.all, ","));
  SHEAF_ASSIGN(const auto others, Numbers(connection, everywhere(fmt::format("participant <> {} AND session IN {}", participant, list),
                                                                 fmt::format("_participant <> {} AND _session IN {}", participant, list))));
  std::set_difference(sessions.all.begin(), sessions.all.end(), others.begin(), others.end(), std::back_inserter(sessions.alone));
  return sessions;
}

std::vector<Rename> SessionsCalledAfter(const People& people, const std::string& participant, const People::Numbers& was_there,
                                        const People::Numbers& gone) {
  std::vector<Rename> renamed;
  const bool distinctive = IsDistinctive(participant);
  if (participant.size() < kShortestWord || IsNumber(participant)) return renamed;
  for (std::int32_t number = 1; number < people.NextSession(); ++number) {
    const std::string id(people.SessionId(number));
    if (id.find(participant) == std::string::npos || std::binary_search(gone.begin(), gone.end(), number)) continue;
    const bool theirs = std::binary_search(was_there.begin(), was_there.end(), number) && HoldsWord(id, participant);
    if (!distinctive && !theirs) continue;
    renamed.push_back({number, {id, NewId(people, number)}});
  }
  return renamed;
}

std::string Mention::Without(const std::string& column, bool json, const std::string& unique) const {
  const bool distinctive = IsDistinctive(participant_);
  if (!distinctive && renamed_.empty()) return column;
  if (!json) {
    const auto by = [&unique](std::string_view text) {
      return unique.empty() ? Literal(text) : fmt::format("{} || '-' || {}", Literal(text), unique);
    };
    std::string sql = "CASE";
    if (distinctive) sql += fmt::format(" WHEN {} = $1 THEN {}", column, by(kErasedText));
    for (const auto& one : renamed_) sql += fmt::format(" WHEN {} = {} THEN {}", column, Literal(one.ids.from), by(one.ids.to));
    return sql + fmt::format(" ELSE {} END", column);
  }
  const std::string plain =
      fmt::format("CASE WHEN contains({0}, '\\') AND json_valid({0}) THEN CAST(json({0}) AS VARCHAR) ELSE {0} END", column);
  std::string found, replaced = plain;
  const auto add = [&](const std::string& from, std::string_view to) {
    found += fmt::format("{}contains({}, {})", found.empty() ? "" : " OR ", plain, from);
    replaced = fmt::format("replace({}, {}, {})", replaced, from, Literal(JsonString(to)));
  };
  if (distinctive) add("$2", kErasedText);
  for (std::size_t one = 0; one < std::min(renamed_.size(), kMostNested); ++one)
    add(Literal(JsonString(renamed_[one].ids.from)), renamed_[one].ids.to);
  return fmt::format("CASE WHEN {} THEN {} ELSE {} END", found, replaced, column);
}

std::string Mention::WithoutInside(const std::string& column) const {
  if (!IsDistinctive(participant_)) return Without(column, false);
  return fmt::format("replace({}, $1, {})", Without(column, false), Literal(kErasedText));
}

std::string Mention::SessionId() const {
  if (renamed_.empty()) return "id";
  std::string sql = "CASE no";
  for (const auto& one : renamed_) sql += fmt::format(" WHEN {} THEN {}", one.number, Literal(one.ids.to));
  return sql + " ELSE id END";
}

Status Mention::Run(Connection& connection, const std::string& sql) const {
  SHEAF_ASSIGN(auto statement, connection.Prepare(sql));
  if (sql.find("$1") != std::string::npos) statement.Bind(1, participant_);
  if (sql.find("$2") != std::string::npos) statement.Bind(2, JsonString(participant_));
  SHEAF_TRY(statement.Run());
  return {};
}

std::optional<model::Dataset> Mention::WithoutIn(const model::Dataset& dataset) const {
  if (!IsDistinctive(participant_)) return std::nullopt;
  model::Dataset masked = dataset;
  Blank blank(participant_);
  blank.Text(masked.name);
  blank.Json(masked.attributes);
  for (auto& group : masked.groups) {
    blank.Text(group.id);
    blank.Text(group.name);
    blank.Text(group.label);
  }
  for (auto& field : masked.fields) {
    for (std::string* text : {&field.name, &field.label, &field.group, &field.visibility, &field.content, &field.unit, &field.question})
      blank.Text(*text);
    blank.Json(field.attributes);
    blank.Options(field);
  }
  if (!blank.changed) return std::nullopt;
  ++masked.version;
  // A study whose definition does not parse does not open.
  if (model::ParseDataset(model::DatasetJson(masked), masked.id)) return masked;
  LogError("a definition cannot be without the id of somebody who was erased", {{"dataset", dataset.id}});
  return std::nullopt;
}

}  // namespace sheaf::vault
