#pragma once
//! Events that have files of their own beside the other events: what was answered in questionnaires, and comprehension checks.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "export/encoder.h"
#include "export/plan.h"
#include "model/definition.h"

namespace sheaf::api::hyperstudy {

//! What the files are called.
inline constexpr std::string_view kQuestionnaireFile = "questionnaire";
inline constexpr std::string_view kComprehensionFile = "comprehension";

enum class EventKind : std::uint8_t {
  kQuestionnaire,  //!< all that `category=questionnaire` asks for
  kAnswer,         //!< of these, the answers to questions
  kComprehension,  //!< checks of whether instructions were understood: each attempt, and how it ended
};

//! The filter that events of a kind pass, as JSON of the filter language; empty when no field tells. `usable`: whether a field may be
//! asked.
std::string FilterOf(EventKind kind, const model::Dataset& dataset, const std::function<bool(const model::Field&)>& usable);

//! CSV of one of these files: a row an answer or an attempt, what the event's payload says of it in columns. The plan outlives it.
struct AnswerStyle {
  const exporting::Plan& plan;
  std::string file;  //!< one of these
  std::string study;
  std::int32_t nobody = -1;  //!< number of the participant kNobody
};
std::unique_ptr<exporting::Encoder> MakeAnswerEncoder(AnswerStyle style);

}  // namespace sheaf::api::hyperstudy
