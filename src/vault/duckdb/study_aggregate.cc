// Counts and moments by group, in the engine.

#include <fmt/format.h>

#include <cmath>

#include "vault/duckdb/participants_dataset.h"
#include "vault/duckdb/schema.h"
#include "vault/duckdb/sql.h"
#include "vault/duckdb/study.h"

namespace sheaf::vault {
namespace {

using model::FieldType;

//! Squares beyond this are no numbers any more.
constexpr const char* kMoments =
    ", avg(v), stddev_samp(CASE WHEN abs(v) < 1e150 THEN v END), min(v), {0}(v, 0.25), {0}(v, 0.5), {0}(v, 0.75), max(v)";

bool IsNumeric(FieldType type) { return type == FieldType::kInteger || type == FieldType::kDouble; }
bool HasOptions(FieldType type) { return type == FieldType::kEnum || type == FieldType::kSet || type == FieldType::kBoolean; }

std::string GroupText(const AggregateRequest::Group& group, const SqlContext& context) {
  const std::string column = RenderGroup(group.column, context);
  if (!group.band && !group.bottom && !group.top) return fmt::format("({})::VARCHAR", column);
  std::string text = "CASE";
  if (group.top) text += fmt::format(" WHEN {0} >= {1}::DOUBLE THEN {1}::DOUBLE", column, *group.top);
  if (group.bottom) text += fmt::format(" WHEN {0} < {1}::DOUBLE THEN {1}::DOUBLE", column, *group.bottom);
  const std::string lower = group.band ? fmt::format("floor({0} / {1}::DOUBLE) * {1}::DOUBLE", column, *group.band) : column + "::DOUBLE";
  text += group.bottom ? fmt::format(" ELSE greatest({}, {}::DOUBLE) END", lower, *group.bottom) : fmt::format(" ELSE {} END", lower);
  return fmt::format("(({})::VARCHAR)", text);
}

//! "g0, g1, "
std::string GroupNames(std::size_t count) {
  std::string names;
  for (std::size_t group = 0; group < count; ++group) names += fmt::format("g{}, ", group);
  return names;
}

class Aggregation {
 public:
  Aggregation(Connection& connection, const AggregateRequest& request, const SqlContext& context)
      : connection_(connection), request_(request), context_(context), names_(GroupNames(request.groups.size())) {
    where_ = RenderWhere(request.part, context, false);
    for (std::size_t group = 0; group < request.groups.size(); ++group)
      groups_ += fmt::format("{} AS g{}, ", GroupText(request.groups[group], context), group);
  }

  Status Add(std::int32_t number, std::vector<AggregateCell>& cells) {
    const auto& field = context_.dataset.fields[static_cast<std::size_t>(number)];
    SHEAF_TRY(AddSummary(number, field, cells));
    if (HasOptions(field.type)) SHEAF_TRY(AddOptions(number, field, cells));
    return {};
  }

 private:
  //! The rows: groups, p (whose), v (the answer), s (was it skipped?).
  std::string Source(const std::string& value) const {
    return fmt::format("(SELECT {}_participant AS p, {} AS v, _skipped AS k FROM {} WHERE {})", groups_, value,
                       SourceSql(context_.alias, context_.dataset.number), where_.text);
  }
  std::string Grouping() const {
    return names_.empty() ? std::string() : fmt::format(" GROUP BY {0} ORDER BY {0}", names_.substr(0, names_.size() - 2));
  }

  Status AddSummary(std::int32_t number, const model::Field& field, std::vector<AggregateCell>& cells) {
    const bool numeric = IsNumeric(field.type);
    const std::string column = FieldColumnName(number);
    const std::string skipped = fmt::format(
        "(v IS NULL AND k IS NOT NULL AND list_contains(list_transform(range(0, octet_length(k), 2), lambda i: ('0x' || "
        "substr(hex(k), i * 2 + 3, 2) || substr(hex(k), i * 2 + 1, 2))::INTEGER), {}))",
        number);
    std::string sql = fmt::format(
        "SELECT {0}count(v), count(DISTINCT CASE WHEN v IS NOT NULL THEN p END), count(*) FILTER (WHERE {1}), count(DISTINCT CASE WHEN {1} "
        "THEN p END), count(*) FILTER (WHERE v IS NULL AND NOT coalesce({1}, FALSE)), count(DISTINCT CASE WHEN v IS NULL AND NOT "
        "coalesce({1}, FALSE) THEN p END)",
        names_, skipped);
    if (numeric) sql += fmt::format(fmt::runtime(kMoments), request_.approximate ? "approx_quantile" : "quantile_cont");
    sql += fmt::format(" FROM {}{}", Source(numeric ? column + "::DOUBLE" : column), Grouping());
    return Read(sql, cells, [&](const Chunk& chunk, std::size_t row, std::size_t first, AggregateCell& cell) {
      cell.field = number;
      const auto count = [&](std::size_t place) { return static_cast<std::uint64_t>(chunk.Int64(first + place, row)); };
      cell.answered = count(0);
      cell.answered_by = count(1);
      cell.skipped = count(2);
      cell.skipped_by = count(3);
      cell.absent = count(4);
      cell.absent_by = count(5);
      if (!numeric) return;
      std::optional<double>* const moments[] = {&cell.mean,           &cell.sd, &cell.min, &cell.first_quartile, &cell.median,
                                                &cell.third_quartile, &cell.max};
      for (std::size_t place = 0; place < std::size(moments); ++place) {
        if (chunk.IsNull(first + 6 + place, row)) continue;
        const double value = chunk.Data<double>(first + 6 + place)[row];
        if (std::isfinite(value)) *moments[place] = value;
      }
    });
  }

  Status AddOptions(std::int32_t number, const model::Field& field, std::vector<AggregateCell>& cells) {
    const std::string column = FieldColumnName(number);
    const std::string value = field.type == FieldType::kSet ? fmt::format("unnest({})", column) : column + "::INTEGER";
    const std::string sql = fmt::format("SELECT {0}v, count(*), count(DISTINCT p) FROM {1} WHERE v IS NOT NULL GROUP BY {0}v ORDER BY {0}v",
                                        names_, Source(value));
    return Read(sql, cells, [&](const Chunk& chunk, std::size_t row, std::size_t first, AggregateCell& cell) {
      cell.field = number;
      cell.option = chunk.Int32(first, row);
      cell.answered = static_cast<std::uint64_t>(chunk.Int64(first + 1, row));
      cell.answered_by = static_cast<std::uint64_t>(chunk.Int64(first + 2, row));
    });
  }

  template <class Fill>
  Status Read(const std::string& sql, std::vector<AggregateCell>& cells, const Fill& fill) {
    SHEAF_ASSIGN(auto statement, connection_.Prepare(sql));
    SHEAF_TRY(BindParameters(statement, where_.parameters));
    SHEAF_ASSIGN(auto rows, statement.Stream());
    while (true) {
      const Chunk chunk(rows.NextChunk());
      if (!chunk) break;
      for (std::size_t row = 0; row < chunk.Size(); ++row) {
        if (cells.size() >= request_.limit) {
          connection_.Discard();
          return Fail(ErrorCode::kAggregateTooLarge, fmt::format("There are more than {} cells.", request_.limit));
        }
        AggregateCell cell;
        for (std::size_t group = 0; group < request_.groups.size(); ++group) {
          cell.groups.emplace_back();
          if (!chunk.IsNull(group, row)) cell.groups.back() = std::string(chunk.Text(group, row));
        }
        fill(chunk, row, request_.groups.size(), cell);
        cells.push_back(std::move(cell));
      }
    }
    if (auto error = rows.StreamError()) return Fail(*std::move(error));
    return {};
  }

  Connection& connection_;
  const AggregateRequest& request_;
  const SqlContext& context_;
  const std::string names_;
  std::string groups_;
  Sql where_;
};

}  // namespace

Result<std::vector<AggregateCell>> DuckStudy::Aggregate(const AggregateRequest& request) {
  SHEAF_ASSIGN(const auto dataset, FindDataset(request.part.dataset));
  SHEAF_ASSIGN(auto connection, state_->Reader());
  const SqlContext context{state_->alias, *dataset, *state_->people, state_->HasDeadRows(*dataset)};
  Aggregation aggregation(*connection, request, context);
  std::vector<AggregateCell> cells;
  for (const std::int32_t field : request.fields) SHEAF_TRY(aggregation.Add(field, cells));
  return cells;
}

}  // namespace sheaf::vault
