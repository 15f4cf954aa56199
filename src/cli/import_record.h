#pragma once
//! Rows of files → records as POST …/records takes them.

#include <string>
#include <unordered_map>

#include "cli/import_plan.h"

namespace sheaf::cli {

class RecordWriter {
 public:
  explicit RecordWriter(const ImportPlan& plan) : plan_(plan) {}
  //! Appends the row's record as one line of NDJSON.
  void Append(const ImportRow& row, std::string& out);

 private:
  void AppendField(const model::Field& field, const ImportCell& cell, std::string& out);

  const ImportPlan& plan_;
  std::string values_, skipped_;
  std::unordered_map<std::string, int> seen_;  //!< participants, where they stand for a missing record id
};

}  // namespace sheaf::cli
