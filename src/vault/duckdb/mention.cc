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
                                 const std::vector<std::shared_ptr<const model::Dataset>>& datasets, const People::Numbers& participants) {
  const auto everywhere = [&](const std::string& attendance, const std::string& records) {
    std::string sql = fmt::format("SELECT session FROM {}.main.attendance WHERE {}", alias, attendance);
    for (const auto& dataset : datasets) {
      sql += fmt::format(" UNION SELECT _session FROM {} WHERE _session IS NOT NULL AND {}", TableName(alias, dataset->number), records);
    }
    return sql;
  };
  TheirSessions sessions;
  const std::string whose = fmt::format("({})", fmt::join(participants, ","));
  SHEAF_ASSIGN(sessions.all, Numbers(connection, everywhere("participant IN " + whose, "_participant IN " + whose)));
  if (sessions.all.empty()) return sessions;
  const std::string list = fmt::format("({})", fmt::join(sessions.all, ","));
  SHEAF_ASSIGN(const auto others, Numbers(connection, everywhere(fmt::format("participant NOT IN {} AND session IN {}", whose, list),
                                                                 fmt::format("_participant NOT IN {} AND _session IN {}", whose, list))));
  std::set_difference(sessions.all.begin(), sessions.all.end(), others.begin(), others.end(), std::back_inserter(sessions.alone));
  return sessions;
}

std::vector<Rename> SessionsCalledAfter(const People& people, const std::vector<std::string>& participants,
                                        const People::Numbers& was_there, const People::Numbers& gone) {
  std::vector<Rename> renamed;
  std::vector<std::string_view> words;
  std::copy_if(participants.begin(), participants.end(), std::back_inserter(words),
               [](std::string_view id) { return id.size() >= kShortestWord && !IsNumber(id); });
  if (words.empty()) return renamed;
  for (std::int32_t number = 1; number < people.NextSession(); ++number) {
    if (std::binary_search(gone.begin(), gone.end(), number)) continue;
    const std::string id(people.SessionId(number));
    const bool theirs = std::binary_search(was_there.begin(), was_there.end(), number);
    const bool called = std::any_of(words.begin(), words.end(), [&](std::string_view word) {
      return IsDistinctive(word) ? id.find(word) != std::string::npos : theirs && HoldsWord(id, word);
    });
    if (called) renamed.push_back({number, {id, NewId(people, number)}});
  }
  return renamed;
}

Mention::Mention(const std::vector<std::string>& participants, std::vector<Rename> renamed) : renamed_(std::move(renamed)) {
  std::copy_if(participants.begin(), participants.end(), std::back_inserter(ids_), IsDistinctive);
}

std::string Mention::Replaced(const std::string& text, std::string_view ids, std::string_view by) const {
  // Of one id, the usual case, the engine makes a constant.
  if (ids_.size() == 1) return fmt::format("replace({}, ({}::VARCHAR[])[1], {})", text, ids, Literal(by));
  return fmt::format("list_reduce(list_prepend({}, {}::VARCHAR[]), lambda text, id: replace(text, id, {}))", text, ids, Literal(by));
}

std::string Mention::Without(const std::string& column, bool json, const std::string& unique) const {
  if (ids_.empty() && renamed_.empty()) return column;
  const bool one = ids_.size() == 1;
  if (!json) {
    const auto by = [&unique](std::string_view text) {
      return unique.empty() ? Literal(text) : fmt::format("{} || '-' || {}", Literal(text), unique);
    };
    std::string sql = "CASE";
    if (one) sql += fmt::format(" WHEN {} = ($1::VARCHAR[])[1] THEN {}", column, by(kErasedText));
    else if (!ids_.empty()) sql += fmt::format(" WHEN list_contains($1::VARCHAR[], {}) THEN {}", column, by(kErasedText));
    for (const auto& session : renamed_) sql += fmt::format(" WHEN {} = {} THEN {}", column, Literal(session.ids.from), by(session.ids.to));
    return sql + fmt::format(" ELSE {} END", column);
  }
  const std::string plain =
      fmt::format("CASE WHEN contains({0}, '\\') AND json_valid({0}) THEN CAST(json({0}) AS VARCHAR) ELSE {0} END", column);
  std::string found, replaced = plain;
  if (one) found = fmt::format("contains({}, ($2::VARCHAR[])[1])", plain);
  else if (!ids_.empty()) found = fmt::format("len(list_filter($2::VARCHAR[], lambda id: contains({}, id))) > 0", plain);
  if (!ids_.empty()) replaced = Replaced(plain, "$2", JsonString(kErasedText));
  for (std::size_t place = 0; place < std::min(renamed_.size(), kMostNested); ++place) {
    const std::string from = Literal(JsonString(renamed_[place].ids.from));
    found += fmt::format("{}contains({}, {})", found.empty() ? "" : " OR ", plain, from);
    replaced = fmt::format("replace({}, {}, {})", replaced, from, Literal(JsonString(renamed_[place].ids.to)));
  }
  return fmt::format("CASE WHEN {} THEN {} ELSE {} END", found, replaced, column);
}

std::string Mention::WithoutInside(const std::string& column) const {
  return ids_.empty() ? Without(column, false) : Replaced(Without(column, false), "$1", kErasedText);
}

std::string Mention::SessionId() const {
  if (renamed_.empty()) return "id";
  std::string sql = "CASE no";
  for (const auto& one : renamed_) sql += fmt::format(" WHEN {} THEN {}", one.number, Literal(one.ids.to));
  return sql + " ELSE id END";
}

Status Mention::Run(Connection& connection, const std::string& sql) const {
  SHEAF_ASSIGN(auto statement, connection.Prepare(sql));
  if (sql.find("$1") != std::string::npos) statement.BindTexts(1, ids_);
  if (sql.find("$2") != std::string::npos) {
    std::vector<std::string> quoted;
    std::transform(ids_.begin(), ids_.end(), std::back_inserter(quoted), JsonString);
    statement.BindTexts(2, quoted);
  }
  SHEAF_TRY(statement.Run());
  return {};
}

namespace {
//! Whether there was anything to take out.
bool TakeOut(const std::string& id, model::Dataset& dataset) {
  Blank blank(id);
  blank.Text(dataset.name);
  blank.Json(dataset.attributes);
  for (auto& group : dataset.groups) {
    blank.Text(group.id);
    blank.Text(group.name);
    blank.Text(group.label);
  }
  for (auto& field : dataset.fields) {
    for (std::string* text : {&field.name, &field.label, &field.group, &field.visibility, &field.content, &field.unit, &field.question})
      blank.Text(*text);
    blank.Json(field.attributes);
    blank.Options(field);
  }
  return blank.changed;
}
}  // namespace

std::optional<model::Dataset> Mention::WithoutIn(const model::Dataset& dataset) const {
  if (ids_.empty()) return std::nullopt;
  model::Dataset masked = dataset;
  bool changed = false;
  for (const std::string& id : ids_) changed = TakeOut(id, masked) || changed;
  if (!changed) return std::nullopt;
  ++masked.version;
  // A study whose definition does not parse does not open.
  if (model::ParseDataset(model::DatasetJson(masked), masked.id)) return masked;
  LogError("a definition cannot be without the id of somebody who was erased", {{"dataset", dataset.id}});
  return std::nullopt;
}

}  // namespace sheaf::vault
