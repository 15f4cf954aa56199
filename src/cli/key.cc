#include <fmt/core.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include <memory>
#include <string>
#include <vector>

#include "access/access.h"
#include "access/audit_log.h"
#include "base/time.h"
#include "catalog/catalog.h"
#include "cli/commands.h"
#include "cli/data_directory.h"
#include "cli/report.h"

namespace sheaf::cli {
namespace {

struct KeyOptions {
  std::string data;
  std::string user;
  std::string name;
  std::string id;
  std::string expires = "never";
  std::string style = "sheaf";
  std::vector<std::string> scopes;
  std::vector<std::string> studies;
  bool json = false;
};

Result<std::unique_ptr<catalog::Catalog>> OpenExisting(const std::string& data) {
  SHEAF_ASSIGN(const DataDirectory directory, DataDirectory::Open(data, DataDirectory::Missing::kRefuse));
  return catalog::OpenCatalog(directory.CatalogPath());
}

Result<catalog::Account> FindUser(catalog::Catalog& catalog, const std::string& email) {
  auto account = catalog.FindAccountByEmail(email);
  if (!account && account.error().code == ErrorCode::kNotFound) {
    return Fail(ErrorCode::kNotFound, "There is no account with the address " + email + ".");
  }
  return account;
}

Result<access::NewKey> CreateKey(const KeyOptions& options) {
  SHEAF_ASSIGN(const auto lifetime, access::ParseExpiry(options.expires));
  SHEAF_ASSIGN(const auto catalog, OpenExisting(options.data));
  SHEAF_ASSIGN(const catalog::Account account, FindUser(*catalog, options.user));
  std::optional<Micros> expires_at;
  if (lifetime) expires_at = Now() + *lifetime * 1'000'000;
  const auto style = access::KeyStyleFrom(options.style);
  if (!style) return Fail(ErrorCode::kUsage, "--style is sheaf or hyperstudy.");
  SHEAF_ASSIGN(access::NewKey made,
               access::CreateKey(*catalog, account.id, options.name, options.scopes, expires_at, options.studies, *style));
  SHEAF_TRY(access::RecordCommand(*catalog, "key.create", made.key.id));
  return made;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

boost::json::value TimeOrNull(const std::optional<Micros>& instant) {
  if (!instant) return nullptr;
  return boost::json::string(FormatIsoUtc(*instant));
}

boost::json::object KeyJson(const catalog::Key& key) {
  boost::json::array scopes;
  for (const std::string& scope : key.scopes) scopes.emplace_back(scope);
  boost::json::object object;
  object["id"] = key.id;
  object["name"] = key.name;
  object["scopes"] = std::move(scopes);
  object["expires_at"] = TimeOrNull(key.expires_at);
  return object;
}

int RunCreate(const KeyOptions& options) {
  const auto created = CreateKey(options);
  if (!created) return ReportFailure(created.error());
  if (options.json) {
    boost::json::object object;
    object["id"] = created->key.id;
    object["key"] = created->secret;
    for (const auto& member : KeyJson(created->key)) object.emplace(member.key(), member.value());
    fmt::print("{}\n", boost::json::serialize(object));
    return kExitOk;
  }
  fmt::print("Key {} ({}), scopes: {}, expires: {}.\n", created->key.id, created->key.name.empty() ? "no name" : created->key.name,
             Joined(created->key.scopes), created->key.expires_at ? FormatIsoUtc(*created->key.expires_at) : "never");
  fmt::print("Keep it now, it is not shown again:\n{}\n", created->secret);
  return kExitOk;
}

Result<std::vector<catalog::Key>> ListKeys(const KeyOptions& options) {
  SHEAF_ASSIGN(const auto catalog, OpenExisting(options.data));
  SHEAF_ASSIGN(const catalog::Account account, FindUser(*catalog, options.user));
  return catalog->Keys(account.id);
}

int RunList(const KeyOptions& options) {
  const auto keys = ListKeys(options);
  if (!keys) return ReportFailure(keys.error());
  boost::json::array array;
  for (const catalog::Key& key : *keys) {
    if (options.json) {
      boost::json::object object = KeyJson(key);
      object["created_at"] = FormatIsoUtc(key.created_at);
      object["revoked_at"] = TimeOrNull(key.revoked_at);
      object["last_used_at"] = TimeOrNull(key.last_used_at);
      object["uses"] = key.uses;
      array.push_back(std::move(object));
      continue;
    }
    const std::string state = key.revoked_at   ? "revoked " + FormatIsoUtc(*key.revoked_at)
                              : key.expires_at ? "expires " + FormatIsoUtc(*key.expires_at)
                                               : "never expires";
    const std::string used =
        key.last_used_at ? fmt::format("used {} times, last {}", key.uses, FormatIsoUtc(*key.last_used_at)) : "not used";
    fmt::print("{}  {}  [{}]  {}  {}\n", key.id, key.name, Joined(key.scopes), state, used);
  }
  if (options.json) fmt::print("{}\n", boost::json::serialize(array));
  return kExitOk;
}

Status RevokeKey(const KeyOptions& options) {
  SHEAF_ASSIGN(const auto catalog, OpenExisting(options.data));
  SHEAF_TRY(catalog->RevokeKey(options.id));
  return access::RecordCommand(*catalog, "key.revoke", options.id);
}

int RunRevoke(const KeyOptions& options) {
  const Status revoked = RevokeKey(options);
  if (!revoked) return ReportFailure(revoked.error());
  fmt::print("{} is revoked.\n", options.id);
  return kExitOk;
}

void AddKeyCreate(CLI::App& key, const std::shared_ptr<KeyOptions>& options, Run& run) {
  CLI::App* create = key.add_subcommand("create", "Make a key for an account and show it, once; works while a server runs");
  create->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  create->add_option("--user", options->user, "The account's e-mail address")->required()->type_name("E");
  create->add_option("--name", options->name, "What the key is for")->type_name("N");
  create->add_option("--scope", options->scopes, "What it may do; repeat it for several. Without one: everything the account may")
      ->type_name("S");
  create->add_option("--study", options->studies, "The only study it is good for; repeat it for several. Without one: all of the account")
      ->type_name("ID");
  create->add_option("--expires", options->expires, "How long it is good for: 12h, 90d, 1y or never")
      ->type_name("T")
      ->capture_default_str();
  create->add_option("--style", options->style, "How the key looks: sheaf, or hyperstudy (hst_live_ and 64 characters)")
      ->type_name("STYLE")
      ->capture_default_str();
  create->add_flag("--json", options->json, "Print {\"id\",\"key\",\"name\",\"scopes\",\"expires_at\"}");
  create->footer(
      "Scopes: * read:* read:records read:studies read:access read:audit write:records write:studies write:people\n"
      "write:access delete:records delete:studies delete:participants export, and read:KIND for one kind of dataset, for example "
      "read:survey. Scopes of HyperStudy's keys, such as read:ratings and write:events, are known, too (docs/hyperstudy.md).\n"
      "Examples:\n"
      "  sheaf key create --data ./data --user ada@example.org --json\n"
      "  sheaf key create --data ./data --user ada@example.org --name phones --scope write:records --expires 90d");
  create->callback([options, &run] { run = [options] { return RunCreate(*options); }; });
}

}  // namespace

void AddKeyCommand(CLI::App& app, Run& run) {
  CLI::App* key = app.add_subcommand("key", "Keys of the API: create, list, revoke");
  key->require_subcommand(1);
  key->footer("Examples:\n  sheaf key create --help\n  sheaf key list --data ./data --user ada@example.org");
  auto options = std::make_shared<KeyOptions>();
  AddKeyCreate(*key, options, run);

  CLI::App* list = key->add_subcommand("list", "List an account's keys (never the keys themselves)");
  list->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  list->add_option("--user", options->user, "The account's e-mail address")->required()->type_name("E");
  list->add_flag("--json", options->json, "Print an array of objects");
  list->footer("Example:\n  sheaf key list --data ./data --user ada@example.org");
  list->callback([options, &run] { run = [options] { return RunList(*options); }; });

  CLI::App* revoke = key->add_subcommand("revoke", "End a key; a running server refuses it from the next request on");
  revoke->add_option("--data", options->data, "The data directory")->required()->type_name("DIR");
  revoke->add_option("ID", options->id, "The key's id, key_…")->required();
  revoke->footer("Example:\n  sheaf key revoke --data ./data key_3fJ0…");
  revoke->callback([options, &run] { run = [options] { return RunRevoke(*options); }; });
}

}  // namespace sheaf::cli
