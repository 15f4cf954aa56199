#pragma once
//! A line on a terminal that says how far a command is. Silent where standard error is no terminal.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace sheaf::cli {

class ProgressBar {
 public:
  //! `total` in bytes; 0: unknown, then only what is done is shown.
  ProgressBar(std::string label, std::uint64_t total);
  ~ProgressBar();  //!< takes the line away
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  //! Draws at most ten times a second.
  void Update(std::uint64_t done, std::string_view note = {});
  double Seconds() const { return static_cast<double>(MonotonicNow() - started_) / 1e6; }

 private:
  void Draw(std::uint64_t done, std::string_view note);
  std::string label_;
  std::uint64_t total_;
  Micros started_;
  Micros drawn_ = 0;
  bool terminal_;
};

//! "1.2 GB"
std::string BytesText(std::uint64_t bytes);
//! "1,234,567"
std::string CountText(std::uint64_t count);

}  // namespace sheaf::cli
