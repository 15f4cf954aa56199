// Synchronisation metrics by window of time: `aggregationWindow`.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "api/hyperstudy/routes.h"
#include "api/hyperstudy/selection.h"
#include "api/hyperstudy/table.h"
#include "api/hyperstudy/windows.h"
#include "export/rows.h"

namespace sheaf::api::hyperstudy {
namespace {

constexpr std::size_t kMostWindows = 500'000;
constexpr std::array<std::string_view, 5> kMeans = {"timeDrift", "playbackRate", "syncQuality", "latency", "bufferHealth"};

struct Mean {
  double sum = 0;
  std::uint64_t count = 0;
  void Add(double value) {
    if (!std::isfinite(value)) return;
    sum += value;
    ++count;
  }
};

struct Window {
  std::optional<Micros> time;  //!< of its start
  std::array<Mean, kMeans.size()> means;
  std::optional<double> max_drift;
  std::uint64_t samples = 0;
};

//! Session, participant, start in milliseconds, whether that is an onset.
using WindowKey = std::tuple<std::int32_t, std::int32_t, std::int64_t, bool>;
using Windows = std::map<WindowKey, Window>;

std::string NumberJson(double number) {
  std::string text;
  if (!std::isfinite(number)) return "null";
  text = std::to_string(static_cast<std::int64_t>(number));
  if (static_cast<double>(static_cast<std::int64_t>(number)) == number) return text;
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.10g", number);
  return buffer;
}

double NumberAt(const model::ColumnView& view, std::size_t row) {
  if (view.IsNull(row)) return std::nan("");
  if (view.type == model::CellType::kDouble) return view.At<double>(row);
  return view.type == model::CellType::kInt64 ? static_cast<double>(view.At<std::int64_t>(row)) : std::nan("");
}

class Collector {
 public:
  Collector(const exporting::Plan& plan, std::int64_t window_ms) : plan_(plan), window_ms_(window_ms) {
    session_ = PlaceOf(model::ColumnKind::kSession, -1);
    participant_ = PlaceOf(model::ColumnKind::kParticipant, -1);
    time_ = PlaceOf(model::ColumnKind::kTime, -1);
    onset_ = PlaceOf(model::ColumnKind::kOnset, -1);
    for (std::size_t mean = 0; mean < kMeans.size(); ++mean) {
      const int field = plan.dataset->FieldNumber(kMeans[mean]);
      fields_[mean] = field < 0 ? plan.select.columns.size() : PlaceOf(model::ColumnKind::kField, field);
    }
  }

  Status Add(const model::ColumnBatch& batch) {
    for (std::size_t row = 0; row < batch.rows; ++row) {
      const auto& onsets = batch.columns[onset_];
      const auto& times = batch.columns[time_];
      if (onsets.IsNull(row) && times.IsNull(row)) continue;
      AddRow(batch, row);
    }
    if (windows_.size() > kMostWindows)
      return Fail(ErrorCode::kBadParameter, "There are too many windows; choose a larger aggregationWindow, or a room.",
                  "aggregationWindow");
    return {};
  }
  const Windows& Get() const { return windows_; }

 private:
  std::size_t PlaceOf(model::ColumnKind kind, int field) const {
    const auto& columns = plan_.select.columns;
    return static_cast<std::size_t>(
        std::find_if(columns.begin(), columns.end(), [&](const auto& one) { return one.kind == kind && one.field == field; }) -
        columns.begin());
  }

  std::int64_t StartOf(double milliseconds) const {
    return static_cast<std::int64_t>(std::floor(milliseconds / static_cast<double>(window_ms_))) * window_ms_;
  }

  void AddRow(const model::ColumnBatch& batch, std::size_t row) {
    const auto& onsets = batch.columns[onset_];
    const auto& times = batch.columns[time_];
    const auto& sessions = batch.columns[session_];
    const bool by_onset = !onsets.IsNull(row) && std::isfinite(onsets.At<double>(row));
    const double at = by_onset ? onsets.At<double>(row) : static_cast<double>(times.At<std::int64_t>(row)) / 1000.0;
    const std::int64_t start = StartOf(at);
    Window& window = windows_[{sessions.IsNull(row) ? -1 : sessions.At<std::int32_t>(row),
                               batch.columns[participant_].At<std::int32_t>(row), start, by_onset}];
    if (!times.IsNull(row)) {
      const Micros begin = times.At<std::int64_t>(row) - static_cast<Micros>((at - static_cast<double>(start)) * 1000.0);
      if (!window.time || begin < *window.time) window.time = begin;
    }
    ++window.samples;
    for (std::size_t mean = 0; mean < kMeans.size(); ++mean) {
      if (fields_[mean] >= batch.columns.size()) continue;
      const double value = NumberAt(batch.columns[fields_[mean]], row);
      window.means[mean].Add(value);
      if (mean == 0 && std::isfinite(value)) window.max_drift = std::max(window.max_drift.value_or(0), std::fabs(value));
    }
  }

  const exporting::Plan& plan_;
  const std::int64_t window_ms_;
  std::size_t session_, participant_, time_, onset_;
  std::array<std::size_t, kMeans.size()> fields_{};
  Windows windows_;
};

Table WindowTable(const Target& target, const exporting::Plan& plan, const Windows& windows) {
  Table table{{"metricId", "experimentId", "roomId", "sessionId", "deploymentId", "participantId", "timestamp", "onset", "timeDrift",
               "playbackRate", "syncQuality", "latency", "bufferHealth", "sampleCount", "maxDrift"},
              {}};
  std::uint64_t number = 0;
  const auto nobody = target.vault->ParticipantNumber(kNobody).value_or(-1);
  for (const auto& [key, window] : windows) {
    const auto& [session, participant, start, by_onset] = key;
    const std::string room = session < 0 ? "null" : QuotedJson(plan.people->SessionId(session));
    std::vector<std::string> row = {QuotedJson("window_" + std::to_string(++number)),
                                    QuotedJson(target.Experiment()),
                                    room,
                                    room,
                                    "null",
                                    participant == nobody ? "null" : QuotedJson(plan.people->ParticipantId(participant)),
                                    InstantJson(window.time),
                                    by_onset ? std::to_string(start) : "null"};
    for (const Mean& mean : window.means) row.push_back(mean.count == 0 ? "null" : NumberJson(mean.sum / static_cast<double>(mean.count)));
    row.push_back(std::to_string(window.samples));
    row.push_back(window.max_drift ? NumberJson(*window.max_drift) : "null");
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Answer GetWindows(native::Call& call, Service& service, const RecordType& type) {
  const Micros began = MonotonicNow();
  SHEAF_ASSIGN(DataQuery query, ReadDataQuery(call.request, type.sort));
  const auto intent = query.format == DataFormat::kJson ? access::Intent::kView : access::Intent::kExport;
  SHEAF_ASSIGN(const Target target, FindTarget({call, service, type.topic, intent}, query));
  Envelope envelope = EnvelopeFor(target, type.data_type, query, began);
  SHEAF_ASSIGN(envelope.experiment_started_at, StartOf(call, target));
  const auto dataset = DatasetOf(target, type);
  call.audit.dataset = dataset ? dataset->id : type.dataset;
  if (!dataset) return TableResponse(std::move(envelope), WindowTable(target, {}, {}), &call.audit.rows);
  DataQuery unsorted = query;
  unsorted.sort = "experimentId";  // the windows are sorted, not what is in them
  SHEAF_ASSIGN(const auto options, SelectRecords(target, type, *dataset, unsorted));
  SHEAF_ASSIGN(const auto plan, exporting::MakePlan(*target.vault, options, dataset->id, 0, call.Viewer(target.access)));
  SHEAF_ASSIGN(const auto cursor, exporting::ReadRows(*target.vault, plan, plan.select));
  Collector collector(plan, static_cast<std::int64_t>(*query.window_ms));
  while (true) {
    SHEAF_ASSIGN(const auto batch, cursor->Next());
    if (batch == nullptr) break;
    SHEAF_TRY(collector.Add(*batch));
  }
  Table table = WindowTable(target, plan, collector.Get());
  SHEAF_TRY(SortTable(table, query.sort, query.descending));
  return TableResponse(std::move(envelope), table, &call.audit.rows);
}

}  // namespace sheaf::api::hyperstudy
