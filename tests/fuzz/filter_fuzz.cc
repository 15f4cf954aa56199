//! Filters, sorts, column lists and definitions from hostile hands. Beyond not crashing: what is accepted means the same in
//! its canonical form, and a definition survives being written and read again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/ids.h"
#include "model/definition_json.h"
#include "query/filter.h"

namespace {

using sheaf::model::Predicate;

const sheaf::model::Dataset& Dataset() {
  static const sheaf::model::Dataset kDataset = sheaf::model::ParseDataset(R"({"fields":[
    {"id":"text","type":"string"},{"id":"count","type":"integer"},{"id":"weight","type":"double"},
    {"id":"done","type":"boolean"},{"id":"born","type":"datetime"},{"id":"seq","type":"json"},
    {"id":"mood","type":"enum","options":[{"id":"a","code":"1"},{"id":"b"}]},
    {"id":"hobbies","type":"set","options":[{"id":"a","code":"1"},{"id":"b"}]}]})",
                                                                           "fuzz")
                                                    .value();
  return kDataset;
}

void Require(bool holds) {
  if (!holds) std::abort();
}

bool Same(const Predicate& left, const Predicate& right) {
  if (left.op != right.op || !(left.column == right.column) || left.values != right.values) return false;
  if (left.children.size() != right.children.size()) return false;
  for (std::size_t i = 0; i < left.children.size(); ++i) {
    if (!Same(left.children[i], right.children[i])) return false;
  }
  return true;
}

void FuzzFilter(std::string_view text) {
  const auto predicate = sheaf::query::ParseFilter(text, Dataset());
  if (!predicate) {
    Require(predicate.error().place.rfind("/filter", 0) == 0);
    Require(sheaf::IsUtf8(predicate.error().detail));
    Require(sheaf::IsUtf8(predicate.error().place));
    return;
  }
  const auto canonical = sheaf::query::CanonicalFilter(text);
  Require(canonical.has_value());
  // A text close to the limit of size can grow beyond it when its numbers are written out.
  if (canonical->size() > sheaf::query::kMaxFilterBytes) return;
  const auto again = sheaf::query::ParseFilter(*canonical, Dataset());
  Require(again.has_value() && Same(*predicate, *again));
  Require(sheaf::query::CanonicalFilter(*canonical).value() == *canonical);
}

void FuzzLists(std::string_view text) {
  (void)sheaf::query::ParseSort(text, Dataset());
  const auto columns = sheaf::query::ParseColumns(text, Dataset());
  if (!columns) return;
  std::string written;
  for (const auto& column : *columns) {
    if (!written.empty()) written += ',';
    written += sheaf::query::ColumnName(column, Dataset());
  }
  Require(sheaf::query::ParseColumns(written, Dataset()).value() == *columns);
}

void FuzzDefinition(std::string_view text) {
  const auto dataset = sheaf::model::ParseDataset(text, "fuzz");
  if (!dataset) return;
  const std::string written = sheaf::model::DatasetJson(*dataset);
  const auto again = sheaf::model::ParseDataset(written, "fuzz");
  Require(again.has_value() && sheaf::model::DatasetJson(*again) == written);
  const auto merged = sheaf::model::MergeDefinitions(*dataset, *again);
  Require(merged.has_value() && merged->version == dataset->version);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: FuzzFilter(text); break;
    case 1: FuzzLists(text); break;
    default: FuzzDefinition(text); break;
  }
  return 0;
}
