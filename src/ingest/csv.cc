#include <array>
#include <optional>

#include "base/ids.h"
#include "ingest/csv_cells.h"
#include "ingest/decoders.h"

namespace sheaf::ingest {
namespace {

enum class Target : std::uint8_t { kField, kParticipant, kSession, kId, kTime, kTimeOffset, kOnset, kSkipped, kMetadata, kIgnored };

struct NamedTarget {
  std::string_view name;
  Target target;
};
constexpr std::array<NamedTarget, 11> kNamedTargets = {{{"participant", Target::kParticipant},
                                                        {"session", Target::kSession},
                                                        {"id", Target::kId},
                                                        {"time", Target::kTime},
                                                        {"time_offset", Target::kTimeOffset},
                                                        {"onset_ms", Target::kOnset},
                                                        {"skipped", Target::kSkipped},
                                                        {"metadata", Target::kMetadata},
                                                        {"seq", Target::kIgnored},
                                                        {"updated_at", Target::kIgnored},
                                                        {"received_at", Target::kIgnored}}};

struct Column {
  Target target = Target::kIgnored;
  int field = -1;
};

constexpr std::size_t kMaxCells = model::kMaxFields + kNamedTargets.size();

class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections)
      : row_(std::move(dataset), std::move(batches)),
        cells_(row_),
        rejections_(std::move(rejections)),
        reader_(',', kMaxRecordBytes, kMaxCells, [this](const CsvRow& row) { return header_read_ ? TakeRow(row) : TakeHeader(row); }) {}

  void Bar(Barred barred) override { row_.Bar(std::move(barred)); }
  Status Feed(std::span<const char> bytes) override { return reader_.Feed({bytes.data(), bytes.size()}); }

  Status Finish() override {
    SHEAF_TRY(reader_.Finish());
    if (!header_read_) return Fail(ErrorCode::kBadCsv, "The CSV has no header.", "line 1");
    return row_.Flush();
  }

 private:
  Status TakeHeader(const CsvRow& row) {
    const std::string place = "line " + std::to_string(row.line);
    if (row.cell_count > row.cells.size())
      return Fail(ErrorCode::kBadCsv, "The header has more columns than a dataset can have fields.", place);
    if (!row.fault.empty()) return Fail(ErrorCode::kBadCsv, std::string(row.fault), place);
    std::array<bool, kNamedTargets.size()> named{};
    std::vector<bool> fields(row_.FieldCount());
    for (const CsvCell& cell : row.cells) {
      if (!IsUtf8(cell.text)) return Fail(ErrorCode::kBadUtf8, "The header is not valid UTF-8.", place);
      const std::optional<std::size_t> known = NamedTargetOf(cell.text);
      const int field = known ? -1 : FieldOf(cell.text);
      if (!known && field < 0) {
        return Fail(ErrorCode::kUnknownField, "The dataset has no field for the column " + Excerpt(cell.text) + ".",
                    std::string(cell.text.substr(0, 64)));
      }
      auto&& seen_before = [&] {
        const bool seen = known ? named[*known] : fields[static_cast<std::size_t>(field)];
        if (known) named[*known] = true;
        else fields[static_cast<std::size_t>(field)] = true;
        return seen;
      }();
      if (seen_before) return Fail(ErrorCode::kBadCsv, "The header has the column " + Excerpt(cell.text) + " twice.", place);
      columns_.push_back({known ? kNamedTargets[*known].target : Target::kField, field});
    }
    if (!named[0]) return Fail(ErrorCode::kMissingParticipant, "The header has no column \"participant\".", place);
    header_read_ = true;
    return {};
  }

  static std::optional<std::size_t> NamedTargetOf(std::string_view name) {
    for (std::size_t place = 0; place < kNamedTargets.size(); ++place) {
      if (kNamedTargets[place].name == name) return place;
    }
    return std::nullopt;
  }

  // By id, else by a name that only one field has.
  int FieldOf(std::string_view name) const {
    if (const int field = row_.FindField(name); field >= 0) return field;
    int found = -1;
    for (std::size_t field = 0; field < row_.FieldCount(); ++field) {
      if (row_.Definition().fields[field].name != name) continue;
      if (found >= 0) return -1;
      found = static_cast<int>(field);
    }
    return found;
  }

  Status TakeRow(const CsvRow& row) {
    row_.Begin();
    if (!PutRow(row) || !row_.Finish()) {
      row_.Discard();
      Fault fault = row_.TakeFault();
      return rejections_({row.line, std::move(fault.field), fault.code, std::move(fault.sentence)});
    }
    return row_.FlushIfFull();
  }

  bool PutRow(const CsvRow& row) {
    if (!row.fault.empty()) return row_.Fail(ErrorCode::kBadCsv, {}, std::string(row.fault));
    if (row.cell_count != columns_.size()) {
      return row_.Fail(ErrorCode::kBadCsv, {},
                       "The row has " + std::to_string(row.cell_count) + " cells, the header " + std::to_string(columns_.size()) + ".");
    }
    // Once for the row: what separates cells is ASCII, so the row is valid when all cells are.
    if (!IsUtf8(row.text)) return NotUtf8(row);
    for (std::size_t place = 0; place < columns_.size(); ++place) {
      if (!PutCell(columns_[place], row.cells[place])) return false;
    }
    return true;
  }

  bool NotUtf8(const CsvRow& row) {
    std::string_view field;
    for (std::size_t place = 0; place < columns_.size(); ++place) {
      if (IsUtf8(row.cells[place].text)) continue;
      if (columns_[place].field >= 0) field = row_.FieldAt(columns_[place].field).id;
      break;
    }
    return row_.Fail(ErrorCode::kBadUtf8, field, "The row is not valid UTF-8.");
  }

  bool PutCell(const Column& column, const CsvCell& cell) {
    switch (column.target) {
      case Target::kField: return cells_.PutField(column.field, cell);
      case Target::kParticipant: return row_.SetParticipant(cell.text);
      case Target::kSession: return row_.SetSession(cell.text);
      case Target::kId: return row_.SetRecordId(cell.text);
      case Target::kTime: return cell.text.empty() || row_.SetTime(cell.text);
      case Target::kTimeOffset: return cell.text.empty() || row_.SetTimeOffset(cell.text);
      case Target::kOnset: return cells_.PutOnset(cell.text);
      case Target::kSkipped: return cells_.PutSkippedList(cell.text);
      case Target::kMetadata: return cells_.PutMetadata(cell.text);
      case Target::kIgnored: return true;
    }
    return false;
  }

  RowBuilder row_;
  CsvCells cells_;
  RejectionSink rejections_;
  CsvReader reader_;
  bool header_read_ = false;
  std::vector<Column> columns_;
};

}  // namespace

std::unique_ptr<Decoder> MakeCsvDecoder(std::shared_ptr<const model::Dataset> dataset, BatchSink batches, RejectionSink rejections) {
  return std::make_unique<CsvDecoder>(std::move(dataset), std::move(batches), std::move(rejections));
}

}  // namespace sheaf::ingest
