#pragma once
//! Private to the room. Which records were there before: sorted hashes, the recent ones in memory, the others in files that
//! are mapped. A hash collides with one of ten million others once in two million million: such a record is counted wrongly.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "vault/vault.h"

namespace sheaf::quality {

//! A file of sorted hashes, read only. Closed, not removed, by the destructor.
class HashRun {
 public:
  static Result<std::unique_ptr<HashRun>> Open(const std::string& path, std::uint64_t size, std::uint64_t checksum);
  ~HashRun();
  HashRun(const HashRun&) = delete;
  HashRun& operator=(const HashRun&) = delete;

  const std::string& Path() const { return path_; }
  const std::uint64_t* begin() const { return data_; }
  const std::uint64_t* end() const { return data_ + size_; }
  std::uint64_t Size() const { return size_; }
  std::uint64_t Checksum() const { return checksum_; }

 private:
  HashRun() = default;
  std::string path_;
  const std::uint64_t* data_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t checksum_ = 0;
};

std::uint64_t ChecksumOf(const void* data, std::size_t bytes);

//! One thread at a time.
class DuplicateIndex {
 public:
  //! Runs become files `prefix` + number.
  explicit DuplicateIndex(std::string prefix) : prefix_(std::move(prefix)) {}

  using Report = std::function<void(std::uint32_t group, vault::Seq seq)>;
  //! Told of each record added that was there before: at this call or at a later one, at the latest by Settle.
  Status Add(std::uint64_t hash, std::uint32_t group, vault::Seq seq, const Report& report) {
    pending_.push_back({hash, seq, group});
    return pending_.size() < kPending ? Status() : Settle(report);
  }
  Status Settle(const Report& report);
  void Clear();

  const std::vector<std::uint64_t>& Recent() const { return recent_; }
  const std::vector<std::unique_ptr<HashRun>>& Runs() const { return runs_; }
  std::uint64_t NextRun() const { return next_run_; }
  void Restore(std::vector<std::uint64_t> recent, std::vector<std::unique_ptr<HashRun>> runs, std::uint64_t next_run);

 private:
  static constexpr std::size_t kPending = 1u << 19;
  static constexpr std::size_t kRecent = 1u << 20;
  struct Entry {
    std::uint64_t hash;
    vault::Seq seq;
    std::uint32_t group;
  };
  Status WriteRun();
  Status MergeRuns();
  Result<std::unique_ptr<HashRun>> Write(const std::function<const std::uint64_t*(std::size_t& count)>& next);

  const std::string prefix_;
  std::vector<Entry> pending_;
  std::vector<std::uint64_t> recent_;
  std::vector<std::unique_ptr<HashRun>> runs_;
  std::uint64_t next_run_ = 0;
};

}  // namespace sheaf::quality
