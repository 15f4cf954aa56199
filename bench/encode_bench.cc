// How fast one core turns columns into text: `encode_bench [ROWS]`. The rows are those of the sensor benchmark:
// participant, time, onset, three doubles, one short text.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "export/encoder.h"
#include "export/plan.h"

namespace {

using namespace sheaf;
using exporting::OutputColumn;
using exporting::Plan;
using model::ColumnKind;
using model::FieldType;

constexpr std::size_t kBatchRows = 2048;
constexpr std::size_t kPeople = 2000;
constexpr std::size_t kBatches = 32;  // different ones, so that the processor cannot learn the rows by heart

class People final : public vault::PeopleView {
 public:
  People() {
    for (std::size_t number = 0; number < kPeople; ++number) ids_.push_back(std::to_string(10000 + number).insert(0, 1, 'P'));
  }
  std::string_view ParticipantId(std::int32_t number) const override { return ids_[static_cast<std::size_t>(number)]; }
  std::string_view SessionId(std::int32_t number) const override { return ids_[static_cast<std::size_t>(number)]; }
  std::int32_t ParticipantLimit() const override { return static_cast<std::int32_t>(ids_.size()); }
  std::int32_t SessionLimit() const override { return 0; }

 private:
  std::vector<std::string> ids_;
};

model::StringCell ShortText(std::string_view text) {
  model::StringCell cell{};
  cell.inlined.length = static_cast<std::uint32_t>(text.size());
  std::memcpy(cell.inlined.text, text.data(), text.size());
  return cell;
}

// Columns of one batch, made once and encoded again and again.
struct Columns {
  std::vector<std::int32_t> participant, option;
  std::vector<std::int64_t> time, seq;
  std::vector<double> onset, measured[3];
  std::vector<model::StringCell> text, none;
  std::vector<std::uint64_t> nothing;

  Columns(int decimals, std::uint64_t seed) : nothing(kBatchRows / 64, 0) {
    static constexpr const char* kActivities[] = {"walking", "sitting", "running", "cycling", "lying down"};
    std::mt19937_64 random(seed);
    std::normal_distribution<double> acceleration(0, 9.81);
    const double scale = std::pow(10.0, decimals);
    for (std::size_t row = 0; row < kBatchRows; ++row) {
      participant.push_back(static_cast<std::int32_t>(random() % kPeople));
      option.push_back(static_cast<std::int32_t>(random() % 5));
      time.push_back(1'767'225'600'000'000 + static_cast<std::int64_t>(row) * 20'000);
      seq.push_back(static_cast<std::int64_t>(row) + 1'000'000);
      onset.push_back(static_cast<double>(row) * 20);
      for (auto& values : measured) {
        const double value = acceleration(random);
        values.push_back(decimals < 0 ? value : std::round(value * scale) / scale);
      }
      text.push_back(ShortText(kActivities[random() % 5]));
      none.push_back({});
    }
  }
};

model::ColumnView View(const Columns& columns, const model::Column& column) {
  switch (column.kind) {
    case ColumnKind::kParticipant: return {model::CellType::kInt32, columns.participant.data(), nullptr, nullptr};
    case ColumnKind::kTime:
    case ColumnKind::kReceived:
    case ColumnKind::kUpdated: return {model::CellType::kInt64, columns.time.data(), nullptr, nullptr};
    case ColumnKind::kSeq: return {model::CellType::kInt64, columns.seq.data(), nullptr, nullptr};
    case ColumnKind::kOnset: return {model::CellType::kDouble, columns.onset.data(), nullptr, nullptr};
    case ColumnKind::kField: break;
    default: return {model::CellType::kString, columns.none.data(), columns.nothing.data(), nullptr};
  }
  if (column.field < 3) return {model::CellType::kDouble, columns.measured[column.field].data(), nullptr, nullptr};
  if (column.field == 3) return {model::CellType::kString, columns.text.data(), nullptr, nullptr};
  return {model::CellType::kInt32, columns.option.data(), nullptr, nullptr};
}

Plan SensorPlan(const exporting::ExportOptions& options) {
  auto dataset = std::make_shared<model::Dataset>();
  dataset->id = dataset->name = "motion";
  for (const char* id : {"x", "y", "z", "activity"}) {
    model::Field field;
    field.id = field.name = field.label = id;
    field.type = std::strlen(id) == 1 ? FieldType::kDouble : FieldType::kString;
    dataset->fields.push_back(field);
  }
  Plan plan;
  plan.dataset = dataset;
  plan.people = std::make_shared<People>();
  plan.options = options;
  const auto add = [&plan](ColumnKind kind, std::int32_t field, FieldType type, std::string name) {
    OutputColumn output;
    output.source = plan.select.columns.size();
    output.column = {kind, field, {}};
    output.type = type;
    output.field = field < 0 ? nullptr : &plan.dataset->fields[static_cast<std::size_t>(field)];
    output.name = output.title = std::move(name);
    plan.select.columns.push_back(output.column);
    plan.output.push_back(output);
  };
  add(ColumnKind::kParticipant, -1, FieldType::kIdentifier, "participant");
  add(ColumnKind::kTime, -1, FieldType::kDatetime, "time");
  add(ColumnKind::kOnset, -1, FieldType::kDouble, "onset_ms");
  for (std::int32_t field = 0; field < 4; ++field) {
    const model::Field& defined = plan.dataset->fields[static_cast<std::size_t>(field)];
    add(ColumnKind::kField, field, defined.type, defined.id);
  }
  plan.skipped_source = plan.select.columns.size();
  plan.select.columns.push_back({ColumnKind::kSkipped, -1, {}});
  return plan;
}

// Of this thread, so that a busy machine does not count.
double CpuSeconds() {
  std::timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void Measure(const char* title, const Plan& plan, const std::vector<Columns>& columns, std::size_t rows) {
  std::vector<model::ColumnBatch> batches(columns.size());
  for (std::size_t number = 0; number < batches.size(); ++number) {
    batches[number].rows = kBatchRows;
    for (const model::Column& column : plan.select.columns) batches[number].columns.push_back(View(columns[number], column));
  }
  const auto encoder = exporting::MakeEncoder(plan);
  std::string out;
  std::uint64_t bytes = 0;
  const double begin = CpuSeconds();
  for (std::size_t done = 0; done < rows; done += kBatchRows) {
    out.clear();
    encoder->Encode(batches[done / kBatchRows % batches.size()], 0, kBatchRows, done == 0, out);
    bytes += out.size();
  }
  const double seconds = CpuSeconds() - begin;
  std::printf("%-34s %7.0f MB/s  %6.1f ns/row  %5.1f bytes/row\n", title, static_cast<double>(bytes) / 1e6 / seconds,
              seconds * 1e9 / static_cast<double>(rows), static_cast<double>(bytes) / static_cast<double>(rows));
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t rows = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1'000'000;
  for (const int decimals : {3, 6, -1}) {
    std::vector<Columns> columns;
    for (std::size_t seed = 0; seed < kBatches; ++seed) columns.emplace_back(decimals, seed);
    std::printf("%zu sensor rows, %s\n", rows, decimals < 0 ? "doubles of full precision" : decimals == 3 ? "3 decimals" : "6 decimals");
    exporting::ExportOptions options;
    Measure("  csv", SensorPlan(options), columns, rows);
    options.profile = exporting::CsvProfile::kExcelEu;
    Measure("  csv excel-eu", SensorPlan(options), columns, rows);
    options.profile = exporting::CsvProfile::kRfc4180;
    options.timezone = "Europe/Berlin";
    Measure("  csv in Europe/Berlin", SensorPlan(options), columns, rows);
    options.timezone.clear();
    options.columns = "participant,time,onset_ms,x,y,z,activity";
    options.format = exporting::Format::kNdjson;
    Measure("  ndjson", SensorPlan(options), columns, rows);
    options.format = exporting::Format::kJson;
    Measure("  json", SensorPlan(options), columns, rows);
  }
  return 0;
}
