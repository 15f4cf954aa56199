#pragma once
//! The registry of data sources as a file.

#include <memory>
#include <string>

#include "base/error.h"
#include "model/sensor_sources.h"

namespace sheaf::cli {

//! Reads it; where it is missing it is written with the defaults first. What is wrong in it is kUsage, with the file and
//! the place in the detail; kIo.
Result<std::shared_ptr<const model::SensorSources>> LoadSensorSources(const std::string& path);

}  // namespace sheaf::cli
