#include "export/plan.h"

#include <algorithm>

#include "export/output_text.h"
#include "export/people_columns.h"
#include "export/plan_privacy.h"
#include "model/survey.h"
#include "query/filter.h"

namespace sheaf::exporting {
namespace {

using model::Column;
using model::ColumnKind;
using model::FieldType;
using model::Operator;
using model::Predicate;

Column RecordColumn(ColumnKind kind) { return {kind, -1, {}}; }

void AddFields(const model::Dataset& dataset, std::vector<Column>& columns) {
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    columns.push_back({ColumnKind::kField, static_cast<std::int32_t>(field), {}});
  }
}

//! Those every record has first, then fields: the ones chosen, else all that have a place in such a file.
Status ChooseAlidaColumns(const model::Dataset& dataset, std::vector<Column>& fields) {
  const bool all = fields.empty();
  std::vector<Column> columns = {RecordColumn(ColumnKind::kParticipant), RecordColumn(ColumnKind::kTime),
                                 RecordColumn(ColumnKind::kUpdated)};
  if (all) AddFields(dataset, fields);
  for (const Column& column : fields) {
    const bool leaves = column.kind == ColumnKind::kField && InAlidaFile(dataset, static_cast<std::size_t>(column.field));
    if (leaves) columns.push_back(column);
    else if (!all)
      return Fail(ErrorCode::kBadParameter, "An Alida file has no place for " + query::ColumnName(column, dataset) + ".", "columns");
  }
  fields = std::move(columns);
  return {};
}

//! A response somebody opened and gave nothing to is none.
Predicate HoldsAnything(const model::Dataset& dataset) {
  Predicate any;
  any.op = Operator::kAny;
  const auto add = [&any](const Column& column) {
    Predicate& leaf = any.children.emplace_back();
    leaf.op = Operator::kIsNotNull;
    leaf.column = column;
  };
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) {
    if (!dataset.fields[field].system && InAlidaFile(dataset, field)) add({ColumnKind::kField, static_cast<std::int32_t>(field), {}});
  }
  add(RecordColumn(ColumnKind::kSkipped));
  return any;
}

std::vector<Column> DefaultColumns(Format format, const model::Dataset& dataset) {
  std::vector<Column> columns;
  if (format == Format::kAlida) return columns;
  if (format == Format::kCsv || format == Format::kParquet) {
    for (const ColumnKind kind : {ColumnKind::kParticipant, ColumnKind::kSession, ColumnKind::kTime, ColumnKind::kOnset}) {
      columns.push_back(RecordColumn(kind));
    }
    AddFields(dataset, columns);
    return columns;
  }
  for (const ColumnKind kind : {ColumnKind::kRecordId, ColumnKind::kParticipant, ColumnKind::kSession, ColumnKind::kTime,
                                ColumnKind::kTimeOffset, ColumnKind::kOnset}) {
    columns.push_back(RecordColumn(kind));
  }
  AddFields(dataset, columns);
  for (const ColumnKind kind :
       {ColumnKind::kSkipped, ColumnKind::kMetadata, ColumnKind::kSeq, ColumnKind::kUpdated, ColumnKind::kReceived}) {
    columns.push_back(RecordColumn(kind));
  }
  return columns;
}

// Another system's records have keys of everything.
bool WritesAll(const ExportOptions& options) { return options.format == Format::kZip && options.layout == ZipLayout::kHyperStudy; }

FieldType NearestType(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kSeq: return FieldType::kInteger;
    case ColumnKind::kTime:
    case ColumnKind::kReceived:
    case ColumnKind::kUpdated: return FieldType::kDatetime;
    case ColumnKind::kOnset: return FieldType::kDouble;
    case ColumnKind::kMetadata: return FieldType::kJson;
    case ColumnKind::kTimeOffset:
    case ColumnKind::kStudy:
    case ColumnKind::kSkipped: return FieldType::kString;
    default: return FieldType::kIdentifier;
  }
}

// The column as it is, and with sets=split or both one more for every option.
void AddOutput(const Plan& plan, const Column& asked, std::size_t source, std::vector<OutputColumn>& output) {
  OutputColumn column;
  column.source = source;
  column.column = asked;
  column.name = column.title = query::ColumnName(column.column, *plan.dataset);
  column.type = OfPeople(asked) ? TypeOfPeopleColumn(asked) : NearestType(column.column.kind);
  if (const auto words = plan.options.words.find(column.name); words != plan.options.words.end()) column.words = &words->second;
  const bool labels = plan.options.header == HeaderStyle::kLabels;
  if (column.column.kind == ColumnKind::kField) {
    column.field = &plan.dataset->fields[static_cast<std::size_t>(column.column.field)];
    column.type = column.field->type;
    if (labels) column.title = column.field->label;
  }
  const auto entitle = [&plan](OutputColumn& named) {
    const auto title = plan.options.titles.find(named.name);
    if (title != plan.options.titles.end()) named.title = title->second;
  };
  const std::string plain_title = column.title;
  entitle(column);
  const bool is_set = column.type == FieldType::kSet;
  if (!is_set || plan.options.sets != SetStyle::kSplit) output.push_back(column);
  if (!is_set || plan.options.sets == SetStyle::kJoined || plan.options.sets == SetStyle::kJson) return;
  const std::string name = column.name, title = plain_title;
  for (const model::Option& option : column.field->options) {
    ++column.option;
    column.name = name + "/" + option.id;
    column.title = title + "/" + (labels ? option.label : option.id);
    entitle(column);
    output.push_back(column);
    if (output.size() > kMaxOutputColumns) return;
  }
}

Status AddOutputs(const std::vector<Column>& columns, Plan& plan) {
  plan.select.columns.clear();
  // What people have beside their ids is looked up by their numbers, which the rows have.
  for (const Column& column : columns) {
    const bool elsewhere = OfPeople(column) || column.kind == ColumnKind::kStudy;
    plan.select.columns.push_back(elsewhere ? NumberColumn(column) : column);
  }
  for (std::size_t source = 0; source < columns.size(); ++source) {
    AddOutput(plan, columns[source], source, plan.output);
    if (plan.output.size() > kMaxOutputColumns) {
      return Fail(ErrorCode::kBadParameter,
                  "One column an option makes more columns than an export may have; choose columns, or join the sets.", "sets");
    }
  }
  const auto skipped = std::find(columns.begin(), columns.end(), RecordColumn(ColumnKind::kSkipped));
  plan.skipped_source = static_cast<std::size_t>(skipped - columns.begin());
  if (skipped == columns.end()) plan.select.columns.push_back(RecordColumn(ColumnKind::kSkipped));
  return {};
}

//! What cannot be asked of columns that are looked up, or of words.
Status CheckOutputs(const Plan& plan) {
  const privacy::Options& privacy = plan.options.privacy;
  const auto refuse = [](std::string detail, const char* place) { return Fail(ErrorCode::kBadParameter, std::move(detail), place); };
  for (const OutputColumn& output : plan.output) {
    if (output.words != nullptr && output.type != FieldType::kEnum && output.column.kind != ColumnKind::kStudy &&
        !OfPeople(output.column)) {
      return refuse("The column " + output.name + " has no words of its own to be written otherwise.", "words");
    }
    const bool looked_up = OfPeople(output.column) || output.column.kind == ColumnKind::kStudy;
    if (looked_up && plan.options.format == Format::kAlida) return refuse("An Alida file holds no column " + output.name + ".", "columns");
    if (!OfPeople(output.column)) continue;
    if (InnerFormat(plan.options) == Format::kParquet) return refuse("Parquet holds no column " + output.name + ".", "columns");
    if (privacy.shift_dates && output.type == FieldType::kDatetime) {
      return refuse("With shifted dates " + output.name + " would tell the true ones.", "columns");
    }
    if (!privacy.generalise.empty()) return refuse("With generalised values " + output.name + " is left out.", "columns");
  }
  return {};
}

Predicate Compare(ColumnKind kind, Operator op, std::vector<model::Value> values) {
  Predicate predicate;
  predicate.op = op;
  predicate.column = RecordColumn(kind);
  predicate.values = std::move(values);
  return predicate;
}

Predicate IsOneOf(ColumnKind kind, const std::vector<std::string>& ids) { return Compare(kind, Operator::kIn, {ids.begin(), ids.end()}); }

//! Which survey responses are wanted, where the dataset tells tests from others. One that says nothing is no test.
std::optional<Predicate> WhichResponses(const ExportOptions& options, const model::Dataset& dataset) {
  const int field = model::TestFieldNumber(dataset);
  if (field < 0 || options.test == TestResponses::kInclude) return std::nullopt;
  Predicate predicate;
  predicate.op = options.test == TestResponses::kOnly ? Operator::kEqual : Operator::kNotEqual;
  predicate.column = {ColumnKind::kField, field, {}};
  predicate.values = {true};
  return predicate;
}

Status AddConditions(const PlanPrivacy& privacy, Plan& plan) {
  const ExportOptions& options = plan.options;
  std::vector<Predicate> conditions;
  if (!options.filter.empty()) {
    SHEAF_ASSIGN(Predicate filter, query::ParseFilter(options.filter, *plan.dataset));
    if (privacy.Removes()) SHEAF_TRY(privacy.Removal().TranslateFilter(filter));
    conditions.push_back(std::move(filter));
  }
  const auto add_people = [&](ColumnKind column, privacy::CodeKind kind, const std::vector<std::string>& names,
                              const char* place) -> Status {
    if (names.empty()) return {};
    std::vector<std::string> ids = names;
    if (privacy.Removes()) { SHEAF_ASSIGN(ids, privacy.Removal().IdsOf(kind, names, place)); }
    conditions.push_back(IsOneOf(column, ids));
    return {};
  };
  SHEAF_TRY(add_people(ColumnKind::kParticipantId, privacy::CodeKind::kParticipant, options.participants, "participant"));
  SHEAF_TRY(add_people(ColumnKind::kSessionId, privacy::CodeKind::kSession, options.sessions, "session"));
  if (auto responses = WhichResponses(options, *plan.dataset)) conditions.push_back(*std::move(responses));
  if (options.format == Format::kAlida && plan.dataset->kind == model::DatasetKind::kSurvey)
    conditions.push_back(HoldsAnything(*plan.dataset));
  if (auto limit = privacy.WhoIsSeen()) conditions.push_back(*std::move(limit));
  const auto add_time = [&](const std::string& text, Operator op) {
    if (text.empty() || ParseCursor(text)) return;
    if (const auto time = ParseIsoTime(text)) conditions.push_back(Compare(ColumnKind::kTime, op, {time->instant}));
  };
  add_time(options.since, Operator::kGreaterEqual);
  add_time(options.until, Operator::kLess);
  if (conditions.empty()) return {};
  if (conditions.size() == 1) {
    plan.select.where = std::move(conditions.front());
  } else {
    plan.select.where.emplace().children = std::move(conditions);
  }
  return {};
}

tl::unexpected<Error> Ahead(std::string place) {
  return Fail(ErrorCode::kBadCursor, "The cursor lies ahead of the study: it is of another one, or the study was restored.",
              std::move(place));
}

Status SetWindow(vault::Seq last, vault::Seq upto, Plan& plan) {
  if (upto > last) return Ahead("cursor");
  plan.select.upto = upto > 0 ? upto : last;
  const auto until = ParseCursor(plan.options.until);
  if (until && *until > last) return Ahead("until");
  if (until) plan.select.upto = std::min(plan.select.upto, *until);
  const auto since = ParseCursor(plan.options.since);
  if (since && *since > last) return Ahead("since");
  if (since && *since > plan.select.upto) return Fail(ErrorCode::kBadParameter, "It lies before `since`.", "until");
  plan.select.after = since.value_or(vault::kNoSeq);
  plan.cursor = CursorText(plan.select.upto);
  return {};
}

}  // namespace

ExportOptions ForViewer(ExportOptions options, const model::ViewRights& rights) {
  auto& mode = options.privacy.identifiers;
  if (!rights.identifiers && mode == privacy::IdentifierMode::kKeep) mode = privacy::IdentifierMode::kRemove;
  return options;
}

Result<Plan> MakePlan(vault::StudyVault& study, const ExportOptions& asked, std::string_view dataset, vault::Seq upto,
                      const Viewer& viewer) {
  const ExportOptions options = ForViewer(asked, viewer.rights);
  SHEAF_TRY(CheckOptions(options));
  Plan plan;
  plan.options = options;
  // Of what is kept of them, participants see everything.
  if (viewer.rights.own_participant) plan.options.test = TestResponses::kInclude;
  // The definition and the people are read after the instant: what was visible then is in them.
  const vault::Seq last = study.LastSeq();
  SHEAF_ASSIGN(plan.dataset, study.FindDataset(dataset));
  if (!model::MaySeeDataset(viewer.rights, plan.dataset->id)) return Fail(ErrorCode::kNotFound, "there is no dataset with this id");
  plan.people = study.People();
  plan.select.dataset = plan.dataset->id;
  if (options.consented_only.value_or(false)) plan.select.consented_to = options.consent_purpose;
  SHEAF_TRY(SetWindow(last, upto, plan));

  PlanPrivacy privacy(viewer, options, *plan.dataset, study, plan.people);
  SHEAF_TRY(privacy.Prepare());
  std::vector<Column> columns = DefaultColumns(WritesAll(options) ? Format::kJson : InnerFormat(options), *plan.dataset);
  if (!options.columns.empty()) { SHEAF_ASSIGN(columns, query::ParseColumns(options.columns, *plan.dataset)); }
  if (options.format == Format::kAlida) {
    SHEAF_TRY(ChooseAlidaColumns(*plan.dataset, columns));
    plan.alida = std::make_shared<AlidaFile>();
    plan.alida->exported_at = Now();
    SHEAF_ASSIGN(plan.alida->key, CodeKeyOf(viewer));
  }
  SHEAF_TRY(privacy.ChooseColumns(columns));
  for (Column& column : columns) {
    if (column.kind == ColumnKind::kStudy) column.attribute = study.StudyId();
  }
  SHEAF_TRY(AddOutputs(columns, plan));
  SHEAF_TRY(CheckOutputs(plan));
  if (!options.sort.empty()) { SHEAF_ASSIGN(plan.select.order, query::ParseSort(options.sort, *plan.dataset)); }
  SHEAF_TRY(privacy.CheckSort(plan.select.order));
  SHEAF_TRY(AddConditions(privacy, plan));
  SHEAF_TRY(privacy.Finish(plan));
  if (options.people == PeopleStyle::kNumbers && !privacy.Removes()) plan.people = NumberedPeople(plan.people);
  if (options.tombstones) {
    SHEAF_ASSIGN(plan.tombstones, study.Tombstones(plan.select.dataset, plan.select.after, plan.select.upto));
    privacy.HideIds(plan.tombstones);
    if (plan.tombstones.size() > kMaxTombstones) {
      return Fail(ErrorCode::kBadParameter, "More was deleted since than can be listed; export everything anew.", "tombstones");
    }
  }
  return plan;
}

}  // namespace sheaf::exporting
