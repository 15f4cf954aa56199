#include "model/record_batch.h"

namespace sheaf::model {

std::int32_t IdDictionary::Place(std::string_view id) {
  if (const auto found = places_.find(id); found != places_.end()) return found->second;
  const auto place = static_cast<std::int32_t>(ids_.size());
  ids_.emplace_back(id);
  places_.emplace(id, place);
  return place;
}

RecordBatch RecordBatch::For(const Dataset& dataset) {
  RecordBatch batch;
  batch.fields.resize(dataset.fields.size());
  for (std::size_t field = 0; field < dataset.fields.size(); ++field) { batch.fields[field].type = dataset.fields[field].type; }
  return batch;
}

}  // namespace sheaf::model
