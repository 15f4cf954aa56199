#pragma once
//! Instants as text, quickly: the date of a day is written once and copied from then on.

#include <cstdint>
#include <cstring>
#include <memory>

#include "base/time.h"
#include "export/number_text.h"
#include "export/time_zone.h"

namespace sheaf::exporting {

//! `spaced`: a space between date and time, always six digits behind the second, always an offset in numbers.
//! Else: writes what FormatIsoUtc writes, or with a zone what FormatIsoOffset writes with the offset of that instant (to
//! the minute: the text reads back as the same instant whatever the offset). One thread; keeps the last day.
class TimeText {
 public:
  //! `zone` may be null: UTC. It must outlive this.
  explicit TimeText(const TimeZone* zone, bool spaced = false) : zone_(zone), spaced_(spaced) {}

  //! Touches up to 40 bytes.
  char* Write(Micros instant, char* out) {
    if (instant < begin_ || instant >= end_) [[unlikely]] {
      if (!Refill(instant)) return FormatIsoUtc(instant, out);
    }
    const auto of_day = static_cast<std::uint64_t>(instant - midnight_);
    const auto millis = static_cast<std::uint32_t>(of_day / 1000);
    const auto below = static_cast<std::uint32_t>(of_day % 1000);
    const std::uint32_t seconds = millis / 1000;
    const std::uint32_t minutes = seconds / 60;
    std::memcpy(out, date_, 16);
    PutTwo(minutes / 60, out + 11);
    out[13] = ':';
    PutTwo(minutes % 60, out + 14);
    out[16] = ':';
    PutTwo(seconds % 60, out + 17);
    out[19] = '.';
    out = number_text::PutGroup(millis % 1000, out + 20);
    if (below != 0 || spaced_) out = number_text::PutGroup(below, out);
    std::memcpy(out, suffix_, 8);
    return out + suffix_size_;
  }

 private:
  static void PutTwo(std::uint32_t number, char* out) { std::memcpy(out, number_text::kGroups.data() + 4 * number + 1, 2); }
  bool Refill(Micros instant);

  const TimeZone* zone_;
  bool spaced_;
  Micros begin_ = 1;  // the instants that share date and offset; none yet
  Micros end_ = 0;
  Micros midnight_ = 0;
  char date_[16] = {};   // "2026-01-31T"
  char suffix_[8] = {};  // "Z" or "+02:00"
  std::size_t suffix_size_ = 0;
};

}  // namespace sheaf::exporting
