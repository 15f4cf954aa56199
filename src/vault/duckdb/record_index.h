#pragma once
//! Which record ids and idempotency keys a study has seen, beside its DuckDB file, in LevelDB. An index of what the
//! file holds: it can be deleted and is made anew. It answers in microseconds and in little memory whatever the number of records,
//! where an index inside DuckDB would live in memory.
//!
//! Entries are written after the commit of what they describe, together with the seq up to which the index is complete; opening
//! the study adds what a crash left out (`CompleteUpTo`, then Batch).

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "vault/vault.h"

namespace sheaf::vault {

class RecordIndex {
 public:
  struct KnownRequest {
    std::string digest;
    std::uint64_t accepted = 0;
    Seq seq = kNoSeq;
    std::string response;
  };

  //! One atomic change of the index.
  class Batch {
   public:
    explicit Batch(const RecordIndex& index);
    ~Batch();
    void Put(std::int32_t dataset, std::string_view record_id, Seq seq);
    void Remove(std::int32_t dataset, std::string_view record_id);
    void PutRequest(std::string_view key_hash, const KnownRequest& request);
    void RemoveRequest(std::string_view key_hash);
    void Clear();

   private:
    friend class RecordIndex;
    struct Impl;
    std::unique_ptr<Impl> impl_;
    const RecordIndex& index_;
  };

  //! `key`: 32 secret bytes of the study. A damaged index is deleted and begun anew.
  static Result<std::unique_ptr<RecordIndex>> Open(const std::string& directory, std::string key);
  ~RecordIndex();

  Seq CompleteUpTo() const;
  std::optional<Seq> Find(std::int32_t dataset, std::string_view record_id) const;
  std::optional<KnownRequest> FindRequest(std::string_view key_hash) const;
  std::string HashKey(std::string_view idempotency_key) const;
  Status Write(Batch& batch, Seq complete_up_to);

 private:
  struct Impl;
  explicit RecordIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sheaf::vault
