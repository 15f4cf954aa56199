#include "export/series.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "export/json_text.h"
#include "export/observed_cursor.h"
#include "export/rows.h"
#include "model/strict_json.h"

namespace sheaf::exporting {
namespace {

using model::CellType;
using model::ColumnKind;
using model::FieldType;

constexpr std::size_t kMostPointsInAll = 400'000;

tl::unexpected<Error> Bad(std::string place, std::string detail) {
  return Fail(ErrorCode::kBadParameter, std::move(detail), std::move(place));
}

//! Onsets as whole microseconds; nothing for what is none.
std::optional<std::int64_t> Onset(double milliseconds) {
  const double micros = milliseconds * 1000;
  if (!(std::abs(micros) < 9e18)) return std::nullopt;
  return std::llround(micros);
}

std::optional<double> NumberAt(const model::ColumnView& view, std::size_t row) {
  if (view.IsNull(row)) return std::nullopt;
  switch (view.type) {
    case CellType::kInt64: return static_cast<double>(view.At<std::int64_t>(row));
    case CellType::kBool: return view.At<bool>(row) ? 1.0 : 0.0;
    case CellType::kDouble: {
      const double value = view.At<double>(row);
      return std::isfinite(value) ? std::optional(value) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

//! A line of the plot for each field, of everybody or of one participant or session.
struct Group {
  std::int32_t number = -1;
  std::vector<Thinned> fields;
};

class SeriesReader {
 public:
  SeriesReader(const SeriesOptions& options, const Plan& plan) : options_(options), plan_(plan) {
    for (const auto& column : plan.output) sources_.push_back(column.source);
    points_ = options.points;
  }

  Status Read(vault::StudyVault& study) {
    vault::Select select = plan_.select;
    const bool by_time = options_.x == SeriesOptions::X::kTime;
    const std::size_t x = ColumnPlace(select, by_time ? ColumnKind::kTime : ColumnKind::kOnset);
    std::optional<std::size_t> by;
    if (options_.by != SeriesOptions::By::kNone) {
      by = ColumnPlace(select, options_.by == SeriesOptions::By::kParticipant ? ColumnKind::kParticipant : ColumnKind::kSession);
    }
    // Everybody's is there, whether anybody has a record or not.
    if (!by) GroupOf(nullptr, 0);
    SHEAF_ASSIGN(const auto cursor, ReadRows(study, plan_, select));
    while (true) {
      SHEAF_ASSIGN(const auto batch, cursor->Next());
      if (batch == nullptr) return {};
      by_time ? AddBatch<true>(*batch, x, by) : AddBatch<false>(*batch, x, by);
    }
  }

  std::string Json() const {
    std::string series;
    for (const Group& group : groups_) {
      for (std::size_t field = 0; field < group.fields.size(); ++field) {
        if (!series.empty()) series += ',';
        AppendSeries(group, field, series);
      }
    }
    std::int64_t width = 0;
    for (const Group& group : groups_) {
      for (const Thinned& thinned : group.fields) width = std::max(width, thinned.Width());
    }
    std::string json = std::string("{\"x\":\"") + (options_.x == SeriesOptions::X::kTime ? "time" : "onset_ms") + "\",\"from\":";
    AppendX(first_, json);
    json += ",\"to\":";
    AppendX(last_, json);
    json += ",\"rows\":" + std::to_string(rows_) + ",\"omitted\":" + std::to_string(omitted_) + ",\"bucket_ms\":";
    AppendX(width > 0 ? std::optional(width) : std::nullopt, json);
    return json + ",\"series\":[" + series + "]}";
  }

  std::uint64_t Rows() const { return rows_; }

 private:
  template <bool kByTime>
  void AddBatch(const model::ColumnBatch& batch, std::size_t x_place, const std::optional<std::size_t>& by) {
    const auto& xs = batch.columns[x_place];
    for (std::size_t row = 0; row < batch.rows; ++row) {
      if (xs.IsNull(row)) continue;
      std::optional<std::int64_t> x;
      if constexpr (kByTime) x = xs.At<std::int64_t>(row);
      else x = Onset(xs.At<double>(row));
      if (!x || (options_.from && *x < *options_.from) || (options_.to && *x >= *options_.to)) continue;
      Group* const group = GroupOf(by ? &batch.columns[*by] : nullptr, row);
      if (group == nullptr) {
        ++omitted_;
        continue;
      }
      ++rows_;
      first_ = first_ ? std::min(*first_, *x) : *x;
      last_ = last_ ? std::max(*last_, *x) : *x;
      for (std::size_t field = 0; field < sources_.size(); ++field) {
        if (const auto y = NumberAt(batch.columns[sources_[field]], row)) group->fields[field].Add(*x, *y);
      }
    }
  }

  //! Null: there are too many already.
  Group* GroupOf(const model::ColumnView* by, std::size_t row) {
    const std::int32_t number = by == nullptr ? -1 : by->IsNull(row) ? 0 : by->At<std::int32_t>(row);
    if (current_ < groups_.size() && groups_[current_].number == number) return &groups_[current_];
    if (const auto known = places_.find(number); known != places_.end()) {
      current_ = known->second;
      return &groups_[current_];
    }
    const std::size_t points = points_ * sources_.size();
    if (groups_.size() >= kMostSeriesGroups || (!groups_.empty() && (groups_.size() + 1) * points > kMostPointsInAll)) return nullptr;
    current_ = groups_.size();
    places_.emplace(number, current_);
    auto& group = groups_.emplace_back();
    group.number = number;
    group.fields.assign(sources_.size(), Thinned(points_));
    return &group;
  }

  static void AppendX(const std::optional<std::int64_t>& micros, std::string& json) {
    if (!micros) json += "null";
    else model::AppendJsonNumber(json, static_cast<double>(*micros) / 1000);
  }

  void AppendSeries(const Group& group, std::size_t field, std::string& json) const {
    const Thinned& thinned = group.fields[field];
    json += "{\"field\":" + JsonText(plan_.output[field].name);
    if (options_.by != SeriesOptions::By::kNone) {
      const bool participant = options_.by == SeriesOptions::By::kParticipant;
      const std::string_view id = participant ? plan_.people->ParticipantId(group.number) : plan_.people->SessionId(group.number);
      json += std::string(participant ? ",\"participant\":" : ",\"session\":") + (group.number <= 0 ? "null" : JsonText(id));
    }
    json += ",\"n\":" + std::to_string(thinned.Count());
    if (thinned.Count() == 0) {
      json += ",\"min\":null,\"max\":null,\"points\":[]}";
      return;
    }
    json += ",\"min\":";
    model::AppendJsonNumber(json, thinned.Least());
    json += ",\"max\":";
    model::AppendJsonNumber(json, thinned.Greatest());
    json += ",\"points\":[";
    bool first = true;
    for (const auto& point : thinned.Points()) {
      json += first ? "[" : ",[";
      first = false;
      AppendX(point.x, json);
      json += ',';
      model::AppendJsonNumber(json, point.y);
      json += ']';
    }
    json += "]}";
  }

  const SeriesOptions& options_;
  const Plan& plan_;
  std::vector<std::size_t> sources_;  // of the fields, in the batches
  std::size_t points_ = 0;
  std::vector<Group> groups_;
  std::unordered_map<std::int32_t, std::size_t> places_;
  std::size_t current_ = 0;
  std::uint64_t rows_ = 0, omitted_ = 0;
  std::optional<std::int64_t> first_, last_;
};

Status CheckFields(const Plan& plan) {
  for (const auto& column : plan.output) {
    const bool number = column.field != nullptr &&
                        (column.type == FieldType::kInteger || column.type == FieldType::kDouble || column.type == FieldType::kBoolean);
    if (!number) return Bad("fields", column.name + " is no field of numbers.");
  }
  return {};
}

}  // namespace

Result<std::string> RenderSeries(vault::StudyVault& study, std::string_view dataset, const SeriesOptions& asked, const Viewer& viewer,
                                 std::uint64_t* rows) {
  if (asked.fields.empty()) return Bad("fields", "It names the fields to be plotted: fields=heart_rate,mood.");
  if (asked.fields.size() > kMostSeriesFields) return Bad("fields", "There may be 16 fields.");
  if (asked.points < kLeastPoints || asked.points > kMostPoints) return Bad("points", "It must be a whole number from 8 to 20000.");
  SeriesOptions options = asked;
  options.options.format = Format::kNdjson;
  if (options.options.privacy.identifiers == privacy::IdentifierMode::kAggregate) {
    return Bad("identifiers", "A series shows records one by one; ask for a distribution.");
  }
  std::string& columns = options.options.columns;
  for (const auto& field : options.fields) columns += (columns.empty() ? "" : ",") + field;
  // The store skips what lies outside.
  if (options.x == SeriesOptions::X::kTime && options.from && options.options.since.empty())
    options.options.since = FormatIsoUtc(*options.from);
  if (options.x == SeriesOptions::X::kTime && options.to && options.options.until.empty())
    options.options.until = FormatIsoUtc(*options.to);
  auto plan = MakePlan(study, options.options, dataset, 0, viewer);
  if (!plan) {
    Error error = std::move(plan).error();
    if (error.place == "columns") error.place = "fields";
    return Fail(std::move(error));
  }
  SHEAF_TRY(CheckFields(*plan));
  SeriesReader reader(options, *plan);
  SHEAF_TRY(reader.Read(study));
  if (rows != nullptr) *rows = reader.Rows();
  return reader.Json();
}

}  // namespace sheaf::exporting
