#pragma once
//! Private to the folder. What the GUIDs of a request mean: applications, activities, fields, batches.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/native/call.h"
#include "catalog/catalog.h"
#include "export/alida.h"

namespace sheaf::api::alida {

//! An application: a study the caller may export from. Another one is not there.
struct Application {
  access::StudyAccess access;
  std::shared_ptr<vault::StudyVault> vault;
  privacy::CodeKey key{};

  const std::string& Id() const { return access.study.id; }
  //! Its activities that may be seen, in the order they were made.
  std::vector<std::shared_ptr<const model::Dataset>> Activities() const;
  //! kNotFound.
  Result<std::shared_ptr<const model::Dataset>> FindActivity(std::string_view guid) const;
  //! The dataset of the members' profiles. kNotFound.
  Result<std::shared_ptr<const model::Dataset>> FindProfiles() const;
  //! May the field leave, for this caller?
  bool Leaves(const model::Dataset& dataset, std::size_t field) const;
};

//! The application that the address names. kForbidden when the key may not export at all.
Result<Application> FindApplication(const native::Call& call);

//! A text of the dataset's attributes; empty when there is none.
std::string Attribute(const model::Dataset& dataset, std::string_view name);

enum class BatchKind { kActivity, kProfile };

//! GUIDs of jobs, of their files, and of accounts.
std::string BatchId(const catalog::ExportJob& job);
std::string FileId(const catalog::ExportJob& job);
std::string UserId(std::string_view account);

//! The job of a GUID: a batch (kAlidaBatchMark) or a file (kAlidaFileMark) of the application and kind. kNotFound with
//! `missing` when there is none, or its status is no longer kept.
Result<catalog::ExportJob> FindBatch(const native::Call& call, const Application& application, BatchKind kind, std::string_view guid,
                                     unsigned mark, const char* missing);
//! What is kept with a job: {"kind":"activity"|"profile"}.
std::string BatchWords(BatchKind kind);

}  // namespace sheaf::api::alida
