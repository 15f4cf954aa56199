#pragma once
//! IANA time zones, from the system's tzdata.

#include <memory>
#include <string_view>

#include "base/time.h"

namespace sheaf::exporting {

//! Immutable; any thread.
class TimeZone {
 public:
  virtual ~TimeZone() = default;
  //! Seconds east of UTC at an instant.
  virtual int OffsetSeconds(Micros instant) const = 0;
};

//! The zone of an IANA name ("Europe/Berlin", "UTC"), nullptr for any other text. Kept for the life of the process.
std::shared_ptr<const TimeZone> FindTimeZone(std::string_view name);

}  // namespace sheaf::exporting
