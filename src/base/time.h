#pragma once
//! Instants: microseconds since 1970-01-01T00:00:00Z, as a signed 64-bit integer, in every layer.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sheaf {

using Micros = std::int64_t;

//! 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what can be kept and written with four digits.
inline constexpr Micros kMinMicros = -62135596800000000;
inline constexpr Micros kMaxMicros = 253402300799999999;

//! The wall clock. Not monotonic.
Micros Now();
//! A clock that never runs backwards, for durations; its zero means nothing.
Micros MonotonicNow();

struct ParsedTime {
  Micros instant;
  //! Minutes east of UTC as written; absent when the text had none (then read as UTC). 0 for `Z`.
  std::optional<std::int16_t> offset_minutes;
};

//! Reads ISO 8601 / RFC 3339: `2026-01-31`, `2026-01-31T08:15[:00[.123456789]]` with `T`, `t` or one space, then
//! nothing, `Z`, `z`, `±hh:mm`, `±hhmm` or `±hh`. Digits beyond microseconds are cut off. Impossible dates, a
//! leap second and anything left over are nullopt. No allocation.
std::optional<ParsedTime> ParseIsoTime(std::string_view text);

//! The longest text FormatIso* writes.
inline constexpr std::size_t kIsoTimeSize = 32;
//! Writes `2026-01-31T08:15:00.250Z` at `out` (room for kIsoTimeSize) and returns the end. Three decimals, or six
//! when the microseconds need them: the text reads back to the same instant. `instant` lies in [kMin, kMax].
char* FormatIsoUtc(Micros instant, char* out);
std::string FormatIsoUtc(Micros instant);
//! The same at an offset: `2026-01-31T10:15:00.250+02:00`. An offset of a day or more, and a local time outside the
//! years 1 to 9999, cannot be written so that it reads back: these are written in UTC with `Z`.
char* FormatIsoOffset(Micros instant, int offset_minutes, char* out);

}  // namespace sheaf
