#include "vault/duckdb/record_index.h"

#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <sodium.h>

#include <cstring>

#include "base/log.h"

namespace sheaf::vault {
namespace {

constexpr std::size_t kHashSize = 16;
constexpr std::string_view kMarkKey = "m";

std::string Fixed64(std::uint64_t value) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &value, 8);
  return bytes;
}
std::uint64_t ReadFixed64(std::string_view bytes) {
  std::uint64_t value = 0;
  if (bytes.size() >= 8) std::memcpy(&value, bytes.data(), 8);
  return value;
}
leveldb::Slice AsSlice(std::string_view text) { return {text.data(), text.size()}; }

// Shared by all studies, so that many open ones cost no more memory than few.
leveldb::Cache* SharedCache() {
  static leveldb::Cache* const kCache = leveldb::NewLRUCache(16u << 20);
  return kCache;
}
const leveldb::FilterPolicy* SharedFilter() {
  static const leveldb::FilterPolicy* const kFilter = leveldb::NewBloomFilterPolicy(12);
  return kFilter;
}

}  // namespace

struct RecordIndex::Impl {
  std::unique_ptr<leveldb::DB> database;
  std::string key;

  std::string Hash(std::string_view prefix, std::string_view text) const {
    std::string name(prefix);
    name.resize(prefix.size() + kHashSize);
    crypto_generichash(reinterpret_cast<unsigned char*>(name.data()) + prefix.size(), kHashSize,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<const unsigned char*>(key.data()),
                       key.size());
    return name;
  }
  std::string RecordName(std::int32_t dataset, std::string_view record_id) const {
    std::string prefix = "r0000";
    std::memcpy(prefix.data() + 1, &dataset, 4);
    return Hash(prefix, record_id);
  }
};

struct RecordIndex::Batch::Impl {
  leveldb::WriteBatch writes;
};

RecordIndex::Batch::Batch(const RecordIndex& index) : impl_(std::make_unique<Impl>()), index_(index) {}
RecordIndex::Batch::~Batch() = default;
void RecordIndex::Batch::Put(std::int32_t dataset, std::string_view record_id, Seq seq) {
  impl_->writes.Put(index_.impl_->RecordName(dataset, record_id), Fixed64(static_cast<std::uint64_t>(seq)));
}
void RecordIndex::Batch::Remove(std::int32_t dataset, std::string_view record_id) {
  impl_->writes.Delete(index_.impl_->RecordName(dataset, record_id));
}
void RecordIndex::Batch::PutRequest(std::string_view key_hash, const KnownRequest& request) {
  std::string value = Fixed64(request.accepted) + Fixed64(static_cast<std::uint64_t>(request.seq)) + Fixed64(request.digest.size());
  value += request.digest;
  value += request.response;
  impl_->writes.Put("k" + std::string(key_hash), value);
}
void RecordIndex::Batch::RemoveRequest(std::string_view key_hash) { impl_->writes.Delete("k" + std::string(key_hash)); }

void RecordIndex::Batch::Clear() { impl_->writes.Clear(); }

RecordIndex::RecordIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RecordIndex::~RecordIndex() = default;

Result<std::unique_ptr<RecordIndex>> RecordIndex::Open(const std::string& directory, std::string key) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 2u << 20;
  options.block_cache = SharedCache();
  options.filter_policy = SharedFilter();
  options.max_open_files = 64;
  leveldb::DB* database = nullptr;
  auto status = leveldb::DB::Open(options, directory, &database);
  if (!status.ok() && status.IsCorruption()) {
    LogWarning("a record index is damaged and is made anew", {{"reason", status.ToString()}});
    leveldb::DestroyDB(directory, options);
    status = leveldb::DB::Open(options, directory, &database);
  }
  if (!status.ok()) return Fail(ErrorCode::kStorageDamaged, "the record index does not open: " + status.ToString());
  auto impl = std::make_unique<Impl>();
  impl->database.reset(database);
  impl->key = std::move(key);
  return std::unique_ptr<RecordIndex>(new RecordIndex(std::move(impl)));
}

Seq RecordIndex::CompleteUpTo() const {
  std::string value;
  if (!impl_->database->Get({}, AsSlice(kMarkKey), &value).ok()) return kNoSeq;
  return static_cast<Seq>(ReadFixed64(value));
}
std::optional<Seq> RecordIndex::Find(std::int32_t dataset, std::string_view record_id) const {
  std::string value;
  if (!impl_->database->Get({}, impl_->RecordName(dataset, record_id), &value).ok()) return std::nullopt;
  return static_cast<Seq>(ReadFixed64(value));
}
std::optional<RecordIndex::KnownRequest> RecordIndex::FindRequest(std::string_view key_hash) const {
  std::string value;
  if (!impl_->database->Get({}, "k" + std::string(key_hash), &value).ok() || value.size() < 24) return std::nullopt;
  const std::string_view bytes = value;
  const std::size_t digest_size = std::min<std::size_t>(ReadFixed64(bytes.substr(16)), value.size() - 24);
  return KnownRequest{std::string(bytes.substr(24, digest_size)), ReadFixed64(bytes), static_cast<Seq>(ReadFixed64(bytes.substr(8))),
                      std::string(bytes.substr(24 + digest_size))};
}
std::string RecordIndex::HashKey(std::string_view idempotency_key) const { return impl_->Hash("", idempotency_key); }

Status RecordIndex::Write(Batch& batch, Seq complete_up_to) {
  batch.impl_->writes.Put(AsSlice(kMarkKey), Fixed64(static_cast<std::uint64_t>(complete_up_to)));
  // Not synced: what power loss takes is put back from the study's file at the next start.
  const auto status = impl_->database->Write({}, &batch.impl_->writes);
  if (status.ok()) return {};
  LogError("the record index was not written", {{"reason", status.ToString()}});
  return Fail(ErrorCode::kIo, "the record index was not written");
}

}  // namespace sheaf::vault
