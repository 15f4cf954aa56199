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

// What the scopes of experiment platforms are worth here. A key with one of them may do no more than one with `scope`;
// where that is empty, it opens nothing that Sheaf has.
struct PlatformScope {
  std::string_view name;
  std::string_view scope;
};
constexpr std::array kPlatformScopes = std::to_array<PlatformScope>({
    {"read:videochat", "read:records"},
    {"read:ratings", "read:records"},
    {"read:sync", "read:records"},
    {"read:participants", "read:studies"},
    {"read:experiments", "read:studies"},
    {"write:events", "write:records"},
    {"write:experiments", ""},
    {"delete:experiments", ""},
    {"read:personas", ""},
    {"write:personas", ""},
    {"write:deployments", ""},
    {"admin:api_keys", ""},
    {"admin:users", ""},
});

// What such a scope stands for among ours.
struct Alias {
  std::string_view name;
  std::string_view scope;
};
constexpr std::array kAliases = std::to_array<Alias>({
    {"read:ratings", "read:continuous_ratings"},
    {"read:ratings", "read:sparse_ratings"},
    {"read:sync", "read:sync_metrics"},
    {"read:experiments", "read:studies"},
});

// Every topic, and the scopes each of which suffices beside ours; the first is named in refusals.
struct TopicRule {
  Topic topic;
  Action action;
  std::array<std::string_view, 2> scopes;
};
constexpr std::array kTopics = std::to_array<TopicRule>({
    {Topic::kEvents, Action::kReadRecords, {"read:events", ""}},
    {Topic::kRecordings, Action::kReadRecords, {"read:recordings", ""}},
    {Topic::kChat, Action::kReadRecords, {"read:chat", ""}},
    {Topic::kVideochat, Action::kReadRecords, {"read:videochat", "read:custom"}},
    {Topic::kContinuousRatings, Action::kReadRecords, {"read:ratings", "read:continuous_ratings"}},
    {Topic::kSparseRatings, Action::kReadRecords, {"read:ratings", "read:sparse_ratings"}},
    {Topic::kSyncMetrics, Action::kReadRecords, {"read:sync", "read:sync_metrics"}},
    {Topic::kComponents, Action::kReadRecords, {"read:components", ""}},
    {Topic::kParticipants, Action::kViewStudy, {"read:events", "read:participants"}},
    {Topic::kRooms, Action::kViewStudy, {"read:events", "read:experiments"}},
    {Topic::kExperiments, Action::kViewStudy, {"read:experiments", ""}},
    {Topic::kDeployments, Action::kViewStudy, {"read:experiments", "read:events"}},
    {Topic::kWriteEvents, Action::kWriteRecords, {"write:events", ""}},
});

constexpr std::string_view kAll = "*";
constexpr std::string_view kAllReads = "read:*";
constexpr std::string_view kRead = "read:";

bool Begins(std::string_view text, std::string_view with) { return text.substr(0, with.size()) == with; }

const PlatformScope* FindPlatformScope(std::string_view name) {
  const auto found = std::find_if(kPlatformScopes.begin(), kPlatformScopes.end(), [&](const auto& one) { return one.name == name; });
  return found == kPlatformScopes.end() ? nullptr : &*found;
}

const TopicRule& RuleOf(Topic topic) {
  return *std::find_if(kTopics.begin(), kTopics.end(), [&](const TopicRule& rule) { return rule.topic == topic; });
}

bool StandsFor(std::string_view name, std::string_view scope) {
  return std::any_of(kAliases.begin(), kAliases.end(), [&](const Alias& alias) { return alias.name == name && alias.scope == scope; });
}

}  // namespace

bool IsScope(std::string_view scope) {
  if (scope == kAll || scope == kAllReads) return true;
  if (std::any_of(kRules.begin(), kRules.end(), [&](const Rule& rule) { return rule.scope == scope; })) return true;
  if (FindPlatformScope(scope) != nullptr) return true;
  return Begins(scope, kRead) && model::DatasetKindFrom(scope.substr(kRead.size())).has_value();
}

bool Includes(const std::vector<std::string>& scopes, std::string_view wanted) {
  constexpr std::string_view kAllRecords = "read:records";
  const PlatformScope* const platform = FindPlatformScope(wanted);
  return std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
    if (scope == kAll || scope == wanted) return true;
    if (scope == kAllReads) return Begins(wanted, kRead);
    if (platform != nullptr) return scope == platform->scope;
    return scope == kAllRecords && Begins(wanted, kRead) && model::DatasetKindFrom(wanted.substr(kRead.size())).has_value();
  });
}

std::string KnownScopes() {
  std::string names = "*, read:*, read:<kind of dataset>";
  for (const Rule& rule : kRules) {
    if (names.find(rule.scope) == std::string::npos) names += ", " + std::string(rule.scope);
  }
  for (const PlatformScope& platform : kPlatformScopes) names += ", " + std::string(platform.name);
  return names;
}

std::string_view NeededScope(Action action) {
  for (const Rule& rule : kRules) {
    if (rule.action == action) return rule.scope;
  }
  return kAll;
}

std::string_view NeededScope(Topic topic) { return RuleOf(topic).scopes.front(); }

bool CoversTopic(const std::vector<std::string>& scopes, Topic topic) {
  const TopicRule& rule = RuleOf(topic);
  const std::string_view needed = NeededScope(rule.action);
  return std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
    if (scope == kAll || scope == needed) return true;
    if (scope == kAllReads) return Begins(needed, kRead);
    return std::find(rule.scopes.begin(), rule.scopes.end(), scope) != rule.scopes.end();
  });
}

bool Covers(const std::vector<std::string>& scopes, Action action, std::optional<model::DatasetKind> kind) {
  const std::string_view needed = NeededScope(action);
  return std::any_of(scopes.begin(), scopes.end(), [&](std::string_view scope) {
    if (scope == kAll || scope == needed) return true;
    if (scope == kAllReads) return Begins(needed, kRead);
    if (StandsFor(scope, needed)) return true;
    if (action != Action::kReadRecords || !kind || !Begins(scope, kRead)) return false;
    return scope.substr(kRead.size()) == model::Name(*kind) || StandsFor(scope, std::string(kRead) + std::string(model::Name(*kind)));
  });
}

}  // namespace sheaf::access
