#pragma once
//! The schema, as the steps that lead to it. Steps are only ever added at the end.

#include <string>
#include <vector>

#include "base/error.h"

namespace sheaf::catalog {

class Store;

//! Leads from version `version - 1` to `version`.
struct Migration {
  int version;
  std::vector<std::string> statements;
};

//! In order of version, from 1.
const std::vector<Migration>& Migrations();

//! Applies what is missing, each step in a transaction of its own, so that a crash leaves a whole version behind.
//! Several processes may do it at once. kStorageDamaged: the file is newer than the last step.
Status Migrate(Store& store, const std::vector<Migration>& steps);

}  // namespace sheaf::catalog
