#include "export/page.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "export/encoder.h"
#include "export/encoder_formats.h"
#include "export/json_text.h"
#include "export/page_cursor.h"
#include "export/plan.h"
#include "export/row_positions.h"
#include "export/rows.h"

namespace sheaf::exporting {
namespace {

using model::Column;
using model::ColumnKind;
using SortValue = std::optional<model::Value>;

// A page ends early beyond this: its records may be large.
constexpr std::size_t kMaxPageBytes = 16u << 20;

tl::unexpected<Error> BadCursor() { return Fail(ErrorCode::kBadCursor, "It is not a cursor of a page of this list.", "cursor"); }

// The list in one text: what a cursor belongs to. Columns and page size may change from page to page.
std::string ListName(const std::string& study, std::string_view dataset, const ExportOptions& options) {
  ExportOptions list;
  list.format = Format::kJson;
  list.filter = options.filter;
  list.sort = options.sort;
  list.participants = options.participants;
  list.sessions = options.sessions;
  list.since = options.since;
  list.until = options.until;
  list.test = options.test;
  list.privacy = options.privacy;
  list.consented_only = options.consented_only;
  list.consent_purpose = options.consent_purpose;
  return JsonText(study) + "/" + JsonText(dataset) + OptionsJson(list);
}

// What type the values of a sort key have.
model::CellType SortTypeOf(const Column& key, const model::Dataset& dataset) {
  if (key.kind == ColumnKind::kParticipant || key.kind == ColumnKind::kSession) return model::CellType::kString;  // their ids
  return model::CellTypeOf(key, dataset);
}

bool HasType(const SortValue& value, model::CellType type) {
  if (!value) return true;
  switch (type) {
    case model::CellType::kString: return std::holds_alternative<std::string>(*value);
    case model::CellType::kDouble: return std::holds_alternative<double>(*value) && std::isfinite(std::get<double>(*value));
    case model::CellType::kBool: return std::holds_alternative<bool>(*value);
    case model::CellType::kInt32List: return false;
    default: return std::holds_alternative<std::int64_t>(*value);
  }
}

class PageReader {
 public:
  PageReader(vault::StudyVault& study, Plan& plan) : study_(study), plan_(plan), positions_(study, plan) {}

  Status Begin(std::uint64_t limit, const std::optional<PageCursor>& cursor);
  //! Appends the records.
  Status Read(std::uint64_t limit, std::string& out);
  bool HasMore() const { return has_more_; }
  std::uint64_t Rows() const { return rows_; }
  const vault::Select::Position& Last() const { return last_; }

 private:
  vault::StudyVault& study_;
  Plan& plan_;
  RowPositions positions_;
  bool has_more_ = false;
  std::uint64_t rows_ = 0;
  vault::Select::Position last_;
};

Status PageReader::Begin(std::uint64_t limit, const std::optional<PageCursor>& cursor) {
  vault::Select& select = plan_.select;
  SHEAF_TRY(positions_.Begin());
  if (cursor) {
    std::vector<SortValue> values = cursor->values;
    if (values.empty() && !select.order.empty()) {
      auto found = positions_.Find(cursor->seq);
      if (!found) return found.error().code == ErrorCode::kNotFound ? BadCursor() : Fail(std::move(found).error());
      values = *std::move(found);
    }
    if (values.size() != select.order.size()) return BadCursor();
    for (std::size_t key = 0; key < values.size(); ++key) {
      if (!HasType(values[key], SortTypeOf(select.order[key].column, *plan_.dataset))) return BadCursor();
    }
    select.position = vault::Select::Position{std::move(values), cursor->seq};
  }
  select.limit = limit + 1;
  return {};
}

Status PageReader::Read(std::uint64_t limit, std::string& out) {
  const auto encoder = MakeEncoder(plan_);
  SHEAF_ASSIGN(auto rows, ReadRows(study_, plan_, plan_.select));
  std::uint64_t written = 0;
  while (!has_more_) {
    SHEAF_ASSIGN(const auto batch, rows->Next());
    if (batch == nullptr) break;
    for (std::size_t row = 0; row < batch->rows; ++row) {
      if (written == limit || out.size() > kMaxPageBytes) {
        has_more_ = true;
        break;
      }
      encoder->Encode(*batch, row, row + 1, written == 0, out);
      ++written;
      ++rows_;
      // The next page begins behind the last row written; which one that is shows only later.
      if (written == limit || row + 1 == batch->rows || out.size() > kMaxPageBytes) { last_ = positions_.Of(*batch, row); }
    }
  }
  return {};
}

}  // namespace

Result<std::string> RenderPage(vault::StudyVault& study, std::string_view dataset, const PageOptions& page, std::uint64_t* rows) {
  if (page.limit < 1 || page.limit > kMaxPage) {
    return Fail(ErrorCode::kBadParameter, "A page has 1 to " + std::to_string(kMaxPage) + " records.", "limit");
  }
  ExportOptions options = ForViewer(page.options, page.viewer.rights);
  options.format = Format::kJson;
  if (options.privacy.on_risk == privacy::RiskAction::kSuppress)
    return Fail(ErrorCode::kBadParameter, "Pages leave no records out; require_k fails, or ask for an export.", "on_risk");
  const std::string list = ListName(study.StudyId(), dataset, options);
  std::optional<PageCursor> cursor;
  if (!page.cursor.empty()) {
    cursor = ParsePageCursor(page.cursor, list);
    if (!cursor) return BadCursor();
    options.tombstones = false;  // the first page had them
  }
  SHEAF_ASSIGN(Plan plan, MakePlan(study, options, dataset, cursor ? cursor->upto : 0, page.viewer));
  SHEAF_TRY(PreparePlan(study, plan));
  PageReader reader(study, plan);
  SHEAF_TRY(reader.Begin(page.limit, cursor));

  std::uint64_t total = cursor ? cursor->total : 0;
  if (!cursor) { SHEAF_ASSIGN(total, CountRows(study, plan)); }
  std::string json = "{\"records\":[";
  SHEAF_TRY(reader.Read(page.limit, json));
  if (rows != nullptr) *rows = reader.Rows();
  json += "\n]";
  if (options.tombstones) json += ",\"deleted\":" + TombstonesJson(plan.tombstones);
  const std::string next =
      reader.HasMore() ? PageCursorText({plan.select.upto, reader.Last().seq, total, reader.Last().values}, list) : plan.cursor;
  if (plan.rewriter && plan.rewriter->Rules().remove) {
    const auto masked = plan.rewriter->Counts();
    json += ",\"masked\":{\"emails\":" + std::to_string(masked.emails) + ",\"ip_addresses\":" + std::to_string(masked.ip_addresses) +
            ",\"ids\":" + std::to_string(masked.ids) + "}";
  }
  json += ",\"cursor\":" + JsonText(next) + ",\"has_more\":" + (reader.HasMore() ? "true" : "false") +
          ",\"total\":" + std::to_string(total) + "}\n";
  return json;
}

}  // namespace sheaf::exporting
