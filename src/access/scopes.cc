#include "access/scopes.h"

#include <algorithm>
#include <array>

namespace sheaf::access {
namespace {

struct Rule {
  Action action;
  std::string_view scope;
};
// Every action and the scope it needs. `*` stands for all of them, `read:*` for those that begin with `read:`.
// Writing does not include reading: a collecting device's key cannot read back what others sent.
constexpr std::array<Rule, 14> kRules = {{
    {Action::kListStudies, "read:studies"},
    {Action::kCreateStudy, "write:studies"},
    {Action::kViewStudy, "read:studies"},
    {Action::kManageStudy, "write:studies"},
    {Action::kDeleteStudy, "delete:studies"},
    {Action::kReadRecords, "read:records"},
    {Action::kWriteRecords, "write:records"},
    {Action::kDeleteRecords, "delete:records"},
    {Action::kExport, "export"},
    {Action::kManagePeople, "write:people"},
    {Action::kErase, "delete:participants"},
    {Action::kReadAccess, "read:access"},
    {Action::kManageAccess, "write:access"},
    {Action::kReadAudit, "read:audit"},
}};

constexpr std::string_view kAll = "*";
constexpr std::string_view kAllReads = "read:*";
constexpr std::string_view kRead = "read:";

bool Begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

}  // namespace

bool IsScope(std::string_view scope) {
  if (scope == kAll || scope == kAllReads) return true;
  if (std::any_of(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.scope == scope; })) return true;
  return Begins(scope, kRead) && model::DatasetKindFrom(scope.substr(kRead.size())).has_value();
}

bool Includes(const std::vector<std::string>& scopes, std::string_view wanted) {
  constexpr std::string_view kAllRecords = "read:records";
  return std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
    if (scope == kAll || scope == wanted) return true;
    if (scope == kAllReads) return Begins(wanted, kRead);
    return scope == kAllRecords && Begins(wanted, kRead) && model::DatasetKindFrom(wanted.substr(kRead.size())).has_value();
  });
}

std::string KnownScopes() {
  std::string names = "*, read:*, read:<kind of dataset>";
  for (const Rule& rule : kRules) {
    if (names.find(rule.scope) == std::string::npos) names += ", " + std::string(rule.scope);
  }
  return names;
}

std::string_view NeededScope(Action action) {
  for (const Rule& rule : kRules) {
    if (rule.action == action) return rule.scope;
  }
  return kAll;
}

bool Covers(const std::vector<std::string>& scopes, Action action, std::optional<model::DatasetKind> kind) {
  const std::string_view needed = NeededScope(action);
  return std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
    if (scope == kAll || scope == needed) return true;
    if (scope == kAllReads) return Begins(needed, kRead);
    if (action != Action::kReadRecords || !kind || !Begins(scope, kRead)) return false;
    return scope.substr(kRead.size()) == model::Name(*kind);
  });
}

}  // namespace sheaf::access
