#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <memory>
#include <string>

#include "base/error.h"
#include "cli/commands.h"

namespace sheaf::cli {
namespace {

void PrintText() {
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    fmt::print("{}  {}  HTTP {}\n      {}.\n      {}\n", entry.number, entry.slug, entry.http_status, entry.title, entry.advice);
  }
}

void PrintMarkdown() {
  fmt::print("# Errors\n\nEvery refusal carries one of these codes. This page is written by `sheaf errors --format markdown`.\n");
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    fmt::print("\n## {}\n\n{} · HTTP {} · {}.\n\n{}\n", entry.slug, entry.number, entry.http_status, entry.title, entry.advice);
  }
}

void PrintJson() {
  boost::json::array array;
  for (const ErrorEntry& entry : ErrorCatalogue()) {
    boost::json::object object;
    object["number"] = entry.number;
    object["code"] = entry.slug;
    object["status"] = entry.http_status;
    object["title"] = entry.title;
    object["advice"] = entry.advice;
    array.push_back(std::move(object));
  }
  fmt::print("{}\n", boost::json::serialize(array));
}

}  // namespace

void AddErrorsCommand(CLI::App& app, Run& run) {
  CLI::App* errors = app.add_subcommand("errors", "Print the catalogue of errors");
  auto format = std::make_shared<std::string>("text");
  errors->add_option("--format", *format, "text, markdown or json")
      ->check(CLI::IsMember({"text", "markdown", "json"}))
      ->capture_default_str();
  errors->footer("Example:\n  sheaf errors --format markdown > docs/errors.md");
  errors->callback([format, &run] {
    run = [format] {
      if (*format == "markdown") PrintMarkdown();
      else if (*format == "json") PrintJson();
      else PrintText();
      return kExitOk;
    };
  });
}

}  // namespace sheaf::cli
