#include "quality/event_spans.h"

#include <algorithm>
#include <array>

#include "quality/mix.h"

namespace sheaf::quality {
namespace {

constexpr std::array<std::string_view, 4> kBeginnings = {"start", "started", "begin", "began"};
constexpr std::array<std::string_view, 8> kEnds = {"end", "ended", "complete", "completed", "finish", "finished", "stop", "stopped"};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool Is(std::string_view word, std::string_view lower) {
  return word.size() == lower.size() && std::equal(word.begin(), word.end(), lower.begin(), [](char a, char b) { return Lower(a) == b; });
}
template <std::size_t n>
bool IsOneOf(std::string_view word, const std::array<std::string_view, n>& words) {
  return std::any_of(words.begin(), words.end(), [word](std::string_view one) { return Is(word, one); });
}

}  // namespace

Moment MomentOf(std::string_view type) {
  const std::size_t sign = type.find_last_of("._-:/ ");
  if (sign == std::string_view::npos || sign == 0) return {};
  const std::string_view word = type.substr(sign + 1);
  if (word.size() < 3 || word.size() > 9) return {};
  Moment moment;
  if (IsOneOf(word, kBeginnings)) moment.kind = Moment::Kind::kBegins;
  else if (IsOneOf(word, kEnds)) moment.kind = Moment::Kind::kEnds;
  else return {};
  moment.what = HashText(type.substr(0, sign));
  return moment;
}

void NoteMoment(std::vector<EventSpan>& spans, const Moment& moment, Micros time, vault::Seq seq) {
  auto span =
      std::lower_bound(spans.begin(), spans.end(), moment.what, [](const EventSpan& one, std::uint64_t what) { return one.what < what; });
  if (span == spans.end() || span->what != moment.what) {
    if (spans.size() >= kMostEventSpans) return;
    span = spans.insert(span, EventSpan{moment.what});
  }
  if (moment.kind == Moment::Kind::kBegins) {
    if (span->begun == model::kNoTime || time < span->begun) span->begun = time;
  } else if (span->ended == model::kNoTime || time < span->ended) {
    span->ended = time;
    span->end = seq;
  }
}

}  // namespace sheaf::quality
