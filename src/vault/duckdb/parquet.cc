// Parquet is written by the engine itself.

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "vault/duckdb/cursor.h"
#include "vault/duckdb/schema.h"
#include "vault/duckdb/sql.h"
#include "vault/duckdb/study.h"
#include "vault/duckdb/watch.h"

namespace sheaf::vault {
namespace {

using model::ColumnKind;
using model::FieldType;

std::string QuotedName(const std::string& name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string Instant(const std::string& column) { return fmt::format("make_timestamptz({})", column); }

// Up to this many participants or sessions their ids are bound as one list; a join with their table would give up the
// order of rows. More are joined, and the rows sorted.
constexpr std::int32_t kMostListed = 200'000;

// Up to this many words are bound as an enumeration, which Parquet's dictionary is written from as it is; every row group
// repeats it, so that more would swell the file.
constexpr std::size_t kMostWords = 4096;

//! A list that cells are looked up in.
struct BoundList {
  std::vector<std::string> texts;
  bool as_words = false;
};

//! What of a select's list is bound: the option ids of enum and set columns, the ids of people by number.
struct ColumnList {
  std::string text;
  std::vector<BoundList> bound;
  bool joined = false;

  void Bind(std::vector<std::string> texts) { bound.push_back({std::move(texts), false}); }
  //! The SQL of an element of `texts`, whose place `place` is counted from 1.
  std::string Element(std::vector<std::string> texts, const std::string& place) {
    const bool all_used = std::none_of(texts.begin(), texts.end(), [](const std::string& word) { return word.empty(); });
    const bool as_words = all_used && !texts.empty() && texts.size() <= kMostWords;
    bound.push_back({std::move(texts), as_words});
    return fmt::format("({})[{}]", as_words ? "?" : "?::VARCHAR[]", place);
  }
};

//! Which numbers the select's rows have in `column`. An enumeration stands in the file with all its words, so nobody may
//! be in it whose rows are not.
Result<std::vector<bool>> NumbersIn(Connection& connection, const Select& select, const SqlContext& context, const std::string& column,
                                    std::int32_t limit) {
  std::vector<bool> numbers(static_cast<std::size_t>(std::max(limit, 0)));
  if (numbers.size() > kMostWords + 1) return numbers;
  Select all = select;
  all.order.clear();
  all.position.reset();
  all.limit = 0;
  const Sql sql = RenderSelect(all, context, "DISTINCT " + column);
  SHEAF_ASSIGN(auto statement, connection.Prepare(sql.text));
  SHEAF_TRY(BindParameters(statement, sql.parameters));
  SHEAF_ASSIGN(auto rows, statement.Run());
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return numbers;
    for (std::size_t row = 0; row < chunk.Size(); ++row) {
      if (chunk.IsNull(0, row)) continue;
      const auto number = static_cast<std::size_t>(chunk.Int32(0, row));
      if (number < numbers.size()) numbers[number] = true;
    }
  }
}

//! People of whom the select has rows, where it is worth knowing.
struct Present {
  std::vector<bool> participants, sessions;
};

bool Has(const std::vector<bool>& numbers, std::int32_t number) {
  return number >= 0 && static_cast<std::size_t>(number) < numbers.size() && numbers[static_cast<std::size_t>(number)];
}

//! `limit`: above every number in use; `id_of`: the id of a number.
template <class IdOf>
std::string PersonExpression(std::int32_t limit, const std::vector<bool>& present, IdOf id_of, const std::string& join,
                             const std::string& column, ColumnList& list) {
  if (limit > kMostListed) {
    list.joined = true;
    return join;
  }
  // Numbers start at 1, as the places of a list do.
  std::vector<std::string> ids;
  for (std::int32_t number = 1; number < limit; ++number) ids.emplace_back(id_of(number));
  bool all_present = true;
  for (std::int32_t number = 1; number < limit; ++number) all_present = all_present && Has(present, number);
  if (all_present) return list.Element(std::move(ids), column);
  list.Bind(std::move(ids));
  return fmt::format("(?::VARCHAR[])[{}]", column);
}

std::string FieldExpression(const model::Field& field, const std::string& column, ColumnList& list) {
  if (field.type == FieldType::kDatetime) return Instant(column);
  if (field.type != FieldType::kEnum && field.type != FieldType::kSet) return column;
  std::vector<std::string> ids;
  for (const auto& option : field.options) ids.push_back(option.id);
  if (field.type == FieldType::kEnum) return list.Element(std::move(ids), column + " + 1");
  list.Bind(std::move(ids));
  return fmt::format("list_select(?::VARCHAR[], list_transform({}, lambda o: o + 1))", column);
}

ColumnList RenderColumns(const Select& select, const std::vector<std::string>& names, const model::Dataset& dataset,
                         const std::string& alias, const PeopleView& people, const Present& present) {
  ColumnList list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto& column = select.columns[i];
    const std::string physical = PhysicalName(column);
    std::string expression = physical;
    switch (column.kind) {
      case ColumnKind::kParticipant:
        expression = PersonExpression(
            people.ParticipantLimit(), present.participants, [&](std::int32_t number) { return people.ParticipantId(number); },
            fmt::format("(SELECT p.id FROM {}.main.participants p WHERE p.no = _participant)", alias), physical, list);
        break;
      case ColumnKind::kSession:
        expression = PersonExpression(
            people.SessionLimit(), present.sessions, [&](std::int32_t number) { return people.SessionId(number); },
            fmt::format("(SELECT s.id FROM {}.main.sessions s WHERE s.no = _session)", alias), physical, list);
        break;
      case ColumnKind::kTime:
      case ColumnKind::kReceived:
      case ColumnKind::kUpdated: expression = Instant(physical); break;
      case ColumnKind::kField: expression = FieldExpression(dataset.fields[static_cast<std::size_t>(column.field)], physical, list); break;
      case ColumnKind::kSkipped: {
        // Two bytes a field number, little-endian; out come the field ids.
        std::vector<std::string> ids;
        for (const auto& field : dataset.fields) ids.push_back(field.id);
        list.Bind(std::move(ids));
        expression =
            "list_select(?::VARCHAR[], list_transform(range(0, octet_length(_skipped), 2), lambda i: "
            "1 + ('0x' || substr(hex(_skipped), i * 2 + 3, 2) || substr(hex(_skipped), i * 2 + 1, 2))::INTEGER))";
        break;
      }
      default: break;
    }
    list.text += fmt::format("{}{} AS {}", i == 0 ? "" : ", ", expression, QuotedName(names[i]));
  }
  return list;
}

//! Stops writing when the study's file is to be exchanged.
struct Evicted : ReadGate::Evictable {
  bool Evict() override {
    asked = true;
    connection->Interrupt();
    return false;
  }
  Engine::Lease connection;
  std::atomic<bool> asked{false};
};

}  // namespace

Result<std::uint64_t> DuckStudy::WriteParquet(const Select& select, const std::vector<std::string>& names, const std::string& path,
                                              const std::function<bool()>& interrupt) {
  SHEAF_ASSIGN(auto dataset, FindDataset(select.dataset));
  if (names.empty() || names.size() > select.columns.size())
    return Fail(ErrorCode::kInternal, "a Parquet file needs a name for each column");
  // Before the people are read: who withdraws from here on is noticed at the end.
  const std::uint64_t generation = state_->people->Generation();
  Evicted evicted;
  SHEAF_ASSIGN(evicted.connection, state_->engine->Connect());
  auto& connection = evicted.connection;
  const ReadGate::Pass pass = state_->gate.Enter(&evicted);
  const SqlContext context{state_->alias, *dataset, *state_->people, state_->HasDeadRows(*dataset)};
  const auto people = People();
  Present present;
  auto participants = NumbersIn(*connection, select, context, "_participant", people->ParticipantLimit());
  auto sessions = NumbersIn(*connection, select, context, "_session", people->SessionLimit());
  if (evicted.asked) return Fail(RewrittenError());
  SHEAF_ASSIGN(present.participants, std::move(participants));
  SHEAF_ASSIGN(present.sessions, std::move(sessions));
  const auto list = RenderColumns(select, names, *dataset, state_->alias, *people, present);
  Select ordered = select;
  if (list.joined && ordered.order.empty()) ordered.order.push_back({{ColumnKind::kSeq, -1, {}}, false});
  const Sql sql = RenderSelect(ordered, context, list.text);
  // Measurements hardly repeat: looking for a dictionary of them longer than this costs a fifth of the time for nothing.
  SHEAF_ASSIGN(auto statement,
               connection->Prepare(fmt::format("COPY ({}) TO {} (FORMAT parquet, COMPRESSION snappy, DICTIONARY_SIZE_LIMIT 4096)", sql.text,
                                               SqlText(path))));
  int place = 1;
  for (const auto& bound : list.bound) {
    if (bound.as_words) statement.BindWords(place++, bound.texts);
    else statement.BindTexts(place++, bound.texts);
  }
  SHEAF_TRY(BindParameters(statement, sql.parameters, place));
  const Watch watch(*connection, interrupt);
  auto rows = statement.Run();
  if (evicted.asked || generation != state_->people->Generation()) return Fail(RewrittenError());
  if (!rows) return Fail(std::move(rows).error());
  return rows->Changed();
}

}  // namespace sheaf::vault
