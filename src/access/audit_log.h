#pragma once
//! Who did what: the one way into the audit. Entries are chained (audit_chain.h) and kept in the catalog.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "catalog/catalog.h"
#include "secrets/site_key.h"

namespace sheaf::access {

//! Thread-safe.
class AuditLog {
 public:
  struct Options {
    std::shared_ptr<catalog::Catalog> catalog;
    //! With these two, the head is kept in a file beside the catalog, at most 100 ms behind.
    std::shared_ptr<const secrets::SiteKey> site_key;
    std::string head_path;
  };
  explicit AuditLog(Options options);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  //! Compares the head file with the entries (what does not fit becomes an entry itself), and starts to write in groups.
  //! Without it every Record writes at once, which is right for a command.
  Status Start();
  //! Writes what is waiting. Later entries are written at once.
  void Stop();

  //! Durable when it returns: several at once share one commit. An empty time becomes now. The errors of the catalog: then the entry is not kept.
  Status Record(catalog::AuditEntry entry);
  //! Written within 100 ms, in one commit with others; equal ones of that time become one entry that counts them. For
  //! reads in such numbers that each could not have its own commit.
  void Note(catalog::AuditEntry entry);

  //! Erasure: takes the details out of the study's entries that hold one of the words, and says in an entry which those were.
  //! Answers how many.
  Result<std::uint64_t> Redact(std::string_view study, const std::vector<std::string>& words);
  //! The same for what was asked of records that are deleted because their time is over: of a dataset or, with an empty name, of a study.
  Result<std::uint64_t> RedactData(std::string_view study, std::string_view dataset);

 private:
  Status BeginRedaction(std::string_view study);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

//! For what a command of `sheaf` did at the data directory itself, also while a server runs. Durable when it returns.
Status RecordCommand(catalog::Catalog& catalog, std::string_view action, std::string_view target);

}  // namespace sheaf::access
