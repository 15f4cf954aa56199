#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>
#include <string>

#include "cli/commands.h"
#include "cli/quality.h"
#include "cli/report.h"

namespace {

int Main(int argc, char** argv) {
  CLI::App app("Sheaf keeps the data of studies and hands it over: filtered, checked, in the format the next tool wants.", "sheaf");
  app.set_version_flag("--version", "sheaf " + std::string(sheaf::cli::Version()));
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  sheaf serve --data ./data\n"
      "  sheaf user add --data ./data --email ada@example.org --name Ada --admin --password-stdin\n"
      "  sheaf key create --data ./data --user ada@example.org --json\n"
      "Each command explains itself: sheaf COMMAND --help");
  sheaf::cli::Run run;
  sheaf::cli::AddServeCommand(app, run);
  sheaf::cli::AddUserCommand(app, run);
  sheaf::cli::AddKeyCommand(app, run);
  sheaf::cli::AddImportCommand(app, run);
  sheaf::cli::AddExportCommand(app, run);
  sheaf::cli::AddScheduleCommand(app, run);
  sheaf::cli::AddFileCommand(app, run);
  sheaf::cli::AddQualityCommand(app, run);
  sheaf::cli::AddVerifyCommand(app, run);
  sheaf::cli::AddEraseCommand(app, run);
  sheaf::cli::AddRetentionCommand(app, run);
  sheaf::cli::AddDemoCommand(app, run);
  sheaf::cli::AddCheckCommand(app, run);
  sheaf::cli::AddSecretsCommand(app, run);
  sheaf::cli::AddAuditCommand(app, run);
  sheaf::cli::AddSensorsCommand(app, run);
  sheaf::cli::AddErrorsCommand(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) { return app.exit(error) == 0 ? sheaf::cli::kExitOk : sheaf::cli::kExitUsage; }
  return run ? run() : sheaf::cli::kExitUsage;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sheaf: %s\n", error.what());
    return sheaf::cli::kExitFailed;
  }
}
