#pragma once
//! What a viewer's rights and the options of privacy make of a plan.

#include <memory>
#include <optional>
#include <vector>

#include "export/plan.h"
#include "privacy/removal.h"

namespace sheaf::exporting {

//! Refers to what it is made of; used while one plan is made.
class PlanPrivacy {
 public:
  PlanPrivacy(const Viewer& viewer, const ExportOptions& options, const model::Dataset& dataset, vault::StudyVault& study,
              std::shared_ptr<const vault::PeopleView> people);

  //! Gets the key where codes will be needed, and binds the generalisation. First of all calls.
  Status Prepare();
  //! Are identifiers removed, in records or in aggregates?
  bool Removes() const { return removal_.has_value(); }
  const privacy::Removal& Removal() const { return *removal_; }

  //! Drops what does not leave from default columns, refuses it where it was asked for.
  Status ChooseColumns(std::vector<model::Column>& columns) const;
  //! Refuses orders that tell what the rows no longer do.
  Status CheckSort(std::vector<model::SortKey>& order) const;
  //! Whose records these are, where the viewer does not see everybody's.
  std::optional<model::Predicate> WhoIsSeen() const;
  //! Puts codes for ids and the rewriting into the plan.
  Status Finish(Plan& plan) const;
  void HideIds(std::vector<vault::Tombstone>& tombstones) const;

 private:
  void AddRisk(Plan& plan) const;
  Status CheckRule(const std::string& name, const privacy::Coarsening& rule) const;

  const Viewer& viewer_;
  const ExportOptions& options_;
  const model::Dataset& dataset_;
  vault::StudyVault& study_;
  const std::shared_ptr<const vault::PeopleView> people_;
  privacy::CodeKey key_{};
  privacy::Generalisation generalisation_;
  std::optional<privacy::Removal> removal_;
};

}  // namespace sheaf::exporting
