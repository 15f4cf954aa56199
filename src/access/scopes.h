#pragma once
//! The scopes of a key, and which of them lets it do what.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/access.h"

namespace sheaf::access {

bool IsScope(std::string_view scope);
//! Are keys with `scopes` able to do all that one with `wanted` is?
bool Includes(const std::vector<std::string>& scopes, std::string_view wanted);
//! All of them, for people: "*, read:*, …".
std::string KnownScopes();
//! The one scope that is needed for `action`: what a refusal names.
std::string_view NeededScope(Action action);
//! Does one of `scopes` allow what a topic is about?
bool CoversTopic(const std::vector<std::string>& scopes, Topic topic);
//! The scope of that platform that is needed: what a refusal names.
std::string_view NeededScope(Topic topic);
//! Does one of `scopes` allow `action`? With the kind of the dataset, `read:<kind>` counts too.
bool Covers(const std::vector<std::string>& scopes, Action action, std::optional<model::DatasetKind> kind);

}  // namespace sheaf::access
