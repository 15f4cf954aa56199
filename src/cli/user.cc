#include <fmt/core.h>
#include <sodium.h>
#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>
#include <string>

#include "access/access.h"
#include "access/audit_log.h"
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
  bool enable = false;
  bool no_second_factor = false;
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
  SHEAF_ASSIGN(catalog::Account account, catalog->AddAccount(options.email, options.name, options.admin, *hash));
  SHEAF_TRY(access::RecordCommand(*catalog, "account.create", account.id));
  return account;
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
    fmt::print("{}  {}  {}{}{}\n", account.id, account.email, account.name, account.admin ? "  (administrator)" : "",
               account.disabled_at ? "  (disabled)" : "");
  }
  return kExitOk;
}

Status DisableUser(const UserOptions& options) {
  SHEAF_ASSIGN(const DataDirectory directory, DataDirectory::Open(options.data, DataDirectory::Missing::kRefuse));
  SHEAF_ASSIGN(const auto catalog, catalog::OpenCatalog(directory.CatalogPath()));
  SHEAF_ASSIGN(const catalog::Account account, catalog->FindAccountByEmail(options.email));
  catalog::AccountChange change;
  change.disabled = !options.enable;
  SHEAF_TRY(catalog->ChangeAccount(account.id, change));
  if (options.enable) return {};
  return catalog->RemoveSessions(account.id, "");
}

int RunDisable(const UserOptions& options) {
  const Status done = DisableUser(options);
  if (!done) return ReportFailure(done.error());
  fmt::print("{} is {}.\n", options.email, options.enable ? "enabled" : "disabled");
  return kExitOk;
}

Status SetPassword(const UserOptions& options) {
  SHEAF_ASSIGN(const DataDirectory directory, DataDirectory::Open(options.data, DataDirectory::Missing::kRefuse));
  SHEAF_ASSIGN(const auto catalog, catalog::OpenCatalog(directory.CatalogPath()));
  SHEAF_ASSIGN(const catalog::Account account, catalog->FindAccountByEmail(options.email));
  SHEAF_ASSIGN(std::string password, ReadPassword());
  auto hash = access::HashPassword(password);
  sodium_memzero(password.data(), password.size());
  if (!hash) return Fail(std::move(hash).error());
  catalog::AccountChange change;
  change.password_hash = *std::move(hash);
  SHEAF_TRY(catalog->ChangeAccount(account.id, change));
  SHEAF_TRY(catalog->RemoveSessions(account.id, ""));
  if (!options.no_second_factor) return {};
  const Status removed = catalog->RemoveSecondFactor(account.id);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
  return {};
}

int RunPassword(const UserOptions& options) {
  if (!options.password_stdin) return ReportUsage("Give the password on standard input, with --password-stdin.");
  const Status done = SetPassword(options);
  if (!done) return ReportFailure(done.error());
  fmt::print("The password of {} is set; its sessions are ended.\n", options.email);
  return kExitOk;
}

void AddUserChanges(CLI::App& user, const std::shared_ptr<UserOptions>& options, Run& run) {
  CLI::App* disable = user.add_subcommand("disable", "End an account's sessions and stop its keys; works while a server runs");
  disable->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  disable->add_option("--email", options->email, "The account's address")->required()->type_name("E");
  disable->add_flag("--enable", options->enable, "The other way round: let it in again");
  disable->footer("Example:\n  sheaf user disable --data ./data --email bo@example.org");
  disable->callback([options, &run] { run = [options] { return RunDisable(*options); }; });

  CLI::App* password = user.add_subcommand("password", "Set an account's password and end its sessions; works while a server runs");
  password->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  password->add_option("--email", options->email, "The account's address")->required()->type_name("E");
  password->add_flag("--password-stdin", options->password_stdin, "Read the password from standard input (8 characters or more)");
  password->add_flag("--no-second-factor", options->no_second_factor, "Also take the second factor away, for somebody who lost it");
  password->footer("Example:\n  printf '%s' \"$PASSWORD\" | sheaf user password --data ./data --email bo@example.org --password-stdin");
  password->callback([options, &run] { run = [options] { return RunPassword(*options); }; });
}

}  // namespace

void AddUserCommand(CLI::App& app, Run& run) {
  CLI::App* user = app.add_subcommand("user", "Accounts: add, list, disable them, set a password");
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

  AddUserChanges(*user, options, run);

  CLI::App* list = user->add_subcommand("list", "List the accounts");
  list->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  list->footer("Example:\n  sheaf user list --data ./data");
  list->callback([options, &run] { run = [options] { return RunList(options->data); }; });
}

}  // namespace sheaf::cli
