#include "export/distribution.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>
#include <utility>

#include "export/aggregate.h"
#include "export/json_text.h"
#include "export/observed_cursor.h"
#include "export/rows.h"
#include "model/strict_json.h"
#include "privacy/suppress.h"

namespace sheaf::exporting {
namespace {

using model::FieldType;
using vault::AggregateCell;

tl::unexpected<Error> Bad(std::string place, std::string detail) {
  return Fail(ErrorCode::kBadParameter, std::move(detail), std::move(place));
}

bool IsNumber(FieldType type) { return type == FieldType::kInteger || type == FieldType::kDouble; }

//! A bin, and who is in it as far as it has to be known.
struct Bin {
  std::uint64_t rows = 0;
  std::unordered_set<std::int32_t> people;
};

struct Histogram {
  std::int32_t field = 0;
  BinPlan plan;
  std::vector<Bin> bins;
};

Result<Plan> PlanOf(vault::StudyVault& study, std::string_view dataset, ExportOptions options, const std::vector<std::string>& fields,
                    const Viewer& viewer) {
  options.format = Format::kNdjson;
  for (const auto& field : fields) options.columns += (options.columns.empty() ? "" : ",") + field;
  auto plan = MakePlan(study, options, dataset, 0, viewer);
  if (plan) return plan;
  Error error = std::move(plan).error();
  if (error.place == "columns") error.place = "fields";
  return Fail(std::move(error));
}

//! Who counts at least so many participants is shown; this many are remembered.
void AddRows(const model::ColumnBatch& batch, std::size_t values, std::size_t people, std::uint64_t minimum, Histogram& histogram) {
  const auto& view = batch.columns[values];
  for (std::size_t row = 0; row < batch.rows; ++row) {
    if (view.IsNull(row)) continue;
    const double value = view.type == model::CellType::kDouble ? view.At<double>(row) : static_cast<double>(view.At<std::int64_t>(row));
    if (!std::isfinite(value)) continue;
    Bin& bin = histogram.bins[histogram.plan.PlaceOf(value)];
    ++bin.rows;
    if (minimum > 1 && bin.people.size() < minimum) bin.people.insert(batch.columns[people].At<std::int32_t>(row));
  }
}

//! Bins of too few, and of the others the smallest until two are hidden: else the total would tell the one.
std::vector<bool> HiddenBins(const Histogram& histogram, std::uint64_t minimum) {
  std::vector<bool> hidden(histogram.bins.size(), false);
  std::size_t count = 0;
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    const Bin& bin = histogram.bins[i];
    hidden[i] = bin.rows > 0 && minimum > 1 && bin.people.size() < minimum;
    count += hidden[i] ? 1 : 0;
  }
  if (count != 1) return hidden;
  std::size_t smallest = hidden.size();
  for (std::size_t i = 0; i < hidden.size(); ++i) {
    if (hidden[i] || histogram.bins[i].rows == 0) continue;
    if (smallest == hidden.size() || histogram.bins[i].rows < histogram.bins[smallest].rows) smallest = i;
  }
  if (smallest < hidden.size()) hidden[smallest] = true;
  return hidden;
}

void AppendNumber(const char* name, const std::optional<double>& number, std::string& json) {
  json += std::string(",\"") + name + "\":";
  if (number) model::AppendJsonNumber(json, *number);
  else json += "null";
}

void AppendCount(const char* name, std::uint64_t count, bool hidden, std::string& json) {
  json += std::string(",\"") + name + "\":" + (hidden ? "null" : std::to_string(count));
}

class DistributionWriter {
 public:
  DistributionWriter(const model::Dataset& dataset, const std::vector<AggregateCell>& cells, std::uint64_t minimum, bool approximate)
      : dataset_(dataset), cells_(cells), hidden_(privacy::Suppress(cells, minimum)), minimum_(minimum), approximate_(approximate) {}

  std::string Json(const std::vector<std::int32_t>& fields, const std::map<std::int32_t, Histogram>& histograms) const {
    std::string json;
    for (const std::int32_t field : fields) {
      json += json.empty() ? "" : ",";
      AppendField(field, histograms, json);
    }
    return "{\"dataset\":" + JsonText(dataset_.id) + ",\"fields\":[" + json + "]}";
  }

  //! The cell of everybody; null when there is none.
  const AggregateCell* Whole(std::int32_t field, bool shown) const {
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      if (cells_[i].field == field && cells_[i].option < 0) return shown && hidden_[i].cell ? nullptr : &cells_[i];
    }
    return nullptr;
  }

 private:
  void AppendField(std::int32_t number, const std::map<std::int32_t, Histogram>& histograms, std::string& json) const {
    const auto& field = dataset_.fields[static_cast<std::size_t>(number)];
    json += "{\"field\":" + JsonText(field.id) + ",\"type\":\"" + std::string(model::Name(field.type)) + "\"";
    std::string options;
    for (std::size_t i = 0; i < cells_.size(); ++i) {
      const AggregateCell& cell = cells_[i];
      if (cell.field != number) continue;
      const bool hidden = hidden_[i].cell;
      if (cell.option >= 0) {
        AppendOption(field, cell, hidden, options);
        continue;
      }
      AppendCount("n", cell.answered, hidden, json);
      AppendCount("participants", cell.answered_by, hidden, json);
      AppendCount("skipped", cell.skipped, hidden || hidden_[i].missing, json);
      AppendCount("absent", cell.absent, hidden || hidden_[i].missing, json);
      json += std::string(",\"suppressed\":") + (hidden || hidden_[i].missing ? "true" : "false");
      if (IsNumber(field.type)) AppendMoments(cell, hidden, json);
    }
    const bool has_options = field.type == FieldType::kEnum || field.type == FieldType::kSet || field.type == FieldType::kBoolean;
    if (has_options) json += ",\"options\":[" + options + "]";
    if (IsNumber(field.type)) AppendBins(number, histograms, json);
    json += '}';
  }

  static void AppendOption(const model::Field& field, const AggregateCell& cell, bool hidden, std::string& json) {
    const auto place = static_cast<std::size_t>(cell.option);
    const bool known = place < field.options.size();
    const std::string id = field.type == FieldType::kBoolean ? (cell.option == 0 ? "false" : "true")
                           : known                           ? field.options[place].id
                                                             : std::to_string(cell.option);
    json += std::string(json.empty() ? "" : ",") + "{\"id\":" + JsonText(id) +
            ",\"label\":" + JsonText(known ? field.options[place].label : id);
    AppendCount("n", cell.answered, hidden, json);
    json += std::string(",\"suppressed\":") + (hidden ? "true" : "false") + "}";
  }

  void AppendMoments(const AggregateCell& cell, bool hidden, std::string& json) const {
    const auto show = [hidden](const std::optional<double>& number) { return hidden ? std::nullopt : number; };
    AppendNumber("mean", show(cell.mean), json);
    AppendNumber("sd", show(cell.sd), json);
    AppendNumber("min", show(cell.min), json);
    AppendNumber("q1", show(cell.first_quartile), json);
    AppendNumber("median", show(cell.median), json);
    AppendNumber("q3", show(cell.third_quartile), json);
    AppendNumber("max", show(cell.max), json);
    json += std::string(",\"approximate\":") + (approximate_ ? "true" : "false");
  }

  void AppendBins(std::int32_t field, const std::map<std::int32_t, Histogram>& histograms, std::string& json) const {
    json += ",\"bins\":[";
    const auto found = histograms.find(field);
    if (found != histograms.end()) {
      const Histogram& histogram = found->second;
      const auto hidden = HiddenBins(histogram, minimum_);
      for (std::size_t i = 0; i < histogram.bins.size(); ++i) {
        json += i == 0 ? "{\"low\":" : ",{\"low\":";
        model::AppendJsonNumber(json, histogram.plan.low + histogram.plan.width * static_cast<double>(i));
        AppendNumber("high", histogram.plan.low + histogram.plan.width * static_cast<double>(i + 1), json);
        AppendCount("n", histogram.bins[i].rows, hidden[i], json);
        json += '}';
      }
    }
    json += ']';
  }

  const model::Dataset& dataset_;
  const std::vector<AggregateCell>& cells_;
  const std::vector<privacy::Suppression> hidden_;
  const std::uint64_t minimum_;
  const bool approximate_;
};

Result<std::map<std::int32_t, Histogram>> CountBins(vault::StudyVault& study, const Plan& plan, const DistributionWriter& writer,
                                                    std::uint64_t about, std::uint64_t minimum) {
  std::map<std::int32_t, Histogram> histograms;
  vault::Select select = plan.select;
  const std::size_t people = ColumnPlace(select, model::ColumnKind::kParticipant);
  std::vector<std::pair<std::size_t, Histogram*>> wanted;
  for (const auto& column : plan.output) {
    if (column.field == nullptr || !IsNumber(column.type)) continue;
    const AggregateCell* const whole = writer.Whole(column.column.field, true);
    if (whole == nullptr || !whole->min || !whole->max) continue;
    Histogram histogram;
    histogram.field = column.column.field;
    histogram.plan = PlanBins(*whole->min, *whole->max, column.type == FieldType::kInteger, about);
    histogram.bins.resize(histogram.plan.count);
    auto& kept = histograms[histogram.field] = std::move(histogram);
    wanted.emplace_back(column.source, &kept);
  }
  if (wanted.empty()) return histograms;
  SHEAF_ASSIGN(const auto cursor, ReadRows(study, plan, select));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) return histograms;
    for (const auto& [source, histogram] : wanted) AddRows(*batch, source, people, minimum, *histogram);
  }
}

}  // namespace

std::size_t BinPlan::PlaceOf(double value) const {
  const double place = std::floor((value - low) / width);
  if (!(place > 0)) return 0;
  // The greatest value belongs to the last bin; what came since the bins were planned goes to an end.
  return static_cast<std::size_t>(std::min(place, static_cast<double>(count - 1)));
}

BinPlan PlanBins(double least, double greatest, bool whole_numbers, std::uint64_t about) {
  BinPlan plan;
  const double range = greatest - least;
  double width = 1;
  if (range > 0 && std::isfinite(range)) {
    const double exact = range / static_cast<double>(std::max<std::uint64_t>(about, 1));
    const double power = std::pow(10, std::floor(std::log10(exact)));
    const double steps = exact / power;
    width = power * (steps <= 1 ? 1 : steps <= 2 ? 2 : steps <= 5 ? 5 : 10);
  } else if (!std::isfinite(range)) {
    width = std::max(std::abs(least), std::abs(greatest)) / 5;
  }
  // Numbers so near each other that no width fits between them.
  if (!(width > 0) || !std::isfinite(width)) width = 1;
  if (whole_numbers) width = std::max(width, 1.0);
  plan.width = width;
  plan.low = std::floor(least / width) * width;
  const double bins = std::floor((greatest - plan.low) / width) + 1;
  // Of numbers so large that a width is lost in them.
  plan.count = std::isfinite(bins) ? static_cast<std::size_t>(std::clamp(bins, 1.0, static_cast<double>(kMostBins) * 3)) : 1;
  return plan;
}

Result<std::string> RenderDistribution(vault::StudyVault& study, std::string_view dataset, const DistributionOptions& asked,
                                       const Viewer& viewer) {
  if (asked.fields.empty()) return Bad("fields", "It names the fields: fields=mood,age.");
  if (asked.fields.size() > kMostDistributionFields) return Bad("fields", "There may be 50 fields.");
  const bool aggregate = asked.options.privacy.identifiers == privacy::IdentifierMode::kAggregate;
  ExportOptions rows_options = asked.options;
  // People's numbers are counted in bins; what the bins are of is what leaves without identifiers.
  if (aggregate) rows_options.privacy.identifiers = privacy::IdentifierMode::kRemove;
  SHEAF_ASSIGN(const Plan plan, PlanOf(study, dataset, rows_options, asked.fields, viewer));
  vault::AggregateRequest request;
  std::uint64_t minimum = 1;
  if (aggregate) {
    SHEAF_ASSIGN(const Plan counted, PlanOf(study, dataset, asked.options, asked.fields, viewer));
    request = counted.aggregate->request;
    minimum = counted.aggregate->minimum_cell;
  } else {
    request.part = plan.select;
    request.part.columns.clear();
    for (const auto& column : plan.output) {
      if (column.field == nullptr) return Bad("fields", column.name + " is no field of the dataset.");
      request.fields.push_back(column.column.field);
    }
  }
  request.limit = kMaxAggregateRows;
  SHEAF_ASSIGN(const std::uint64_t rows, study.Count(request.part));
  request.approximate = rows > kMostExactRows;
  SHEAF_ASSIGN(const auto cells, study.Aggregate(request));
  const DistributionWriter writer(*plan.dataset, cells, minimum, request.approximate);
  SHEAF_ASSIGN(const auto histograms, CountBins(study, plan, writer, asked.bins, minimum));
  return writer.Json(request.fields, histograms);
}

}  // namespace sheaf::exporting
