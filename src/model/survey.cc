#include "model/survey.h"

namespace sheaf::model {

int TestFieldNumber(const Dataset& dataset) {
  if (dataset.kind != DatasetKind::kSurvey) return -1;
  const int number = dataset.FieldNumber(kTestField);
  if (number < 0) return -1;
  const Field& field = dataset.fields[static_cast<std::size_t>(number)];
  return field.system && field.type == FieldType::kBoolean ? number : -1;
}

}  // namespace sheaf::model
