#pragma once
//! Believable synthetic studies to try Sheaf with: a survey, an experiment with rooms and recordings that can be played, a sensor
//! study, a donation project. The same seed and number of rows give the same records on every machine: integers all the way, and no
//! generator of the standard library.

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "files/files.h"
#include "vault/vault.h"

namespace sheaf::demo {

struct Options {
  std::string owner;  //!< account id: the studies' owner
  std::uint64_t seed = 1;
  std::uint64_t rows = 100000;  //!< about how many accelerometer rows; all else grows with them, within bounds
};

struct DatasetSummary {
  std::string study;
  std::string dataset;
  std::uint64_t rows = 0;
};

struct Summary {
  std::vector<DatasetSummary> datasets;  //!< in the order in which they were filled
  std::uint64_t participants = 0;
  std::uint64_t sessions = 0;
  std::uint64_t rows = 0;
  std::uint64_t files = 0;
};

//! Ids of the studies that Fill makes.
std::vector<std::string> StudyIds();

//! Makes and fills the studies; blocks until every row is durable. A study appears in the catalog once it is
//! complete but for its files, so what an interrupted call left behind before that is made anew by the next.
//! Errors: kStudyExists when the catalog has one of them (nothing is changed then), and those of vault and catalog.
Result<Summary> Fill(vault::Vault& vault, catalog::Catalog& catalog, files::Files& files, const Options& options);

}  // namespace sheaf::demo
