#pragma once
#include "model/definition_json.h"

namespace sheaf::query {

//! A dataset with a field of every type, one of them hiding the record's own `seq`.
inline const model::Dataset& ExampleDataset() {
  static const model::Dataset kDataset = model::ParseDataset(R"({"kind":"survey","fields":[
    {"id":"text","type":"string"},
    {"id":"count","type":"integer"},
    {"id":"weight","type":"double"},
    {"id":"done","type":"boolean"},
    {"id":"born","type":"datetime"},
    {"id":"code","type":"identifier"},
    {"id":"mood","type":"enum","options":[{"id":"bad","code":"1"},{"id":"good","code":"2"}]},
    {"id":"hobbies","type":"set","options":[{"id":"sport","code":"s"},{"id":"music","code":"m"}]},
    {"id":"extra","type":"json"},
    {"id":"seq","type":"string"}]})",
                                                             "example")
                                             .value();
  return kDataset;
}

}  // namespace sheaf::query
