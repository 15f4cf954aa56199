#include "cli/import_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sheaf::cli {
namespace {

// How a record's own members are called in files Sheaf has written, and in those meant for it.
const std::map<std::string, ColumnRole, std::less<>> kUsualNames = {
    {"participant", ColumnRole::kParticipant},
    {"session", ColumnRole::kSession},
    {"time", ColumnRole::kTime},
    {"id", ColumnRole::kId},
    {"time_offset", ColumnRole::kTimeOffset},
    {"onset_ms", ColumnRole::kOnset},
    {"skipped", ColumnRole::kSkipped},
    {"metadata", ColumnRole::kMetadata},
    {"seq", ColumnRole::kIgnored},
    {"received_at", ColumnRole::kIgnored},
    {"updated_at", ColumnRole::kIgnored},
};

bool KeyedByDefault(model::DatasetKind kind) {
  return kind == model::DatasetKind::kSurvey || kind == model::DatasetKind::kProfile || kind == model::DatasetKind::kDonation;
}

//! A field's id for a column's name: what ids cannot hold becomes "_".
std::string FieldId(const std::string& name, const std::set<std::string>& taken) {
  std::string id;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    id += plain ? c : '_';
  }
  id.resize(std::min<std::size_t>(id.size(), 60));
  if (id.empty()) id = "field";
  std::string unique = id;
  for (int copy = 2; taken.count(unique) > 0; ++copy) unique = fmt::format("{}_{}", id, copy);
  return unique;
}

int FindField(const model::Dataset& dataset, const std::string& name) {
  if (const int by_id = dataset.FieldNumber(name); by_id >= 0) return by_id;
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    if (dataset.fields[field].name == name) return static_cast<int>(field);
  }
  return -1;
}

Status Choose(const std::string& name, ColumnRole role, const Observed& observed, std::map<std::size_t, ColumnRole>& chosen) {
  if (name.empty()) return {};
  const auto& names = observed.names.Names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    std::string known;
    for (std::size_t i = 0; i < std::min<std::size_t>(names.size(), 40); ++i) known += (i == 0 ? "" : ", ") + names[i];
    return Fail(ErrorCode::kUsage, fmt::format("there is no column \"{}\"; the columns are: {}", name, known));
  }
  chosen[static_cast<std::size_t>(found - names.begin())] = role;
  return {};
}

Result<std::map<std::size_t, ColumnRole>> ChosenColumns(const Observed& observed, const ColumnChoices& choices) {
  std::map<std::size_t, ColumnRole> chosen;
  SHEAF_TRY(Choose(choices.participant, ColumnRole::kParticipant, observed, chosen));
  SHEAF_TRY(Choose(choices.session, ColumnRole::kSession, observed, chosen));
  SHEAF_TRY(Choose(choices.time, ColumnRole::kTime, observed, chosen));
  SHEAF_TRY(Choose(choices.id, ColumnRole::kId, observed, chosen));
  return chosen;
}

}  // namespace

Result<ImportPlan> MakeImportPlan(const Observed& observed, const ColumnChoices& choices, const std::optional<model::Dataset>& existing,
                                  const std::string& dataset_id, model::DatasetKind kind) {
  SHEAF_ASSIGN(const auto chosen, ChosenColumns(observed, choices));
  ImportPlan plan;
  if (existing) {
    plan.dataset = *existing;
  } else {
    plan.dataset.id = plan.dataset.name = dataset_id;
    plan.dataset.kind = kind;
    plan.dataset.mode = KeyedByDefault(kind) ? model::DatasetMode::kKeyed : model::DatasetMode::kAppend;
    plan.changes_definition = true;
  }
  std::set<std::string> ids;
  for (const auto& field : plan.dataset.fields) ids.insert(field.id);
  std::set<ColumnRole> roles;
  for (const auto& [column, role] : chosen) roles.insert(role);
  const auto& names = observed.names.Names();
  for (std::size_t column = 0; column < names.size(); ++column) {
    PlannedColumn planned;
    const auto usual = kUsualNames.find(names[column]);
    const int known = FindField(plan.dataset, names[column]);
    if (const auto choice = chosen.find(column); choice != chosen.end()) {
      planned.role = choice->second;
    } else if (known >= 0) {
      planned = {ColumnRole::kField, known};
    } else if (usual != kUsualNames.end() && !observed.records && roles.count(usual->second) == 0) {
      planned.role = usual->second;
    } else {
      model::Field field;
      field.id = FieldId(names[column], ids);
      field.name = field.label = names[column];
      field.type = observed.columns[column].Type();
      plan.notes.push_back(fmt::format("{}: {} ({})", field.id, model::Name(field.type), observed.columns[column].Reason()));
      ids.insert(field.id);
      planned = {ColumnRole::kField, static_cast<int>(plan.dataset.fields.size())};
      plan.dataset.fields.push_back(std::move(field));
      plan.changes_definition = true;
    }
    plan.has_participant = plan.has_participant || planned.role == ColumnRole::kParticipant;
    plan.has_id = plan.has_id || planned.role == ColumnRole::kId;
    plan.columns.push_back(planned);
  }
  if (!plan.has_participant && !observed.records) {
    return Fail(ErrorCode::kUsage, "no column is called \"participant\"; say which one it is with --participant-column");
  }
  return plan;
}

}  // namespace sheaf::cli
