#include "export/job_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sheaf::exporting {

std::string GroupedNumber(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t place = digits.size(); place > 3; place -= 3) digits.insert(place - 3, ",");
  return digits;
}

void JobState::Say(std::string sentence) {
  const std::lock_guard lock(mutex_);
  sentence_ = std::move(sentence);
  counting_ = false;
}

void JobState::SayWriting(const std::string& name, std::uint64_t rows) {
  const std::lock_guard lock(mutex_);
  sentence_ = "writing " + name;
  counting_ = true;
  rows_before_ = progress.rows;
  rows_here_ = rows;
}

std::string JobState::Activity() const {
  const std::lock_guard lock(mutex_);
  if (!counting_) return sentence_;
  const std::uint64_t done = std::min(progress.rows - rows_before_, rows_here_);
  return fmt::format("{}: {} of {} rows", sentence_, GroupedNumber(done), GroupedNumber(rows_here_));
}

}  // namespace sheaf::exporting
