#pragma once
//! How commands speak to people.

#include <string_view>

#include "base/error.h"

namespace sheaf::cli {

//! "0.1.0"
std::string_view Version();

//! Says on standard error what failed, with the error's number; answers the exit code.
int ReportFailure(const Error& error);

//! For a command line that parses but asks for what cannot be; answers kExitUsage.
int ReportUsage(std::string_view sentence);

}  // namespace sheaf::cli
