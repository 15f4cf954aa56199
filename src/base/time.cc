#include "base/time.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>

namespace sheaf {
namespace {

constexpr std::uint32_t kMicrosPerSecond = 1'000'000;
constexpr std::uint32_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr std::uint64_t kMinutesPerDay = 24 * 60;
constexpr Micros kMicrosPerDay = Micros{86'400} * kMicrosPerSecond;
constexpr int kMaxOffsetMinutes = 24 * 60 - 1;
// From 0000-03-01, where the calendar's arithmetic starts, to 1970-01-01 and to 0001-01-01.
constexpr std::int64_t kDaysToEpoch = 719'468;
constexpr std::uint32_t kDaysToYearOne = 306;

constexpr std::array<char, 200> kTwoDigits = [] {
  std::array<char, 200> digits{};
  for (int number = 0; number < 100; ++number) {
    digits[static_cast<std::size_t>(2 * number)] = static_cast<char>('0' + number / 10);
    digits[static_cast<std::size_t>(2 * number + 1)] = static_cast<char>('0' + number % 10);
  }
  return digits;
}();

void PutTwo(char* out, std::uint32_t number) { std::memcpy(out, kTwoDigits.data() + 2 * number, 2); }

// "2026-01-31", `days` after 0000-03-01.
void PutDate(char* out, std::uint32_t days) {
  // Neri and Schneider, "Euclidean affine functions and their application to calendar algorithms" (2022).
  const std::uint32_t century_part = 4 * days + 3;
  const std::uint32_t century = century_part / 146'097;
  const std::uint32_t year_part = (century_part % 146'097) | 3;
  const std::uint64_t product = 2'939'745ULL * year_part;
  const auto year_of_century = static_cast<std::uint32_t>(product >> 32);
  const std::uint32_t day_of_year = static_cast<std::uint32_t>(product) / 2'939'745 / 4;
  const std::uint32_t month_part = 2'141 * day_of_year + 197'913;
  const std::uint32_t next_year = day_of_year >= 306 ? 1 : 0;
  const std::uint32_t year = 100 * century + year_of_century + next_year;
  PutTwo(out, year / 100);
  PutTwo(out + 2, year % 100);
  out[4] = '-';
  PutTwo(out + 5, (month_part >> 16) - 12 * next_year);
  out[7] = '-';
  PutTwo(out + 8, (month_part & 0xFFFF) / 2'141 + 1);
}

// The text up to the minute of the last instant written. Rows of an export follow each other in time, so that most
// of them need only seconds and below.
struct LastMinute {
  std::uint64_t minute = std::numeric_limits<std::uint64_t>::max();
  char text[17];  // "2026-01-31T08:15:"
};
thread_local constinit LastMinute last_minute{};

void RememberMinute(std::uint64_t minute) {
  const auto days = static_cast<std::uint32_t>(minute / kMinutesPerDay);
  const auto minute_of_day = static_cast<std::uint32_t>(minute - days * kMinutesPerDay);
  char* const text = last_minute.text;
  PutDate(text, days + kDaysToYearOne);
  text[10] = 'T';
  PutTwo(text + 11, minute_of_day / 60);
  text[13] = ':';
  PutTwo(text + 14, minute_of_day % 60);
  text[16] = ':';
  last_minute.minute = minute;
}

// Date, time and fraction of an instant shifted to local time, which lies in [kMinMicros, kMaxMicros].
char* PutLocal(char* out, Micros local) {
  // Counted from the first of all instants nothing is negative.
  const auto since_first = static_cast<std::uint64_t>(local - kMinMicros);
  const std::uint64_t minute = since_first / kMicrosPerMinute;
  if (minute != last_minute.minute) RememberMinute(minute);
  std::memcpy(out, last_minute.text, sizeof last_minute.text);
  const auto micros_of_minute = static_cast<std::uint32_t>(since_first - minute * kMicrosPerMinute);
  const std::uint32_t seconds = micros_of_minute / kMicrosPerSecond;
  const std::uint32_t micros = micros_of_minute % kMicrosPerSecond;
  const std::uint32_t millis = micros / 1000;
  const std::uint32_t below = micros % 1000;
  PutTwo(out + 17, seconds);
  out[19] = '.';
  out[20] = static_cast<char>('0' + millis / 100);
  PutTwo(out + 21, millis % 100);
  if (below == 0) return out + 23;
  out[23] = static_cast<char>('0' + below / 100);
  PutTwo(out + 24, below % 100);
  return out + 26;
}

// Reads along a text; every step says whether what it wanted was there.
struct Reader {
  const char* at;
  const char* end;

  bool Done() const { return at == end; }
  bool Take(char wanted) {
    if (at == end || *at != wanted) return false;
    ++at;
    return true;
  }
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  template <int kDigits>
  bool Number(int& number) {
    if (end - at < kDigits) return false;
    number = 0;
    for (int i = 0; i < kDigits; ++i) {
      if (!IsDigit(at[i])) return false;
      number = number * 10 + (at[i] - '0');
    }
    at += kDigits;
    return true;
  }
};

bool IsLeapYear(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

bool ReadDate(Reader& reader, std::int64_t& days_since_epoch) {
  static constexpr std::array<std::uint8_t, 13> kDaysOfMonth = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int year = 0, month = 0, day = 0;
  if (!reader.Number<4>(year) || !reader.Take('-') || !reader.Number<2>(month) || !reader.Take('-') || !reader.Number<2>(day)) {
    return false;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const int last = kDaysOfMonth[static_cast<std::size_t>(month)] + (month == 2 && IsLeapYear(year) ? 1 : 0);
  if (day > last) return false;
  // Years begin in March here, so that the leap day is the last one: months count from 3 to 14.
  const int march_year = month <= 2 ? year - 1 : year;
  const int march_month = month <= 2 ? month + 12 : month;
  const int century = march_year / 100;
  days_since_epoch = std::int64_t{1461} * march_year / 4 - century + century / 4 + (979 * march_month - 2919) / 32 + day - 1 - kDaysToEpoch;
  return true;
}

bool ReadFraction(Reader& reader, int& micros) {
  const char* const begin = reader.at;
  int scale = 100'000;
  while (!reader.Done() && Reader::IsDigit(*reader.at)) {
    micros += (*reader.at++ - '0') * scale;
    scale /= 10;
  }
  return reader.at != begin;
}

bool ReadTimeOfDay(Reader& reader, Micros& micros_of_day) {
  int hour = 0, minute = 0, second = 0, micros = 0;
  if (!reader.Number<2>(hour) || !reader.Take(':') || !reader.Number<2>(minute)) return false;
  if (reader.Take(':')) {
    if (!reader.Number<2>(second)) return false;
    if (reader.Take('.') && !ReadFraction(reader, micros)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  micros_of_day = (hour * 3600 + minute * 60 + second) * Micros{kMicrosPerSecond} + micros;
  return true;
}

bool ReadOffset(Reader& reader, std::optional<std::int16_t>& offset_minutes) {
  if (reader.Done()) return true;
  if (reader.Take('Z') || reader.Take('z')) {
    offset_minutes = std::int16_t{0};
    return true;
  }
  const bool west = *reader.at == '-';
  if (!west && *reader.at != '+') return false;
  ++reader.at;
  int hours = 0, minutes = 0;
  if (!reader.Number<2>(hours)) return false;
  if (reader.Take(':')) {
    if (!reader.Number<2>(minutes)) return false;
  } else if (!reader.Done() && !reader.Number<2>(minutes)) {
    return false;
  }
  if (hours > 23 || minutes > 59) return false;
  const int total = hours * 60 + minutes;
  offset_minutes = static_cast<std::int16_t>(west ? -total : total);
  return true;
}

}  // namespace

Micros Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

Micros MonotonicNow() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_start).count();
}

std::optional<ParsedTime> ParseIsoTime(std::string_view text) {
  Reader reader{text.data(), text.data() + text.size()};
  std::int64_t days = 0;
  Micros micros_of_day = 0;
  std::optional<std::int16_t> offset;
  if (!ReadDate(reader, days)) return std::nullopt;
  if (!reader.Done()) {
    if (!reader.Take('T') && !reader.Take('t') && !reader.Take(' ')) return std::nullopt;
    if (!ReadTimeOfDay(reader, micros_of_day) || !ReadOffset(reader, offset) || !reader.Done()) return std::nullopt;
  }
  const Micros instant = days * kMicrosPerDay + micros_of_day - offset.value_or(0) * Micros{kMicrosPerMinute};
  if (instant < kMinMicros || instant > kMaxMicros) return std::nullopt;
  return ParsedTime{instant, offset};
}

char* FormatIsoUtc(Micros instant, char* out) {
  // A value outside the contract must not write outside the buffer.
  out = PutLocal(out, std::clamp(instant, kMinMicros, kMaxMicros));
  *out++ = 'Z';
  return out;
}

std::string FormatIsoUtc(Micros instant) {
  char buffer[kIsoTimeSize];
  return std::string(buffer, FormatIsoUtc(instant, buffer));
}

char* FormatIsoOffset(Micros instant, int offset_minutes, char* out) {
  if (offset_minutes < -kMaxOffsetMinutes || offset_minutes > kMaxOffsetMinutes) return FormatIsoUtc(instant, out);
  const Micros local = std::clamp(instant, kMinMicros, kMaxMicros) + offset_minutes * Micros{kMicrosPerMinute};
  if (local < kMinMicros || local > kMaxMicros) return FormatIsoUtc(instant, out);
  out = PutLocal(out, local);
  *out++ = offset_minutes < 0 ? '-' : '+';
  const auto minutes = static_cast<std::uint32_t>(offset_minutes < 0 ? -offset_minutes : offset_minutes);
  PutTwo(out, minutes / 60);
  out[2] = ':';
  PutTwo(out + 3, minutes % 60);
  return out + 5;
}

}  // namespace sheaf
