#include <fmt/core.h>
#include <sodium.h>
#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>

#include "access/access.h"
#include "base/ids.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

struct UserOptions {
  std::string data;
  std::string email;
  std::string name;
  bool admin = false;
  bool password_stdin = false;
};

constexpr std::size_t kMaxPasswordBytes = 4096;

//! Everything on standard input up to the end, without the line end that `echo` and editors leave.
Result<std::string> ReadPassword() {
  std::string password(kMaxPasswordBytes + 1, '\0');
  std::cin.read(password.data(), static_cast<std::streamsize>(password.size()));
  password.resize(static_cast<std::size_t>(std::cin.gcount()));
  if (password.size() > kMaxPasswordBytes) return Fail(ErrorCode::kUsage, "The password is too long.");
  if (!password.empty() && password.back() == '\n') password.pop_back();
  if (!password.empty() && password.back() == '\r') password.pop_back();
  return password;
}

//! As much as can be said without asking the mail server: something, one @, something; and no room for mischief in a log.
bool IsEmail(std::string_view text) {
  const std::size_t at = text.find('@');
  return IsRecordId(text) && at != std::string_view::npos && at != 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos && text.find_first_of(" ,;<>\"") == std::string_view::npos;
}

Result<catalog::Account> AddUser(const UserOptions& options) {
  if (!IsEmail(options.email)) return Fail(ErrorCode::kUsage, "\"" + options.email + "\" is not an e-mail address.");
  if (!IsRecordId(options.name)) return Fail(ErrorCode::kUsage, "The name must have 1 to 255 printable characters.");
  SHEAF_ASSIGN(std::string password, ReadPassword());
  auto hash = access::HashPassword(password);
  sodium_memzero(password.data(), password.size());
  if (!hash) return tl::unexpected<Error>(std::move(hash).error());
  SHEAF_ASSIGN(const DataDirectory directory, DataDirectory::Open(options.data, DataDirectory::Missing::kCreate));
  SHEAF_ASSIGN(const auto catalog, catalog::OpenCatalog(directory.CatalogPath()));
  return catalog->AddAccount(options.email, options.name, options.admin, *hash);
}

int RunAdd(const UserOptions& options) {
  if (!options.password_stdin) return ReportUsage("Give the password on standard input, with --password-stdin.");
  const auto account = AddUser(options);
  if (!account) return ReportFailure(account.error());
  fmt::print("{}\n", account->id);
  return kExitOk;
}

Result<std::vector<catalog::Account>> ListUsers(const std::string& data) {
  SHEAF_ASSIGN(const DataDirectory directory, DataDirectory::Open(data, DataDirectory::Missing::kRefuse));
  SHEAF_ASSIGN(const auto catalog, catalog::OpenCatalog(directory.CatalogPath()));
  return catalog->Accounts();
}

int RunList(const std::string& data) {
  const auto accounts = ListUsers(data);
  if (!accounts) return ReportFailure(accounts.error());
  for (const catalog::Account& account : *accounts) {
    fmt::print("{}  {}  {}{}\n", account.id, account.email, account.name, account.admin ? "  (administrator)" : "");
  }
  return kExitOk;
}

}  // namespace

void AddUserCommand(CLI::App& app, Run& run) {
  CLI::App* user = app.add_subcommand("user", "Accounts: add one, list them");
  user->require_subcommand(1);
  user->footer("Examples:\n  sheaf user add --help\n  sheaf user list --data ./data");
  auto options = std::make_shared<UserOptions>();

  CLI::App* add = user->add_subcommand("add", "Add an account and print its id; works while a server runs");
  add->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  add->add_option("--email", options->email, "The address the account signs in with")->required()->type_name("E");
  add->add_option("--name", options->name, "What the person is called")->required()->type_name("N");
  add->add_flag("--admin", options->admin, "May see and manage every study");
  add->add_flag("--password-stdin", options->password_stdin, "Read the password from standard input (8 characters or more)");
  add->footer(
      "Example:\n  printf '%s' \"$PASSWORD\" | sheaf user add --data ./data --email ada@example.org --name \"Ada L.\" --password-stdin");
  add->callback([options, &run] { run = [options] { return RunAdd(*options); }; });

  CLI::App* list = user->add_subcommand("list", "List the accounts");
  list->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  list->footer("Example:\n  sheaf user list --data ./data");
  list->callback([options, &run] { run = [options] { return RunList(options->data); }; });
}

}  // namespace sheaf::cli
