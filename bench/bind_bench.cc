//! What rules cost: a rule set of Avicenna's with 1,000 conditions compiled to our filter language and bound to a definition
//! of 1,000 fields. Time of this thread alone, so that a busy machine does not count.

#include <time.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "api/avicenna/rules.h"
#include "model/definition_json.h"
#include "query/filter.h"

namespace {

double Milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

std::string Rules(int leaves) {
  std::string text = R"({"columns":["Q1"],"sort_by":[],"query":{"AND":[)";
  for (int leaf = 0; leaf < leaves; leaf += 2) {
    if (leaf > 0) text += ',';
    text += R"({"OR":[{"field_name":"Q)" + std::to_string(leaf % 1000 + 1) + R"(","op":">=","value":)" + std::to_string(leaf) +
            R"(},{"field_name":"session.Q)" + std::to_string(leaf % 997 + 1) + R"(","op":"not_in","value":[1,2]}]})";
  }
  return text + "]}}";
}

}  // namespace

int main() {
  std::string definition = R"({"kind":"survey","fields":[)";
  for (int field = 1; field <= 1000; ++field)
    definition += (field > 1 ? "," : "") + std::string(R"({"id":"Q)") + std::to_string(field) + R"(","type":"integer"})";
  const auto dataset = sheaf::model::ParseDataset(definition + "]}", "survey");
  if (!dataset) return 1;
  const std::string text = Rules(1000);
  std::vector<double> times;
  for (int run = 0; run < 50; ++run) {
    const double started = Milliseconds();
    const boost::json::value rules = boost::json::parse(text);
    const sheaf::api::avicenna::FieldNames names(sheaf::api::avicenna::Entity::kSession, *dataset);
    const auto compiled = sheaf::api::avicenna::CompileRules(rules, names, [](std::string_view id) { return std::string(id); });
    if (!compiled) return 1;
    const auto bound = sheaf::query::ParseFilter(compiled->filter, *dataset);
    if (!bound) return 1;
    times.push_back(Milliseconds() - started);
  }
  std::sort(times.begin(), times.end());
  std::printf("1,000 conditions compiled and bound: %.2f ms (median of %zu), %.2f ms at most\n", times[times.size() / 2], times.size(),
              times.back());
  return 0;
}
