#pragma once
//! What a running job tells others about itself.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "export/pipeline.h"

namespace sheaf::exporting {

//! "1,234,567"
std::string GroupedNumber(std::uint64_t number);

//! Written by the job's thread, read from any.
class JobState {
 public:
  Progress progress;  //!< rows, and the way to cancel
  std::atomic<std::uint64_t> rows_total{0};
  std::atomic<std::uint64_t> bytes{0};  //!< of the file so far

  void Say(std::string sentence);
  //! From now on "writing NAME: 1,200 of 5,000 rows", counted from here.
  void SayWriting(const std::string& name, std::uint64_t rows);
  std::string Activity() const;
  bool Cancelled() const { return progress.cancelled.load(); }

 private:
  mutable std::mutex mutex_;
  std::string sentence_;
  bool counting_ = false;
  std::uint64_t rows_before_ = 0;
  std::uint64_t rows_here_ = 0;
};

}  // namespace sheaf::exporting
