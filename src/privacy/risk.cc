#include "privacy/risk.h"

#include <sodium.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <utility>

#include "model/strict_json.h"

namespace sheaf::privacy {
namespace {

using model::CellType;
using model::ColumnBatch;
using model::ColumnView;

constexpr std::uint64_t kPeopleAtOnce = 10'000;

template <class T>
void AddBytes(const T& value, std::string& bytes) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AddText(std::string_view text, std::string& bytes) {
  AddBytes(static_cast<std::uint32_t>(text.size()), bytes);
  bytes += text;
}

void AddCell(const ColumnView& view, std::size_t row, std::string& bytes) {
  if (view.IsNull(row)) {
    bytes += '\0';
    return;
  }
  bytes += '\1';
  switch (view.type) {
    case CellType::kInt16: return AddBytes(view.At<std::int16_t>(row), bytes);
    case CellType::kInt32: return AddBytes(view.At<std::int32_t>(row), bytes);
    case CellType::kInt64: return AddBytes(view.At<std::int64_t>(row), bytes);
    case CellType::kDouble: {
      const double number = view.At<double>(row);
      return AddBytes(number == 0 ? 0.0 : number, bytes);
    }
    case CellType::kBool: return AddBytes(view.At<bool>(row), bytes);
    case CellType::kString: return AddText(view.At<model::StringCell>(row).View(), bytes);
    case CellType::kInt32List: {
      const auto& cell = view.At<model::ListCell>(row);
      std::vector<std::int32_t> options(view.child + cell.offset, view.child + cell.offset + cell.length);
      std::sort(options.begin(), options.end());
      AddBytes(static_cast<std::uint32_t>(options.size()), bytes);
      for (const auto option : options) AddBytes(option, bytes);
      return;
    }
  }
}

std::size_t CellSize(CellType type) {
  switch (type) {
    case CellType::kInt16: return sizeof(std::int16_t);
    case CellType::kInt32: return sizeof(std::int32_t);
    case CellType::kInt64: return sizeof(std::int64_t);
    case CellType::kDouble: return sizeof(double);
    case CellType::kBool: return sizeof(bool);
    case CellType::kString: return sizeof(model::StringCell);
    case CellType::kInt32List: return sizeof(model::ListCell);
  }
  return 0;
}

//! Some rows of a batch, in order.
std::shared_ptr<const ColumnBatch> Gather(const std::shared_ptr<const ColumnBatch>& from, const std::vector<std::size_t>& rows) {
  struct Gathered {
    ColumnBatch batch;
    std::vector<std::unique_ptr<std::uint64_t[]>> memory;
  };
  auto made = std::make_shared<Gathered>();
  made->batch.rows = rows.size();
  made->batch.owner = from;
  for (const ColumnView& view : from->columns) {
    ColumnView& column = made->batch.columns.emplace_back(view);
    const std::size_t size = CellSize(view.type);
    auto& cells = made->memory.emplace_back(std::make_unique<std::uint64_t[]>(rows.size() * size / 8 + 1));
    auto* const to = reinterpret_cast<char*>(cells.get());
    for (std::size_t row = 0; row < rows.size(); ++row)
      std::memcpy(to + row * size, static_cast<const char*>(view.data) + rows[row] * size, size);
    column.data = to;
    if (view.validity == nullptr) continue;
    auto& validity = made->memory.emplace_back(std::make_unique<std::uint64_t[]>(rows.size() / 64 + 1));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (!view.IsNull(rows[row])) validity[row >> 6] |= std::uint64_t{1} << (row & 63);
    }
    column.validity = validity.get();
  }
  return std::shared_ptr<const ColumnBatch>(made, &made->batch);
}

class LargeClassesCursor final : public vault::Cursor {
 public:
  LargeClassesCursor(std::unique_ptr<vault::Cursor> cursor, std::shared_ptr<const RiskTable> table, std::uint64_t least_allowed,
                     std::size_t participant, std::vector<std::size_t> quasi)
      : cursor_(std::move(cursor)),
        table_(std::move(table)),
        least_allowed_(least_allowed),
        participant_(participant),
        quasi_(std::move(quasi)) {}

  Result<std::shared_ptr<const ColumnBatch>> Next() override {
    while (true) {
      auto next = cursor_->Next();
      if (!next || *next == nullptr) return next;
      rows_.clear();
      for (std::size_t row = 0; row < (*next)->rows; ++row) {
        if (!table_->IsSmall(table_->ClassOf(**next, row, participant_, quasi_, scratch_), least_allowed_)) rows_.push_back(row);
      }
      if (rows_.size() == (*next)->rows) return next;
      if (!rows_.empty()) return Gather(*next, rows_);
    }
  }
  bool Resumable() const override { return cursor_->Resumable(); }
  void Suspend() override { cursor_->Suspend(); }
  void Interrupt() override { cursor_->Interrupt(); }

 private:
  const std::unique_ptr<vault::Cursor> cursor_;
  const std::shared_ptr<const RiskTable> table_;
  const std::uint64_t least_allowed_;
  const std::size_t participant_;
  const std::vector<std::size_t> quasi_;
  std::vector<std::size_t> rows_;
  std::string scratch_;
};

}  // namespace

bool RiskTable::NumberSet::Insert(std::uint64_t number) {
  if (number == 0) number = 1;  // 0 is an empty slot
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = number & mask;
  for (; slots_[at] != 0; at = (at + 1) & mask) {
    if (slots_[at] == number) return false;
  }
  slots_[at] = number;
  if (++size_ * 2 <= slots_.size()) return true;
  std::vector<std::uint64_t> larger(slots_.size() * 2);
  for (const std::uint64_t kept : slots_) {
    if (kept == 0) continue;
    std::size_t place = kept & (larger.size() - 1);
    while (larger[place] != 0) place = (place + 1) & (larger.size() - 1);
    larger[place] = kept;
  }
  slots_.swap(larger);
  return true;
}

RiskTable::RiskTable(RiskColumns columns) : columns_(std::move(columns)) { randombytes_buf(key_.data(), key_.size()); }

std::uint64_t RiskTable::Hash(std::string_view bytes) const {
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<unsigned char*>(&hash), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                   key_.data());
  return hash;
}

Status RiskTable::LoadAttributes(vault::StudyVault& study) {
  if (columns_.attributes.empty()) return {};
  vault::ListOptions options;
  options.limit = kPeopleAtOnce;
  std::string bytes;
  do {
    SHEAF_ASSIGN(auto page, study.Participants(options));
    for (const auto& participant : page.items) {
      boost::json::value value;
      if (!model::ParseDataJson(participant.attributes, value) || !value.is_object()) value = boost::json::object();
      bytes.clear();
      for (const auto& name : columns_.attributes) {
        const auto* member = value.get_object().if_contains(name);
        std::string text = member == nullptr     ? std::string()
                           : member->is_string() ? std::string(member->get_string())
                                                 : model::CompactJson(*member);
        const auto rule = columns_.generalisation.find("participant." + name);
        if (rule != columns_.generalisation.end()) text = CoarseText(text, rule->second);
        AddText(text, bytes);
      }
      const auto place = static_cast<std::size_t>(std::max(participant.number, 0));
      if (place >= attributes_.size()) attributes_.resize(place + 1);
      attributes_[place] = Hash(bytes);
    }
    options.after = page.next;
  } while (!options.after.empty());
  return {};
}

std::uint64_t RiskTable::ClassOf(const ColumnBatch& batch, std::size_t row, std::size_t participant, const std::vector<std::size_t>& quasi,
                                 std::string& scratch) const {
  scratch.clear();
  for (const std::size_t column : quasi) AddCell(batch.columns[column], row, scratch);
  const auto number = static_cast<std::size_t>(std::max(batch.columns[participant].At<std::int32_t>(row), 0));
  if (number < attributes_.size()) AddBytes(attributes_[number], scratch);
  return Hash(scratch);
}

bool RiskTable::IsSmall(std::uint64_t row_class, std::uint64_t least_allowed) const {
  const auto found = classes_.find(row_class);
  return found == classes_.end() || found->second.participants < least_allowed;
}

Status RiskTable::Add(const ColumnBatch& batch, std::size_t participant, const std::vector<std::size_t>& quasi,
                      const std::vector<std::size_t>& sensitive) {
  std::string scratch;
  for (std::size_t row = 0; row < batch.rows; ++row) {
    const std::uint64_t hash = ClassOf(batch, row, participant, quasi, scratch);
    Class& in = classes_[hash];
    if (in.values.empty()) in.values.resize(columns_.sensitive.size());
    ++in.records;
    const std::int32_t number = batch.columns[participant].At<std::int32_t>(row);
    people_.Insert(static_cast<std::uint64_t>(static_cast<std::uint32_t>(number)) + 2);
    scratch.clear();
    AddBytes(hash, scratch);
    AddBytes(number, scratch);
    if (members_.Insert(Hash(scratch))) ++in.participants;
    for (std::size_t field = 0; field < sensitive.size(); ++field) {
      if (batch.columns[sensitive[field]].IsNull(row)) continue;
      scratch.clear();
      AddBytes(hash, scratch);
      AddBytes(static_cast<std::uint32_t>(field), scratch);
      AddCell(batch.columns[sensitive[field]], row, scratch);
      if (values_.Insert(Hash(scratch))) ++in.values[field];
    }
  }
  if (members_.Size() <= kMostRiskPairs && values_.Size() <= kMostRiskPairs && classes_.size() <= kMostRiskPairs) return {};
  return Fail(ErrorCode::kRiskTooLarge, "There are more than " + std::to_string(kMostRiskPairs) +
                                            " combinations of quasi-identifiers and participants or sensitive values.");
}

RiskReport RiskTable::Report(std::uint64_t least_allowed) const {
  RiskReport report;
  report.least_allowed = least_allowed;
  report.participants = people_.Size();
  report.classes = classes_.size();
  for (const auto& [hash, in] : classes_) {
    report.records += in.records;
    report.k = report.k == 0 ? in.participants : std::min(report.k, in.participants);
    if (in.participants < least_allowed) {
      ++report.small_cells;
      report.small_records += in.records;
    }
    for (std::size_t field = 0; field < columns_.sensitive.size(); ++field) {
      if (in.values[field] == 0) continue;
      auto& least = report.l[columns_.sensitive[field]];
      least = least == 0 ? in.values[field] : std::min<std::uint64_t>(least, in.values[field]);
    }
  }
  return report;
}

std::string RiskJson(const std::string& dataset, const RiskReport& report, const RiskColumns& columns, bool suppressed) {
  namespace json = boost::json;
  json::object fields;
  std::optional<std::uint64_t> least;
  for (const auto& [name, l] : report.l) {
    fields[name] = l;
    least = least ? std::min(*least, l) : l;
  }
  json::array quasi(columns.quasi.begin(), columns.quasi.end());
  for (const auto& name : columns.attributes) quasi.emplace_back("participant." + name);
  json::object object{{"dataset", dataset},
                      {"k", report.k},
                      {"l", json::object{{"least", least ? json::value(*least) : json::value(nullptr)}, {"fields", std::move(fields)}}},
                      {"classes", report.classes},
                      {"small_cells", report.small_cells},
                      {"least_allowed", report.least_allowed},
                      {"records", report.records},
                      {"participants", report.participants},
                      {"quasi_identifiers", std::move(quasi)}};
  if (suppressed) object["suppressed"] = json::object{{"records", report.small_records}};
  return json::serialize(object);
}

std::unique_ptr<vault::Cursor> WithoutSmallClasses(std::unique_ptr<vault::Cursor> cursor, std::shared_ptr<const RiskTable> table,
                                                   std::uint64_t least_allowed, std::size_t participant, std::vector<std::size_t> quasi) {
  return std::make_unique<LargeClassesCursor>(std::move(cursor), std::move(table), least_allowed, participant, std::move(quasi));
}

}  // namespace sheaf::privacy
