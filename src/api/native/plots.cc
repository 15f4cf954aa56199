// Numbers that plots are drawn from.

#include <algorithm>
#include <array>
#include <charconv>

#include "api/native/answer_cache.h"
#include "api/native/call.h"
#include "export/arrivals.h"
#include "export/distribution.h"
#include "export/series.h"

namespace sheaf::api::native {
namespace {

using Answer = Result<std::optional<http::Response>>;

//! "a,b" → {"a","b"}
std::vector<std::string> Names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) names.emplace_back(text.substr(0, comma));
    text.remove_prefix(comma == text.size() ? comma : comma + 1);
  }
  return names;
}

template <class Value>
struct Word {
  std::string_view word;
  Value value;
};

template <class Value, std::size_t kCount>
Status ReadWord(const Call& call, const char* name, const std::array<Word<Value>, kCount>& words, Value& value) {
  const auto text = call.request.QueryParameter(name);
  if (!text) return {};
  std::string known;
  for (const auto& [word, meaning] : words) {
    if (word == *text) {
      value = meaning;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return Fail(ErrorCode::kBadParameter, "It must be one of " + known + ".", name);
}

//! An end of the window on x, in microseconds.
Status ReadEnd(const Call& call, const char* name, exporting::SeriesOptions::X x, std::optional<std::int64_t>& end) {
  const auto text = call.request.QueryParameter(name);
  if (!text) return {};
  if (x == exporting::SeriesOptions::X::kTime) {
    const auto time = ParseIsoTime(*text);
    if (!time) return Fail(ErrorCode::kBadParameter, "It is not a time such as 2026-01-31T08:15:00Z.", name);
    end = time->instant;
    return {};
  }
  double milliseconds = 0;
  const auto [stopped, error] = std::from_chars(text->data(), text->data() + text->size(), milliseconds);
  const bool fits = milliseconds > -9e15 && milliseconds < 9e15;
  if (error != std::errc() || stopped != text->data() + text->size() || !fits)
    return Fail(ErrorCode::kBadParameter, "It is not a number of milliseconds.", name);
  end = static_cast<std::int64_t>(milliseconds * 1000);
  return {};
}

//! What all three take: whose records, of when.
Result<exporting::ExportOptions> ReadOptions(const Call& call, const access::StudyAccess& access,
                                             const std::vector<std::string_view>& own) {
  SHEAF_ASSIGN(auto options, exporting::OptionsFromQuery(call.request.query_parameters, own));
  exporting::ApplyConsent(options, access.study.settings);
  return options;
}

Answer GetSeries(Call& call) {
  using Series = exporting::SeriesOptions;
  SHEAF_ASSIGN(const access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(call.OnlyParameters(
      {"x", "by", "fields", "points", "from", "to", "filter", "since", "until", "identifiers", "test", "consented_only", "consent_purpose"},
      {"participant", "session"}));
  Series options;
  SHEAF_TRY(ReadWord(call, "x", std::array<Word<Series::X>, 2>{{{"time", Series::X::kTime}, {"onset_ms", Series::X::kOnset}}}, options.x));
  SHEAF_TRY(ReadWord(call, "by",
                     std::array<Word<Series::By>, 3>{
                         {{"none", Series::By::kNone}, {"participant", Series::By::kParticipant}, {"session", Series::By::kSession}}},
                     options.by));
  options.fields = Names(call.request.QueryParameter("fields").value_or(""));
  SHEAF_ASSIGN(options.points, call.CountParameter("points", 2000, exporting::kLeastPoints, exporting::kMostPoints));
  SHEAF_TRY(ReadEnd(call, "from", options.x, options.from));
  SHEAF_TRY(ReadEnd(call, "to", options.x, options.to));
  SHEAF_ASSIGN(options.options, ReadOptions(call, access, {"x", "by", "fields", "points", "from", "to"}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  std::uint64_t rows = 0;
  SHEAF_ASSIGN(std::string json, exporting::RenderSeries(*vault, call.Part("dataset"), options, call.Viewer(access), &rows));
  call.audit.rows = rows;
  return JsonResponse(std::move(json));
}

Answer GetDistribution(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(call.OnlyParameters({"fields", "bins", "filter", "since", "until", "identifiers", "test", "consented_only", "consent_purpose"},
                                {"participant", "session"}));
  exporting::DistributionOptions options;
  options.fields = Names(call.request.QueryParameter("fields").value_or(""));
  SHEAF_ASSIGN(options.bins, call.CountParameter("bins", 30, 1, exporting::kMostBins));
  SHEAF_ASSIGN(options.options, ReadOptions(call, access, {"fields", "bins"}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(std::string json, CachedAnswer(call, access, *vault, "distribution", [&] {
                 return exporting::RenderDistribution(*vault, call.Part("dataset"), options, call.Viewer(access));
               }));
  return JsonResponse(std::move(json));
}

Answer GetArrivals(Call& call) {
  SHEAF_ASSIGN(const access::StudyAccess access, call.ReadAccess());
  SHEAF_TRY(
      call.OnlyParameters({"by", "of", "timezone", "filter", "since", "until", "identifiers", "test", "consented_only", "consent_purpose"},
                          {"participant", "session"}));
  exporting::ArrivalOptions options;
  SHEAF_TRY(ReadWord(call, "by", std::array<Word<bool>, 2>{{{"day", false}, {"hour", true}}}, options.by_hour));
  SHEAF_TRY(ReadWord(call, "of", std::array<Word<bool>, 2>{{{"time", false}, {"received_at", true}}}, options.received));
  options.timezone = call.request.QueryParameter("timezone").value_or("");
  SHEAF_ASSIGN(options.options, ReadOptions(call, access, {"by", "of", "timezone"}));
  SHEAF_ASSIGN(const auto vault, call.Vault(access.study));
  SHEAF_ASSIGN(std::string json, CachedAnswer(call, access, *vault, "arrivals", [&] {
                 return exporting::RenderArrivals(*vault, call.Part("dataset"), options, call.Viewer(access));
               }));
  return JsonResponse(std::move(json));
}

}  // namespace

void AddPlotRoutes(http::Router& router, const std::shared_ptr<const Rooms>& rooms) {
  const std::string dataset = "/api/v1/studies/{study}/datasets/{dataset}";
  AddRoute(router, rooms, "GET", dataset + "/series", GetSeries);
  AddRoute(router, rooms, "GET", dataset + "/distribution", GetDistribution);
  AddRoute(router, rooms, "GET", dataset + "/arrivals", GetArrivals);
}

}  // namespace sheaf::api::native
