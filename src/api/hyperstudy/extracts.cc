#include "api/hyperstudy/extracts.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "api/hyperstudy/envelope.h"
#include "api/hyperstudy/record_types.h"
#include "export/csv_text.h"
#include "export/number_text.h"
#include "export/time_text.h"
#include "model/strict_json.h"

namespace sheaf::api::hyperstudy {
namespace {

namespace json = boost::json;
using model::ColumnKind;
using model::FieldType;

//! What a field of an event says when it is of a kind.
struct Sign {
  std::string_view field, op, value;
};
constexpr Sign kOfQuestionnaires[] = {
    {"category", "=", "questionnaire"}, {"category", "=", "post_experiment"}, {"eventType", "starts_with", "questionnaire."}};
constexpr Sign kOfAnswers[] = {{"eventType", "=", "questionnaire.response"}};
constexpr Sign kOfComprehension[] = {{"category", "=", "comprehension"},
                                     {"eventType", "starts_with", "instructions.comprehension_"},
                                     {"eventType", "starts_with", "comprehension"}};

std::span<const Sign> SignsOf(EventKind kind) {
  switch (kind) {
    case EventKind::kQuestionnaire: return kOfQuestionnaires;
    case EventKind::kAnswer: return kOfAnswers;
    case EventKind::kComprehension: return kOfComprehension;
  }
  return {};
}

bool Fits(const Sign& sign, std::string_view text) { return sign.op == "=" ? text == sign.value : text.starts_with(sign.value); }

void AddSign(const Sign& sign, const model::Field& field, json::array& any) {
  const auto add = [&](std::string_view op, std::string_view value) {
    any.push_back(json::object{{"field", sign.field}, {"op", op}, {"value", value}});
  };
  if (field.type == FieldType::kEnum) {
    for (const model::Option& option : field.options) {
      if (Fits(sign, option.id)) add("=", option.id);
    }
  } else if (field.type == FieldType::kString || (field.type == FieldType::kIdentifier && sign.op == "=")) {
    add(sign.op, sign.value);
  }
}

enum class From : std::uint8_t { kStudy, kParticipant, kRoom, kTime, kEventType, kPayload };

struct AnswerColumn {
  std::string_view title;
  From from = From::kPayload;
  std::string_view key{};  // of the payload
};
constexpr AnswerColumn kQuestionnaireColumns[] = {{"experiment_id", From::kStudy},
                                                  {"participant_id", From::kParticipant},
                                                  {"room_id", From::kRoom},
                                                  {"page_index", From::kPayload, "pageIndex"},
                                                  {"page_title", From::kPayload, "pageTitle"},
                                                  {"page_id", From::kPayload, "pageId"},
                                                  {"question_id", From::kPayload, "questionId"},
                                                  {"question_text", From::kPayload, "questionText"},
                                                  {"question_type", From::kPayload, "questionType"},
                                                  {"answer", From::kPayload, "answer"},
                                                  {"response_time_ms", From::kPayload, "responseTime"},
                                                  {"timestamp", From::kTime}};
constexpr AnswerColumn kComprehensionColumns[] = {{"experiment_id", From::kStudy},
                                                  {"participant_id", From::kParticipant},
                                                  {"room_id", From::kRoom},
                                                  {"event_type", From::kEventType},
                                                  {"page_index", From::kPayload, "pageIndex"},
                                                  {"page_title", From::kPayload, "pageTitle"},
                                                  {"attempt_number", From::kPayload, "attemptNumber"},
                                                  {"answers", From::kPayload, "answers"},
                                                  {"score", From::kPayload, "score"},
                                                  {"passed", From::kPayload, "passed"},
                                                  {"correct_count", From::kPayload, "correctCount"},
                                                  {"total_questions", From::kPayload, "totalQuestions"},
                                                  {"timestamp", From::kTime}};
//! Where an event may keep what it is about; the first that has a key counts.
constexpr std::string_view kPayloads[] = {"value", "data", "response"};

class AnswerEncoder final : public exporting::Encoder {
 public:
  explicit AnswerEncoder(AnswerStyle style) : style_(std::move(style)), csv_(style_.plan.options) {
    if (style_.file == kQuestionnaireFile) columns_ = kQuestionnaireColumns;
    else columns_ = kComprehensionColumns;
    for (const std::string_view name : kPayloads) payloads_.push_back(PlaceOf(name, FieldType::kJson));
    extra_ = PlaceOf(kExtraField, FieldType::kJson);
    event_type_ = style_.plan.dataset->FieldNumber("eventType");
    event_type_place_ = event_type_ < 0 ? -1 : PlaceOf(ColumnKind::kField, event_type_);
    participant_ = PlaceOf(ColumnKind::kParticipant);
    session_ = PlaceOf(ColumnKind::kSession);
    time_ = PlaceOf(ColumnKind::kTime);
  }

  void Begin(std::string& out) const override {
    if (csv_.HasMark()) out += "\xEF\xBB\xBF";
    for (const AnswerColumn& column : columns_) {
      if (&column != &columns_.front()) out += csv_.Separator();
      out += column.title;
    }
    out += "\r\n";
  }

  void Encode(const model::ColumnBatch& batch, std::size_t begin, std::size_t end, bool /*first*/, std::string& out) const override {
    for (std::size_t row = begin; row < end; ++row) {
      const auto payloads = PayloadsOf(batch, row);
      for (const AnswerColumn& column : columns_) {
        if (&column != &columns_.front()) out += csv_.Separator();
        out += Cell(column, payloads, batch, row);
      }
      out += "\r\n";
    }
  }

  void End(std::string& /*out*/, std::uint64_t /*rows*/) const override {}

 private:
  int PlaceOf(ColumnKind kind, int field = -1) const {
    const auto& columns = style_.plan.select.columns;
    const auto found =
        std::find_if(columns.begin(), columns.end(), [&](const auto& column) { return column.kind == kind && column.field == field; });
    return found == columns.end() ? -1 : static_cast<int>(found - columns.begin());
  }
  int PlaceOf(std::string_view field, FieldType type) const {
    const int number = style_.plan.dataset->FieldNumber(field);
    const bool fits = number >= 0 && style_.plan.dataset->fields[static_cast<std::size_t>(number)].type == type;
    return fits ? PlaceOf(ColumnKind::kField, number) : -1;
  }
  //! nullptr where the row has none.
  static const model::ColumnView* At(const model::ColumnBatch& batch, int place, std::size_t row) {
    if (place < 0) return nullptr;
    const auto& view = batch.columns[static_cast<std::size_t>(place)];
    return view.IsNull(row) ? nullptr : &view;
  }

  std::vector<json::object> PayloadsOf(const model::ColumnBatch& batch, std::size_t row) const {
    std::vector<json::object> payloads;
    const auto parse = [&](int place) -> json::value {
      const auto* const view = At(batch, place, row);
      json::value value;
      if (view != nullptr) std::ignore = model::ParseDataJson(view->At<model::StringCell>(row).View(), value);
      return value;
    };
    const auto add = [&](json::value&& value) {
      if (value.is_object()) payloads.push_back(std::move(value.get_object()));
    };
    for (const int place : payloads_) add(parse(place));
    json::value extra = parse(extra_);
    if (!extra.is_object()) return payloads;
    for (const std::string_view name : kPayloads) {
      if (json::value* const kept = extra.get_object().if_contains(name)) add(std::move(*kept));
    }
    return payloads;
  }

  std::string Cell(const AnswerColumn& column, const std::vector<json::object>& payloads, const model::ColumnBatch& batch,
                   std::size_t row) const {
    switch (column.from) {
      case From::kStudy: return csv_.Render(style_.study);
      case From::kParticipant: {
        const auto* const view = At(batch, participant_, row);
        const std::int32_t number = view == nullptr ? -1 : view->At<std::int32_t>(row);
        return number < 0 || number == style_.nobody ? std::string() : csv_.Render(style_.plan.people->ParticipantId(number));
      }
      case From::kRoom: {
        const auto* const view = At(batch, session_, row);
        return view == nullptr ? std::string() : csv_.Render(style_.plan.people->SessionId(view->At<std::int32_t>(row)));
      }
      case From::kTime: return TimeCell(batch, row);
      case From::kEventType: return EventTypeCell(batch, row);
      case From::kPayload: break;
    }
    for (const json::object& payload : payloads) {
      const json::value* const value = payload.if_contains(column.key);
      if (value != nullptr && !value->is_null()) return ValueCell(*value);
    }
    return {};
  }

  std::string TimeCell(const model::ColumnBatch& batch, std::size_t row) const {
    const auto* const view = At(batch, time_, row);
    if (view == nullptr) return {};
    exporting::TimeText times(nullptr);
    char text[64];
    return std::string(text, times.Write(FloorMillis(view->At<std::int64_t>(row)), text));
  }

  std::string EventTypeCell(const model::ColumnBatch& batch, std::size_t row) const {
    const auto* const view = At(batch, event_type_place_, row);
    if (view == nullptr) return {};
    const model::Field& field = style_.plan.dataset->fields[static_cast<std::size_t>(event_type_)];
    if (field.type != FieldType::kEnum) return csv_.Render(view->At<model::StringCell>(row).View());
    const auto option = static_cast<std::size_t>(view->At<std::int32_t>(row));
    return option < field.options.size() ? csv_.Render(field.options[option].id) : std::string();
  }

  //! Numbers as they are, never guarded against being formulas; lists, as rankings are, with commas between.
  std::string ValueCell(const json::value& value) const {
    if (value.is_number()) return NumberText(value, csv_.Point());
    if (!value.is_array()) return csv_.Render(PlainText(value));
    std::string list;
    for (const json::value& element : value.get_array()) {
      if (!list.empty()) list += ", ";
      list += PlainText(element);
    }
    return csv_.Render(list);
  }

  static std::string NumberText(const json::value& value, char point) {
    if (value.is_int64()) return std::to_string(value.get_int64());
    if (value.is_uint64()) return std::to_string(value.get_uint64());
    char text[64];
    return std::string(text, exporting::WriteDouble(value.get_double(), point, text));
  }

  static std::string PlainText(const json::value& value) {
    if (value.is_string()) return std::string(std::string_view(value.get_string()));
    return value.is_number() ? NumberText(value, '.') : model::CompactJson(value);
  }

  const AnswerStyle style_;
  const exporting::CsvStyle csv_;
  std::span<const AnswerColumn> columns_;
  std::vector<int> payloads_;
  int extra_ = -1, event_type_ = -1, event_type_place_ = -1, participant_ = -1, session_ = -1, time_ = -1;
};

}  // namespace

std::string FilterOf(EventKind kind, const model::Dataset& dataset, const std::function<bool(const model::Field&)>& usable) {
  json::array any;
  for (const Sign& sign : SignsOf(kind)) {
    const int number = dataset.FieldNumber(sign.field);
    if (number < 0) continue;
    const model::Field& field = dataset.fields[static_cast<std::size_t>(number)];
    if (usable(field)) AddSign(sign, field, any);
  }
  return any.empty() ? std::string() : json::serialize(json::object{{"any", std::move(any)}});
}

std::unique_ptr<exporting::Encoder> MakeAnswerEncoder(AnswerStyle style) { return std::make_unique<AnswerEncoder>(std::move(style)); }

}  // namespace sheaf::api::hyperstudy
