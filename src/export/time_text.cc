#include "export/time_text.h"

#include <algorithm>

namespace sheaf::exporting {
namespace {

constexpr Micros kSecond = 1'000'000;
constexpr Micros kMinute = 60 * kSecond;
constexpr Micros kDay = 86'400 * kSecond;

int OffsetMinutes(const TimeZone& zone, Micros instant) {
  const int seconds = zone.OffsetSeconds(instant);
  // Local mean times of old have seconds; ISO 8601 has not.
  return (seconds >= 0 ? seconds + 30 : seconds - 30) / 60;
}

// Between `same`, where the offset is `offset`, and `other`, where it is not: the instant nearest to `other` up to which it stays.
Micros LastWithOffset(const TimeZone& zone, Micros same, Micros other, int offset) {
  while (same + 1 != other && same - 1 != other) {
    const Micros middle = same + (other - same) / 2;
    (OffsetMinutes(zone, middle) == offset ? same : other) = middle;
  }
  return same;
}

}  // namespace

bool TimeText::Refill(Micros instant) {
  if (instant < kMinMicros || instant > kMaxMicros) return false;
  const int offset = zone_ == nullptr ? 0 : OffsetMinutes(*zone_, instant);
  const Micros local = instant + offset * kMinute;
  if (local < kMinMicros || local > kMaxMicros) return false;
  const Micros since_first = local - kMinMicros;  // not negative
  const Micros local_midnight = local - since_first % kDay;
  midnight_ = local_midnight - offset * kMinute;
  begin_ = std::max(midnight_, kMinMicros);
  end_ = std::min(midnight_ + kDay, kMaxMicros + 1);
  if (zone_ != nullptr && OffsetMinutes(*zone_, begin_) != offset) begin_ = LastWithOffset(*zone_, instant, begin_, offset);
  if (zone_ != nullptr && OffsetMinutes(*zone_, end_ - 1) != offset) end_ = LastWithOffset(*zone_, instant, end_ - 1, offset) + 1;

  char text[kIsoTimeSize];
  FormatIsoUtc(local_midnight, text);
  std::memcpy(date_, text, 11);
  if (spaced_) date_[10] = ' ';
  if (zone_ == nullptr && !spaced_) {
    suffix_[0] = 'Z';
    suffix_size_ = 1;
    return true;
  }
  const auto minutes = static_cast<std::uint32_t>(offset < 0 ? -offset : offset);
  suffix_[0] = offset < 0 ? '-' : '+';
  PutTwo(minutes / 60, suffix_ + 1);
  suffix_[3] = ':';
  PutTwo(minutes % 60, suffix_ + 4);
  suffix_size_ = 6;
  return true;
}

}  // namespace sheaf::exporting
