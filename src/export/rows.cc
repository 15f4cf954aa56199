#include "export/rows.h"

#include <algorithm>
#include <utility>

#include "export/aggregate.h"
#include "export/observed_cursor.h"
#include "export/people_columns.h"

namespace sheaf::exporting {
namespace {

//! The place of the column in the select, which is added behind the others when it is not there.
std::size_t PlaceOf(vault::Select& select, const model::Column& column) {
  const auto found = std::find(select.columns.begin(), select.columns.end(), column);
  const auto place = static_cast<std::size_t>(found - select.columns.begin());
  if (found == select.columns.end()) select.columns.push_back(column);
  return place;
}

std::vector<std::size_t> PlacesOf(vault::Select& select, const std::vector<model::Column>& columns) {
  std::vector<std::size_t> places;
  for (const auto& column : columns) places.push_back(PlaceOf(select, column));
  return places;
}

Result<std::unique_ptr<vault::Cursor>> ReadRewritten(vault::StudyVault& study, const Plan& plan, vault::Select& select) {
  // Whose times they are decides how far they go back.
  if (plan.rewriter && plan.rewriter->Rules().shift_dates) ColumnPlace(select, model::ColumnKind::kParticipant);
  SHEAF_ASSIGN(auto cursor, study.Read(select));
  if (plan.rewriter == nullptr) return cursor;
  return plan.rewriter->Wrap(std::move(cursor), select.columns, study);
}

}  // namespace

Result<std::shared_ptr<const privacy::RiskTable>> CheckRisk(vault::StudyVault& study, const Plan& plan) {
  vault::Select select = plan.select;
  select.columns.clear();
  select.order.clear();
  select.position.reset();
  select.limit = 0;
  const std::size_t participant = ColumnPlace(select, model::ColumnKind::kParticipant);
  const auto quasi = PlacesOf(select, plan.risk.quasi), sensitive = PlacesOf(select, plan.risk.sensitive);
  auto table = std::make_shared<privacy::RiskTable>(plan.risk.columns);
  SHEAF_TRY(table->LoadAttributes(study));
  SHEAF_ASSIGN(const auto cursor, ReadRewritten(study, plan, select));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) return std::shared_ptr<const privacy::RiskTable>(std::move(table));
    SHEAF_TRY(table->Add(*batch, participant, quasi, sensitive));
  }
}

Status PreparePlan(vault::StudyVault& study, Plan& plan) {
  if (plan.aggregate) return MakeTable(study, *plan.aggregate);
  if (plan.alida) SHEAF_TRY(PrepareAlida(study, plan));
  SHEAF_TRY(LoadPeopleColumns(study, plan));
  const privacy::Options& options = plan.options.privacy;
  if (!options.risk && options.require_k == 0) return {};
  SHEAF_ASSIGN(plan.risk.table, CheckRisk(study, plan));
  const auto report = plan.risk.table->Report(plan.risk.least_allowed);
  if (options.require_k == 0 || report.small_cells == 0) return {};
  plan.risk.suppress = options.on_risk == privacy::RiskAction::kSuppress;
  if (plan.risk.suppress) return {};
  std::string names;
  for (const auto& name : plan.risk.columns.quasi) names += (names.empty() ? "" : ", ") + name;
  for (const auto& name : plan.risk.columns.attributes) names += (names.empty() ? "participant." : ", participant.") + name;
  return Fail(ErrorCode::kRiskTooHigh, "k is " + std::to_string(report.k) + " in " + plan.dataset->id + ", where " +
                                           std::to_string(options.require_k) + " is required; " + std::to_string(report.small_cells) +
                                           " combinations of " + (names.empty() ? "no quasi-identifier" : names) + " are too rare.");
}

Result<std::unique_ptr<vault::Cursor>> ReadRows(vault::StudyVault& study, const Plan& plan, const vault::Select& asked) {
  if (plan.aggregate) return ReadTable(*plan.aggregate, asked);
  if (plan.rewriter == nullptr && !plan.risk.suppress) return study.Read(asked);
  vault::Select select = asked;
  if (!plan.risk.suppress) return ReadRewritten(study, plan, select);
  const std::size_t participant = ColumnPlace(select, model::ColumnKind::kParticipant);
  auto quasi = PlacesOf(select, plan.risk.quasi);
  SHEAF_ASSIGN(auto cursor, ReadRewritten(study, plan, select));
  return privacy::WithoutSmallClasses(std::move(cursor), plan.risk.table, plan.risk.least_allowed, participant, std::move(quasi));
}

Result<std::uint64_t> CountRows(vault::StudyVault& study, const Plan& plan) {
  if (plan.aggregate) return TableRows(*plan.aggregate);
  SHEAF_ASSIGN(const std::uint64_t rows, study.Count(plan.select));
  return plan.risk.suppress ? rows - plan.risk.table->Report(plan.risk.least_allowed).small_records : rows;
}

Result<std::uint64_t> WriteParquetRows(vault::StudyVault& study, const Plan& plan, const std::string& path,
                                       const std::function<bool()>& interrupt) {
  vault::Select select = plan.select;
  select.columns.clear();
  std::vector<std::string> names;
  for (const auto& column : plan.output) {
    select.columns.push_back(column.column);
    names.push_back(column.name);
  }
  if (plan.rewriter == nullptr && !plan.risk.suppress && !plan.aggregate) return study.WriteParquet(select, names, path, interrupt);
  SHEAF_ASSIGN(const auto cursor, ReadRows(study, plan, select));
  return study.WriteParquetOf({*cursor, *plan.dataset, select.columns, names, *plan.people}, path, interrupt);
}

}  // namespace sheaf::exporting
