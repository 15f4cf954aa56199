#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "api/problem.h"
#include "base/error.h"
#include "cli/commands.h"

namespace sheaf::cli {
namespace {

void PrintText() {
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    fmt::print("{}  {}  HTTP {}\n      {}.\n      {}\n", entry.number, entry.slug, entry.http_status, entry.title, entry.advice);
  }
}

}  // namespace

void AddErrorsCommand(CLI::App& app, Run& run) {
  CLI::App* errors = app.add_subcommand("errors", "Print the catalogue of errors");
  auto format = std::make_shared<std::string>("text");
  errors->add_option("--format", *format, "text, or json as GET /api/v1/errors answers it")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  errors->footer("Example:\n  sheaf errors --format json | jq '.errors[] | select(.code == 2001)'");
  errors->callback([format, &run] {
    run = [format] {
      if (*format == "json") fmt::print("{}\n", api::ErrorCatalogueJson());
      else PrintText();
      return kExitOk;
    };
  });
}

}  // namespace sheaf::cli
