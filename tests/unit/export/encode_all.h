#pragma once
//! A whole export in memory: options → plan → encoder → bytes.

#include <gtest/gtest.h>

#include <string>

#include "export/encoder.h"
#include "export/options.h"
#include "export/plan.h"
#include "fake_vault.h"

namespace sheaf::exporting {

inline std::string EncodeAll(FakeStudy& study, const ExportOptions& options, std::string_view dataset) {
  const auto plan = MakePlan(study, options, dataset);
  if (!plan) {
    ADD_FAILURE() << Describe(plan.error().code).slug << " " << plan.error().place << ": " << plan.error().detail;
    return {};
  }
  const auto encoder = MakeEncoder(*plan);
  const auto cursor = study.Read(plan->select);
  if (!cursor) {
    ADD_FAILURE() << cursor.error().detail;
    return {};
  }
  std::string out;
  std::uint64_t rows = 0;
  encoder->Begin(out);
  while (true) {
    const auto batch = (*cursor)->Next();
    if (!batch || *batch == nullptr) break;
    encoder->Encode(**batch, 0, (*batch)->rows, rows == 0, out);
    rows += (*batch)->rows;
  }
  encoder->End(out, rows);
  return out;
}

//! The options of a query string "format=csv&profile=excel"; nothing is percent-decoded.
inline ExportOptions OptionsOf(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const std::string_view part = query.substr(0, query.find('&'));
    const std::size_t sign = part.find('=');
    parameters.emplace_back(part.substr(0, sign), part.substr(sign + 1));
    query.remove_prefix(std::min(part.size() + 1, query.size()));
  }
  const auto options = OptionsFromQuery(parameters);
  if (options) return *options;
  ADD_FAILURE() << Describe(options.error().code).slug << " " << options.error().place << ": " << options.error().detail;
  return {};
}

}  // namespace sheaf::exporting
