#include "api/avicenna/numbers.h"

#include <boost/json.hpp>
#include <charconv>

#include "api/avicenna/options.h"

namespace sheaf::api::avicenna {
namespace {

constexpr std::size_t kMostDigits = 15;
constexpr std::uint64_t kStudiesAtOnce = 500;

tl::unexpected<Error> NoStudy() { return Fail(ErrorCode::kNotFound, "There is no such study."); }

std::optional<std::int64_t> NumberAttribute(const model::Dataset& dataset) {
  if (dataset.attributes.empty()) return std::nullopt;
  boost::system::error_code error;
  const boost::json::value attributes = boost::json::parse(dataset.attributes, error);
  if (error || !attributes.is_object()) return std::nullopt;
  const boost::json::value* number = attributes.get_object().if_contains("number");
  if (number == nullptr || !number->is_int64()) return std::nullopt;
  return number->get_int64();
}

//! The id of the study whose settings have this number; empty when there is none.
Result<std::string> StudyByAlias(const native::Call& call, std::int64_t number) {
  std::string after;
  while (true) {
    SHEAF_ASSIGN(const auto studies, call.rooms->catalog->Studies("", "", after, kStudiesAtOnce));
    for (const model::Study& study : studies) {
      if (study.settings.number == number) return study.id;
    }
    if (studies.size() < kStudiesAtOnce) return std::string();
    after = studies.back().id;
  }
}

}  // namespace

std::optional<std::int64_t> WholeNumber(std::string_view text) {
  if (text.empty() || text.size() > kMostDigits || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::int64_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  return number;
}

std::optional<std::int64_t> NumberOf(const model::Study& study) {
  if (const auto number = WholeNumber(study.id)) return number;
  if (study.settings.number > 0) return study.settings.number;
  return std::nullopt;
}

Result<access::StudyAccess> FindStudy(const native::Call& call, std::int64_t number, access::Action action) {
  std::string id = std::to_string(number);
  const auto by_id = call.rooms->catalog->FindStudy(id);
  if (!by_id && by_id.error().code != ErrorCode::kNotFound) return Fail(by_id.error());
  if (!by_id) { SHEAF_ASSIGN(id, StudyByAlias(call, number)); }
  if (id.empty()) return NoStudy();
  call.audit.study = id;
  auto access = call.rooms->gate->AllowStudy(call.principal, action, id);
  if (access) call.seen_study = true;
  return access;
}

std::int64_t NumberOf(const model::Dataset& dataset) {
  if (const auto number = WholeNumber(dataset.id)) return *number;
  return NumberAttribute(dataset).value_or(dataset.number);
}

std::shared_ptr<const model::Dataset> FindDataset(vault::StudyVault& vault, model::DatasetKind kind, std::int64_t number) {
  const auto datasets = vault.Datasets();
  // An id says it most plainly, then what somebody has chosen, then what was merely counted.
  for (const auto& dataset : datasets) {
    if (dataset->kind == kind && WholeNumber(dataset->id) == number) return dataset;
  }
  for (const auto& dataset : datasets) {
    if (dataset->kind == kind && !WholeNumber(dataset->id) && NumberAttribute(*dataset) == number) return dataset;
  }
  for (const auto& dataset : datasets) {
    if (dataset->kind == kind && NumberOf(*dataset) == number) return dataset;
  }
  return nullptr;
}

std::string ParticipantId(vault::StudyVault& vault, std::string_view text) {
  const auto number = WholeNumber(text);
  if (!number || *number <= kAliasBase || vault.ParticipantNumber(text)) return std::string(text);
  const std::int64_t counted = *number - kAliasBase;
  const auto people = vault.People();
  if (counted >= people->ParticipantLimit()) return std::string(text);
  const std::string_view id = people->ParticipantId(static_cast<std::int32_t>(counted));
  return id.empty() || WholeNumber(id) ? std::string(text) : std::string(id);
}

}  // namespace sheaf::api::avicenna
