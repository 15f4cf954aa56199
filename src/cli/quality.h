#pragma once
//! `sheaf quality`.

#include "cli/commands.h"

namespace sheaf::cli {

void AddQualityCommand(CLI::App& app, Run& run);

}  // namespace sheaf::cli
