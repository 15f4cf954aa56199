// Participants and sessions of a study.

#include <fmt/format.h>

#include <algorithm>

#include "vault/duckdb/sql.h"
#include "vault/duckdb/study.h"

namespace sheaf::vault {
namespace {

std::optional<Micros> OptionalTime(const Chunk& chunk, std::size_t column, std::size_t row) {
  return chunk.IsNull(column, row) ? std::nullopt : std::optional<Micros>(chunk.Int64(column, row));
}

constexpr const char* kParticipantColumns =
    "id, coalesce(code, ''), coalesce(status, ''), coalesce(attributes, '{}'), created, updated, no";
model::Participant ParticipantFrom(const Chunk& chunk, std::size_t row) {
  model::Participant participant;
  participant.id = chunk.Text(0, row);
  participant.code = chunk.Text(1, row);
  participant.status = chunk.Text(2, row);
  participant.attributes = chunk.Text(3, row);
  participant.created_at = chunk.Int64(4, row);
  participant.updated_at = chunk.Int64(5, row);
  participant.number = chunk.Int32(6, row);
  return participant;
}

constexpr const char* kSessionColumns =
    "id, coalesce(name, ''), starts, ends, coalesce(status, ''), coalesce(attributes, '{}'), created, updated, no";
model::Session SessionFrom(const Chunk& chunk, std::size_t row) {
  model::Session session;
  session.id = chunk.Text(0, row);
  session.name = chunk.Text(1, row);
  session.start = OptionalTime(chunk, 2, row);
  session.end = OptionalTime(chunk, 3, row);
  session.status = chunk.Text(4, row);
  session.attributes = chunk.Text(5, row);
  session.created_at = chunk.Int64(6, row);
  session.updated_at = chunk.Int64(7, row);
  session.number = chunk.Int32(8, row);
  return session;
}

Status LoadAttendance(Connection& connection, const StudyState& state, std::vector<model::Session>& sessions) {
  if (sessions.empty()) return {};
  std::string numbers;
  std::unordered_map<std::int32_t, model::Session*> by_number;
  for (auto& session : sessions) {
    numbers += fmt::format("{}{}", numbers.empty() ? "" : ",", session.number);
    by_number[session.number] = &session;
  }
  SHEAF_ASSIGN(auto rows, connection.Query(fmt::format("SELECT session, participant, coalesce(role, ''), joined, departed FROM "
                                                       "{}.main.attendance WHERE session IN ({}) ORDER BY session, participant",
                                                       state.alias, numbers)));
  const auto hidden = state.people->Hidden();
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return {};
    for (std::size_t row = 0; row < chunk.Size(); ++row) {
      if (std::binary_search(hidden->begin(), hidden->end(), chunk.Int32(1, row))) continue;
      model::Attendance attendance;
      attendance.participant = state.people->View(state.people)->ParticipantId(chunk.Int32(1, row));
      attendance.role = chunk.Text(2, row);
      attendance.joined_at = OptionalTime(chunk, 3, row);
      attendance.left_at = OptionalTime(chunk, 4, row);
      by_number.at(chunk.Int32(0, row))->attendance.push_back(std::move(attendance));
    }
  }
}

//! One page of `table` in order of id. `text_columns`: what `search` looks into; `condition`: which rows there are.
template <class Item, class From>
Result<Page<Item>> ReadPage(Connection& connection, const std::string& table, const char* columns, const char* text_columns,
                            const std::string& condition, const ListOptions& options, From from) {
  std::string found = fmt::format("(? = '' OR contains(lower(concat_ws(chr(10), {})), lower(?))) AND {}", text_columns, condition);
  if (options.numbers) found += fmt::format(" AND {}", NumberCondition("no", *options.numbers));
  SHEAF_ASSIGN(auto count, connection.Prepare(fmt::format("SELECT count(*) FROM {} WHERE {}", table, found)));
  count.Bind(1, options.search);
  count.Bind(2, options.search);
  SHEAF_ASSIGN(auto counted, count.Run());
  Page<Item> page;
  const Chunk total(counted.NextChunk());
  page.total = static_cast<std::uint64_t>(total.Int64(0, 0));
  SHEAF_ASSIGN(auto statement,
               connection.Prepare(fmt::format("SELECT {} FROM {} WHERE id > ? AND {} ORDER BY id LIMIT ?", columns, table, found)));
  statement.Bind(1, options.after);
  statement.Bind(2, options.search);
  statement.Bind(3, options.search);
  statement.Bind(4, static_cast<std::int64_t>(options.limit + 1));
  SHEAF_ASSIGN(auto rows, statement.Run());
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) break;
    for (std::size_t row = 0; row < chunk.Size(); ++row) page.items.push_back(from(chunk, row));
  }
  if (page.items.size() > options.limit) {
    page.items.resize(options.limit);
    if (!page.items.empty()) page.next = page.items.back().id;
  }
  return page;
}

}  // namespace

std::shared_ptr<const PeopleView> DuckStudy::People() { return vault::People::View(state_->people); }

Result<model::Participant> DuckStudy::FindParticipant(std::string_view id) {
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto statement,
               connection->Prepare(fmt::format("SELECT {} FROM {}.main.participants WHERE id = ?", kParticipantColumns, state_->alias)));
  statement.Bind(1, id);
  SHEAF_ASSIGN(auto rows, statement.Run());
  const Chunk chunk(rows.NextChunk());
  if (!chunk || chunk.Size() == 0 || state_->people->IsHidden(chunk.Int32(6, 0)))
    return Fail(ErrorCode::kNotFound, "there is no participant with this id");
  return ParticipantFrom(chunk, 0);
}

Result<Page<model::Participant>> DuckStudy::Participants(const ListOptions& options) {
  SHEAF_ASSIGN(auto connection, state_->Reader());
  return ReadPage<model::Participant>(*connection, state_->alias + ".main.participants", kParticipantColumns, "id, code",
                                      VisibleSql(*state_->people, "no"), options, ParticipantFrom);
}

Result<model::Participant> DuckStudy::PutParticipant(model::Participant participant, bool* created) {
  SHEAF_TRY(writer_->Run([&](Transaction& transaction) -> Status {
    const Micros now = Now();
    const bool is_new = !state_->people->ParticipantNumber(participant.id);
    if (created != nullptr) *created = is_new;
    SHEAF_ASSIGN(const std::int32_t number, transaction.PresentParticipant(participant.id));
    if (is_new) transaction.ForgetNewParticipant(participant.id);
    auto& connection = transaction.GetConnection();
    SHEAF_ASSIGN(
        auto statement,
        connection.Prepare(fmt::format(
            fmt::runtime(is_new
                             ? "INSERT INTO {}.main.participants(code, status, attributes, updated, seq, no, id, created) VALUES (?, ?, ?, "
                               "?, ?, ?, ?, ?)"
                             : "UPDATE {}.main.participants SET code = ?, status = ?, attributes = ?, updated = ?, seq = ? WHERE no = ?"),
            state_->alias)));
    statement.Bind(1, participant.code);
    statement.Bind(2, participant.status);
    statement.Bind(3, participant.attributes);
    statement.Bind(4, std::int64_t{now});
    statement.Bind(5, std::int64_t{transaction.TakeSeq()});
    statement.Bind(6, number);
    if (is_new) {
      statement.Bind(7, participant.id);
      statement.Bind(8, std::int64_t{now});
      transaction.AfterCommit([this, number, id = participant.id] { state_->people->AddParticipant(number, id); });
    }
    SHEAF_TRY(statement.Run());
    return {};
  }));
  return FindParticipant(participant.id);
}

Result<model::Session> DuckStudy::FindSession(std::string_view id) {
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto statement,
               connection->Prepare(fmt::format("SELECT {} FROM {}.main.sessions WHERE id = ?", kSessionColumns, state_->alias)));
  statement.Bind(1, id);
  SHEAF_ASSIGN(auto rows, statement.Run());
  const Chunk chunk(rows.NextChunk());
  if (!chunk || chunk.Size() == 0) return Fail(ErrorCode::kNotFound, "there is no session with this id");
  std::vector<model::Session> sessions = {SessionFrom(chunk, 0)};
  SHEAF_TRY(LoadAttendance(*connection, *state_, sessions));
  return std::move(sessions.front());
}

Result<Page<model::Session>> DuckStudy::Sessions(const ListOptions& options) {
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto page, ReadPage<model::Session>(*connection, state_->alias + ".main.sessions", kSessionColumns, "id, name", "TRUE",
                                                   options, SessionFrom));
  SHEAF_TRY(LoadAttendance(*connection, *state_, page.items));
  return page;
}

Result<model::Session> DuckStudy::PutSession(model::Session session, bool* created) {
  SHEAF_TRY(writer_->Run([&](Transaction& transaction) -> Status {
    const Micros now = Now();
    const bool is_new = !state_->people->SessionNumber(session.id);
    if (created != nullptr) *created = is_new;
    SHEAF_ASSIGN(const std::int32_t number, transaction.SessionNumber(session.id));
    if (is_new) transaction.ForgetNewSession(session.id);
    auto& connection = transaction.GetConnection();
    SHEAF_ASSIGN(auto statement, connection.Prepare(fmt::format(
                                     fmt::runtime(is_new ? "INSERT INTO {}.main.sessions(name, status, starts, ends, attributes, updated, "
                                                           "seq, no, id, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                                                         : "UPDATE {}.main.sessions SET name = ?, status = ?, starts = ?, ends = ?, "
                                                           "attributes = ?, updated = ?, seq = ? WHERE no = ?"),
                                     state_->alias)));
    statement.Bind(1, session.name);
    statement.Bind(2, session.status);
    statement.BindOptional(3, session.start);
    statement.BindOptional(4, session.end);
    statement.Bind(5, session.attributes);
    statement.Bind(6, std::int64_t{now});
    statement.Bind(7, std::int64_t{transaction.TakeSeq()});
    statement.Bind(8, number);
    if (is_new) {
      statement.Bind(9, session.id);
      statement.Bind(10, std::int64_t{now});
    }
    SHEAF_TRY(statement.Run());
    // Whoever withdrew was not shown to the sender, who therefore cannot name them: they stay.
    SHEAF_TRY(connection.Execute(fmt::format("DELETE FROM {}.main.attendance WHERE session = {} AND {}", state_->alias, number,
                                             VisibleSql(*state_->people, "participant"))));
    SHEAF_ASSIGN(auto insert, connection.Prepare(fmt::format("INSERT INTO {}.main.attendance VALUES (?, ?, ?, ?, ?)", state_->alias)));
    for (const auto& attendance : session.attendance) {
      SHEAF_ASSIGN(const std::int32_t participant, transaction.PresentParticipant(attendance.participant));
      insert.Bind(1, number);
      insert.Bind(2, participant);
      insert.Bind(3, attendance.role);
      insert.BindOptional(4, attendance.joined_at);
      insert.BindOptional(5, attendance.left_at);
      SHEAF_TRY(insert.Run());
    }
    transaction.AfterCommit([this, number, is_new, id = session.id, start = session.start] {
      if (is_new) state_->people->AddSession(number, id);
      state_->people->SetSessionStart(number, start);
    });
    return {};
  }));
  return FindSession(session.id);
}

}  // namespace sheaf::vault
