// Consent, withdrawal and erasure in one study. See vault/care.h.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "vault/duckdb/mention.h"
#include "vault/duckdb/rewrite.h"
#include "vault/duckdb/schema.h"
#include "vault/duckdb/study.h"

namespace sheaf::vault {
namespace {

// A few seconds.
constexpr std::uint64_t kMostComparisons = 50'000'000;

tl::unexpected<Error> NoParticipant() { return Fail(ErrorCode::kNotFound, "there is no participant with this id"); }

std::optional<std::string> OptionalText(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

Consent ConsentFrom(const Chunk& chunk, std::size_t row) {
  Consent consent;
  consent.purpose = chunk.Text(0, row);
  consent.given = chunk.Data<bool>(1)[row];
  consent.version = chunk.Text(2, row);
  consent.source = chunk.Text(3, row);
  consent.at = chunk.Int64(4, row);
  consent.recorded_at = chunk.Int64(5, row);
  return consent;
}

//! One text of all that a record says in words.
std::string TextOfRecord(const model::Dataset& dataset) {
  std::string list = "_id, _metadata";
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    const auto type = dataset.fields[field].type;
    const bool text = type == model::FieldType::kString || type == model::FieldType::kIdentifier || type == model::FieldType::kJson;
    if (text) list += ", " + FieldColumnName(static_cast<std::int32_t>(field));
  }
  return fmt::format("concat_ws(chr(1), {})", list);
}

}  // namespace

Result<Consent> DuckStudy::RecordConsent(std::string_view participant, Consent consent) {
  consent.recorded_at = Now();
  SHEAF_TRY(writer_->Run([&](Transaction& transaction) -> Status {
    SHEAF_ASSIGN(const std::int32_t number, transaction.PresentParticipant(participant));
    SHEAF_ASSIGN(auto insert, transaction.GetConnection().Prepare(
                                  fmt::format("INSERT INTO {}.main.consents VALUES (?, ?, ?, ?, ?, ?, ?, ?)", state_->alias)));
    insert.Bind(1, number);
    insert.Bind(2, consent.purpose);
    insert.Bind(3, consent.given);
    insert.BindOptional(4, OptionalText(consent.version));
    insert.BindOptional(5, OptionalText(consent.source));
    insert.Bind(6, std::int64_t{consent.at});
    insert.Bind(7, std::int64_t{consent.recorded_at});
    insert.Bind(8, std::int64_t{transaction.TakeSeq()});
    SHEAF_TRY(insert.Run());
    return {};
  }));
  return consent;
}

Result<std::vector<Consent>> DuckStudy::Consents(std::string_view participant) {
  const auto number = state_->people->ParticipantNumber(participant);
  if (!number) return NoParticipant();
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto rows,
               connection->Query(fmt::format("SELECT purpose, given, coalesce(version, ''), coalesce(source, ''), given_at, recorded FROM "
                                             "{}.main.consents WHERE participant = {} ORDER BY seq",
                                             state_->alias, *number)));
  std::vector<Consent> consents;
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return consents;
    for (std::size_t row = 0; row < chunk.Size(); ++row) consents.push_back(ConsentFrom(chunk, row));
  }
}

bool DuckStudy::IsWithdrawn(std::string_view participant) const {
  if (state_->people->Hidden()->empty()) return false;
  const auto number = state_->people->ParticipantNumber(participant);
  return number && state_->people->IsHidden(*number);
}

Result<std::optional<Withdrawal>> DuckStudy::WithdrawalOf(std::string_view participant) {
  using Found = std::optional<Withdrawal>;
  const auto number = state_->people->ParticipantNumber(participant);
  if (!number) return NoParticipant();
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(auto rows, connection->Query(
                              fmt::format("SELECT withdrawn_at, coalesce(reason, '') FROM {}.main.withdrawals WHERE participant = {} AND "
                                          "ended_seq IS NULL",
                                          state_->alias, *number)));
  const Chunk chunk(rows.NextChunk());
  if (!chunk || chunk.Size() == 0) return Found();
  return Found(Withdrawal{chunk.Int64(0, 0), std::string(chunk.Text(1, 0))});
}

namespace {
//! Rows out of sight, each with its tombstone, and who withdrew written down.
Status HideAll(Transaction& transaction, StudyState& state, const std::vector<std::shared_ptr<const model::Dataset>>& datasets,
               const std::vector<std::int32_t>& numbers, std::string_view reason) {
  for (const auto& dataset : datasets) {
    // Most participants are in few of the datasets: who has no row costs no scan.
    std::vector<std::int32_t> with_rows;
    {
      const std::shared_lock lock(state.mutex);
      const auto& statistics = state.statistics[static_cast<std::size_t>(dataset->number - 1)];
      std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(with_rows),
                   [&](std::int32_t number) { return statistics.RecordsOf(number) > 0; });
    }
    if (!with_rows.empty()) SHEAF_TRY(transaction.Hide(dataset, with_rows));
  }
  SHEAF_ASSIGN(auto insert, transaction.GetConnection().Prepare(
                                fmt::format("INSERT INTO {}.main.withdrawals VALUES (?, ?, ?, ?, NULL, NULL)", state.alias)));
  for (const std::int32_t number : numbers) {
    insert.Bind(1, number);
    insert.Bind(2, reason);
    insert.Bind(3, std::int64_t{Now()});
    insert.Bind(4, std::int64_t{transaction.TakeSeq()});
    SHEAF_TRY(insert.Run());
  }
  transaction.AfterCommit([&state, numbers] {
    auto hidden = *state.people->Hidden();
    hidden.insert(hidden.end(), numbers.begin(), numbers.end());
    state.people->SetHidden(std::move(hidden));
  });
  return {};
}
}  // namespace

Result<Withdrawal> DuckStudy::Withdraw(std::string_view participant, std::string_view reason) {
  SHEAF_TRY(writer_->Run([&](Transaction& transaction) -> Status {
    const auto number = state_->people->ParticipantNumber(participant);
    if (!number) return NoParticipant();
    if (state_->people->IsHidden(*number)) return {};
    return HideAll(transaction, *state_, Datasets(), {*number}, reason);
  }));
  SHEAF_ASSIGN(auto withdrawal, WithdrawalOf(participant));
  if (!withdrawal) return Fail(ErrorCode::kConflict, "the withdrawal was taken back meanwhile");
  return *std::move(withdrawal);
}

Status DuckStudy::WithdrawAll(const std::vector<std::string>& participants) {
  return writer_->Run([&](Transaction& transaction) -> Status {
    std::vector<std::int32_t> numbers = Numbers(participants);
    std::erase_if(numbers, [&](std::int32_t number) { return state_->people->IsHidden(number); });
    if (numbers.empty()) return {};
    return HideAll(transaction, *state_, Datasets(), numbers, "");
  });
}

//! Of those who are known.
std::vector<std::int32_t> DuckStudy::Numbers(const std::vector<std::string>& participants) const {
  std::vector<std::int32_t> numbers;
  for (const std::string& participant : participants) {
    if (const auto number = state_->people->ParticipantNumber(participant)) numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

Status DuckStudy::TakeBack(std::string_view participant) {
  return writer_->Run([&](Transaction& transaction) -> Status {
    const auto number = state_->people->ParticipantNumber(participant);
    if (!number) return NoParticipant();
    if (!state_->people->IsHidden(*number)) return Fail(ErrorCode::kConflict, "the participant has not withdrawn");
    for (const auto& dataset : Datasets()) SHEAF_TRY(transaction.Show(dataset, *number));
    SHEAF_ASSIGN(auto update, transaction.GetConnection().Prepare(fmt::format(
                                  "UPDATE {}.main.withdrawals SET ended = ?, ended_seq = ? WHERE participant = ? AND ended_seq IS NULL",
                                  state_->alias)));
    update.Bind(1, std::int64_t{Now()});
    update.Bind(2, std::int64_t{transaction.TakeSeq()});
    update.Bind(3, *number);
    SHEAF_TRY(update.Run());
    transaction.AfterCommit([this, number] {
      auto hidden = *state_->people->Hidden();
      std::erase(hidden, *number);
      state_->people->SetHidden(std::move(hidden));
    });
    return {};
  });
}

Result<std::vector<std::string>> DuckStudy::WordsOf(const std::vector<std::string>& participants, const std::vector<std::string>& words) {
  const auto numbers = Numbers(participants);
  if (numbers.empty()) return NoParticipant();
  const std::string theirs = fmt::format("IN ({})", fmt::join(numbers, ","));
  SHEAF_ASSIGN(auto connection, state_->Reader());
  if (numbers.size() > 1) {
    std::uint64_t rows = 0;
    for (const auto& dataset : Datasets()) {
      SHEAF_ASSIGN(auto counted, connection->Query(fmt::format("SELECT count(*) FROM {} WHERE _participant {}",
                                                               TableName(state_->alias, dataset->number), theirs)));
      const Chunk chunk(counted.NextChunk());
      rows += static_cast<std::uint64_t>(chunk.Int64(0, 0));
    }
    if (rows * words.size() > kMostComparisons) return words;
  }
  std::vector<std::string> sources = {
      fmt::format("SELECT concat_ws(chr(1), id, code, attributes) AS said FROM {}.main.participants WHERE no {}", state_->alias, theirs),
      fmt::format("SELECT concat_ws(chr(1), version, source) FROM {}.main.consents WHERE participant {}", state_->alias, theirs),
      fmt::format("SELECT reason FROM {}.main.withdrawals WHERE participant {}", state_->alias, theirs)};
  std::string sessions = fmt::format("SELECT session FROM {}.main.attendance WHERE participant {}", state_->alias, theirs);
  for (const auto& dataset : Datasets()) {
    const std::string table = TableName(state_->alias, dataset->number);
    sources.push_back(fmt::format("SELECT {} FROM {} WHERE _participant {}", TextOfRecord(*dataset), table, theirs));
    sessions += fmt::format(" UNION SELECT _session FROM {} WHERE _participant {}", table, theirs);
  }
  sources.push_back(
      fmt::format("SELECT concat_ws(chr(1), id, name, attributes) FROM {}.main.sessions WHERE no IN ({})", state_->alias, sessions));
  SHEAF_ASSIGN(
      auto statement,
      connection->Prepare(fmt::format(
          "SELECT DISTINCT word FROM (SELECT unnest(?::VARCHAR[]) AS word) AS asked, ({}) AS kept(said) WHERE contains(said, word)",
          fmt::join(sources, " UNION ALL "))));
  statement.BindTexts(1, words);
  SHEAF_ASSIGN(auto rows, statement.Run());
  std::vector<std::string> found;
  while (true) {
    const Chunk chunk(rows.NextChunk());
    if (!chunk) return found;
    for (std::size_t row = 0; row < chunk.Size(); ++row) found.emplace_back(chunk.Text(0, row));
  }
}

Result<std::vector<RenamedSession>> DuckStudy::SessionsNaming(const std::vector<std::string>& participants) {
  std::vector<RenamedSession> sessions;
  const auto numbers = Numbers(participants);
  if (numbers.empty()) return sessions;
  SHEAF_ASSIGN(auto connection, state_->Reader());
  SHEAF_ASSIGN(const auto theirs, SessionsOf(*connection, state_->alias, Datasets(), numbers));
  for (auto& one : SessionsCalledAfter(*state_->people, participants, theirs.all, theirs.alone)) sessions.push_back(std::move(one.ids));
  return sessions;
}

Result<Erased> DuckStudy::Erase(std::string_view participant) { return EraseAll({std::string(participant)}, {}); }

Result<Erased> DuckStudy::EraseRecords(std::string_view dataset) { return EraseAll({}, {std::string(dataset)}); }

Result<Erased> DuckStudy::EraseAll(const std::vector<std::string>& participants, const std::vector<std::string>& datasets) {
  Erased erased;
  SHEAF_TRY(writer_->RunAlone([&](Connection& connection) -> Status {
    Omission omission;
    omission.participants = Numbers(participants);
    omission.participant_ids = participants;
    for (const std::string& dataset : datasets) {
      const auto definition = state_->Find(dataset);
      if (!definition) return Fail(ErrorCode::kNotFound, "there is no dataset with this id");
      omission.datasets.push_back(definition->number);
    }
    SHEAF_ASSIGN(erased, RewriteStudy(*state_, connection, omission));
    return {};
  }));
  if (rewritten_) SHEAF_TRY(rewritten_(StudyId()));
  return erased;
}

}  // namespace sheaf::vault
