#include "export/aggregate.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "privacy/people_texts.h"
#include "privacy/suppress.h"
#include "query/filter.h"

namespace sheaf::exporting {
namespace {

using model::ColumnKind;
using model::FieldType;

constexpr std::size_t kMostGroups = 8;
constexpr std::size_t kLongestName = 64;

model::Field MakeField(std::string id, FieldType type) {
  model::Field field;
  field.id = field.name = field.label = std::move(id);
  field.type = type;
  return field;
}

std::shared_ptr<const model::Dataset> Described(const model::Dataset& source, const std::vector<std::string>& groups) {
  auto dataset = std::make_shared<model::Dataset>();
  dataset->id = source.id;
  dataset->name = source.name;
  dataset->version = source.version;
  dataset->fields.push_back(MakeField("dataset", FieldType::kString));
  for (const auto& group : groups) dataset->fields.push_back(MakeField(group, FieldType::kString));
  for (const char* name : {"field", "option"}) dataset->fields.push_back(MakeField(name, FieldType::kString));
  for (const char* name : {"n", "participants", "skipped", "absent"}) dataset->fields.push_back(MakeField(name, FieldType::kInteger));
  for (const char* name : {"mean", "sd", "min", "q1", "median", "q3", "max"})
    dataset->fields.push_back(MakeField(name, FieldType::kDouble));
  for (const char* name : {"suppressed", "approximate"}) dataset->fields.push_back(MakeField(name, FieldType::kBoolean));
  return dataset;
}

tl::unexpected<Error> BadGroup(std::string detail) { return Fail(ErrorCode::kBadParameter, std::move(detail), "group_by"); }

Status CheckGroup(const model::Column& column, const std::string& name, const model::Dataset& dataset, const Viewer& viewer,
                  const privacy::Removal& removal) {
  if (name.size() > kLongestName) return BadGroup("The name " + name + " is too long for a column.");
  if (column.kind == ColumnKind::kParticipantStatus) return {};
  if (column.kind == ColumnKind::kParticipantAttribute) {
    if (viewer.settings.ClassOfAttribute(column.attribute) != model::PrivacyClass::kDirect) return {};
    return Fail(ErrorCode::kIdentifierRemoved, name + " is a direct identifier, which cannot be grouped by.", "group_by");
  }
  if (column.kind != ColumnKind::kField) return BadGroup(name + " cannot be grouped by.");
  const auto& field = dataset.fields[static_cast<std::size_t>(column.field)];
  if (!removal.Leaves(field)) return Fail(ErrorCode::kIdentifierRemoved, name + " cannot be grouped by.", "group_by");
  switch (field.type) {
    case FieldType::kEnum:
    case FieldType::kBoolean:
    case FieldType::kString:
    case FieldType::kInteger:
    case FieldType::kDouble: return {};
    default: return BadGroup(name + " cannot be grouped by: groups are of enum, boolean, string and number fields.");
  }
}

Status ChooseFields(const privacy::Removal& removal, Plan& plan) {
  auto& aggregate = *plan.aggregate;
  if (plan.options.columns.empty()) {
    for (std::size_t field = 0; field < plan.dataset->fields.size(); ++field) {
      if (removal.Leaves(plan.dataset->fields[field])) aggregate.request.fields.push_back(static_cast<std::int32_t>(field));
    }
    return {};
  }
  SHEAF_ASSIGN(const auto columns, query::ParseColumns(plan.options.columns, *plan.dataset));
  SHEAF_TRY(removal.CheckColumns(columns));
  for (const auto& column : columns) {
    if (column.kind != ColumnKind::kField) return Fail(ErrorCode::kBadParameter, "Aggregates are of fields.", "columns");
    aggregate.request.fields.push_back(column.field);
  }
  return {};
}

Status ChooseGroups(const Viewer& viewer, const privacy::Removal& removal, const privacy::Generalisation& generalisation, Plan& plan) {
  auto& aggregate = *plan.aggregate;
  auto groups = query::ParseSort(plan.options.privacy.group_by, *plan.dataset);
  if (!groups) {
    Error error = std::move(groups).error();
    error.place = "group_by";
    return Fail(std::move(error));
  }
  if (groups->size() > kMostGroups) return BadGroup("There may be 8 names to group by.");
  for (const auto& key : *groups) {
    const std::string name = query::ColumnName(key.column, *plan.dataset);
    SHEAF_TRY(CheckGroup(key.column, name, *plan.dataset, viewer, removal));
    vault::AggregateRequest::Group group{key.column, {}, {}, {}};
    const auto rule = generalisation.find(name);
    if (rule != generalisation.end() && !rule->second.cut) {
      if (key.column.kind != ColumnKind::kField) return BadGroup("Attributes of participants are grouped by as they are.");
      group.band = rule->second.band;
      group.bottom = rule->second.bottom;
      group.top = rule->second.top;
    }
    aggregate.request.groups.push_back(std::move(group));
    aggregate.group_names.push_back(name);
  }
  return {};
}

}  // namespace

//! Rows in columns, as batches hold them.
struct PlanAggregate::Table {
  std::vector<std::vector<std::optional<std::string>>> texts;  // dataset, groups, field, option
  std::array<std::vector<std::optional<std::int64_t>>, 4> counts;
  std::array<std::vector<std::optional<double>>, 7> moments;
  std::array<std::vector<bool>, 2> flags;
  std::size_t rows = 0;
};

namespace {

std::string OptionName(const model::Field& field, std::int32_t option) {
  if (field.type == FieldType::kBoolean) return option == 0 ? "false" : "true";
  const auto place = static_cast<std::size_t>(option);
  return place < field.options.size() ? field.options[place].id : std::to_string(option);
}

std::optional<std::string> GroupValue(const PlanAggregate& aggregate, std::size_t group, const std::optional<std::string>& text) {
  const auto& column = aggregate.request.groups[group].column;
  if (!text || column.kind != ColumnKind::kField) return text;
  const auto& field = aggregate.source->fields[static_cast<std::size_t>(column.field)];
  if (field.type != FieldType::kEnum) return text;
  return OptionName(field, std::atoi(text->c_str()));
}

void AddRow(const PlanAggregate& aggregate, const vault::AggregateCell& cell, const privacy::Suppression& hidden,
            PlanAggregate::Table& table) {
  const auto& field = aggregate.source->fields[static_cast<std::size_t>(cell.field)];
  std::size_t text = 0;
  table.texts[text++].push_back(aggregate.source->id);
  for (std::size_t group = 0; group < cell.groups.size(); ++group)
    table.texts[text++].push_back(GroupValue(aggregate, group, cell.groups[group]));
  table.texts[text++].push_back(field.id);
  table.texts[text].push_back(cell.option < 0 ? std::nullopt : std::optional(OptionName(field, cell.option)));
  const bool whole = cell.option < 0;
  const auto count = [](std::uint64_t number, bool shown) {
    return shown ? std::optional(static_cast<std::int64_t>(number)) : std::nullopt;
  };
  table.counts[0].push_back(count(cell.answered, !hidden.cell));
  table.counts[1].push_back(count(cell.answered_by, !hidden.cell));
  table.counts[2].push_back(count(cell.skipped, whole && !hidden.cell && !hidden.missing));
  table.counts[3].push_back(count(cell.absent, whole && !hidden.cell && !hidden.missing));
  const std::optional<double> moments[] = {cell.mean, cell.sd, cell.min, cell.first_quartile, cell.median, cell.third_quartile, cell.max};
  for (std::size_t place = 0; place < std::size(moments); ++place)
    table.moments[place].push_back(hidden.cell ? std::nullopt : moments[place]);
  table.flags[0].push_back(hidden.cell || (whole && hidden.missing));
  table.flags[1].push_back(aggregate.request.approximate && cell.median.has_value());
  ++table.rows;
}

//! All of it at once: it is bounded by kMaxAggregateRows.
class TableCursor final : public vault::Cursor {
 public:
  TableCursor(std::shared_ptr<const PlanAggregate::Table> table, const vault::Select& select) : table_(std::move(table)), select_(select) {
    if (select.position) next_ = static_cast<std::size_t>(std::max<vault::Seq>(select.position->seq, 0));
  }

  Result<std::shared_ptr<const model::ColumnBatch>> Next() override {
    using Batch = std::shared_ptr<const model::ColumnBatch>;
    const std::size_t end = select_.limit == 0 ? table_->rows : std::min<std::size_t>(table_->rows, first_ + select_.limit);
    if (next_ >= end) return Batch();
    auto made = std::make_shared<Made>();
    const std::size_t rows = std::min<std::size_t>(end - next_, 2048);
    made->batch.rows = rows;
    for (const auto& column : select_.columns) AddColumn(column, rows, *made);
    next_ += rows;
    return Batch(made, &made->batch);
  }
  bool Resumable() const override { return true; }
  void Suspend() override {}
  void Interrupt() override {}

 private:
  struct Made {
    model::ColumnBatch batch;
    std::vector<std::unique_ptr<std::uint64_t[]>> memory;
  };

  std::uint64_t* Memory(std::size_t words, Made& made) const {
    return made.memory.emplace_back(std::make_unique<std::uint64_t[]>(words + 1)).get();
  }

  void AddColumn(const model::Column& column, std::size_t rows, Made& made) const {
    auto& view = made.batch.columns.emplace_back();
    std::uint64_t* const validity = Memory(rows / 64 + 1, made);
    std::uint64_t* const cells = Memory(rows * 2, made);
    view.data = cells;
    view.validity = validity;
    const auto mark = [validity](std::size_t row) { validity[row >> 6] |= std::uint64_t{1} << (row & 63); };
    view.type = model::CellType::kInt64;
    if (column.kind == ColumnKind::kSeq) {
      for (std::size_t row = 0; row < rows; ++row) {
        cells[row] = next_ + row + 1;
        mark(row);
      }
    }
    if (column.kind != ColumnKind::kField) {
      if (column.kind == ColumnKind::kSkipped) view.type = model::CellType::kString;
      return;
    }
    auto field = static_cast<std::size_t>(column.field);
    if (field < table_->texts.size()) return AddTexts(table_->texts[field], rows, cells, mark, view);
    field -= table_->texts.size();
    if (field < table_->counts.size()) return AddNumbers(table_->counts[field], rows, cells, mark);
    field -= table_->counts.size();
    if (field < table_->moments.size()) {
      view.type = model::CellType::kDouble;
      return AddNumbers(table_->moments[field], rows, cells, mark);
    }
    field -= table_->moments.size();
    view.type = model::CellType::kBool;
    for (std::size_t row = 0; row < rows; ++row) {
      reinterpret_cast<bool*>(cells)[row] = table_->flags[field][next_ + row];
      mark(row);
    }
  }

  template <class Mark>
  void AddTexts(const std::vector<std::optional<std::string>>& texts, std::size_t rows, std::uint64_t* cells, const Mark& mark,
                model::ColumnView& view) const {
    view.type = model::CellType::kString;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto& text = texts[next_ + row];
      if (!text) continue;
      model::StringCell cell;
      std::memset(&cell, 0, sizeof cell);
      cell.inlined.length = static_cast<std::uint32_t>(text->size());
      if (text->size() <= sizeof cell.inlined.text) {
        std::memcpy(cell.inlined.text, text->data(), text->size());
      } else {
        std::memcpy(cell.pointer.prefix, text->data(), sizeof cell.pointer.prefix);
        cell.pointer.data = text->data();
      }
      std::memcpy(cells + row * 2, &cell, sizeof cell);
      mark(row);
    }
  }

  template <class Number, class Mark>
  void AddNumbers(const std::vector<std::optional<Number>>& numbers, std::size_t rows, std::uint64_t* cells, const Mark& mark) const {
    for (std::size_t row = 0; row < rows; ++row) {
      if (!numbers[next_ + row]) continue;
      std::memcpy(cells + row, &*numbers[next_ + row], sizeof(Number));
      mark(row);
    }
  }

  const std::shared_ptr<const PlanAggregate::Table> table_;
  const vault::Select select_;
  std::size_t next_ = 0;
  const std::size_t first_ = select_.position ? static_cast<std::size_t>(std::max<vault::Seq>(select_.position->seq, 0)) : 0;
};

}  // namespace

Status PlanAggregates(const Viewer& viewer, const privacy::Removal& removal, const privacy::Generalisation& generalisation, Plan& plan) {
  plan.aggregate = std::make_shared<PlanAggregate>();
  auto& aggregate = *plan.aggregate;
  aggregate.source = plan.dataset;
  aggregate.minimum_cell = static_cast<std::uint64_t>(viewer.settings.minimum_cell);
  aggregate.request.limit = kMaxAggregateRows;
  SHEAF_TRY(ChooseFields(removal, plan));
  SHEAF_TRY(ChooseGroups(viewer, removal, generalisation, plan));
  aggregate.request.part = plan.select;
  aggregate.request.part.columns.clear();
  plan.dataset = Described(*plan.dataset, aggregate.group_names);
  plan.select.columns.clear();
  plan.select.where.reset();
  plan.select.order.clear();
  plan.output.clear();
  for (std::size_t field = 0; field < plan.dataset->fields.size(); ++field) {
    OutputColumn column;
    column.source = field;
    column.column = {ColumnKind::kField, static_cast<std::int32_t>(field), {}};
    column.field = &plan.dataset->fields[field];
    column.type = column.field->type;
    column.name = column.title = column.field->id;
    plan.select.columns.push_back(column.column);
    plan.output.push_back(std::move(column));
  }
  plan.skipped_source = plan.select.columns.size();
  plan.select.columns.push_back({ColumnKind::kSkipped, -1, {}});
  // The encoder has to know that these are all there is of a row.
  if (plan.options.columns.empty()) plan.options.columns = "n";
  return {};
}

//! Groups of people are named by what is kept of them. Masked names would tell groups apart that leave under one name.
static Status CheckGroupNames(vault::StudyVault& study, const PlanAggregate& aggregate, const std::vector<vault::AggregateCell>& cells) {
  const privacy::CodeKey no_key{};  // whether it would change is all that is asked
  const privacy::PeopleTexts texts(study, no_key);
  for (std::size_t group = 0; group < aggregate.group_names.size(); ++group) {
    if (aggregate.request.groups[group].column.kind == ColumnKind::kField) continue;  // the vault has masked these
    const bool is_attribute = aggregate.request.groups[group].column.kind == ColumnKind::kParticipantAttribute;
    const std::string* last = nullptr;
    for (const auto& cell : cells) {
      const auto& text = cell.groups[group];
      if (!text || (last != nullptr && *last == *text)) continue;
      last = &*text;
      // The vault has left out attributes that are ids: what looks like one is a number.
      const bool number = is_attribute && (study.ParticipantNumber(*text) || study.SessionNumber(*text));
      if (number || !texts.Hides(*text)) continue;
      return Fail(ErrorCode::kIdentifierRemoved, aggregate.group_names[group] + " has ids or addresses in it: it cannot be grouped by.",
                  "group_by");
    }
  }
  return {};
}

Status MakeTable(vault::StudyVault& study, PlanAggregate& aggregate) {
  SHEAF_ASSIGN(const std::uint64_t rows, study.Count(aggregate.request.part));
  aggregate.request.approximate = rows > kMostExactRows;
  SHEAF_ASSIGN(const auto cells, study.Aggregate(aggregate.request));
  SHEAF_TRY(CheckGroupNames(study, aggregate, cells));
  const auto hidden = privacy::Suppress(cells, aggregate.minimum_cell);
  auto table = std::make_shared<PlanAggregate::Table>();
  table->texts.resize(aggregate.group_names.size() + 3);
  for (std::size_t cell = 0; cell < cells.size(); ++cell) AddRow(aggregate, cells[cell], hidden[cell], *table);
  aggregate.table = std::move(table);
  return {};
}

std::uint64_t TableRows(const PlanAggregate& aggregate) { return aggregate.table ? aggregate.table->rows : 0; }

Result<std::unique_ptr<vault::Cursor>> ReadTable(const PlanAggregate& aggregate, const vault::Select& select) {
  if (!aggregate.table) return Fail(ErrorCode::kInternal, "The aggregates were not prepared.");
  return std::make_unique<TableCursor>(aggregate.table, select);
}

}  // namespace sheaf::exporting
