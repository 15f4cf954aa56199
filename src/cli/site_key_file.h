#pragma once
//! The key file that belongs to a data directory.

#include <memory>
#include <string>

#include "base/error.h"
#include "catalog/catalog.h"
#include "cli/data_directory.h"
#include "secrets/site_key.h"

namespace sheaf::cli {

//! Where it is: `named`, or beside the data directory when that is empty. kUsage when it would lie inside, where it would
//! be in every copy of the data, which it is there to protect.
Result<std::string> KeyFilePath(const DataDirectory& directory, const std::string& named);

//! Reads it. A missing one is made, but only while the catalog keeps nothing that another one has sealed: then, and when
//! the file is not the one, kWrongKeyFile says which is needed.
Result<std::shared_ptr<const secrets::SiteKey>> LoadSiteKey(const DataDirectory& directory, const std::string& named,
                                                            catalog::Catalog& catalog, secrets::SiteKey::Missing missing);

}  // namespace sheaf::cli
