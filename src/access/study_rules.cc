#include "access/study_rules.h"

#include <fmt/format.h>

namespace sheaf::access {
namespace {

enum class Right { kView, kExport, kManage, kDelete, kOwn };

// Every action in a study and the right it takes.
Right NeededRight(Action action) {
  switch (action) {
    case Action::kListStudies:
    case Action::kViewStudy:
    case Action::kReadRecords: return Right::kView;
    case Action::kExport: return Right::kExport;
    case Action::kManageStudy:
    case Action::kManagePeople:
    case Action::kWriteRecords: return Right::kManage;
    case Action::kDeleteRecords:
    case Action::kErase:
    case Action::kDeleteStudy: return Right::kDelete;
    case Action::kCreateStudy:
    case Action::kReadAccess:
    case Action::kManageAccess:
    case Action::kReadAudit: return Right::kOwn;
  }
  return Right::kOwn;
}

bool Has(const catalog::Grant& grant, Right right) {
  switch (right) {
    case Right::kView: return true;
    case Right::kExport: return grant.may_export;
    case Right::kManage: return grant.may_manage;
    case Right::kDelete: return grant.may_delete;
    case Right::kOwn: return false;
  }
  return false;
}

std::string_view Word(Right right) {
  switch (right) {
    case Right::kView: return "view";
    case Right::kExport: return "export";
    case Right::kManage: return "manage";
    case Right::kDelete: return "delete";
    case Right::kOwn: return "";
  }
  return "";
}

// Changing a definition's privacy classes or a study's site attribute would widen what a limited grant shows, and
// participants belong to no dataset. Records of a dataset in sight are another matter, unless whose they are is hidden.
bool FitsLimits(const catalog::Grant& grant, Action action) {
  const Right right = NeededRight(action);
  if (right == Right::kView || right == Right::kExport) return true;
  if (!grant.identifiers || !grant.sites.empty()) return false;
  return grant.datasets.empty() || action == Action::kWriteRecords || action == Action::kDeleteRecords;
}

}  // namespace

Result<model::ViewRights> AllowGranted(const catalog::Grant& grant, Action action) {
  const Right right = NeededRight(action);
  if (right == Right::kOwn) return Fail(ErrorCode::kForbidden, "This is for the study's owner.");
  if (!Has(grant, right)) return Fail(ErrorCode::kForbidden, fmt::format("The study's owner has not granted the right {}.", Word(right)));
  if (!FitsLimits(grant, action)) return Fail(ErrorCode::kForbidden, "The grant is for a part of the study, and this concerns all of it.");
  model::ViewRights rights;
  rights.identifiers = grant.identifiers;
  rights.datasets = grant.datasets;
  rights.sites = grant.sites;
  return rights;
}

bool Counts(const catalog::Grant& grant, Micros now) { return !grant.expires_at || *grant.expires_at > now; }

}  // namespace sheaf::access
