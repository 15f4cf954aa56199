#pragma once
//! Records as HyperStudy writes them: every key of the type on every row.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/hyperstudy/data_query.h"
#include "api/hyperstudy/record_types.h"
#include "export/encoder.h"
#include "export/plan.h"

namespace sheaf::api::hyperstudy {

//! What rows are written with. `plan` has all columns of JSON, and outlives the encoder, as do the others.
struct RowStyle {
  const exporting::Plan& plan;
  const RecordType& type;
  std::string study;
  DataFormat format = DataFormat::kJson;
  std::int32_t nobody = -1;  //!< number of the participant kNobody
  //! What is appended behind the last row of JSON; after `],"metadata":`.
  std::function<std::string(std::uint64_t rows)> metadata{};
  //! The address of a recording's file as JSON, by record id and session id; null where it has none.
  std::function<std::string(std::string_view recording, std::string_view session)> media{};
  //! What a recording's file tells of a key that its record has no value for, by key and record id; JSON, null for nothing.
  std::function<std::string(std::string_view key, std::string_view recording)> facts{};
  bool envelope = true;  //!< JSON: else a plain list
};

//! JSON: {"status":"success","data":[…],"metadata":{…}}, or […]; CSV with a header, as the plan's profile has it; NDJSON.
std::unique_ptr<exporting::Encoder> MakeRowEncoder(RowStyle style);

}  // namespace sheaf::api::hyperstudy
