#include "ingest/infer.h"

#include <charconv>

#include "base/time.h"
#include "ingest/csv_cells.h"
#include "ingest/number.h"
#include "ingest/row_builder.h"

namespace sheaf::ingest {
namespace {

constexpr std::size_t kLongestNumber = 32;
constexpr std::int64_t kExactDouble = 1LL << 53;  // every whole number up to it has a double of its own

bool IsWrittenBack(std::int64_t value, std::string_view text) {
  char out[kLongestNumber];
  return std::string_view(out, static_cast<std::size_t>(std::to_chars(out, out + sizeof out, value).ptr - out)) == text;
}

bool IsWrittenBack(double value, std::string_view text) {
  char out[kLongestNumber];
  return std::string_view(out, static_cast<std::size_t>(std::to_chars(out, out + sizeof out, value).ptr - out)) == text;
}

bool IsTimeWrittenBack(std::string_view text) {
  if (text.size() > kIsoTimeSize) return false;
  const auto parsed = ParseIsoTime(text);
  if (!parsed) return false;
  char out[kIsoTimeSize];
  return std::string_view(out, static_cast<std::size_t>(FormatIsoUtc(parsed->instant, out) - out)) == text;
}

}  // namespace

void Inference::Keep(std::uint8_t allowed, std::string_view cell, std::uint64_t line) {
  const std::uint8_t lost = possible_ & static_cast<std::uint8_t>(~allowed);
  if (lost != 0) {
    for (std::size_t candidate = 0; candidate < kCandidates; ++candidate) {
      if ((lost >> candidate & 1u) != 0) objections_[candidate] = {Excerpt(cell), line, answers_};
    }
    possible_ &= allowed;
  }
  ++answers_;
}

void Inference::ObserveText(std::string_view cell, std::uint64_t line) {
  if (cell.empty() || cell == kSkippedText) return;
  std::uint8_t allowed = 1u << kString;
  // Once a column is nothing but text, no cell needs to be looked at closely.
  if ((possible_ & ~allowed) != 0) {
    if ((Possible(kInteger) || Possible(kDouble)) && cell.size() < kLongestNumber) {
      const Number number = ParsePlainNumber(cell);
      if (number.kind == Number::Kind::kInteger && IsWrittenBack(number.integer, cell)) allowed |= 1u << kInteger;
      if (number.kind != Number::Kind::kInvalid && number.kind != Number::Kind::kTooLarge && IsWrittenBack(number.real, cell)) {
        allowed |= 1u << kDouble;
      }
    }
    if (Possible(kBoolean) && (cell == "true" || cell == "false")) allowed |= 1u << kBoolean;
    if (Possible(kDatetime) && IsTimeWrittenBack(cell)) allowed |= 1u << kDatetime;
  }
  Keep(allowed, cell, line);
}

void Inference::ObserveJson(std::string_view value, std::uint64_t line) {
  if (value.empty() || value == "null") return;
  std::uint8_t allowed = 0;
  switch (value.front()) {
    case '"':
      allowed = 1u << kString;
      // A time has no character that JSON escapes.
      if (value.size() > 2 && IsTimeWrittenBack(value.substr(1, value.size() - 2))) allowed |= 1u << kDatetime;
      break;
    case 't':
    case 'f': allowed = 1u << kBoolean; break;
    case '{':
    case '[': break;
    default: {
      const Number number = ParseJsonNumber(value);
      const bool whole = number.kind == Number::Kind::kInteger;
      if (whole && value != "-0") allowed = 1u << kInteger;
      const bool exact = whole && number.integer >= -kExactDouble && number.integer <= kExactDouble;
      if (number.kind == Number::Kind::kReal || exact) allowed |= 1u << kDouble;
    }
  }
  Keep(allowed, value, line);
}

model::FieldType Inference::Type() const {
  if (answers_ == 0) return model::FieldType::kString;
  if (Possible(kInteger)) return model::FieldType::kInteger;
  if (Possible(kDouble)) return model::FieldType::kDouble;
  if (Possible(kBoolean)) return model::FieldType::kBoolean;
  if (Possible(kDatetime)) return model::FieldType::kDatetime;
  return Possible(kString) ? model::FieldType::kString : model::FieldType::kJson;
}

std::string Inference::Reason() const {
  if (answers_ == 0) return "there are no answers";
  const std::string all = answers_ == 1 ? "the one answer is " : "all " + std::to_string(answers_) + " answers are ";
  switch (Type()) {
    case model::FieldType::kInteger: return all + (answers_ == 1 ? "a whole number" : "whole numbers");
    case model::FieldType::kDouble: return all + (answers_ == 1 ? "a number" : "numbers");
    case model::FieldType::kBoolean: return all + "true or false";
    case model::FieldType::kDatetime: return all + (answers_ == 1 ? "a time in UTC" : "times in UTC");
    default: break;
  }
  // The type that held out longest is the one somebody might have expected.
  const Objection* last = nullptr;
  for (std::size_t candidate = 0; candidate < kCandidates; ++candidate) {
    const Objection& objection = objections_[candidate];
    const bool refuted = (possible_ >> candidate & 1u) == 0;
    if (refuted && (last == nullptr || objection.answer > last->answer)) last = &objection;
  }
  const bool json = Type() == model::FieldType::kJson;
  if (last == nullptr || (last->answer == 0 && !json)) return "the answers are text";
  std::string where = last->line > 0 ? " on line " + std::to_string(last->line) : "";
  return last->cell + where + (json ? " is of another kind than the answers before it, or nested" : " would not come out as it went in");
}

}  // namespace sheaf::ingest
