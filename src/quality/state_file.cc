#include "quality/state_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <type_traits>

#include "quality/dataset_state.h"

namespace sheaf::quality {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMagic = 0x3159544c51464853;  // "SHFQLTY1"
// Raised whenever the rules count otherwise than before.
constexpr std::uint32_t kVersion = 2;
// Nothing in a state is longer than this.
constexpr std::uint64_t kMostElements = 1u << 26;

std::string PathOf(const std::string& directory, std::int32_t dataset) { return fmt::format("{}/d{}.state", directory, dataset); }

Error Damaged() { return {ErrorCode::kStorageDamaged, "the state of a dataset's quality is damaged", {}, 0}; }

class Writer {
 public:
  template <class T>
  void Put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class T>
  void PutAll(const std::vector<T>& values) {
    Put(static_cast<std::uint64_t>(values.size()));
    if (!values.empty()) bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  std::string& Bytes() { return bytes_; }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  template <class T>
  void Get(T& value) {
    if (bytes_.size() < sizeof value) {
      whole_ = false;
      return;
    }
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
  }
  template <class T>
  void GetAll(std::vector<T>& values) {
    std::uint64_t count = 0;
    Get(count);
    if (!whole_ || count > kMostElements || bytes_.size() / sizeof(T) < count) {
      whole_ = false;
      return;
    }
    values.resize(count);
    if (count > 0) std::memcpy(values.data(), bytes_.data(), count * sizeof(T));
    bytes_.remove_prefix(count * sizeof(T));
  }
  bool Whole() const { return whole_; }

 private:
  std::string_view bytes_;
  bool whole_ = true;
};

struct RunEntry {
  std::uint64_t number, size, checksum;
};

struct WindowEntry {
  std::int64_t session;
  Micros start, end;
};

struct GroupEntry {
  std::int32_t participant, session;
  std::uint64_t epoch, records, timed, cells;
  Micros first, last, previous, previous_received;
  double previous_shift;
};

void PutGroup(Writer& out, const Group& group) {
  out.Put(GroupEntry{group.participant, group.session, group.epoch, group.records, group.timed, group.cells, group.first, group.last,
                     group.previous, group.previous_received, group.previous_shift});
  static const GroupDetail kNothing;
  const GroupDetail& detail = group.detail ? *group.detail : kNothing;
  out.PutAll(detail.findings);
  out.PutAll(detail.stretches);
  out.PutAll(detail.places);
  out.PutAll(detail.events);
}

Group GetGroup(Reader& in) {
  GroupEntry entry{};
  in.Get(entry);
  Group group;
  group.participant = entry.participant;
  group.session = entry.session;
  group.epoch = static_cast<std::uint32_t>(entry.epoch);
  group.records = entry.records;
  group.timed = entry.timed;
  group.cells = entry.cells;
  group.first = entry.first;
  group.last = entry.last;
  group.previous = entry.previous;
  group.previous_received = entry.previous_received;
  group.previous_shift = entry.previous_shift;
  GroupDetail detail;
  in.GetAll(detail.findings);
  in.GetAll(detail.stretches);
  in.GetAll(detail.places);
  in.GetAll(detail.events);
  if (!detail.findings.empty() || !detail.stretches.empty() || !detail.places.empty() || !detail.events.empty()) {
    group.detail = std::make_unique<GroupDetail>(std::move(detail));
  }
  return group;
}

bool WriteWhole(const std::string& path, const std::string& bytes) {
  const std::string temporary = path + ".new";
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return false;
  std::size_t at = 0;
  while (at < bytes.size()) {
    const ssize_t written = ::write(file, bytes.data() + at, bytes.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    at += static_cast<std::size_t>(written);
  }
  bool whole = at == bytes.size() && ::fdatasync(file) == 0;
  ::close(file);
  whole = whole && ::rename(temporary.c_str(), path.c_str()) == 0;
  if (!whole) ::unlink(temporary.c_str());
  return whole;
}

std::string RunPath(const std::string& prefix, std::uint64_t number) { return fmt::format("{}{}.run", prefix, number); }

}  // namespace

std::string StateFile::RunPrefix(const std::string& directory, std::int32_t dataset) { return fmt::format("{}/d{}-", directory, dataset); }

Status StateFile::Save(const DatasetState& state) {
  const std::string prefix = RunPrefix(state.directory_, state.number_);
  Writer out;
  out.Put(kMagic);
  out.Put(kVersion);
  out.Put(state.signature_);
  out.Put(state.upto_);
  out.Put(static_cast<std::uint8_t>(state.up_to_date_));
  out.Put(state.inferred_.value_or(0));
  out.Put(state.inferred_from_);
  out.Put(static_cast<std::uint8_t>(state.infer_settled_));
  out.PutAll(state.pairs_);
  std::vector<WindowEntry> windows;
  for (const auto& [session, window] : state.windows_) windows.push_back({session, window.start, window.end});
  out.PutAll(windows);
  std::vector<RunEntry> runs;
  std::set<std::string> named;
  for (const auto& run : state.duplicates_.Runs()) {
    const std::string number = run->Path().substr(prefix.size(), run->Path().size() - prefix.size() - 4);
    runs.push_back({std::stoull(number), run->Size(), run->Checksum()});
    named.insert(fs::path(run->Path()).filename().string());
  }
  out.PutAll(runs);
  out.Put(state.duplicates_.NextRun());
  out.PutAll(state.duplicates_.Recent());
  out.Put(state.groups_.Epoch());
  out.Put(static_cast<std::uint64_t>(state.groups_.All().size()));
  for (const auto& group : state.groups_.All()) PutGroup(out, group);
  out.Put(ChecksumOf(out.Bytes().data(), out.Bytes().size()));
  if (!WriteWhole(PathOf(state.directory_, state.number_), out.Bytes())) {
    return Fail(ErrorCode::kIo, "the state of the data's quality cannot be written");
  }
  const std::string own = fs::path(prefix).filename().string();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(state.directory_, error)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(own, 0) == 0 && named.count(name) == 0) fs::remove(entry.path(), error);
  }
  return {};
}

Status StateFile::Load(DatasetState& state) {
  std::ifstream file(PathOf(state.directory_, state.number_), std::ios::binary);
  if (!file) return Fail(ErrorCode::kNotFound, "there is no state yet");
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::uint64_t checksum = 0;
  if (bytes.size() < sizeof checksum) return Fail(Damaged());
  const std::size_t content = bytes.size() - sizeof checksum;
  std::memcpy(&checksum, bytes.data() + content, sizeof checksum);
  if (ChecksumOf(bytes.data(), content) != checksum) return Fail(Damaged());
  Reader in(std::string_view(bytes).substr(0, content));
  std::uint64_t magic = 0, next_run = 0, groups = 0;
  std::uint32_t version = 0, epoch = 0;
  std::uint8_t up_to_date = 0, settled = 0;
  double inferred = 0;
  in.Get(magic);
  in.Get(version);
  if (magic != kMagic || version != kVersion) return Fail(Damaged());
  in.Get(state.signature_);
  in.Get(state.upto_);
  in.Get(up_to_date);
  in.Get(inferred);
  in.Get(state.inferred_from_);
  in.Get(settled);
  in.GetAll(state.pairs_);
  std::vector<WindowEntry> windows;
  in.GetAll(windows);
  std::vector<RunEntry> entries;
  in.GetAll(entries);
  in.Get(next_run);
  std::vector<std::uint64_t> recent;
  in.GetAll(recent);
  in.Get(epoch);
  in.Get(groups);
  for (std::uint64_t i = 0; i < groups && in.Whole(); ++i) state.groups_.Add(GetGroup(in));
  if (!in.Whole()) return Fail(Damaged());
  std::vector<std::unique_ptr<HashRun>> runs;
  for (const auto& entry : entries) {
    SHEAF_ASSIGN(auto run, HashRun::Open(RunPath(RunPrefix(state.directory_, state.number_), entry.number), entry.size, entry.checksum));
    runs.push_back(std::move(run));
  }
  state.groups_.SetEpoch(epoch);
  state.duplicates_.Restore(std::move(recent), std::move(runs), next_run);
  for (const auto& window : windows) state.windows_[static_cast<std::int32_t>(window.session)] = {window.start, window.end};
  state.up_to_date_ = up_to_date != 0;
  state.infer_settled_ = settled != 0;
  if (inferred > 0) state.inferred_ = inferred;
  state.CountRecords();
  return {};
}

}  // namespace sheaf::quality
