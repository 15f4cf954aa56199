#pragma once
//! GUIDs that stand for ids, for protocols that know nothing else. An id that is a GUID is itself, in lower case; any other
//! becomes a keyed hash: stable within a study, without relation to another's, and computable only by who has its secret. The
//! way back is to compute it of everything that could be meant.

#include <initializer_list>
#include <string>
#include <string_view>

#include "privacy/codes.h"

namespace sheaf::privacy {

enum class GuidKind : char { kDataset = 'd', kField = 'f', kGroup = 'g', kOption = 'o', kParticipant = 'p' };

//! `within`: the ids of what it belongs to, from the outside in: a field's dataset; an option's dataset and field.
std::string Guid(const CodeKey& key, GuidKind kind, std::initializer_list<std::string_view> within, std::string_view id);

}  // namespace sheaf::privacy
