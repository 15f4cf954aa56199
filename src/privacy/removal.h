#pragma once
//! What a reader in mode remove may name: fields that leave, and people by their codes. Otherwise a filter or a sort
//! would tell what the records no longer do.

#include <string>
#include <vector>

#include "model/predicate.h"
#include "model/study_settings.h"
#include "privacy/codes.h"
#include "privacy/naming.h"
#include "vault/vault.h"

namespace sheaf::privacy {

//! Refers to everything it is made of.
class Removal {
 public:
  Removal(const model::Dataset& dataset, const model::StudySettings& settings, vault::StudyVault& study, const vault::PeopleView& people,
          const CodeKey& key, bool payloads, bool knows_ids)
      : dataset_(dataset),
        settings_(settings),
        study_(study),
        people_(people),
        key_(key),
        payloads_(payloads),
        naming_(study, key, knows_ids) {}

  //! False: a direct identifier, or a payload that was not asked for.
  bool Leaves(const model::Field& field) const;
  //! kIdentifierRemoved for a column that does not leave; place "columns".
  Status CheckColumns(const std::vector<model::Column>& columns) const;
  //! Those it names become ids; of what is compared with people, their attributes and records only what tells nothing
  //! of ids and addresses is let pass: kIdentifierRemoved, place "/filter".
  Status TranslateFilter(model::Predicate& predicate) const;
  //! By people: in an order that tells nothing of their ids. kIdentifierRemoved, place "sort".
  Status TranslateSort(std::vector<model::SortKey>& order) const;
  //! The ids of those who are named, see Naming; for a code that is nobody's an id that nobody has.
  Result<std::vector<std::string>> IdsOf(CodeKind kind, const std::vector<std::string>& names, std::string_view place) const;

 private:
  Status CheckPeople(const model::Column& column) const;
  Status TranslateLeaf(model::Predicate& leaf) const;
  Status TranslatePeople(model::Predicate& leaf, CodeKind kind) const;
  //! A text that leaves masked is compared as a whole, and with nothing that would be masked.
  Status TranslateMasked(model::Predicate& leaf, const std::string& name) const;

  const model::Dataset& dataset_;
  const model::StudySettings& settings_;
  vault::StudyVault& study_;
  const vault::PeopleView& people_;
  const CodeKey& key_;
  const bool payloads_;
  const Naming naming_;
};

}  // namespace sheaf::privacy
