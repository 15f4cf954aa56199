#include "vault/duckdb/check.h"

#include <fmt/format.h>

#include "vault/duckdb/schema.h"
#include "vault/duckdb/sql.h"

namespace sheaf::vault {
namespace {

class Checker {
 public:
  Checker(const StudyState& state, Connection& connection) : state_(state), connection_(connection) {}

  Status Run() {
    SHEAF_TRY(Expect(0, fmt::format("SELECT count(*) - count(DISTINCT id) FROM {}.main.participants", state_.alias),
                     "{} participants have an id twice"));
    SHEAF_TRY(Expect(0, fmt::format("SELECT count(*) - count(DISTINCT no) FROM {}.main.participants", state_.alias),
                     "{} participants have a number twice"));
    SHEAF_TRY(
        Expect(0, fmt::format("SELECT count(*) - count(DISTINCT id) FROM {}.main.sessions", state_.alias), "{} sessions have an id twice"));
    for (const auto& dataset : state_.datasets) SHEAF_TRY(CheckDataset(*dataset));
    return {};
  }
  std::vector<std::string> Take() { return std::move(findings_); }

 private:
  Result<std::int64_t> Scalar(const std::string& sql) {
    SHEAF_ASSIGN(auto rows, connection_.Query(sql));
    const Chunk chunk(rows.NextChunk());
    return chunk && chunk.Size() > 0 && !chunk.IsNull(0, 0) ? chunk.Int64(0, 0) : 0;
  }
  Status Expect(std::int64_t expected, const std::string& sql, const char* finding) {
    auto actual = Scalar(sql);
    if (!actual) {
      // Damage shows as an error of the engine: that is a finding, not a failure of the check.
      findings_.push_back(fmt::format("study {}: {}", state_.study, actual.error().detail));
    } else if (*actual != expected) {
      findings_.push_back(fmt::format("study {}: {}", state_.study, fmt::format(fmt::runtime(finding), *actual)));
    }
    return {};
  }

  Status CheckDataset(const model::Dataset& dataset) {
    const std::string table = TableName(state_.alias, dataset.number);
    const std::string of = fmt::format(" in dataset {}", dataset.id);
    const auto expect = [&](std::int64_t value, const std::string& sql, const std::string& finding) {
      return Expect(value, sql, (finding + of).c_str());
    };
    SHEAF_TRY(expect(0, fmt::format("SELECT count(*) - count(DISTINCT _seq) FROM {}", table), "{} rows share a seq with another"));
    SHEAF_TRY(expect(0,
                     fmt::format("SELECT count(*) FROM {} WHERE _seq <= 0 OR _seq > {} OR _dead > {}", table, state_.last_seq.load(),
                                 state_.last_seq.load()),
                     "{} rows have a seq outside the study's"));
    SHEAF_TRY(expect(
        0, fmt::format("SELECT count(*) FROM {} WHERE _participant NOT IN (SELECT no FROM {}.main.participants)", table, state_.alias),
        "{} rows belong to no participant"));
    SHEAF_TRY(expect(0,
                     fmt::format("SELECT count(*) FROM {} WHERE _session IS NOT NULL AND _session NOT IN (SELECT no FROM {}.main.sessions)",
                                 table, state_.alias),
                     "{} rows belong to no session"));
    SHEAF_TRY(expect(0, fmt::format("SELECT count(_id) - count(DISTINCT _id) FROM {} WHERE _dead IS NULL", table),
                     "{} records have an id twice"));
    const auto& statistics = state_.statistics[static_cast<std::size_t>(dataset.number - 1)];
    SHEAF_TRY(expect(static_cast<std::int64_t>(statistics.Records()),
                     fmt::format("SELECT count(*) FROM {} WHERE _dead IS NULL AND {}", table, VisibleSql(*state_.people)),
                     "{} records are there but the statistics count " + std::to_string(statistics.Records())));
    // Reads every column, so that every block's checksum is verified.
    std::string sums;
    for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
      sums += fmt::format(" + count({})", FieldColumnName(static_cast<std::int32_t>(field)));
    }
    auto readable = Scalar(fmt::format("SELECT count(_metadata) + count(_skipped){} FROM {}", sums, table));
    if (!readable)
      findings_.push_back(
          fmt::format("study {}: dataset {} cannot be read through: {}", state_.study, dataset.id, readable.error().detail));
    return CheckOptions(dataset, table);
  }

  Status CheckOptions(const model::Dataset& dataset, const std::string& table) {
    for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
      if (dataset.fields[field].type != model::FieldType::kEnum) continue;
      const std::string column = FieldColumnName(static_cast<std::int32_t>(field));
      SHEAF_TRY(Expect(
          0, fmt::format("SELECT count(*) FROM {} WHERE {} < 0 OR {} >= {}", table, column, column, dataset.fields[field].options.size()),
          ("{} answers of " + dataset.id + "." + dataset.fields[field].id + " name no option").c_str()));
    }
    return {};
  }

  const StudyState& state_;
  Connection& connection_;
  std::vector<std::string> findings_;
};

}  // namespace

Result<std::vector<std::string>> CheckRecords(StudyState& state) {
  SHEAF_ASSIGN(auto connection, state.Reader());
  Checker checker(state, *connection);
  SHEAF_TRY(checker.Run());
  return checker.Take();
}

}  // namespace sheaf::vault
