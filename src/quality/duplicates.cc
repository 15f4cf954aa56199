#include "quality/duplicates.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "quality/mix.h"

namespace sheaf::quality {
namespace {

//! Moves `place` to the first element that is not below `hash`: quick when it is near, and when it is far.
const std::uint64_t* Gallop(const std::uint64_t* place, const std::uint64_t* end, std::uint64_t hash) {
  std::ptrdiff_t step = 1;
  while (step < end - place && place[step] < hash) {
    place += step;
    step *= 2;
  }
  return std::lower_bound(place, place + std::min(step + 1, end - place), hash);
}

//! Marks which of the ascending `hashes` are in [begin, end), ascending too.
template <class Entries, class Mark>
void MarkKnown(const Entries& entries, const std::uint64_t* begin, const std::uint64_t* end, const Mark& mark) {
  const std::uint64_t* place = begin;
  for (std::size_t i = 0; i < entries.size() && place != end; ++i) {
    place = Gallop(place, end, entries[i].hash);
    if (place != end && *place == entries[i].hash) mark(i);
  }
}

Error IoError() { return {ErrorCode::kIo, "the state of the data's quality cannot be written", {}, 0}; }

bool WriteAll(int file, const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(file, at, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    bytes -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

std::uint64_t ChecksumOf(const void* data, std::size_t bytes) { return HashText({static_cast<const char*>(data), bytes}); }

Result<std::unique_ptr<HashRun>> HashRun::Open(const std::string& path, std::uint64_t size, std::uint64_t checksum) {
  const auto damaged = [] { return Fail(ErrorCode::kStorageDamaged, "a file of the data's quality is damaged"); };
  std::unique_ptr<HashRun> run(new HashRun);
  run->path_ = path;
  run->size_ = size;
  run->checksum_ = checksum;
  if (size == 0) return damaged();
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return damaged();
  struct stat about {};
  void* mapped = MAP_FAILED;
  if (::fstat(file, &about) == 0 && static_cast<std::uint64_t>(about.st_size) == size * sizeof(std::uint64_t)) {
    mapped = ::mmap(nullptr, size * sizeof(std::uint64_t), PROT_READ, MAP_SHARED, file, 0);
  }
  ::close(file);
  if (mapped == MAP_FAILED) return damaged();
  run->data_ = static_cast<const std::uint64_t*>(mapped);
  if (checksum != 0 && ChecksumOf(run->data_, size * sizeof(std::uint64_t)) != checksum) return damaged();
  return run;
}

HashRun::~HashRun() {
  if (data_ != nullptr) ::munmap(const_cast<std::uint64_t*>(data_), size_ * sizeof(std::uint64_t));
}

Status DuplicateIndex::Settle(const Report& report) {
  if (pending_.empty()) return {};
  std::sort(pending_.begin(), pending_.end(),
            [](const Entry& a, const Entry& b) { return a.hash != b.hash ? a.hash < b.hash : a.seq < b.seq; });
  std::vector<bool> known(pending_.size());
  for (std::size_t i = 1; i < pending_.size(); ++i) known[i] = pending_[i].hash == pending_[i - 1].hash;
  const auto mark = [&known](std::size_t i) { known[i] = true; };
  MarkKnown(pending_, recent_.data(), recent_.data() + recent_.size(), mark);
  for (const auto& run : runs_) MarkKnown(pending_, run->begin(), run->end(), mark);
  const auto middle = static_cast<std::ptrdiff_t>(recent_.size());
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    if (known[i]) report(pending_[i].group, pending_[i].seq);
    else recent_.push_back(pending_[i].hash);
  }
  std::inplace_merge(recent_.begin(), recent_.begin() + middle, recent_.end());
  pending_.clear();
  if (pending_.capacity() > kPending / 8 && recent_.size() < kRecent / 8) pending_.shrink_to_fit();
  return recent_.size() < kRecent ? Status() : WriteRun();
}

Status DuplicateIndex::WriteRun() {
  bool given = false;
  SHEAF_ASSIGN(auto run, Write([&](std::size_t& count) {
                 count = given ? 0 : recent_.size();
                 given = true;
                 return recent_.data();
               }));
  runs_.push_back(std::move(run));
  recent_.clear();
  while (runs_.size() > 1 && runs_[runs_.size() - 2]->Size() < 2 * runs_.back()->Size()) SHEAF_TRY(MergeRuns());
  return {};
}

//! The two last runs become one. Their files stay until the state no longer names them.
Status DuplicateIndex::MergeRuns() {
  const HashRun& a = *runs_[runs_.size() - 2];
  const HashRun& b = *runs_.back();
  const std::uint64_t *left = a.begin(), *right = b.begin();
  std::vector<std::uint64_t> block(1u << 16);
  SHEAF_ASSIGN(auto merged, Write([&](std::size_t& count) {
                 count = 0;
                 while (count < block.size() && (left != a.end() || right != b.end())) {
                   const bool take_left = right == b.end() || (left != a.end() && *left <= *right);
                   block[count++] = take_left ? *left++ : *right++;
                 }
                 return block.data();
               }));
  runs_.pop_back();
  runs_.back() = std::move(merged);
  return {};
}

Result<std::unique_ptr<HashRun>> DuplicateIndex::Write(const std::function<const std::uint64_t*(std::size_t& count)>& next) {
  const std::string path = prefix_ + std::to_string(next_run_++) + ".run";
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return Fail(IoError());
  std::uint64_t size = 0;
  bool written = true;
  while (written) {
    std::size_t count = 0;
    const std::uint64_t* const hashes = next(count);
    if (count == 0) break;
    written = WriteAll(file, hashes, count * sizeof(std::uint64_t));
    size += count;
  }
  written = written && ::fdatasync(file) == 0;
  ::close(file);
  if (!written) {
    ::unlink(path.c_str());
    return Fail(IoError());
  }
  SHEAF_ASSIGN(auto run, HashRun::Open(path, size, 0));
  // Reckoned once, over what was written.
  return HashRun::Open(path, size, ChecksumOf(run->begin(), size * sizeof(std::uint64_t)));
}

void DuplicateIndex::Clear() {
  pending_ = {};
  recent_ = {};
  runs_.clear();
}

void DuplicateIndex::Restore(std::vector<std::uint64_t> recent, std::vector<std::unique_ptr<HashRun>> runs, std::uint64_t next_run) {
  recent_ = std::move(recent);
  runs_ = std::move(runs);
  next_run_ = next_run;
}

}  // namespace sheaf::quality
