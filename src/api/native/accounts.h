#pragma once
//! How accounts are named in requests and shown in answers.

#include <string>
#include <string_view>

#include "catalog/catalog.h"

namespace sheaf::api::native {

//! By id or e-mail address. kNotFound.
Result<catalog::Account> FindAccount(catalog::Catalog& catalog, std::string_view name);
//! {"id","email","name"}; of an account that is gone, its id alone.
std::string AccountNameJson(catalog::Catalog& catalog, std::string_view id);
//! {"id","email","name","admin","disabled","second_factor","created_at"}
std::string AccountJson(const catalog::Account& account, bool second_factor);

}  // namespace sheaf::api::native
