#pragma once
//! An export of this protocol as its clients see it, and what the catalog keeps of how it was asked for.

#include <cstdint>
#include <optional>
#include <string>

#include "api/native/call.h"
#include "catalog/catalog.h"

namespace sheaf::api::avicenna {

//! Kept with the job as JSON.
struct Asked {
  std::int64_t study = 0;
  std::string kind;  //!< "ACTIVITY_RESPONSE", "PARTICIPATION", "SENSOR"
  std::optional<std::int64_t> activity, data_source, site;
  std::string export_version;  //!< empty: not given
  std::string rule_set;        //!< JSON; empty: none
  std::string request;         //!< JSON, as it was given
  std::string stem;            //!< of the file's name, before the number
};
std::string AskedJson(const Asked& asked);

//! What the file is called: `stem`, the number, its extension.
std::string FileName(const catalog::ExportJob& job);
//! The export object. `origin`: before the paths of addresses.
std::string ExportJson(const native::Call& call, const catalog::ExportJob& job);
std::int64_t StatusNumber(catalog::ExportState state);

}  // namespace sheaf::api::avicenna
