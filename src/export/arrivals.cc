#include "export/arrivals.h"

#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "export/json_text.h"
#include "export/observed_cursor.h"
#include "export/rows.h"
#include "export/time_zone.h"

namespace sheaf::exporting {
namespace {

// Every offset from UTC is a multiple of a quarter of an hour; those of long ago, which are not, are cut to one.
constexpr std::int64_t kQuarter = std::int64_t{15} * 60 * 1'000'000;
constexpr std::size_t kMostQuarters = 2'000'000;

struct Cell {
  std::uint64_t rows = 0;
  std::unordered_set<std::int32_t> people;  // as far as they have to be known

  void Add(const Cell& other, std::uint64_t minimum) {
    rows += other.rows;
    for (const std::int32_t person : other.people) {
      if (people.size() >= minimum) return;
      people.insert(person);
    }
  }
};

std::int64_t QuarterOf(Micros instant) { return instant >= 0 ? instant / kQuarter : -((-instant + kQuarter - 1) / kQuarter); }

class Arrivals {
 public:
  Arrivals(const ArrivalOptions& options, std::uint64_t minimum) : options_(options), minimum_(minimum) {}

  Status Read(vault::StudyVault& study, const Plan& plan) {
    vault::Select select = plan.select;
    const std::size_t time = ColumnPlace(select, options_.received ? model::ColumnKind::kReceived : model::ColumnKind::kTime);
    const std::size_t people = minimum_ > 1 ? ColumnPlace(select, model::ColumnKind::kParticipant) : 0;
    SHEAF_ASSIGN(const auto cursor, ReadRows(study, plan, select));
    while (true) {
      SHEAF_ASSIGN(const auto batch, cursor->Next());
      if (batch == nullptr) return {};
      Add(*batch, time, people);
      if (quarters_.size() > kMostQuarters) return TooLarge();
    }
  }

  Result<std::string> Json(const TimeZone* zone) const {
    std::map<std::string, Cell> cells;
    for (const auto& [quarter, cell] : quarters_) {
      const Micros instant = quarter * kQuarter;
      const Micros local = instant + (zone == nullptr ? 0 : std::int64_t{zone->OffsetSeconds(instant)} * 1'000'000);
      cells[FormatIsoUtc(local).substr(0, options_.by_hour ? 13 : 10)].Add(cell, minimum_);
      if (cells.size() > kMostArrivals) return TooLarge();
    }
    std::uint64_t shown = 0;
    for (const auto& [at, cell] : cells) shown += minimum_ > 1 && cell.people.size() < minimum_ ? 0 : cell.rows;
    // Of what is hidden the total must not tell.
    const std::uint64_t total = minimum_ > 1 ? shown : total_;
    std::string json =
        std::string("{\"by\":\"") + (options_.by_hour ? "hour" : "day") + "\",\"of\":\"" + (options_.received ? "received_at" : "time") +
        "\",\"timezone\":" + JsonText(options_.timezone.empty() ? "UTC" : options_.timezone) + ",\"total\":" + std::to_string(total) +
        ",\"without_time\":" + (minimum_ > 1 ? "null" : std::to_string(without_)) + ",\"counts\":[";
    bool first = true;
    for (const auto& [at, cell] : cells) {
      const bool hidden = minimum_ > 1 && cell.people.size() < minimum_;
      json += (first ? "{\"at\":\"" : ",{\"at\":\"") + at + "\",\"n\":" + (hidden ? "null" : std::to_string(cell.rows)) + "}";
      first = false;
    }
    return json + "]}";
  }

 private:
  static tl::unexpected<Error> TooLarge() { return Fail(ErrorCode::kAggregateTooLarge, "The records are of too many days."); }

  void Add(const model::ColumnBatch& batch, std::size_t time, std::size_t people) {
    const auto& times = batch.columns[time];
    for (std::size_t row = 0; row < batch.rows; ++row) {
      ++total_;
      if (times.IsNull(row)) {
        ++without_;
        continue;
      }
      const std::int64_t quarter = QuarterOf(times.At<std::int64_t>(row));
      // Most records follow one of the same quarter.
      if (last_ == nullptr || quarter != last_quarter_) {
        last_ = &quarters_[quarter];
        last_quarter_ = quarter;
      }
      ++last_->rows;
      if (minimum_ > 1 && last_->people.size() < minimum_) last_->people.insert(batch.columns[people].At<std::int32_t>(row));
    }
  }

  const ArrivalOptions& options_;
  const std::uint64_t minimum_;
  std::unordered_map<std::int64_t, Cell> quarters_;
  Cell* last_ = nullptr;
  std::int64_t last_quarter_ = 0;
  std::uint64_t total_ = 0, without_ = 0;
};

}  // namespace

Result<std::string> RenderArrivals(vault::StudyVault& study, std::string_view dataset, const ArrivalOptions& asked, const Viewer& viewer) {
  ArrivalOptions options = asked;
  options.options.format = Format::kNdjson;
  std::uint64_t minimum = 1;
  if (options.options.privacy.identifiers == privacy::IdentifierMode::kAggregate) {
    options.options.privacy.identifiers = privacy::IdentifierMode::kRemove;
    minimum = static_cast<std::uint64_t>(viewer.settings.minimum_cell);
  }
  const auto zone = options.timezone.empty() ? nullptr : FindTimeZone(options.timezone);
  if (!options.timezone.empty() && !zone) {
    return Fail(ErrorCode::kBadParameter, "It is not the name of a time zone such as Europe/Berlin.", "timezone");
  }
  SHEAF_ASSIGN(Plan plan, MakePlan(study, options.options, dataset, 0, viewer));
  plan.select.columns.clear();
  Arrivals arrivals(options, minimum);
  SHEAF_TRY(arrivals.Read(study, plan));
  return arrivals.Json(zone.get());
}

}  // namespace sheaf::exporting
