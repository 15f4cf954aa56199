#include "export/plan_privacy.h"

#include <algorithm>
#include <utility>

#include "export/aggregate.h"
#include "privacy/coded_people.h"
#include "privacy/seen.h"
#include "query/filter.h"

namespace sheaf::exporting {
namespace {

using model::ColumnKind;
using model::FieldType;
using privacy::IdentifierMode;

constexpr std::string_view kOfParticipants = "participant.";

bool IsTime(const model::Column& column, const model::Dataset& dataset) {
  switch (column.kind) {
    case ColumnKind::kSeq:
    case ColumnKind::kTime:
    case ColumnKind::kReceived:
    case ColumnKind::kUpdated:
    case ColumnKind::kSessionStart:
    case ColumnKind::kSessionEnd: return true;
    case ColumnKind::kField: return dataset.fields[static_cast<std::size_t>(column.field)].type == FieldType::kDatetime;
    default: return false;
  }
}

bool IsParticipant(ColumnKind kind) {
  return kind == ColumnKind::kParticipant || kind == ColumnKind::kParticipantId || kind == ColumnKind::kParticipantNumber;
}

}  // namespace

Result<privacy::CodeKey> CodeKeyOf(const Viewer& viewer) {
  if (!viewer.code_key) return Fail(ErrorCode::kInternal, "There is no key to make codes with.");
  return viewer.code_key();
}

PlanPrivacy::PlanPrivacy(const Viewer& viewer, const ExportOptions& options, const model::Dataset& dataset, vault::StudyVault& study,
                         std::shared_ptr<const vault::PeopleView> people)
    : viewer_(viewer), options_(options), dataset_(dataset), study_(study), people_(std::move(people)) {}

Status PlanPrivacy::Prepare() {
  const privacy::Options& privacy = options_.privacy;
  const bool removes = privacy.identifiers != IdentifierMode::kKeep;
  if (removes || privacy.shift_dates || viewer_.rights.own_participant) { SHEAF_ASSIGN(key_, CodeKeyOf(viewer_)); }
  if (removes) removal_.emplace(dataset_, viewer_.settings, study_, *people_, key_, privacy.payloads, viewer_.rights.identifiers);
  if (privacy.generalise.empty()) return {};
  SHEAF_ASSIGN(generalisation_, privacy::ParseGeneralisation(privacy.generalise, "generalise"));
  for (const auto& [name, rule] : generalisation_) SHEAF_TRY(CheckRule(name, rule));
  return {};
}

Status PlanPrivacy::CheckRule(const std::string& name, const privacy::Coarsening& rule) const {
  if (name.starts_with(kOfParticipants)) return {};
  const int number = dataset_.FieldNumber(name);
  FieldType type = FieldType::kDatetime;
  if (number >= 0) {
    type = dataset_.fields[static_cast<std::size_t>(number)].type;
  } else if (name != "time" && name != "received_at" && name != "updated_at") {
    // Of several datasets some may lack the field; the job has asked that one has it.
    if (options_.format == Format::kZip) return {};
    return Fail(ErrorCode::kUnknownField, "There is no field " + name + " to generalise.", "generalise");
  }
  const bool numeric = type == FieldType::kInteger || type == FieldType::kDouble;
  if (rule.cut ? type == FieldType::kDatetime : numeric) return {};
  return Fail(ErrorCode::kWrongType, "The field " + name + " takes no such rule: bands are for numbers, cuts for times.", "generalise");
}

Status PlanPrivacy::ChooseColumns(std::vector<model::Column>& columns) const {
  if (!Removes()) return {};
  if (!options_.columns.empty()) return removal_->CheckColumns(columns);
  std::erase_if(columns, [this](const model::Column& column) { return !removal_->CheckColumns({column}); });
  return {};
}

Status PlanPrivacy::CheckSort(std::vector<model::SortKey>& order) const {
  if (Removes()) SHEAF_TRY(removal_->TranslateSort(order));
  bool by_participant = false;
  for (const auto& key : order) {
    by_participant = by_participant || IsParticipant(key.column.kind);
    const std::string name = query::ColumnName(key.column, dataset_);
    if (options_.privacy.shift_dates && !by_participant && IsTime(key.column, dataset_)) {
      return Fail(ErrorCode::kBadParameter, "With shifted dates the order of times would tell the true ones: sort by participant first.",
                  "sort");
    }
    if (generalisation_.contains(name))
      return Fail(ErrorCode::kBadParameter, "The order would tell what " + name + " was before it was generalised.", "sort");
  }
  return {};
}

std::optional<model::Predicate> PlanPrivacy::WhoIsSeen() const { return privacy::WhoIsSeen(viewer_.rights, viewer_.settings); }

void PlanPrivacy::AddRisk(Plan& plan) const {
  const auto& settings = viewer_.settings;
  const int least = options_.privacy.require_k > 0 ? options_.privacy.require_k : settings.minimum_cell;
  plan.risk.least_allowed = static_cast<std::uint64_t>(least);
  for (const auto& output : plan.output) {
    if (output.field == nullptr || output.option >= 0) continue;
    if (output.field->privacy == model::PrivacyClass::kQuasi) {
      plan.risk.quasi.push_back(output.column);
      plan.risk.columns.quasi.push_back(output.field->id);
    } else if (output.field->privacy == model::PrivacyClass::kSensitive) {
      plan.risk.sensitive.push_back(output.column);
      plan.risk.columns.sensitive.push_back(output.field->id);
    }
  }
  for (const auto& [name, of_class] : settings.attributes) {
    if (of_class == model::PrivacyClass::kQuasi) plan.risk.columns.attributes.push_back(name);
  }
  plan.risk.columns.generalisation = generalisation_;
}

Status PlanPrivacy::Finish(Plan& plan) const {
  const bool removes = options_.privacy.identifiers == IdentifierMode::kRemove;
  const std::string own = removes ? std::string() : viewer_.rights.own_participant.value_or("");
  if (removes || !own.empty()) plan.people = privacy::CodedPeople(people_, key_, own);
  plan.select.masked = Removes();
  plan.reader = {viewer_.rights, viewer_.settings, key_};
  if (Removes()) plan.reader.rights.identifiers = false;
  if (options_.privacy.identifiers == IdentifierMode::kAggregate) return PlanAggregates(viewer_, *removal_, generalisation_, plan);
  AddRisk(plan);
  if (!removes && own.empty() && !privacy::ChangesRecords(options_.privacy)) return {};
  privacy::RewriteRules rules;
  rules.dataset = plan.dataset;
  rules.key = key_;
  rules.remove = removes;
  rules.own = own;
  rules.shift_dates = options_.privacy.shift_dates;
  rules.location_decimals = options_.privacy.location_decimals;
  rules.generalisation = generalisation_;
  plan.rewriter = std::make_shared<const privacy::Rewriter>(std::move(rules));
  return {};
}

void PlanPrivacy::HideIds(std::vector<vault::Tombstone>& tombstones) const {
  // Whose a deleted record was is not known any more: who does not see everybody is told no id.
  const bool drop = model::SeesSomeParticipants(viewer_.rights);
  for (auto& tombstone : tombstones) {
    if (tombstone.record_id.empty()) continue;
    if (drop) tombstone.record_id.clear();
    else if (Removes()) tombstone.record_id = privacy::Code(key_, privacy::CodeKind::kRecord, tombstone.record_id);
  }
}

}  // namespace sheaf::exporting
