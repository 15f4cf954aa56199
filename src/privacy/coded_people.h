#pragma once
//! Participants and sessions under their codes, and the way back for who asks by a code.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "privacy/codes.h"
#include "vault/vault.h"

namespace sheaf::privacy {

//! `people` with codes in the place of ids. Codes are made when first asked for and kept while the view lives: about 20
//! bytes a person met. `own`: a participant whose id stays, as do the sessions' ids then; empty: none. Thread-safe.
std::shared_ptr<const vault::PeopleView> CodedPeople(std::shared_ptr<const vault::PeopleView> people, const CodeKey& key,
                                                     std::string own = {});

//! Ids by code, of those of the `codes` that are somebody's. Makes the code of every person: a second for two million.
std::unordered_map<std::string, std::string> IdsOfCodes(const vault::PeopleView& people, const CodeKey& key, CodeKind kind,
                                                        const std::vector<std::string>& codes);

}  // namespace sheaf::privacy
