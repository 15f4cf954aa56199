#include "privacy/rewrite.h"

#include <sodium.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <utility>

#include "model/strict_json.h"
#include "privacy/json_rewrite.h"
#include "privacy/mask.h"

namespace sheaf::privacy {
namespace {

using model::ColumnBatch;
using model::ColumnKind;
using model::ColumnView;
using model::FieldType;
using model::StringCell;

constexpr std::int64_t kDay = 86'400'000'000;

enum class Change : std::uint8_t {
  kNone,
  kRecordCode,
  kText,
  kIdentifier,
  kJson,
  kMetadata,
  kSkipped,
  kTime,
  kInteger,
  kDouble,
  kRoundText
};

struct ColumnRule {
  Change change = Change::kNone;
  const Coarsening* coarse = nullptr;
  bool round = false;
};

//! Bytes of changed cells, in blocks that never move.
class Arena {
 public:
  StringCell Keep(std::string_view text) {
    StringCell cell;
    std::memset(&cell, 0, sizeof cell);
    cell.inlined.length = static_cast<std::uint32_t>(text.size());
    if (text.size() <= sizeof cell.inlined.text) {
      std::memcpy(cell.inlined.text, text.data(), text.size());
      return cell;
    }
    char* const at = Room(text.size());
    std::memcpy(at, text.data(), text.size());
    std::memcpy(cell.pointer.prefix, at, sizeof cell.pointer.prefix);
    cell.pointer.data = at;
    return cell;
  }

 private:
  char* Room(std::size_t size) {
    constexpr std::size_t kBlock = 32u << 10;
    if (size > left_) {
      left_ = std::max(size, kBlock);
      blocks_.push_back(std::make_unique<char[]>(left_));
      at_ = blocks_.back().get();
    }
    char* const room = at_;
    at_ += size;
    left_ -= size;
    return room;
  }
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
};

struct RewrittenBatch {
  ColumnBatch batch;
  Arena arena;
  std::vector<std::unique_ptr<StringCell[]>> texts;
  std::vector<std::unique_ptr<std::int64_t[]>> integers;
  std::vector<std::unique_ptr<double[]>> doubles;
};

}  // namespace

class RewrittenCursor final : public vault::Cursor {
 public:
  RewrittenCursor(std::unique_ptr<vault::Cursor> cursor, const Rewriter& rewriter, const std::vector<model::Column>& columns,
                  vault::StudyVault& study)
      : cursor_(std::move(cursor)), rewriter_(rewriter), rules_(rewriter.Rules()), study_(study), people_(study.People()) {
    for (std::size_t place = 0; place < columns.size(); ++place) {
      column_rules_.push_back(RuleOf(columns[place]));
      if (columns[place].kind == ColumnKind::kParticipant) participant_place_ = place;
    }
    if (rules_.remove) {
      for (const auto& field : rules_.dataset->fields) {
        if (field.privacy == model::PrivacyClass::kDirect) direct_.push_back(field.id);
      }
    }
    const auto code_text = [this](std::string_view text, std::string& out) { return ReplaceText(text, false, out); };
    if (MasksTexts()) json_rules_.text = code_text;
    json_rules_.location_decimals = rules_.location_decimals;
  }

  Result<std::shared_ptr<const ColumnBatch>> Next() override {
    auto next = cursor_->Next();
    if (!next || *next == nullptr) return next;
    auto made = std::make_shared<RewrittenBatch>();
    made->batch.rows = (*next)->rows;
    made->batch.columns = (*next)->columns;
    made->batch.owner = *next;
    counts_ = {};
    for (std::size_t place = 0; place < column_rules_.size(); ++place) Rewrite(column_rules_[place], made->batch.columns[place], *made);
    if (counts_ != MaskCounts{}) rewriter_.Add(counts_);
    return std::shared_ptr<const ColumnBatch>(made, &made->batch);
  }
  bool Resumable() const override { return cursor_->Resumable(); }
  void Suspend() override { cursor_->Suspend(); }
  void Interrupt() override { cursor_->Interrupt(); }

 private:
  bool MasksTexts() const { return rules_.remove || !rules_.own.empty(); }

  const Coarsening* CoarseningOf(std::string_view name) const {
    const auto found = rules_.generalisation.find(name);
    return found == rules_.generalisation.end() ? nullptr : &found->second;
  }

  ColumnRule TimeRule(std::string_view name) const {
    const Coarsening* coarse = CoarseningOf(name);
    return {rules_.shift_dates || coarse != nullptr ? Change::kTime : Change::kNone, coarse, false};
  }

  ColumnRule RuleOf(const model::Column& column) const {
    switch (column.kind) {
      case ColumnKind::kRecordId: return {rules_.remove ? Change::kRecordCode : Change::kNone};
      case ColumnKind::kTime: return TimeRule("time");
      case ColumnKind::kReceived: return TimeRule("received_at");
      case ColumnKind::kUpdated: return TimeRule("updated_at");
      case ColumnKind::kMetadata:
        if (column.field >= 0) return {MasksTexts() || rules_.location_decimals ? Change::kJson : Change::kNone};
        return {MasksTexts() || rules_.location_decimals ? Change::kMetadata : Change::kNone};
      case ColumnKind::kSkipped: return {rules_.remove ? Change::kSkipped : Change::kNone};
      case ColumnKind::kField: return FieldRule(rules_.dataset->fields[static_cast<std::size_t>(column.field)]);
      default: return {};
    }
  }

  ColumnRule FieldRule(const model::Field& field) const {
    const bool located =
        rules_.location_decimals && (NamesCoordinate(field.id) || NamesCoordinate(field.name) || NamesCoordinate(field.unit));
    // A participant's own identifiers are theirs to see.
    const bool masks = MasksTexts() && (rules_.own.empty() || field.privacy != model::PrivacyClass::kDirect);
    switch (field.type) {
      case FieldType::kString:
        if (masks) return {Change::kText, nullptr, located};
        return {located ? Change::kRoundText : Change::kNone, nullptr, located};
      case FieldType::kIdentifier: return {masks ? Change::kIdentifier : Change::kNone};
      case FieldType::kJson: return {masks || rules_.location_decimals ? Change::kJson : Change::kNone};
      case FieldType::kDatetime: return TimeRule(field.id);
      case FieldType::kInteger:
        return {CoarseningOf(field.id) != nullptr ? Change::kInteger : Change::kNone, CoarseningOf(field.id), false};
      case FieldType::kDouble:
        return {CoarseningOf(field.id) != nullptr || located ? Change::kDouble : Change::kNone, CoarseningOf(field.id), located};
      default: return {};
    }
  }

  void Rewrite(const ColumnRule& rule, ColumnView& view, RewrittenBatch& made) {
    switch (rule.change) {
      case Change::kNone: return;
      case Change::kTime: return RewriteTimes(rule, view, made);
      case Change::kInteger: {
        auto* cells = Copy<std::int64_t>(view, made.batch.rows, made.integers);
        for (std::size_t row = 0; row < made.batch.rows; ++row) cells[row] = view.IsNull(row) ? 0 : Coarse(cells[row], *rule.coarse);
        return;
      }
      case Change::kDouble: {
        auto* cells = Copy<double>(view, made.batch.rows, made.doubles);
        for (std::size_t row = 0; row < made.batch.rows; ++row) {
          if (view.IsNull(row)) continue;
          if (rule.coarse != nullptr) cells[row] = Coarse(cells[row], *rule.coarse);
          if (rule.round) cells[row] = Rounded(cells[row], *rules_.location_decimals);
        }
        return;
      }
      default: return RewriteTexts(rule, view, made);
    }
  }

  template <class T>
  static T* Copy(ColumnView& view, std::size_t rows, std::vector<std::unique_ptr<T[]>>& kept) {
    kept.push_back(std::make_unique<T[]>(rows));
    std::memcpy(kept.back().get(), view.data, rows * sizeof(T));
    view.data = kept.back().get();
    return kept.back().get();
  }

  void RewriteTimes(const ColumnRule& rule, ColumnView& view, RewrittenBatch& made) {
    auto* cells = Copy<std::int64_t>(view, made.batch.rows, made.integers);
    const ColumnView& participants = made.batch.columns[participant_place_];
    for (std::size_t row = 0; row < made.batch.rows; ++row) {
      if (view.IsNull(row)) continue;
      if (rules_.shift_dates) cells[row] = std::max(cells[row] - ShiftOf(participants.At<std::int32_t>(row)), kMinMicros);
      if (rule.coarse != nullptr && rule.coarse->cut) cells[row] = CutOff(cells[row], *rule.coarse->cut);
    }
  }

  std::int64_t ShiftOf(std::int32_t number) {
    if (number < 0) return 0;
    const auto place = static_cast<std::size_t>(number);
    if (place >= shifts_.size()) shifts_.resize(std::max<std::size_t>(place + 1, static_cast<std::size_t>(people_->ParticipantLimit())));
    if (shifts_[place] == 0) shifts_[place] = static_cast<std::int16_t>(DaysBack(rules_.key, people_->ParticipantId(number)));
    return shifts_[place] * kDay;
  }

  void RewriteTexts(const ColumnRule& rule, ColumnView& view, RewrittenBatch& made) {
    StringCell* cells = nullptr;
    const ColumnView original = view;
    for (std::size_t row = 0; row < made.batch.rows; ++row) {
      if (original.IsNull(row)) continue;
      if (!Replaced(rule, original.At<StringCell>(row).View())) continue;
      if (cells == nullptr) cells = Copy<StringCell>(view, made.batch.rows, made.texts);
      cells[row] = made.arena.Keep(text_);
    }
  }

  //! True: the cell becomes `text_`.
  bool Replaced(const ColumnRule& rule, std::string_view cell) {
    switch (rule.change) {
      case Change::kRecordCode: text_ = Code(rules_.key, CodeKind::kRecord, cell); return true;
      case Change::kText:
        if (rule.round && ReplaceNumber(cell)) return true;
        return ReplaceText(cell, false, text_);
      case Change::kRoundText: return ReplaceNumber(cell);
      case Change::kIdentifier: return ReplaceText(cell, true, text_);
      case Change::kJson: return RewriteJson(cell, json_rules_, text_);
      case Change::kMetadata: return ReplaceMetadata(cell);
      case Change::kSkipped: return ReplaceSkipped(cell);
      default: return false;
    }
  }

  bool ReplaceNumber(std::string_view cell) {
    auto rounded = RoundedText(cell, *rules_.location_decimals);
    if (!rounded || *rounded == cell) return false;
    text_ = *std::move(rounded);
    return true;
  }

  //! An id alone becomes its code, addresses are masked. `sessions`: a session's id may stand there, too.
  bool ReplaceText(std::string_view text, bool sessions, std::string& out) {
    if (text.empty()) return false;
    if (text.size() <= 255 && text != rules_.own && study_.ParticipantNumber(text)) {
      out = Code(rules_.key, CodeKind::kParticipant, text);
      ++counts_.ids;
      return true;
    }
    if (sessions && rules_.own.empty() && text.size() <= 255 && study_.SessionNumber(text)) {
      out = Code(rules_.key, CodeKind::kSession, text);
      ++counts_.ids;
      return true;
    }
    return MaskText(text, out, counts_);
  }

  bool ReplaceMetadata(std::string_view cell) {
    if (direct_.empty()) return RewriteJson(cell, json_rules_, text_);
    const std::string kept = WithoutMembers(cell, direct_);
    if (!RewriteJson(kept, json_rules_, text_)) text_ = kept;
    return text_ != cell;
  }

  bool ReplaceSkipped(std::string_view cell) {
    text_.clear();
    for (std::size_t at = 0; at + 1 < cell.size(); at += 2) {
      const auto field = static_cast<std::size_t>(static_cast<unsigned char>(cell[at]) | static_cast<unsigned char>(cell[at + 1]) << 8);
      const auto& fields = rules_.dataset->fields;
      if (field < fields.size() && fields[field].privacy == model::PrivacyClass::kDirect) continue;
      text_.append(cell.substr(at, 2));
    }
    return text_.size() != cell.size();
  }

  const std::unique_ptr<vault::Cursor> cursor_;
  const Rewriter& rewriter_;
  const RewriteRules& rules_;
  vault::StudyVault& study_;
  const std::shared_ptr<const vault::PeopleView> people_;
  std::vector<ColumnRule> column_rules_;
  std::size_t participant_place_ = 0;
  std::vector<std::string> direct_;  // ids of direct fields
  JsonRules json_rules_;
  std::vector<std::int16_t> shifts_;  // days by participant's number; 0: not asked for yet
  std::string text_;
  MaskCounts counts_;
};

int DaysBack(const CodeKey& key, std::string_view participant) {
  constexpr int kMostDays = 365;
  unsigned char hash[crypto_generichash_BYTES_MIN];
  crypto_generichash_state state;
  const unsigned char letter = 'D';
  crypto_generichash_init(&state, key.data(), key.size(), sizeof hash);
  crypto_generichash_update(&state, &letter, 1);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(participant.data()), participant.size());
  crypto_generichash_final(&state, hash, sizeof hash);
  std::uint64_t number = 0;
  std::memcpy(&number, hash, sizeof number);
  return 1 + static_cast<int>(number % kMostDays);
}

std::unique_ptr<vault::Cursor> Rewriter::Wrap(std::unique_ptr<vault::Cursor> cursor, const std::vector<model::Column>& columns,
                                              vault::StudyVault& study) const {
  return std::make_unique<RewrittenCursor>(std::move(cursor), *this, columns, study);
}

void Rewriter::Add(const MaskCounts& counts) const {
  emails_ += counts.emails;
  ip_addresses_ += counts.ip_addresses;
  ids_ += counts.ids;
}

std::string WithoutMembers(std::string_view object, const std::vector<std::string>& names) {
  // A name may be written with escapes.
  const bool may_have = object.find('\\') != object.npos ||
                        std::any_of(names.begin(), names.end(), [&](const std::string& name) { return object.find(name) != object.npos; });
  if (!may_have) return std::string(object);
  boost::json::value value;
  if (!model::ParseDataJson(object, value) || !value.is_object()) return "{}";
  bool changed = false;
  for (const auto& name : names) changed = value.get_object().erase(name) > 0 || changed;
  return changed ? model::CompactJson(value) : std::string(object);
}

}  // namespace sheaf::privacy
