#pragma once
//! Records that were refused when they arrived, counted by dataset and reason. Names of errors and numbers alone: nothing of what
//! anybody sent.

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"

namespace sheaf::quality {

//! Thread-safe. What is counted is in DIRECTORY/STUDY/refused.json before Add returns, but not synced: after a power cut the last may be
//! missing.
class Refusals {
 public:
  using Counts = std::map<std::string, std::uint64_t>;  //!< by the error's slug

  explicit Refusals(std::string directory) : directory_(std::move(directory)) {}
  //! Never fails: what cannot be kept is in the log.
  void Add(std::string_view study, std::string_view dataset, const std::map<ErrorCode, std::uint64_t>& refused);
  Counts Of(std::string_view study, std::string_view dataset);
  //! The study is gone, and one of the same name begins anew.
  void Forget(std::string_view study);

 private:
  using Study = std::map<std::string, Counts>;
  Study& Known(const std::string& study);
  std::string FileOf(const std::string& study) const { return directory_ + "/" + study + "/refused.json"; }
  void Save(const std::string& study, const Study& counts) const;

  const std::string directory_;
  std::mutex mutex_;
  std::map<std::string, Study> studies_;
};

}  // namespace sheaf::quality
