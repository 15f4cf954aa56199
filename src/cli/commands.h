#pragma once
//! The subcommands of `sheaf`, one file each. To add one: a file with its Add…Command, a line here, a line in main.cc.

#include <functional>

namespace CLI {
class App;
}

namespace sheaf::cli {

//! Exit codes of every command.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;  //!< it failed, or found something wrong
inline constexpr int kExitUsage = 2;   //!< the command line cannot be understood

//! What the chosen subcommand does; answers the exit code. Set while the command line is parsed, called afterwards, so
//! that nothing happens before the whole line is known to be right.
using Run = std::function<int()>;

void AddServeCommand(CLI::App& app, Run& run);
void AddUserCommand(CLI::App& app, Run& run);
void AddKeyCommand(CLI::App& app, Run& run);
void AddCheckCommand(CLI::App& app, Run& run);
void AddSecretsCommand(CLI::App& app, Run& run);
void AddAuditCommand(CLI::App& app, Run& run);
void AddSensorsCommand(CLI::App& app, Run& run);
void AddErrorsCommand(CLI::App& app, Run& run);
void AddDemoCommand(CLI::App& app, Run& run);
void AddImportCommand(CLI::App& app, Run& run);
void AddExportCommand(CLI::App& app, Run& run);
void AddFileCommand(CLI::App& app, Run& run);
void AddRetentionCommand(CLI::App& app, Run& run);
void AddEraseCommand(CLI::App& app, Run& run);
void AddScheduleCommand(CLI::App& app, Run& run);
void AddVerifyCommand(CLI::App& app, Run& run);

}  // namespace sheaf::cli
