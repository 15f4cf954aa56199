#include "access/audit_chain.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>

namespace sheaf::access {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::uint64_t kPage = 5000;
constexpr std::size_t kMostFindings = 100;
constexpr std::string_view kHeadPurpose = "audit head";
constexpr std::size_t kMostHeadBytes = 1024;

std::string Hex(const unsigned char* bytes, std::size_t size) {
  std::string hex(2 * size + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes, size);
  hex.pop_back();
  return hex;
}

//! Texts with their lengths before them, so that no two lists of columns give the same bytes.
class Hash {
 public:
  Hash() { crypto_generichash_init(&state_, nullptr, 0, kHashBytes); }
  void Add(std::string_view text) {
    Number(static_cast<std::int64_t>(text.size()));
    crypto_generichash_update(&state_, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  }
  void Number(std::int64_t number) {
    std::array<unsigned char, 8> bytes;
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(number) >> (8 * i));
    crypto_generichash_update(&state_, bytes.data(), bytes.size());
  }
  std::string Finish() {
    std::array<unsigned char, kHashBytes> hash;
    crypto_generichash_final(&state_, hash.data(), hash.size());
    return Hex(hash.data(), hash.size());
  }

 private:
  crypto_generichash_state state_;
};

//! What has been seen of the chain so far.
class Verifier {
 public:
  void Look(const catalog::AuditEntry& entry) {
    ++report_.entries;
    if (entry.seq != last_.seq + 1) {
      const std::int64_t first = last_.seq + 1;
      if (entry.seq == first + 1) Find(first, "The entry is missing.");
      else Find(first, fmt::format("The entries {} to {} are missing.", first, entry.seq - 1));
    }
    if (EntryHash(entry, last_.hash) != entry.hash) {
      Find(entry.seq, "The entry was changed, or is not in its place: its hash does not follow from the one before.");
    }
    if (entry.actor_kind != kCommand) served_ = true;
    if (entry.has_detail) LookAtDetail(entry);
    if (entry.action == kRedacted) Collect(entry);
    if (entry.action == kHeadLost)
      Find(entry.seq, "When the server started, the head file was missing or did not fit: entries may have been cut off before this one.");
    last_ = {entry.seq, entry.hash};
    if (head_ && head_->seq == entry.seq) {
      if (head_->hash != entry.hash)
        Find(entry.seq, "The head file names another hash for this entry: it, or one before it, was replaced.");
      met_ = true;
    }
  }

  AuditReport Finish() {
    for (const std::int64_t seq : without_) {
      const bool said =
          std::any_of(redacted_.begin(), redacted_.end(), [&](const auto& range) { return range.first <= seq && seq <= range.second; });
      if (said) ++report_.redacted;
      else Find(seq, "The entry's detail is gone, and no erasure says so.");
    }
    if (!head_ && served_) Find(0, "The head file is missing, so that entries cut off the end would not be noticed.");
    if (head_ && !met_ && head_->seq > 0)
      Find(last_.seq + 1, fmt::format("The entries up to {} are missing: the head file has seen them.", head_->seq));
    return std::move(report_);
  }

  explicit Verifier(const std::optional<catalog::AuditHead>& head) : head_(head) {}

 private:
  void Find(std::int64_t seq, std::string sentence) {
    if (report_.findings.size() < kMostFindings) report_.findings.push_back({seq, std::move(sentence)});
  }
  void LookAtDetail(const catalog::AuditEntry& entry) {
    if (entry.detail.salt.empty()) without_.push_back(entry.seq);
    else if (DetailHash(entry.detail) != entry.detail_hash) Find(entry.seq, "The entry's detail was changed.");
  }
  void Collect(const catalog::AuditEntry& entry) {
    auto ranges = ReadSeqs(entry.target);
    if (!ranges) return Find(entry.seq, "The entry does not tell which details were erased.");
    // Only what was there before can have been erased.
    for (auto& range : *ranges) {
      if (range.second < entry.seq) redacted_.push_back(range);
    }
  }

  const std::optional<catalog::AuditHead> head_;
  AuditReport report_;
  catalog::AuditHead last_;
  std::vector<std::int64_t> without_;
  std::vector<std::pair<std::int64_t, std::int64_t>> redacted_;
  bool met_ = false;
  bool served_ = false;  // a server was there, which keeps a head
};

}  // namespace

std::string DetailHash(const catalog::AuditDetail& detail) {
  Hash hash;
  for (const std::string* text : {&detail.salt, &detail.participant, &detail.reason, &detail.text, &detail.address}) hash.Add(*text);
  return hash.Finish();
}

std::string EntryHash(const catalog::AuditEntry& entry, const std::string& previous) {
  Hash hash;
  hash.Add(previous);
  hash.Number(entry.seq);
  hash.Number(entry.time);
  for (const std::string* text :
       {&entry.actor_kind, &entry.actor, &entry.key, &entry.action, &entry.study, &entry.dataset, &entry.target, &entry.outcome}) {
    hash.Add(*text);
  }
  hash.Number(entry.rows.value_or(-1));
  hash.Number(entry.times);
  for (const std::string* text : {&entry.address, &entry.request, &entry.detail_hash}) hash.Add(*text);
  return hash.Finish();
}

Status ChainEntry(catalog::AuditEntry& entry, const std::string& previous) {
  if (sodium_init() < 0) return Fail(ErrorCode::kInternal, "The cryptographic library does not start.");
  entry.detail_hash.clear();
  if (entry.has_detail) {
    std::array<unsigned char, kSaltBytes> salt;
    randombytes_buf(salt.data(), salt.size());
    entry.detail.salt = Hex(salt.data(), salt.size());
    entry.detail_hash = DetailHash(entry.detail);
  }
  entry.hash = EntryHash(entry, previous);
  return {};
}

std::string WriteSeqs(const std::vector<std::int64_t>& seqs) {
  std::string text;
  for (std::size_t i = 0; i < seqs.size();) {
    std::size_t last = i;
    while (last + 1 < seqs.size() && seqs[last + 1] == seqs[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(seqs[i]);
    if (last > i) text += "-" + std::to_string(seqs[last]);
    i = last + 1;
  }
  return text;
}

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> ReadSeqs(std::string_view text) {
  const auto broken = Fail(ErrorCode::kStorageDamaged, "This is no list of entries.");
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  const char* at = text.data();
  const char* const end = at + text.size();
  const auto number = [&](std::int64_t& value) {
    const auto [next, error] = std::from_chars(at, end, value);
    at = next;
    return error == std::errc{} && value > 0;
  };
  for (;;) {
    std::pair<std::int64_t, std::int64_t> range;
    if (!number(range.first)) return broken;
    range.second = range.first;
    if (at != end && *at == '-') {
      ++at;
      if (!number(range.second) || range.second < range.first) return broken;
    }
    ranges.push_back(range);
    if (at == end) return ranges;
    if (*at++ != ',') return broken;
  }
}

Status WriteHeadFile(const std::string& path, const secrets::SiteKey& key, const catalog::AuditHead& head) {
  SHEAF_ASSIGN(const std::string sealed, key.Seal(kHeadPurpose, std::to_string(head.seq) + " " + head.hash));
  const std::string text = Hex(reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size()) + "\n";
  const auto failed = Fail(ErrorCode::kIo, "The audit's head file cannot be written.");
  const std::string beside = path + ".new";
  const int file = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return failed;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fdatasync(file) == 0;
  ::close(file);
  // After a crash either the old one or the new one is there, and both fit.
  if (!written || ::rename(beside.c_str(), path.c_str()) != 0) return failed;
  return {};
}

Result<std::optional<catalog::AuditHead>> ReadHeadFile(const std::string& path, const secrets::SiteKey& key) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return std::optional<catalog::AuditHead>();
  if (file < 0) return Fail(ErrorCode::kIo, "The audit's head file cannot be opened.");
  std::string text(kMostHeadBytes, '\0');
  const ssize_t got = ::read(file, text.data(), text.size());
  ::close(file);
  const auto damaged = Fail(ErrorCode::kStorageDamaged, "The audit's head file was changed, or belongs to another key file.");
  if (got <= 0) return damaged;
  text.resize(static_cast<std::size_t>(got));
  std::string sealed(text.size() / 2, '\0');
  std::size_t size = 0;
  if (sodium_hex2bin(reinterpret_cast<unsigned char*>(sealed.data()), sealed.size(), text.data(), text.size(), "\n", &size, nullptr) != 0) {
    return damaged;
  }
  sealed.resize(size);
  const auto plain = key.Open(kHeadPurpose, sealed);
  if (!plain) return damaged;
  catalog::AuditHead head;
  const auto [next, error] = std::from_chars(plain->data(), plain->data() + plain->size(), head.seq);
  if (error != std::errc{} || next == plain->data() + plain->size()) return damaged;
  head.hash = std::string(next + 1, plain->data() + plain->size());
  return std::optional<catalog::AuditHead>(std::move(head));
}

Result<AuditReport> VerifyAudit(catalog::AuditStore& audit, const std::optional<catalog::AuditHead>& head) {
  Verifier verifier(head);
  std::int64_t after = 0;
  for (;;) {
    SHEAF_ASSIGN(const auto entries, audit.Entries({}, catalog::AuditStore::Order::kOldestFirst, after, kPage));
    if (entries.empty()) break;
    for (const catalog::AuditEntry& entry : entries) verifier.Look(entry);
    after = entries.back().seq;
  }
  return verifier.Finish();
}

Result<AuditReport> VerifyAudit(catalog::AuditStore& audit, const secrets::SiteKey& key, const std::string& head_path) {
  const auto head = ReadHeadFile(head_path, key);
  SHEAF_ASSIGN(AuditReport report, VerifyAudit(audit, head.value_or(std::nullopt)));
  if (!head) report.findings.insert(report.findings.begin(), {0, head.error().detail});
  return report;
}

}  // namespace sheaf::access
